"""Proves from the counterparts' ledgers and the log that nothing was lost, doubled, swapped or misdirected.

Pure functions over a `Ledger` and a `Snapshot`, each a rule with a name of its own; `check` runs them all. A finding
names the rule that was broken, and who and what it is about.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from core.ids import id_of
from tests.torture.ledger import Document, Heard, Ledger, Snapshot, traces_in

# What is left in one of these after everything has settled was forgotten; `stuck` could not be handled.
UNSETTLED = frozenset(("received", "queued", "sending", "stuck"))
# What may have gone out without our knowing: the provider may have it once, and we have no number of it.
DOUBTFUL = "uncertain"
FINAL = frozenset(("sent", "delivered", "read"))


@dataclass(frozen=True)
class Finding:
    """One thing that must not be."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


class Facts:
    """Ledger and snapshot, with what several rules look up in them."""

    def __init__(self, ledger: Ledger, snapshot: Snapshot) -> None:
        self.ledger = ledger
        self.snapshot = snapshot
        self.entries = sorted(snapshot.interactions, key=lambda entry: str(entry["_id"]))

    @cached_property
    def came(self) -> Mapping[str, list[Document]]:
        """Trace → the entries in which somebody from outside said it."""
        found: defaultdict[str, list[Document]] = defaultdict(list)
        for entry in self.entries:
            if entry["direction"] == "in" and entry["kind"] in ("message", "form", "order"):
                for trace in dict.fromkeys(traces_in(_words(entry))):
                    found[trace].append(entry)
        return found

    @cached_property
    def where(self) -> Mapping[str, set[str]]:
        """Person → the addresses at which the log has what they said."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for said in self.ledger.said:
            for entry in self.came.get(said.trace, ()):
                found[said.person].add(str(entry["address"]))
        return found

    @cached_property
    def went(self) -> Mapping[str, list[Document]]:
        """Address → what was to go out to it, in the order of the log."""
        found: defaultdict[str, list[Document]] = defaultdict(list)
        for entry in self.entries:
            if entry["direction"] == "out":
                found[str(entry["address"])].append(entry)
        return found

    @cached_property
    def by_name(self) -> Mapping[tuple[str, str], Document]:
        """(channel and account, the provider's name or our id) → the entry that went out under it."""
        found: dict[tuple[str, str], Document] = {}
        for entries in self.went.values():
            for entry in entries:
                for name in (str(entry["_id"]), *_names(entry)):
                    found[_line(entry), name] = entry
        return found

    @cached_property
    def received(self) -> Mapping[str, list[tuple[Heard, Document | None]]]:
        """Person → what they received, each with the entry it is, as far as its name tells."""
        found: dict[str, list[tuple[Heard, Document | None]]] = {}
        for person, heard in self.ledger.heard_by().items():
            line = self.ledger.people[person][0]
            found[person] = [(one, self.by_name.get((line, one.ref))) for one in heard]
        return found

    @cached_property
    def sent_again(self) -> Counter[str]:
        """Entry → how often a person had it sent again."""
        found = Counter(self.ledger.retried)
        # Whoever was answered late may not have written it down; the entry itself knows of the last time.
        return found | Counter(str(entry["_id"]) for entry in self.entries if _again(entry))

    @cached_property
    def surplus(self) -> Mapping[str, list[Heard]]:
        """Person → what they received beyond what the log says may have gone out to them.

        An entry explains one reception under its name; one without if it is uncertain, and one for each time a person
        had it sent again: what they send again was uncertain before, and may be once more.
        """
        found: dict[str, list[Heard]] = {}
        for person, received in self.received.items():
            theirs = _theirs(self, person)
            spare = Counter(_text(entry) for entry in theirs if _nameless(entry))
            for once in theirs:
                spare[_text(once)] += self.sent_again[str(once["_id"])]
            seen: set[str] = set()
            found[person] = []
            for heard, entry in received:
                if entry is not None and not any(one is entry for one in theirs):
                    continue  # misdirected, which is said there
                if entry is not None and heard.ref not in seen:
                    seen.add(heard.ref)
                elif spare[words := _text(entry) if entry is not None else heard.text] > 0:
                    spare[words] -= 1
                else:
                    found[person].append(heard)
        return found


def check(ledger: Ledger, snapshot: Snapshot) -> list[Finding]:
    """Everything that is wrong; nothing when nothing is."""
    facts = Facts(ledger, snapshot)
    return [Finding(rule.__name__, what) for rule in RULES for what in rule(facts)]


# -------------------------------------------------------------------------------------------------- what came in


def lost(facts: Facts) -> Iterator[str]:
    """Somebody was told yes, and the log does not have it."""
    for said in facts.ledger.said:
        if said.told_yes and not facts.came.get(said.trace):
            yield f"{said.person} was told yes to {said.trace}, which is not in the log"


def doubled_in_the_log(facts: Facts) -> Iterator[str]:
    """What was said once is there twice."""
    for trace, entries in facts.came.items():
        if len(entries) > 1:
            yield f"{trace} is in the log as {[str(entry['_id']) for entry in entries]}"
    keys = Counter((str(entry["address"]), str(entry["key"])) for entry in facts.entries)
    for (address, key), times in keys.items():
        if times > 1:
            yield f"{address} has {times} entries with the key {key}"


def swapped_in_the_log(facts: Facts) -> Iterator[str]:
    """Somebody's messages are in the log in another order than they were said in."""
    order: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for said in facts.ledger.said:
        if said.told_yes and (entries := facts.came.get(said.trace)):
            order[said.person].append((str(entries[0]["_id"]), said.trace))
    for person, there in order.items():
        for (id, trace), (after, then) in pairwise(there):
            if after < id:
                yield f"{person} said {trace} before {then}; the log has {id} and {after}"


def stuck(facts: Facts) -> Iterator[str]:
    """Something is left to do after everything has settled, or was given up."""
    for entry in facts.entries:
        if entry["status"] in UNSETTLED:
            yield f"{entry['_id']} ({entry['kind']}, {entry['key']}) at {entry['address']} is {entry['status']}"
    for kept in facts.snapshot.failed_intake:
        if not kept.get("outcome"):
            yield f"{kept['_id']} was set aside: {str(kept.get('reason'))[:200]}"


def handled_by_halves(facts: Facts) -> Iterator[str]:
    """What came in belongs to nobody, or to no conversation."""
    conversations = {str(one["_id"]) for one in facts.snapshot.conversations}
    for entry in facts.entries:
        if entry["direction"] != "in" or entry["kind"] not in ("message", "form", "order"):
            continue
        if not entry.get("customer_id"):
            yield f"{entry['_id']} at {entry['address']} has no customer"
        if entry["kind"] != "order" and str(entry.get("conversation_id")) not in conversations:
            yield f"{entry['_id']} at {entry['address']} is in no conversation"


def handled_wrongly(facts: Facts) -> Iterator[str]:
    """A conversation did not take each of somebody's messages once, in the order in which they came.

    It keeps the last ten it took of each address, in the order of taking.
    """
    conversations = {str(one["_id"]): one for one in facts.snapshot.conversations}
    came: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in facts.entries:
        if entry["direction"] == "in" and entry["kind"] in ("message", "form"):
            came[str(entry.get("conversation_id")), str(entry["address"])].append(str(entry["_id"]))
    for (id, address), entries in came.items():
        taken = list(conversations.get(id, {}).get("seen", {}).get(id_of(address), ()))
        if taken != entries[-10:]:
            yield f"{id} took {taken} of {address}, whose last are {entries[-10:]}"


def unanswered(facts: Facts) -> Iterator[str]:
    """The bot never answered a question, in a conversation that was its own from first to last."""
    answered = {str(entry["key"]).split(":")[1] for entry in facts.entries if str(entry["key"]).startswith("bot:")}
    pending = {str(one["_id"]) for one in facts.snapshot.conversations if one["status"] == "pending"}
    with_people = {str(e.get("conversation_id")) for e in facts.entries if e["author"].get("kind") == "agent"}
    for entry in facts.entries:
        mine = str(entry.get("conversation_id"))
        asked = entry["direction"] == "in" and entry["kind"] == "message" and "?" in _text(entry)
        if asked and mine in pending - with_people and str(entry["_id"]) not in answered:
            yield f"{entry['_id']} at {entry['address']} in {mine} got no answer"


# -------------------------------------------------------------------------------------------------- what went out


def doubled(facts: Facts) -> Iterator[str]:
    """Somebody received more often than the log can explain what it says went out once."""
    for person, surplus in facts.surplus.items():
        texts = {_text(entry) for entry in _theirs(facts, person)}
        for one in surplus:
            if one.text in texts or any(entry is not None and heard is one for heard, entry in facts.received[person]):
                yield f"{person} received {one.ref} ({one.text[:60]!r}) once more than it was sent"


def not_in_the_log(facts: Facts) -> Iterator[str]:
    """Somebody received what the log knows nothing of."""
    elsewhere = {_text(entry) for entry in facts.entries if entry["direction"] == "out"}
    for person, surplus in facts.surplus.items():
        texts = {_text(entry) for entry in _theirs(facts, person)}
        for one in surplus:
            if one.text not in texts and one.text not in elsewhere:
                yield f"{person} received {one.ref} ({one.text[:60]!r}), which is not in the log"


def misdirected(facts: Facts) -> Iterator[str]:
    """Somebody received what was meant for somebody else, or two people share an address."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for person, addresses in facts.where.items():
        if len(addresses) > 1:
            yield f"{person} is in the log at {sorted(addresses)}"
        for address in addresses:
            owners[address].add(person)
    for address, people in owners.items():
        if len(people) > 1:
            yield f"{sorted(people)} are all in the log at {address}"
    everywhere = {_text(entry): str(entry["address"]) for entry in facts.entries if entry["direction"] == "out"}
    for person, received in facts.received.items():
        for heard, entry in received:
            if entry is not None and str(entry["address"]) not in _addresses(facts, person):
                yield f"{person} received {heard.ref}, which went to {entry['address']}"
    for person, surplus in facts.surplus.items():
        texts = {_text(entry) for entry in _theirs(facts, person)}
        for one in surplus:
            if one.text not in texts and one.text in everywhere:
                yield f"{person} received {one.ref} ({one.text[:60]!r}), which went to {everywhere[one.text]}"


def swapped_on_the_way(facts: Facts) -> Iterator[str]:
    """Somebody received messages in another order than the log has them in; what was uncertain may be late."""
    for person, received in facts.received.items():
        there = [
            (str(entry["_id"]), heard.ref)
            for heard, entry in received
            if entry is not None and entry["status"] in FINAL and not _again(entry)
        ]
        first = list({id: (id, ref) for id, ref in reversed(there)}.values())[::-1]  # each when it came first
        for (id, ref), (after, then) in pairwise(first):
            if after < id:
                yield f"{person} received {ref} before {then}; the log has {id} and {after}"


def never_arrived(facts: Facts) -> Iterator[str]:
    """The log says that it was sent, and it never came."""
    for person, received in facts.received.items():
        mine = {str(entry["_id"]) for _, entry in received if entry is not None}
        for entry in _theirs(facts, person):
            if entry["status"] in FINAL and str(entry["_id"]) not in mine and not _again(entry):
                yield f"{entry['_id']} ({entry['key']}) is {entry['status']}, and {person} never received it"


def agent_lost(facts: Facts) -> Iterator[str]:
    """An agent's page said that a reply is on its way, and the log does not have it exactly once."""
    said = Counter(
        trace
        for entry in facts.entries
        if entry["direction"] == "out" and entry["author"].get("kind") == "agent"
        for trace in traces_in(str(entry["key"]))
    )
    for reply in facts.ledger.replies:
        if (times := said[reply.trace]) != 1 and (reply.told_yes or times):
            yield f"the reply {reply.trace} in {reply.conversation} is in the log {times} times"


def both_answered(facts: Facts) -> Iterator[str]:
    """The bot answered a question after an agent had spoken."""
    agent: defaultdict[str, list[str]] = defaultdict(list)
    for entry in facts.entries:
        if entry["direction"] == "out" and entry["author"].get("kind") == "agent":
            agent[str(entry.get("conversation_id"))].append(str(entry["_id"]))
    for entry in facts.entries:
        if entry["direction"] == "out" and str(entry["key"]).startswith("bot:"):
            question, answer = str(entry["key"]).split(":")[1], str(entry["_id"])
            for spoke in agent[str(entry.get("conversation_id"))]:
                if question < spoke < answer:
                    yield f"{question} was answered by the agent ({spoke}) and then by the bot ({answer})"


# -------------------------------------------------------------------------------------------------- who and where


def twin_conversation(facts: Facts) -> Iterator[str]:
    """Two active conversations with one person about one thing."""
    active = Counter((str(c["address"]), str(c.get("thread", ""))) for c in facts.snapshot.conversations if c["active"])
    for (address, thread), times in active.items():
        if times > 1:
            yield f"{address} {thread!r} has {times} active conversations"


def twin_customer(facts: Facts) -> Iterator[str]:
    """One person has two records, or there is a record of nobody."""
    alive = {str(one["_id"]): one for one in facts.snapshot.customers if not one.get("merged_into")}
    keys = Counter(key for one in alive.values() for key in one.get("keys", ()))
    for key, times in keys.items():
        if times > 1:
            yield f"{times} customers own {key}"
    for address in facts.snapshot.addresses:
        customer = address.get("customer_id")
        if customer and str(customer) not in alive:
            yield f"{address['_id']} belongs to {customer}, which is not there"
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for entry in facts.entries:
        if entry["direction"] == "in" and entry.get("customer_id"):
            owners[str(entry["address"])].add(str(entry["customer_id"]))
    for where, customers in owners.items():
        if len(customers) > 1:
            yield f"what came from {where} belongs to {sorted(customers)}"
    used = {str(entry.get("customer_id")) for entry in facts.entries}
    for id, one in alive.items():
        if id not in used:
            yield f"the customer {id} ({one.get('name')}) has nothing to do with anybody"


RULES: Sequence[Callable[[Facts], Iterator[str]]] = (
    lost,
    doubled_in_the_log,
    swapped_in_the_log,
    stuck,
    handled_by_halves,
    handled_wrongly,
    unanswered,
    doubled,
    not_in_the_log,
    misdirected,
    swapped_on_the_way,
    never_arrived,
    agent_lost,
    both_answered,
    twin_conversation,
    twin_customer,
)


# -------------------------------------------------------------------------------------------------- reading entries


def _words(entry: Document) -> str:
    content = entry.get("content", {})
    told = (entry["key"], content.get("subject"), content.get("text"), entry.get("data"))
    return " ".join(str(one) for one in told if one)


def _text(entry: Document) -> str:
    return str(entry.get("content", {}).get("text", ""))


def _line(entry: Document) -> str:
    return f"{entry['channel']}:{entry['account']}"


def _names(entry: Document) -> list[str]:
    name = entry.get("external_id")
    return [str(one) for one in (name if isinstance(name, list) else [name]) if one]


def _again(entry: Document) -> bool:
    """Whether a person had it sent again."""
    return bool(entry.get("data", {}).get("retried_at"))


def _addresses(facts: Facts, person: str) -> set[str]:
    """Where `person` is written to: named in the ledger, else where the log has what they said."""
    named = facts.ledger.people[person][1]
    return {named} if named else set(facts.where.get(person, ()))


def _theirs(facts: Facts, person: str) -> list[Document]:
    return [entry for address in _addresses(facts, person) for entry in facts.went.get(address, ())]


def _nameless(entry: Document) -> bool:
    """Whether it may have gone out without our hearing the provider's name for it."""
    return entry["status"] == DOUBTFUL or (entry["status"] in FINAL and not entry.get("external_id"))
