"""Web chat: the widget, its socket and its files. The socket follows the log of one address and nothing else."""
