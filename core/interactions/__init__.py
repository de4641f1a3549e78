"""The log: one document for everything that happens, which is also the queue of what is still to be done."""
