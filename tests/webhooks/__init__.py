"""The doors for other systems, over HTTP."""
