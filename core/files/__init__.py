"""Attachments and raw payloads, found by the SHA-256 of their bytes, so that the same file is kept once."""
