"""What the page where templates are edited asks: is it right, and what does it look like."""

from __future__ import annotations

from core.templates.render import BrokenTemplate, Rendered, render
from core.templates.variables import sample


def validate(subject: str, body: str, status: str = "created", language: str = "en") -> str | None:
    """What is wrong, in one sentence with the line; None when it works, for full and for bare orders."""
    if not body.strip():
        return "The text is empty. To send nothing for this status, turn it off."
    for field, words in (("Subject: ", subject), ("", body)):
        for full in (True, False):
            try:
                rendered = render("", words, sample(status, language, full=full))
            except BrokenTemplate as error:
                return f"{field}{error.sentence}"
            if not field and not rendered.body:
                return "The text is empty when the order has no details."
    return None


def preview(subject: str, body: str, status: str, language: str) -> Rendered:
    """The notification for a sample order. Raises BrokenTemplate."""
    return render(subject, body, sample(status, language))
