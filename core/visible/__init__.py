"""What a person wrote now in a mail: quoted history and signatures told apart, never deleted. Pure and linear.

`phrases.py` is the table of what mail programs write, per language; `marks.py` recognises one line by it; `kinds.py`
decides for lines in their order; `text.py` and `html.py` make those lines of plain text and of a document, and put the
answer back.
"""
