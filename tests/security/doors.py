"""Every door of a hub, as it is meant to be: who may, how large, how often, and what a refusal looks like.

`test_walk.py` compares this table with the routes of the real application: a route without a row fails there, and so
does a row without a route. Rows of the inbox say who may; their sizes and their refusals are the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Who = Literal["anybody", "token", "signature", "visitor", "demo", "own network"]

KB, MB = 1024, 1024 * 1024
HUB = 1 * MB  # SWITCHBOARD_MAX_BODY of the hub that is walked
WORDS = 512 * KB


@dataclass(frozen=True)
class Door:
    """One row. `most` is the largest body in bytes (0: there is none), `rate` what slows a place that hammers.

    `refused` is the status for whoever is not meant, with what the `who` column asks for missing or forged.
    """

    method: str
    path: str
    who: Who
    most: int
    rate: Literal["", "place", "visitor", "failures", "not counted"]
    refused: int


DOORS = (
    Door("POST", "/webhooks/{channel}/{account}", "signature", HUB, "failures", 401),
    Door("POST", "/webhooks/{channel}/{account}/{provider}", "signature", HUB, "failures", 401),
    Door("POST", "/webhooks/{channel}/{account}/{provider}/mime", "signature", HUB, "failures", 401),
    Door("GET", "/healthz", "anybody", 0, "", 0),
    Door("GET", "/readyz", "anybody", 0, "", 0),
    Door("GET", "/metrics", "own network", 0, "", 403),
    Door("GET", "/", "anybody", 0, "", 0),
    Door("GET", "/chat/widget.js", "anybody", 0, "", 0),
    Door("GET", "/chat/sites/{name}", "anybody", 0, "place", 0),
    Door("GET", "/chat/socket", "visitor", 0, "place", 0),
    Door("POST", "/chat/files", "visitor", 10 * MB, "place", 401),
    Door("OPTIONS", "/chat/files", "anybody", 0, "", 0),
    Door("GET", "/chat/files/{token}", "token", 0, "place", 404),
    Door("GET", "/forms/embed.js", "anybody", 0, "", 0),
    Door("GET", "/forms/{name}", "anybody", 0, "place", 0),
    Door("POST", "/forms/{name}", "anybody", WORDS, "place", 0),
    Door("OPTIONS", "/forms/{name}", "anybody", 0, "", 0),
    Door("GET", "/forms/{name}/thanks", "anybody", 0, "place", 0),
    Door("GET", "/go/{name}", "anybody", 0, "not counted", 0),
    Door("GET", "/confirm/{token}", "token", 0, "place", 404),
    Door("POST", "/confirm/{token}", "token", HUB, "place", 404),
    Door("GET", "/track/{token}", "token", 0, "place", 404),
    Door("GET", "/track/{token}/events", "token", 0, "place", 404),
    Door("GET", "/unsubscribe/{token}", "token", 0, "place", 404),
    Door("POST", "/unsubscribe/{token}", "token", HUB, "place", 404),
    Door("GET", "/demo", "demo", 0, "", 0),
    Door("POST", "/demo/orders", "demo", HUB, "place", 0),
    Door("GET", "/demo/mail", "demo", 0, "", 0),
    Door("POST", "/demo/mail", "demo", 64 * KB, "", 0),
    Door("GET", "/static/{path}", "anybody", 0, "", 0),
    Door("GET", "/inbox", "anybody", 0, "", 0),
    Door("GET", "/inbox/sign-in", "anybody", 0, "", 0),
    Door("POST", "/inbox/sign-in", "anybody", 16 * KB, "failures", 401),
)

# The pages of agents: who may, the method, the path. `{…}` is filled by `World.real`.
INBOX = """
agent GET  /inbox/
agent GET  /inbox/live
agent GET  /inbox/new
agent POST /inbox/new
agent GET  /inbox/c/{id}
agent POST /inbox/c/{id}/say
agent POST /inbox/c/{id}/read
agent POST /inbox/c/{id}/typing
agent POST /inbox/c/{id}/assign
agent POST /inbox/c/{id}/team
agent POST /inbox/c/{id}/snooze
agent POST /inbox/c/{id}/resolve
agent POST /inbox/c/{id}/reopen
agent POST /inbox/c/{id}/lead
agent POST /inbox/sent/{id}/edit
agent POST /inbox/sent/{id}/delete
agent POST /inbox/deliveries/{id}/retry
agent POST /inbox/deliveries/{id}/elsewhere
agent POST /inbox/deliveries/{id}/settle
agent POST /inbox/deliveries/{id}/cancel
agent GET  /inbox/files/{sha256}
agent GET  /inbox/mail/{id}
agent GET  /inbox/original/{id}
agent GET  /inbox/customers
agent GET  /inbox/customers/{id}
agent POST /inbox/customers/{id}
agent POST /inbox/customers/{id}/merge
agent POST /inbox/customers/{id}/part
agent POST /inbox/customers/{id}/reachable
agent POST /inbox/customers/{id}/withdraw
admin GET  /inbox/customers/{id}/export
agent GET  /inbox/spam
agent POST /inbox/spam/{id}/free
agent POST /inbox/spam/{id}/delete
agent GET  /inbox/forms/{name}/versions/{version}
agent GET  /inbox/calls
agent POST /inbox/calls/{id}/done
agent GET  /inbox/bot/report
agent GET  /inbox/bot/try
agent POST /inbox/bot/try
admin GET  /inbox/bot/texts
admin GET  /inbox/bot/texts/{key}
admin POST /inbox/bot/texts/{key}
admin GET  /inbox/bot/questions
admin POST /inbox/bot/questions
admin GET  /inbox/bot/questions/{id}
admin POST /inbox/bot/questions/{id}
admin GET  /inbox/bot/menu
admin POST /inbox/bot/menu
admin GET  /inbox/bot/hours
admin POST /inbox/bot/hours
agent GET  /inbox/leads
agent GET  /inbox/leads.csv
agent GET  /inbox/leads.xlsx
agent POST /inbox/leads/{id}/move
agent POST /inbox/leads/{id}/owner
agent POST /inbox/leads/{id}/value
agent POST /inbox/leads/{id}/step
agent POST /inbox/leads/{id}/done
agent GET  /inbox/problems
admin POST /inbox/problems/{id}/replay
admin POST /inbox/problems/{id}/dismiss
agent GET  /inbox/me
agent POST /inbox/me
agent POST /inbox/me/password
agent POST /inbox/me/away
agent POST /inbox/sign-out
admin GET  /inbox/settings/lines
admin GET  /inbox/settings/lines/{channel}
admin POST /inbox/settings/lines/{channel}
admin POST /inbox/settings/lines/{channel}/remove
admin GET  /inbox/settings/agents
admin POST /inbox/settings/agents
admin POST /inbox/settings/agents/{id}
admin GET  /inbox/settings/teams
admin POST /inbox/settings/teams
admin POST /inbox/settings/teams/{id}
admin POST /inbox/settings/teams/{id}/remove
admin GET  /inbox/settings/forms
admin POST /inbox/settings/forms
admin GET  /inbox/settings/forms/{name}
admin POST /inbox/settings/forms/{name}
admin POST /inbox/settings/forms/{name}/remove
admin GET  /inbox/settings/leads
admin POST /inbox/settings/leads/rules
admin POST /inbox/settings/leads/sites
admin POST /inbox/settings/leads/links
admin POST /inbox/settings/leads/links/{name}
admin POST /inbox/settings/leads/links/{name}/remove
admin GET  /inbox/settings/wording
admin GET  /inbox/settings/wording/{status}/{language}
admin POST /inbox/settings/wording/{status}/{language}
admin POST /inbox/settings/wording/{status}/{language}/preview
admin POST /inbox/settings/wording/{status}/{language}/reset
agent GET  /inbox/{rest}
"""


@dataclass(frozen=True)
class Desk:
    """One row of the inbox."""

    role: str
    method: str
    path: str


@dataclass(frozen=True)
class MailDoor:
    """A door that speaks to mail servers. `most` in bytes; the rest counts per mail, per place and per connection.

    `refused` is the answer to a recipient who does not exist, the same for all of them.
    """

    speaks: Literal["SMTP", "LMTP"]
    setting: str
    greeting: str
    most: int
    recipients: int
    connections: int
    per_place: int  # 0: as many as there is room for, since only a mail server of one's own comes there
    faults: int
    refused: str


MAIL_DOORS = (
    MailDoor("SMTP", "smtp_listen", "EHLO", 50 * MB, 100, 300, 30, 20, "550 5.1.1"),
    MailDoor("LMTP", "lmtp_listen", "LHLO", 50 * MB, 100, 300, 0, 20, "550 5.1.1"),
)

DESK = tuple(Desk(*line.split()) for line in INBOX.strip().splitlines())
