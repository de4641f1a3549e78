"""The program: its commands, run as an operator runs them."""
