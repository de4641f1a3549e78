"""`python -m switchboard` is `switchboard`."""

from switchboard.cli import main

main()
