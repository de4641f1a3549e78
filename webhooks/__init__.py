"""What other systems reach: a door for each channel that has webhooks, and the health pages.

A door reads, verifies, keeps, and only then says yes; it decides nothing about what was sent.
"""
