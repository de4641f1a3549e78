"""Orders: what shops tell about them, whose they are, and how their customers are notified exactly once per status."""
