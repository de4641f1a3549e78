"""One line, or a few joined: is it a program's line above a quote, a header's, a signature's? Every test is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.visible.phrases import DEVICES, FORWARD_PREFIXES, LANGUAGES, OUR_MARKS

LONGEST = 300  # characters of a line that are looked at; no program writes a longer one

_SPACES = re.compile(r"[\s\u00a0\u2007\u202f\u200b-\u200f\u2060-\u2064\ufeff\u00ad]+")


def plain(line: str) -> str:
    """`line` for comparing: its start in lower case, white space as single spaces."""
    start = line[: LONGEST + 1]
    return " ".join(start.split()).lower() if start.isascii() else _SPACES.sub(" ", start).strip().casefold()


def _all(field: str) -> list[str]:
    words: dict[str, None] = {}
    for language in LANGUAGES.values():
        words.update(dict.fromkeys(word.casefold() for word in getattr(language, field).split("|") if word))
    return sorted(words, key=len, reverse=True)


def _any(words: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re.escape, words)) + ")"


# ------------------------------------------------------------------------------------ the line above a quote

_DAYS = (
    "mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday "
    "mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag sonntag "
    "lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
    "mié jue vie sáb dom lunes martes miércoles jueves viernes sábado domingo "
    "gio lunedì martedì mercoledì giovedì venerdì sabato domenica "
    "pon wt śr czw pt sob niedz poniedziałek wtorek środa czwartek piątek sobota niedziela "
    "ma wo vr za zo maandag dinsdag woensdag donderdag vrijdag zaterdag zondag "
    "seg ter qua qui sex segunda terça quarta quinta sexta segunda-feira terça-feira quarta-feira quinta-feira "
    "sexta-feira "
    "po út st čt pá ne pondělí úterý středa čtvrtek pátek neděle "
    "mån tis ons tors fre lör sön måndag tisdag onsdag torsdag fredag lördag söndag "
    "пн вт ср чт пт сб вс понедельник вторник среда среду четверг пятница пятницу суббота субботу воскресенье "
    "нд понеділок вівторок середа середу четвер п'ятниця п’ятниця п'ятницю п’ятницю субота суботу неділя неділю"
)
_BEGINNINGS = sorted({*_all("opens"), *_DAYS.split()}, key=len, reverse=True)
_OPENS = re.compile(rf"[\s*_\-–—(\[]*(?:{_any(_BEGINNINGS)}(?![^\W_])|\d)")
_TIME = re.compile(r"(?<!\d)\d{1,2}(?:[:.]\d{2}|\s?h\s?\d{2})(?!\d)")
_SECONDS = re.compile(r"\d{1,2}:\d{2}:\d{2}")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}(?!\d)")
_WROTE = re.compile(rf"(?<![^\W_]){_any(_all('wrote'))}(?![^\W_])")
_MAIL = re.compile(r"[^\s<>@\"(),:;]{1,64}@[^\s<>@\"(),:;]{1,100}")
_GAP = re.compile(r">[^<>:]{0,30}[:：] {2}")
_ADDRESSED = re.compile(r"[>)\]]\s?[:：][\s\-–—*_]{0,12}$")
_CLOSED = re.compile(r"[:：]\s*[\-–—*_]{0,12}\s*$")


def closes(line: str) -> bool:
    """Whether `line` may be the last of those that introduce a quote: it ends with a colon."""
    return len(line) <= LONGEST and _CLOSED.search(line[-30:]) is not None


def opening(line: str) -> str:
    """What stands before a colon and a wide gap: Yahoo on phones goes on with the quote in the same line."""
    found = _GAP.search(line[:LONGEST]) if "  " in line else None
    return plain(line[: found.end()]) if found else ""


def introduces(words: str) -> tuple[int, bool]:
    """How sure it is that `words` (plain) introduce a quote, and whether a quote without marks may follow.

    0: they do not. 1: if quoted lines follow at once. 2: date, person and verb are all there.
    """
    wrote = _WROTE.search(words) is not None
    mail = "@" in words and _MAIL.search(words) is not None
    time, year = _TIME.search(words) is not None, _YEAR.search(words) is not None
    opens = _OPENS.match(words) is not None
    dated = time or year
    strong = dated and ((wrote and (opens or mail)) or (mail and opens))
    if not strong:
        addressed = mail and _ADDRESSED.search(words) is not None
        return int((wrote or addressed or (opens and dated)) and len(words) < 200), False
    return 2, mail or (_SECONDS.search(words) is not None and year and wrote)


# ------------------------------------------------------------------------------------------- copied headers

_LABELS: dict[str, str] = {}
for _kind, _field in (("subject", "subject"), ("to", "to"), ("date", "date"), ("from", "from_")):
    _LABELS.update(dict.fromkeys(_all(_field), _kind))
_LABELLED = re.compile(r"[\s*_>|]{0,6}([^\W\d_][^:：\n*]{0,24}?)[\s*_]{0,6}[:：][\s*_]{0,6}(.*)")


def label(line: str) -> tuple[str, str] | None:
    """Kind (`from`, `date`, `to`, `subject`) and value of a header's line, None for any other."""
    found = _LABELLED.match(_SPACES.sub(" ", line[:LONGEST]).strip())
    kind = _LABELS.get(found[1].strip().casefold()) if found else None
    return (kind, found[2].strip()) if found and kind else None


def has_mail(words: str) -> bool:
    """Whether there is a mail address in `words`."""
    return "@" in words and _MAIL.search(words[:LONGEST]) is not None


# ---------------------------------------------------------------------------------------------- lines between

_EDGE = r"[\s\-–—_=*>#~|·•]*+"
_ORIGINAL = re.compile(rf"{_EDGE}{_any(_all('original'))}\s?[:：]?{_EDGE}")
_FORWARDED = re.compile(
    rf"({_EDGE}){_any(_all('forwarded'))}(?:\s(?:от|від|from|von|de|da)\s.{{1,80}})?\s?([:：]?){_EDGE}(.*)"
)
_OURS = re.compile(rf"{_EDGE}.{{0,30}}{_any(OUR_MARKS.split('|'))}.{{0,10}}{_EDGE}")
_RULE = re.compile(r"[_\-–—=*]{8,}")


def original(words: str) -> bool:
    """ "-----Original Message-----" in any language. `words` are plain."""
    return (words[:1] in "-–—_=*>#~" or words.endswith(":")) and _ORIGINAL.fullmatch(words) is not None


def forwarded(words: str) -> bool:
    """ "---------- Forwarded message ---------", "Begin forwarded message:". `words` are plain."""
    found = _FORWARDED.fullmatch(words)
    if found is None:
        return False
    dashes = sum(found[1].count(dash) for dash in "-–—_=*")
    return dashes >= 2 or (bool(found[2]) and not found[3])


def ours(words: str) -> bool:
    """The line a help desk asks people to write above."""
    return _OURS.fullmatch(words) is not None


def rule(words: str) -> bool:
    """A line drawn across the page."""
    return _RULE.fullmatch(words) is not None


_FORWARD_SUBJECT = re.compile(rf"\s*\[?(?:{FORWARD_PREFIXES})(?:\[\d+\])?\s?[:：]", re.IGNORECASE)


def forwards(subject: str) -> bool:
    """Whether a subject says that the mail is forwarded."""
    return _FORWARD_SUBJECT.match(subject[:60]) is not None


_INLINE = re.compile(rf"(?<![^\W_]){_any(_all('inline'))}(?![^\W_])")


def inline(words: str) -> bool:
    """Whether `words` say that the answers stand inside the quote."""
    return _INLINE.search(words.casefold()) is not None


# ------------------------------------------------------------------------------------------------ signatures

_DELIMITER = re.compile(r"--|—|–|[-_=*~–—]{3,}")
_SENT_FROM = re.compile(rf"[\s\-–—*_<(\[|]*{_any(_all('sent_from'))}(?![^\W_])")
_DEVICE = re.compile(rf"(?<![^\W_]){_any(sorted(DEVICES.split('|'), key=len, reverse=True))}")
_TURKISH = re.compile(r"(?:iphone|ipad)\S{0,10} (?:gönderildi|küldve)")
_SENT = re.compile(r"\b(?:gesendet|geschrieben|verschickt|versendet|sent)\b")
_CLOSING = re.compile(rf"(?:[\w'’ ]{{0,25}}[,.!;:–-] )?{_any(_all('closings'))}[\s,.!;:–—-]*(.{{0,40}})")
_PHONE = re.compile(r"(?<!\d)\+?\(?\d[\d\s().\-/]{6,18}\d(?!\d)")
_SITE = re.compile(
    r"https?://|www\.|\b[a-z0-9\-]{2,40}\.(?:com|org|net|de|fr|es|it|pl|nl|pt|cz|se|ru|ua|eu|io|test|example)\b"
)
_SECRET = re.compile(rf"(?<![^\W_]){_any(_all('confidential'))}")
_THIS_MAIL = re.compile(rf"(?<![^\W_]){_any(_all('this_mail'))}(?![^\W_])")
_ITEM = re.compile(r"(?:[-*•–]|\d{1,3}[.)])\s")
_TREE = re.compile(r"(?:please )?consider the environment before printing|p save a tree")
_VIRUS = re.compile(r"(?:virus-free|virenfrei|без вирусов|без вірусів|libre de virus|garanti sans virus)\b.{0,60}")


def delimiter(words: str) -> bool:
    """A line that people and programs put above a signature."""
    return _DELIMITER.fullmatch(words) is not None


def sent_from(words: str) -> bool:
    """A phone's or program's own signature: "Sent from my iPhone"."""
    if len(words) > 160 or words.endswith("?"):
        return False
    found = _SENT_FROM.match(words)
    if found is None:
        return _TURKISH.match(words) is not None
    named = _DEVICE.search(words, max(0, found.end() - 1), found.end() + 60)
    if named is None:
        return False
    # "Von meinem Handy aus habe ich …" goes on; a signature says that it was sent, or stops at the device.
    if words.startswith(("von meinem", "mit der")):
        return _SENT.search(words) is not None
    return len(words[named.end() :].split()) <= 8


def closing(words: str) -> bool:
    """ "Best regards," or "Best regards, Ann" alone on a line."""
    found = _CLOSING.fullmatch(words)
    return found is not None and len(words) <= 70 and len(found[1].split()) <= 4 and not words.endswith("?")


def contact(words: str) -> bool:
    """A line with a telephone number, a mail address or a site in it."""
    return bool(_PHONE.search(words) or has_mail(words) or _SITE.search(words))


def disclaimer(words: str) -> bool:
    """A line (or paragraph's start) that clearly is a legal notice or a scanner's stamp."""
    if _TREE.search(words) or _VIRUS.match(words):
        return True
    found = _THIS_MAIL.search(words[:80])
    return found is not None and len(words) >= 60 and _SECRET.search(words) is not None


def item(words: str) -> bool:
    """A line of a list."""
    return _ITEM.match(words) is not None
