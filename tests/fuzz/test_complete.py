"""Nothing that eats outside bytes is without a target: whatever is added is missed here until it has one.

Two nets. Every class in `channels/` with a `parse` or a `verify` is somebody's door. And every function that calls
something that reads what is written (JSON, Base64, URLs, dates, numbers, …) must be entered while the targets read
their own corpus, or stand in `OURS` with the reason why what it reads comes from nobody outside.
"""

from __future__ import annotations

import ast
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import Any

import pytest

from tests.fuzz.mutate import mutate
from tests.fuzz.target import ROOT, Refusal, outcome
from tests.fuzz.targets import ALL, channels
from tests.house_rules import ROOMS

# All targets are gone through once for all of them.
pytestmark = pytest.mark.xdist_group("complete")

# What reads what is written. `int` and `float` count where their argument is not a number already by its look.
READERS = frozenset(
    [
        "loads",
        "unsign",
        "fromisoformat",
        "fromtimestamp",
        "strptime",
        "parse_qsl",
        "urlsplit",
        "parsedate_tz",
        "b64decode",
        "a2b_base64",
        "a2b_qp",
        "a2b_uu",
        "ip_address",
        "ip_network",
        "from_ical",
        "document_fromstring",
        "load_pem_x509_certificate",
        "load_der_public_key",
        "unquote",
        "unquote_to_bytes",
        "from_string",
        "ZoneInfo",
        "Decimal",
        "model_validate",
        "model_validate_json",
        "from_text",
        "dotenv_values",
        "literal_eval",
        "fromstring",
        "fromhex",
        "import_key",
    ]
)

# Read by the handlers themselves, so that only a whole hub gets there: `test_doors.py` enters each.
AT_THE_DOORS = frozenset(
    {
        "inbox/bot_hours.py _known",
        "inbox/bot_questions.py change",
        "inbox/bot_report.py page",
        "inbox/bot_try.py _opened",
        "inbox/forms.py version",
        "inbox/lead_look.py _day",
        "inbox/overview.py _cursor",
        "inbox/overview.py number",
        "portal/chat/upload.py receive",
        "portal/forms/answer.py refused",
        "portal/forms/page.py page",
        "portal/page.py zone_of",
    }
)
# Function → why what it reads was written by nobody outside, or is known to be readable where it gets there.
OURS: dict[str, str] = {
    "bot/flows/callback.py _kept_moment": "the bot wrote it into its own state",
    "bot/loops.py said_now": "the bot counted it in its own state",
    "bot/texts/__init__.py _files": "a file of the program",
    "channels/email/authorise.py _code": "an operator pastes it into a terminal, where an error is shown to them",
    "channels/email/authorise.py _number": "checked for its type and range before it is made a number",
    "channels/email/direct/door.py _listen": "a setting of the operator, checked in core/settings.py",
    "channels/email/read.py _positions": "a cursor that this file wrote",
    "channels/email/sign.py _private": "a key that an administrator set up",
    "channels/telegram/edit.py _done": "an id that Telegram gave to a message of ours",
    "channels/telegram/edit.py delete": "an id that Telegram gave to a message of ours",
    "channels/telegram/edit.py edit": "an id that Telegram gave to a message of ours",
    "core/child.py free_port": "a port that the operating system chose",
    "core/clock.py now": "a time that this process counts",
    "core/database.py connect": "the operator's address of the database, of which one option's name is looked for",
    "core/database.py update": "a count in the database's answer",
    "core/hours/store.py save": "a time zone from the list that the page offers",
    "core/ids.py time_of": "an id that this file made, or one checked for its shape",
    "core/leads/lead.py of": "a document of our own",
    "core/mongod.py _last_words": "the log of our own mongod",
    "core/orders/notify.py _zone": "an attribute of a customer that core wrote",
    "core/templates/template.py _texts": "a file of the program",
    "core/restraint.py _most": "a setting of a line, checked for its type",
    "inbox/bot_hours.py _next": "a yearly day that core/hours/written.py has read",
    "inbox/bot_menu.py _moved": "at most two decimal digits, looked at before",
    "inbox/bot_questions.py _again": "decimal digits, looked at before",
    "inbox/lines.py _read": "digits of an administrator, looked at before",
    "inbox/mail.py _with_pictures": "percent signs in a document that was sanitised; nothing is refused there",
    "portal/demo.py move": "the sample shop, which a hub at work does not have",
    "portal/forms/answer.py again": "seconds that our own limits count",
    "portal/language.py _loaded": "a file of the program",
    "switchboard/commands/account.py _typed": "an operator types it into a terminal, where an error is shown to them",
    "switchboard/commands/bot.py trial": "an operator types it into a terminal, where an error is shown to them",
    "switchboard/checks/machine.py _json": "our own hub's answer; what is no JSON is told as such",
    "switchboard/checks/machine.py mail": "a certificate that the operator set up, looked at for them",
    "switchboard/checks/mongodb.py version": "digits that a pattern found in what the database says of itself",
    "switchboard/pulse.py note": "a time that this process noted",
    "switchboard/maildoor.py plan_of": "a setting of the operator, checked in core/settings.py",
}


@cache
def readers() -> tuple[str, ...]:
    """`file function` of every function of ours that calls a reader."""
    return tuple(_readers())


def _readers() -> Iterator[str]:
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(path.read_text("utf-8"))
            found = {
                function for function, name, call in _calls(tree, "") if name in READERS or _reads_a_number(name, call)
            }
            yield from (f"{path.relative_to(ROOT)} {function}" for function in sorted(found) if function)


def _calls(node: ast.AST, function: str) -> Iterator[tuple[str, str, ast.Call]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(child, ast.Call):
            called = child.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield inside, name, child
        yield from _calls(child, inside)


def _reads_a_number(name: str, call: ast.Call) -> bool:
    return name in ("int", "float") and bool(call.args) and isinstance(call.args[0], ast.Subscript | ast.Name)


@contextmanager
def entered(functions: set[str]) -> Iterator[None]:
    """Adds `file function` of every function of ours that is called inside, also in threads that begin there."""

    def told(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            code = frame.f_code
            if code.co_filename.startswith(root):
                functions.add(f"{code.co_filename[len(root) :]} {code.co_name}")

    root = f"{ROOT}/"
    before = sys.getprofile()
    threading.setprofile(told)
    sys.setprofile(told)
    try:
        yield
    finally:
        sys.setprofile(before)
        threading.setprofile(None)


@pytest.fixture(scope="module")
def read() -> set[str]:
    """What the targets enter, with their corpus and a little damage."""
    found: set[str] = set()
    for target in ALL:
        dice = random.Random(target.name)
        damaged = [mutate(target.grammar, dice.choice(target.corpus), dice, target.longest) for _ in range(10)]
        for data in (*target.corpus, *damaged):
            with entered(found):  # each anew: what recurses to the end switches it off
                outcome(target, data)
    return found


def test_every_function_that_reads_is_read_by_a_target(read: set[str]) -> None:
    missing = [one for one in readers() if one not in read and one not in AT_THE_DOORS and one not in OURS]
    assert not missing, "these read something and no target gets there: " + ", ".join(missing)


def test_no_exemption_outlives_its_function() -> None:
    known = set(readers())
    assert not [one for one in (*AT_THE_DOORS, *OURS) if one not in known]
    assert all(len(reason.split()) > 3 for reason in OURS.values())


def test_every_class_that_verifies_or_parses_is_a_target() -> None:
    classes = {
        node.name.lower()
        for path in (ROOT / "channels").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef)
        and any(isinstance(one, ast.FunctionDef) and one.name in ("parse", "verify") for one in node.body)
    }
    assert classes == {*channels.CONTRACTS, "email"}
    names = {target.name for target in ALL}
    assert {f"{name}.parse" for name in classes} <= names
    assert {f"{name}.verify" for name in channels.CONTRACTS if name != "webform"} <= names


def test_names_are_unique_and_every_corpus_has_something_that_is_read() -> None:
    assert len({target.name for target in ALL}) == len(ALL)
    for target in ALL:
        # Where two ends speak, a pause of the machine may look like one of theirs: those are asked again.
        outcomes = (outcome(target, data) for _ in range(1 if target.steady else 20) for data in target.corpus[:40])
        assert any(not isinstance(one, Refusal) for one in outcomes), f"{target.name} refuses all of its corpus"
