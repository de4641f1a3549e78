"""The configured lines: a bot, a mailbox, a site, a form, a shop. Their secrets are encrypted at rest."""
