"""What intruders try, across rooms: every door of the real application walked as somebody it is not meant for."""
