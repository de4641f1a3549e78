"""Web chats: what a company set for one site, who is writing right now, and the mail to a visitor who has left."""
