"""Campaign links lead where the company said and nowhere else, and a message's own marks are known again."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from core.campaigns.link import Link, checked, destination, site_of, sites_of
from core.campaigns.personal import PersonalLinks
from core.channel import Capabilities
from core.content import Content, Mark
from core.errors import Invalid
from core.ids import new_id

SITES = ("https://shop.example",)
LINKS = PersonalLinks("a key", "https://hub.example")
ANY = Capabilities()


@pytest.mark.parametrize(
    "target",
    [
        "",
        "http://shop.example/",
        "//shop.example/",
        "/path",
        "javascript:alert(1)//shop.example",
        "https://shop.example@evil.example/",
        "https://user:x@shop.example/",
        "https://shop.example.evil.example/",
        "https://shop.example:444/",
        "https://shop.example\\@evil.example/",
        "https://evil.example\\.shop.example/",
        "https://shop.example\t/",
        "https://shop.example/\r\nSet-Cookie: x=1",
        "https:///shop.example",
        "https:shop.example",
        "https://shop.example:99999/",
        "https://[::1]/",
        "https://localhost/",
        "https://ѕhop.example/",
        "https://shop.example/" + "x" * 3000,
    ],
)
def test_a_link_leads_to_a_named_site_only(target: str) -> None:
    with pytest.raises(Invalid):
        checked(Link("spring", target), SITES)
    assert destination(Link("spring", target), {}, SITES) is None


def test_sites_are_as_in_the_address_bar() -> None:
    assert sites_of(" https://Shop.example/ \n\nhttps://b.example:8443,https://shop.example") == (
        "https://shop.example",
        "https://b.example:8443",
    )
    assert site_of("https://shop.example:443/x") == "https://shop.example"
    for wrong in ("shop.example", "https://shop.example/x", "https://*.example", "\n".join(["https://a.example"] * 51)):
        with pytest.raises(Invalid):
            sites_of(wrong)


def test_only_utm_parameters_go_along_and_the_links_own_count() -> None:
    link = Link("spring", "https://shop.example/a?x=1&utm_source=old&y=%26#part", "mail")
    asked = {"utm_term": "a&b=c", "utm_source": "forged", "next": "https://evil.example", "utm_content": "q" * 500}
    found = destination(link, asked, SITES)
    assert found is not None
    parts = urlsplit(found)
    assert (parts.netloc, parts.path, parts.fragment) == ("shop.example", "/a", "part")
    assert dict(parse_qsl(parts.query)) == {
        "x": "1",
        "y": "&",
        "utm_term": "a&b=c",
        "utm_content": "q" * 200,
        "utm_source": "mail",
        "utm_campaign": "spring",
    }
    assert destination(Link("spring", link.target, enabled=False), {}, SITES) is None
    assert destination(link, {}, ()) is None


def test_a_messages_links_carry_its_mark_and_its_formatting_stays() -> None:
    id = new_id()
    text = "Look: https://hub.example/go/spring, or https://hub.example/go/fair?utm_term=x. Bold https://hub.example/x"
    bold = text.index("Bold")
    marks = (Mark("bold", bold, 4), Mark("italic", 0, len(text)), Mark("link", 0, 4, "https://hub.example/go/spring"))
    html = '<a href="https://hub.example/go/spring?utm_term=x&amp;utm_content=y">x</a>'
    after = LINKS.into(Content(text, html=html, marks=marks), id, ANY)
    token = LINKS.token(id)
    assert f"https://hub.example/go/spring?p={token}, or" in after.text
    assert f"https://hub.example/go/fair?utm_term=x&p={token}. Bold https://hub.example/x" in after.text
    assert after.html == html.replace("=y", f"=y&amp;p={token}")
    one, whole, link = after.marks
    assert after.text[one.start : one.start + one.length] == "Bold"
    assert (whole.start, whole.length) == (0, len(after.text))
    assert (after.text[link.start : link.start + link.length], link.value[-len(token) :]) == ("Look", token)
    assert LINKS.message(token) == id
    for forged in (
        "",
        token[:-1],
        token[:20],
        "0" * 44,
        token.upper(),
        PersonalLinks("b", "").token(id),
        "\ud800" * 44,
    ):
        assert LINKS.message(forged) is None


def test_marks_are_left_out_where_they_would_harm() -> None:
    text = "https://hub.example/go/spring"
    for content in (Content(text, cc=("b@x.org",)), Content("https://hub.example/gone"), Content(f"{text}/more")):
        assert LINKS.into(content, new_id(), ANY) == content
    for able in (Capabilities(max_text=40), Capabilities(max_text=60, utf16=True)):
        assert LINKS.into(Content(text), new_id(), able).text == text
