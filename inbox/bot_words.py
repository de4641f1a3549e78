"""The bot's flows, steps and texts in words; English is the key of the translations."""

from __future__ import annotations

FLOWS = {
    "welcome": "Welcome and menu",
    "order_status": "Order status",
    "delivery": "Change of delivery",
    "callback": "Call me back",
    "lead": "Wants to buy",
    "opening_hours": "Opening hours",
    "faq": "Frequent questions",
    "complaint": "Complaint",
    "erasure": "Delete my data",
    "switch_language": "Another language",
    "hand_over": "A person is asked for",
    "small_talk": "Greetings and thanks",
    "rating": "Rating",
}

STEPS = {
    "number": "asked for the order number",
    "identity": "asked whose order it is",
    "field": "asked what to change",
    "value": "asked for the new words",
    "confirm": "asked whether it is right",
    "phone": "asked for the phone number",
    "time": "asked for the time",
    "offer": "proposed another time",
    "question": "asked for the question",
    "helped": "asked whether it helped",
    "story": "asked what happened",
    "interest": "asked what they look for",
    "name": "asked for the name",
    "contact": "asked for phone or mail",
    "language": "asked for the language",
    "score": "asked for the score",
    "comment": "asked what went wrong",
}

# The first part of a text's key: where it is said.
GROUPS = {
    "welcome": "Welcome and menu",
    "menu": "Lines of the menu",
    "order": "Order status",
    "status": "States of an order",
    "delivery": "Change of delivery",
    "callback": "Call me back",
    "lead": "Wants to buy",
    "hours": "Opening hours",
    "faq": "Frequent questions",
    "complaint": "Complaint",
    "erasure": "Delete my data",
    "rating": "Rating",
    "language": "Another language",
    "hand_over": "A person is asked for",
    "unclear": "Not understood",
    "contact": "Contact was shared",
    "small_talk": "Greetings and thanks",
    "answers": "Yes and no",
    "summary": "The note for people",
}

OUTCOMES = {
    "going": "waits for an answer",
    "finished": "finished",
    "handed_over": "hands over to people",
}

# What became of a run, in the order of the report's bar.
ENDS = {
    "finished": "Finished",
    "handed_over": "Handed over",
    "left": "Went on to something else",
    "going": "Under way",
    "dropped": "Dropped out",
}

# What a decision would have done, were it no trial.
ACTS = {
    "PlanCall": "Would plan a call to {phone} for {at}",
    "ChangeDelivery": "Would change the delivery of order {number} to: {value}",
    "Rate": "Would keep the rating: {score}",
    "RequestErasure": "Would write down that their data shall be deleted",
}

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TABLES = (FLOWS, STEPS, GROUPS, OUTCOMES, ENDS, ACTS)


def called(table: dict[str, str], name: str) -> str:
    """The words for `name`; the name itself for what has none."""
    return table.get(name, name.replace("_", " "))
