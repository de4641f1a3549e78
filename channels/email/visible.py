"""What the person wrote now in a mail, without the history and the signature below it. Nothing is deleted by it."""

from __future__ import annotations

from channels.email.parse import Mail
from core.sanitise import text_of
from core.visible.html import FoldedHtml, fold_html
from core.visible.text import visible_text

# Elements that say what text cannot. Without one of them, folding the document finds nothing that the text did not.
_TELLING = ("quote", "signature", "divrplyfwdmsg", "outlookmessageheader", "reference-message", "cite")


def visible_words(mail: Mail) -> str:
    """The text that was written now: all of `mail.text` when nothing else would be left."""
    found = visible_text(mail.text, mail.subject)
    if not mail.html or (_has_plain(mail) if found != mail.text.strip() else not _tells(mail.html)):
        return found
    document = visible_document(mail)
    words = text_of(document.visible) if document is not None and document.folded else ""
    return words if words.strip() else found


def visible_document(mail: Mail, label: str = "…") -> FoldedHtml | None:
    """The HTML, folded; None when the mail has none. Not sanitised."""
    return fold_html(mail.html, mail.subject, label) if mail.html else None


def _tells(html: str) -> bool:
    html = html.lower()
    return any(word in html for word in _TELLING)


def _has_plain(mail: Mail) -> bool:
    return any(
        part.type == "text/plain" and not part.parts and part.disposition != "attachment" for part in mail.parts.walk()
    )
