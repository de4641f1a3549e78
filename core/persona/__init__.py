"""How the bot presents itself: its company, its menu, and its words where the company prefers others."""
