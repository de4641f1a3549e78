"""The words of notifications: default texts in the package, an operator's own in the database, rendered safely.

`defaults` holds one TOML file per language.
"""
