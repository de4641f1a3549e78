"""The design language every page shares: tokens, components, the template environment, words in three languages.

`environment.py` makes the one Jinja2 environment, `assets.py` serves what browsers load under /static, `words.py` reads
the translations, `dates.py` writes dates and numbers as the reader's language does. Rooms bring their own `templates/`,
`static/` and `translations/`, made of the tokens and macros here.
"""
