"""Answers in the shapes mail programs give them, for every language of `languages.toml`."""

# ruff: noqa: E501 - what programs write is easier to compare on few long lines than on many short ones

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

LANGUAGES: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "languages.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Case:
    """One mail and what a careful person sees as written now. For HTML, `expected` is the text of what is visible."""

    name: str
    mail: str
    expected: str
    subject: str = "Re: Order 4711"


def quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def header(language: dict[str, Any], subject: str = "Order 4711") -> str:
    from_, date, to, about = language["outlook"]
    return (
        f"{from_}: Shop Help <help@shop.test>\n{date}: {language['when']}\n"
        f"{to}: Ann Lee <ann@example.org>\n{about}: {subject}"
    )


def texts() -> Iterator[Case]:
    """Every program's plain text in every language."""
    for code, words in LANGUAGES.items():
        said, old = words["said"], words["old"]
        first, last = said.split("\n")
        wrapped = "\n".join(textwrap.wrap(words["gmail"], 48))
        head = header(words)
        yield Case(f"gmail-{code}", f"{said}\n\n{wrapped}\n\n{quoted(old)}\n", said)
        yield Case(f"iphone-{code}", f"{said}\n\n{words['phone']}\n\n> {words['apple']}\n> \n{quoted(old)}\n", said)
        yield Case(f"apple-{code}", f"{said}\n\n\n{words['apple']}\n\n{quoted(old)}\n", said)
        between, below = (f"> {line}" for line in old.split("\n"))
        yield Case(
            f"thunderbird-between-{code}",
            f"{words['moz']}\n{between}\n\n{first}\n\n{below}\n\n{last}\n\n-- \nAnn Lee\n+49 170 1234567\n",
            f"{first}\n\n{last}",
        )
        yield Case(f"thunderbird-below-{code}", f"{words['moz']}\n{quoted(old)}\n\n{said}\n", said)
        yield Case(f"outlook-{code}", f"{said}\n\n{head}\n\n{old}\n", said)
        yield Case(f"outlook-line-{code}", f"{said}\n\n{'_' * 32}\n{head}\n\n{old}\n", said)
        yield Case(f"original-{code}", f"{said}\n\n{words['original']}\n{head}\n\n{old}\n", said)
        yield Case(
            f"outlook-phone-{code}",
            f"{said}\n\n{words['app']}<https://aka.ms/o0ukef>\n{'_' * 32}\n{head}\n\n{old}\n",
            said,
        )
        yield Case(
            f"samsung-{code}", f"{said}\n\n\n\n{words['android']}\n\n{words['original']}\n{head}\n\n{old}\n", said
        )
        forward = f"{words['forwarded']}\n{head}\n\n{old}"
        yield Case(f"forward-{code}", f"{first}\n\n{forward}\n", f"{first}\n\n{forward}", "Fwd: Order 4711")
        closed = f"{said}\n\n{words['closing']}\nAnn Lee"
        yield Case(f"closing-{code}", f"{closed}\n\n{wrapped}\n{quoted(old)}\n", closed)


def htmls() -> Iterator[Case]:
    """Every program's HTML in every language."""
    for code, words in LANGUAGES.items():
        said, old = words["said"], words["old"]
        first, last = said.split("\n")
        old_one, old_two = (escape(line) for line in old.split("\n"))
        divs = f"<div>{escape(first)}</div><div>{escape(last)}</div>"
        linked = escape(words["gmail"]).replace("help@shop.test", '<a href="mailto:help@shop.test">help@shop.test</a>')
        yield Case(
            f"gmail-{code}",
            f'<div dir="ltr">{divs}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{linked}<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204)">'
            f'<div dir="ltr">{old_one}<br>{old_two}</div></blockquote></div>',
            said,
        )
        from_, date, to, about = words["outlook"]
        block = (
            f"<b>{from_}:</b> Shop Help &lt;help@shop.test&gt; <br><b>{date}:</b> {words['when']}<br>"
            f"<b>{to}:</b> Ann Lee &lt;ann@example.org&gt;<br><b>{about}:</b> Order 4711"
        )
        yield Case(
            f"outlook-{code}",
            f'<html><body lang=DE link="#0563C1"><div class="WordSection1"><p class="MsoNormal">{escape(first)}<o:p></o:p></p>'
            f'<p class="MsoNormal">{escape(last)}<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
            '<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">'
            f'<p class="MsoNormal">{block}<o:p></o:p></p></div></div><p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
            f'<p class="MsoNormal">{old_one}<o:p></o:p></p><p class="MsoNormal">{old_two}<o:p></o:p></p></div></body></html>',
            said,
        )
        yield Case(
            f"outlook-web-{code}",
            f'<div class="elementToProof">{escape(first)}</div><div>{escape(last)}</div><div id="appendonsend"></div>'
            f'<hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">'
            f"{block}</font><div>&nbsp;</div></div><div>{old_one}<br>{old_two}</div>",
            said,
        )
        apple = escape(words["apple"])
        yield Case(
            f"apple-between-{code}",
            f'<div><blockquote type="cite"><div>{apple}</div></blockquote><blockquote type="cite"><div>{old_one}</div>'
            f'</blockquote><div>{escape(first)}</div><blockquote type="cite"><div>{old_two}</div></blockquote>'
            f'<div>{escape(last)}</div><br><div id="AppleMailSignature" dir="ltr">{words["phone"]}</div></div>',
            said,
        )
        yield Case(
            f"thunderbird-{code}",
            f'<div class="moz-cite-prefix">{escape(words["moz"])}<br></div><blockquote type="cite" cite="mid:a@shop.test">'
            f"<p>{old_one}</p><p>{old_two}</p></blockquote><p>{escape(first)}<br>{escape(last)}</p>"
            '<div class="moz-signature">-- <br>Ann Lee</div>',
            said,
        )
