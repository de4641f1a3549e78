"""The email channel: a table of mails, real mail servers, and servers that break off."""
