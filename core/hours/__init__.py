"""When people answer: the week, its exceptions, and what follows for a moment in time."""
