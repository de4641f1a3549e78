"""What was authentic and could not be read or handled: kept raw with its reason, to be replayed after a fix."""
