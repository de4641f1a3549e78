"""The program: its command line, and the one place where parts are wired together.

`cli.py` is the command line, `commands/` one file per command, `stores.py` opens the database and its stores,
`wiring.py` builds the domain on them, `rooms.py` hands each web room what it needs, `web.py` makes one web application
of them, `hub.py` starts and stops it all, `design/` is the design language every page shares, `sample.py` the sample
data. Nothing else imports this folder.
"""
