"""The agents' inbox and the design language of all pages."""
