"""Mail taken in directly: by SMTP, as an MX, or by LMTP from a mail server of ours.

`door.py` listens, `session.py` speaks the protocol (on aiosmtpd), `terms.py` says what the two ask of each other,
`recipients.py` knows who is ours, `delivery.py` hands a mail on, with how it came on top (`envelope.py`). Who wrote it
is checked here: `lookup.py` asks the DNS, `spf.py` (its record in `spf_record.py`), `dkim.py` and `dmarc.py` answer,
`check.py` writes it down.
"""
