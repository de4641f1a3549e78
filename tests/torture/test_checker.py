"""The checker is tested itself: what is planted is found, by name, and where all is well it finds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.ids import id_of
from tests.torture.checker import RULES, check
from tests.torture.ledger import Ledger, Reply, Snapshot, new_trace, traces_in

ANN, BOB = "telegram:bot:1", "telegram:bot:2"


class World:
    """Two people with a bot, an agent who has answered one of them, and the log of it; `spoil` one thing of it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.snapshot = Snapshot()
        self._ids = iter(range(100, 1000))
        for person, address in (("ann", ANN), ("bob", BOB)):
            self.ledger.people[person] = ("telegram:bot", address)
            self.snapshot.customers.append(
                {"_id": f"customer of {person}", "keys": [f"telegram:{person}"], "name": person}
            )
            self.snapshot.addresses.append({"_id": address, "customer_id": f"customer of {person}"})
            questions = [self._asked(person, address, f"question {n}?") for n in range(3)]
            self.snapshot.conversations.append(
                {
                    "_id": f"talk with {person}",
                    "address": address,
                    "thread": "",
                    "active": True,
                    "status": "pending",
                    "seen": {id_of(address): questions},
                }
            )
        self._agent_answers()

    def _entry(self, person: str, address: str, **more: Any) -> dict[str, Any]:
        entry = {
            "_id": f"{next(self._ids):020}",
            "channel": "telegram",
            "account": "bot",
            "address": address,
            "kind": "message",
            "author": {"kind": "customer"},
            "customer_id": f"customer of {person}",
            "conversation_id": f"talk with {person}",
            **more,
        }
        self.snapshot.interactions.append(entry)
        return entry

    def _asked(self, person: str, address: str, text: str) -> str:
        """`person` asks, and the bot answers; the id of the question."""
        trace = new_trace()
        self.ledger.say(person, trace).told_yes = True
        words = {"text": f"{text} {trace}"}
        asked = self._entry(person, address, direction="in", key=f"k{trace}", status="handled", content=words)
        self._out(person, address, f"bot:{asked['_id']}:0", f"answer to {trace}", {"kind": "bot"})
        return str(asked["_id"])

    def _out(self, person: str, address: str, key: str, text: str, author: dict[str, str]) -> dict[str, Any]:
        entry = self._entry(
            person, address, direction="out", key=key, status="sent", content={"text": text}, author=author
        )
        entry["external_id"] = f"{person}-{entry['_id']}"
        self.ledger.hear(person, str(entry["external_id"]), text)
        return entry

    def _agent_answers(self) -> None:
        trace = new_trace()
        self.ledger.replies.append(Reply(trace, "talk with ann", told_yes=True))
        self._out("ann", ANN, f"reply:talk with ann:{trace}", f"a person says {trace}", {"kind": "agent"})
        ann = self.snapshot.conversations[0]
        self.snapshot.conversations[0] = {**ann, "status": "open"}

    # ---------------------------------------------------------------------------------------- to be spoiled

    @property
    def log(self) -> list[Any]:
        return self.snapshot.interactions

    def came(self, person: str = "bob") -> list[Any]:
        return [e for e in self.log if e["direction"] == "in" and e["customer_id"] == f"customer of {person}"]

    def went(self, person: str = "bob") -> list[Any]:
        return [e for e in self.log if e["direction"] == "out" and e["customer_id"] == f"customer of {person}"]

    def heard(self, person: str = "bob") -> list[Any]:
        return [heard for heard in self.ledger.heard if heard.person == person]

    def found(self) -> set[str]:
        """The rules that are broken."""
        return {finding.rule for finding in check(self.ledger, self.snapshot)}


def test_where_all_is_well_nothing_is_found() -> None:
    assert check(World().ledger, World().snapshot) != [], "another world's log has nothing of what was said in this one"
    world = World()
    assert [str(finding) for finding in check(world.ledger, world.snapshot)] == []


def test_an_empty_log_is_not_well() -> None:
    world = World()
    world.snapshot = Snapshot()
    assert {"lost", "not_in_the_log", "agent_lost"} <= world.found()


def _loss(world: World) -> None:
    world.log.remove(world.came()[-1])


def _double(world: World) -> None:
    world.log.append({**world.came()[-1], "_id": "0" * 17 + "999", "key": "another"})


def _same_key(world: World) -> None:
    world.log.append({**world.went()[-1], "_id": "0" * 17 + "999", "external_id": None, "status": "cancelled"})


def _swap_in(world: World) -> None:
    one, other = world.came()[:2]
    one["_id"], other["_id"] = other["_id"], one["_id"]


def _forgotten(world: World) -> None:
    world.came()[0]["status"] = "received"


def _stuck_out(world: World) -> None:
    world.went()[0]["status"] = "sending"


def _set_aside(world: World) -> None:
    world.snapshot.failed_intake.append({"_id": "1", "reason": "It could not be handled"})


def _of_nobody(world: World) -> None:
    world.came()[0]["customer_id"] = None


def _nowhere(world: World) -> None:
    world.came()[0]["conversation_id"] = "nowhere"


def _taken_twice(world: World) -> None:
    seen = world.snapshot.conversations[1]["seen"]
    seen[id_of(BOB)] = [*seen[id_of(BOB)], seen[id_of(BOB)][0]]


def _taken_in_another_order(world: World) -> None:
    world.snapshot.conversations[1]["seen"][id_of(BOB)].reverse()


def _no_answer(world: World) -> None:
    entry = world.went()[1]
    world.log.remove(entry)
    world.ledger.heard = [heard for heard in world.ledger.heard if heard.ref != entry["external_id"]]


def _received_twice(world: World) -> None:
    first = world.heard()[0]
    world.ledger.hear("bob", "bob-again", first.text)


def _received_twice_under_one_name(world: World) -> None:
    first = world.heard()[0]
    world.ledger.hear("bob", first.ref, first.text)


def _from_nowhere(world: World) -> None:
    world.ledger.hear("bob", "bob-7", "words that nobody wrote")


def _for_ann(world: World) -> None:
    world.ledger.hear("bob", "bob-8", world.heard("ann")[0].text)


def _anns_message(world: World) -> None:
    first = world.heard("ann")[0]
    world.ledger.hear("bob", first.ref, first.text)


def _said_by_bob_filed_under_ann(world: World) -> None:
    world.came()[0]["address"] = ANN


def _swap_out(world: World) -> None:
    one, other = world.heard()[:2]
    one.ref, other.ref, one.text, other.text = other.ref, one.ref, other.text, one.text


def _never_came(world: World) -> None:
    world.ledger.heard.remove(world.heard()[0])


def _reply_lost(world: World) -> None:
    reply = next(entry for entry in world.log if entry["author"]["kind"] == "agent")
    world.log.remove(reply)


def _reply_twice(world: World) -> None:
    reply = next(entry for entry in world.log if entry["author"]["kind"] == "agent")
    again = {**reply, "_id": "0" * 17 + "999", "key": f"{reply['key']} again", "external_id": "ann-999"}
    world.log.append(again)
    world.ledger.hear("ann", "ann-999", reply["content"]["text"])


def _both(world: World) -> None:
    answer = world.went("ann")[-2]
    heard = next(heard for heard in world.ledger.heard if heard.ref == answer["external_id"])
    answer["_id"] = "0" * 17 + "999"
    world.ledger.heard.remove(heard)
    world.ledger.heard.append(heard)


def _twin_conversation(world: World) -> None:
    world.snapshot.conversations.append({**world.snapshot.conversations[0], "_id": "a second one"})


def _twin_key(world: World) -> None:
    one, other = world.snapshot.customers
    world.snapshot.customers[1] = {**other, "keys": [*other["keys"], *one["keys"]]}


def _twin_record(world: World) -> None:
    world.came()[0]["customer_id"] = "a second record"
    world.snapshot.customers.append({"_id": "a second record", "keys": []})


def _record_of_nobody(world: World) -> None:
    world.snapshot.customers.append({"_id": "made in a crash", "keys": []})


def _owner_gone(world: World) -> None:
    world.snapshot.customers[0] = {**world.snapshot.customers[0], "merged_into": "elsewhere"}


PLANTED: list[tuple[Callable[[World], None], str]] = [
    (_loss, "lost"),
    (_double, "doubled_in_the_log"),
    (_same_key, "doubled_in_the_log"),
    (_swap_in, "swapped_in_the_log"),
    (_forgotten, "stuck"),
    (_stuck_out, "stuck"),
    (_set_aside, "stuck"),
    (_of_nobody, "handled_by_halves"),
    (_nowhere, "handled_by_halves"),
    (_taken_twice, "handled_wrongly"),
    (_taken_in_another_order, "handled_wrongly"),
    (_no_answer, "unanswered"),
    (_received_twice, "doubled"),
    (_received_twice_under_one_name, "doubled"),
    (_from_nowhere, "not_in_the_log"),
    (_for_ann, "misdirected"),
    (_anns_message, "misdirected"),
    (_said_by_bob_filed_under_ann, "misdirected"),
    (_swap_out, "swapped_on_the_way"),
    (_never_came, "never_arrived"),
    (_reply_lost, "agent_lost"),
    (_reply_twice, "agent_lost"),
    (_both, "both_answered"),
    (_twin_conversation, "twin_conversation"),
    (_twin_key, "twin_customer"),
    (_twin_record, "twin_customer"),
    (_record_of_nobody, "twin_customer"),
    (_owner_gone, "twin_customer"),
]


@pytest.mark.parametrize(("plant", "rule"), PLANTED, ids=lambda one: getattr(one, "__name__", one))
def test_what_is_planted_is_found_by_name(plant: Callable[[World], None], rule: str) -> None:
    world = World()
    plant(world)
    assert rule in world.found()


def test_every_rule_has_something_planted_for_it() -> None:
    assert {rule for _, rule in PLANTED} == {rule.__name__ for rule in RULES}


def test_what_was_not_told_yes_may_be_there_or_not() -> None:
    world = World()
    world.ledger.say("bob", new_trace())
    assert world.found() == set()
    _loss(world)
    trace = next(one for one in reversed(world.ledger.said) if one.person == "bob" and one.told_yes)
    trace.told_yes = False
    assert "lost" not in world.found()


def test_what_is_uncertain_may_have_come_once_and_once_more_each_time_a_person_sent_it_again() -> None:
    world = World()
    entry = world.went()[-1]
    del entry["external_id"]
    entry["status"] = "uncertain"
    assert world.found() == set(), "it came, and nobody was told"
    text = entry["content"]["text"]
    world.ledger.hear("bob", "bob-again", text)
    assert world.found() == {"doubled"}
    entry["data"] = {"retried_at": "now"}
    entry["status"], entry["external_id"] = "sent", "bob-again"
    assert world.found() == set()
    world.ledger.hear("bob", "bob-and-again", text)
    assert world.found() == {"doubled"}
    world.ledger.retried += [str(entry["_id"])] * 2
    assert world.found() == set(), "a person sent it again twice, and was not told of the first time"
    world.ledger.hear("bob", "bob-for-ever", text)
    assert world.found() == {"doubled"}


def test_what_was_resolved_may_be_followed_by_a_new_conversation() -> None:
    world = World()
    now = world.snapshot.conversations[1]
    world.snapshot.conversations.append({**now, "_id": "an old one", "active": False, "seen": {}})
    assert world.found() == set()


def test_traces_are_words_that_are_said_once() -> None:
    traces = [new_trace() for _ in range(3000)]
    assert len(set(traces)) == 3000
    assert traces_in("a b".join(traces)) == traces
    assert all(trace.isalpha() for trace in traces)
