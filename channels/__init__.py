"""One adapter per kind of line: bytes to events, content to provider calls. Adapters translate and decide nothing.

A new channel is one file (or one folder past 300 lines), captured payloads with a table of cases run by
`tests/channel_contract.py`, and one line in `CHANNELS`. Adapters import `core` and their provider's library, nothing
else of ours. See docs/add-a-channel.md.
"""

from channels import email, orders, telegram, webchat, webform
from core.channel import Line

CHANNELS: dict[str, Line] = {
    line.name: line for line in (telegram.LINE, email.LINE, webchat.LINE, webform.LINE, orders.LINE)
}
