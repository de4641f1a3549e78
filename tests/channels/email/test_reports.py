"""What machines write: recognised, tied to the very message of ours, and believed only with our mark."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.adapter import Email
from channels.email.mark import bounce_address, conversation_of, marked, proved, reply_address, untagged
from channels.email.reason import reason
from core.channel import Arrival, Parses
from tests.channel_contract import ChannelContract
from tests.channels.email.mails import ACCOUNT, OUR_ID, OURS, mail
from tests.channels.email.reports import REPORTS, RETURNED, dsn, free


class TestReports(ChannelContract):
    cases = REPORTS
    not_theirs = (b"",)

    def adapter(self) -> Parses:
        return Email(ACCOUNT)


def test_there_are_enough_of_them_and_each_has_its_own_name() -> None:
    assert len({case.name for case in REPORTS}) == len(REPORTS) >= 90


@pytest.mark.parametrize("case", [case for case in REPORTS if OUR_ID.encode() in case.body], ids=lambda case: case.name)
def test_without_our_seal_none_of_them_changes_anything(case: object) -> None:
    assert hasattr(case, "body")
    forged = case.body.replace(OUR_ID.encode(), OUR_ID.replace(OUR_ID[-20:-15], "aaaaa").encode())
    forged = forged.replace(marked(ACCOUNT.key, OURS).encode(), f"{OURS}.aaaaaaaaaaaaaaaa".encode())
    for event in Email(ACCOUNT).parse(forged, {}):
        assert getattr(event, "outbound", None) is None
    for event in Email(ACCOUNT.__class__("email", "help", "", ACCOUNT.settings)).parse(case.body, {}):
        assert getattr(event, "outbound", None) is None, "an account without a key believes nobody"


# ----------------------------------------------------------------------------------------------------- the marks


@given(st.text(max_size=200))
def test_nobody_else_s_words_are_a_mark(text: str) -> None:
    assert proved("key", text) == []


@given(
    st.text("0123456789abcdefghijklmnopqrstuv", min_size=20, max_size=20), st.text(max_size=20), st.text(max_size=20)
)
def test_a_mark_is_found_again_whatever_is_around_it(id: str, before: str, after: str) -> None:
    mark = marked("key", id)
    assert proved("key", f"{before}\n<{mark.upper()}@x>\n{after}") == [id]
    assert proved("another key", mark) == []


def test_a_reply_address_works_for_its_person_alone() -> None:
    address = reply_address("key", "help@shop.test", "c" * 20, "ann@example.org")
    assert conversation_of("key", ["x@y.z", address.upper()], "help@shop.test", "ann@example.org") == "c" * 20
    assert conversation_of("key", [address], "help@shop.test", "eve@example.org") is None
    assert conversation_of("other", [address], "help@shop.test", "ann@example.org") is None
    assert (
        conversation_of("key", [address.replace("shop.test", "evil.test")], "help@shop.test", "ann@example.org") is None
    )
    assert untagged(address) == untagged(bounce_address("key", "help@shop.test", OURS)) == "help@shop.test"
    assert untagged("help+more@shop.test") == "help+more@shop.test"


def test_an_address_too_long_for_a_tag_stays_as_it_is() -> None:
    long = "l" * 40 + "@shop.test"
    assert bounce_address("key", long, OURS) == long
    assert bounce_address("", "help@shop.test", OURS) == "help@shop.test"


def test_what_comes_to_the_reply_address_names_its_conversation_and_shows_no_tag() -> None:
    to = reply_address(ACCOUNT.key, "help@shop.test", "c" * 20, "ann@example.org")
    (event,) = Email(ACCOUNT).parse(mail(f"To: Shop <{to}>"), {})
    assert isinstance(event, Arrival)
    assert event.conversation == "c" * 20
    assert event.data["to"] == [{"name": "Shop", "address": "help@shop.test"}]
    (stolen,) = Email(ACCOUNT).parse(mail(f"To: {to}", "From: eve@evil.test"), {})
    assert isinstance(stolen, Arrival)
    assert stolen.conversation is None


def test_our_own_mail_that_comes_back_over_a_tagged_address_is_still_ours() -> None:
    tagged = bounce_address(ACCOUNT.key, "help@shop.test", OURS)
    (event,) = Email(ACCOUNT).parse(mail(f"From: {tagged}"), {})
    assert type(event).__name__ == "Ignored"


# ----------------------------------------------------------------------------------------------------- the reasons


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        ("5.1.1", "", ("5.1.1", True, True)),
        ("5.1.8", "", ("5.1.8", True, False)),
        ("5.0.0", "550 mailbox is full", ("5.2.2", True, False)),
        ("", "450 4.2.0 greylisted", ("4.2.0", False, False)),
        ("4.4.7", "user unknown", ("4.4.7", False, False)),
        ("", "something went wrong", ("", True, False)),
        ("5.7.1", "user unknown", ("5.7.1", True, False)),
        ("", "version 5.1.1.2 of the software", ("", True, False)),
    ],
)
def test_a_reason(status: str, said: str, expected: tuple[str, bool, bool]) -> None:
    assert reason(status, said)[:3] == expected


@pytest.mark.parametrize(
    "filling", ["user ", "a@b.c ", "mailbox\n", "Message-ID: ", "> " * 40, "0123456789abcdefghij.", "550 "]
)
def test_a_report_without_end_is_read_in_a_moment(filling: str) -> None:
    for raw in (free(filling * (300_000 // len(filling))), dsn(filling * 20_000, "5.1.1", filling * 20_000)):
        began = time.thread_time()
        Email(ACCOUNT).parse(raw, {})
        assert time.thread_time() - began < 20


def test_the_reason_is_told_in_the_server_s_own_words() -> None:
    (event,) = Email(ACCOUNT).parse(free("Dear sender,\nwe are sorry.\n<ann@example.org>: 550 5.1.1 Ann left us\n"), {})
    assert getattr(event, "sentence", "").endswith("<ann@example.org>: 550 5.1.1 Ann left us")
    assert RETURNED not in getattr(event, "sentence", "")
