"""Real servers that tests speak to, each started on a free port of the loopback and ended with the tests."""
