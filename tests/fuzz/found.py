"""What fuzzing found, one row each, checked for ever in `test_findings.py` and `test_doors.py`.

A row holds the bytes as short as they show it, under a name that says what was wrong.
"""

from __future__ import annotations

# Target → name → input.
INPUTS: dict[str, dict[str, bytes]] = {
    "settings.site": {
        "the address of a site with brackets and no address in them": b"https://[:::80801]",
    },
    "mail.people": {
        "an address without its first half kept a space": b"<@ x>, @ a b",
    },
    "mail.file_name": {
        "a long name of a device was longer than the longest": b"con.txt" + b"txt" * 60,
        "a long name was cut so that it ended with a space": b"a" * 119 + b" b" * 10,
        "an accent behind what was taken out": b"s\xed\xcc\x81x",
    },
    "telegram.answers": {
        "a refusal that does not say why was none that could be acted on": b'401\n{"ok":false,"error_code":401}\n---\n'
        b'400\n{"ok":false,"error_code":400}\n---\n400\n{"ok":false}',
    },
    "direct.session": {
        "an unknown command was repeated with its control characters": b"EHLO x\r\nTO:<a@b>\rFROM:\x00x\r\nQUIT\r\n",
    },
    "chat.page": {
        "a page that no address can be stopped the mail about unread answers": b"https://[",
    },
    "words.moment": {
        "a meeting on the first day of the calendar broke the page of its conversation": b"0001-01-01T00:30:00+00:00|x",
    },
    "mail.meeting": {
        "the same, where the mail is read": b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:00010101T003000Z\r\n"
        b"END:VEVENT\r\nEND:VCALENDAR\r\n",
    },
    "html.sanitise": {
        "white space alone became an element": b"<n>\x0b",
    },
    "web.onward": {
        "an address to go on to that no address can be": b"//[",
    },
}

# Name → request, with SESSION for the cookie of an administrator and TOKEN for what their page sends along.
_HEAD = b"Host: x\r\nConnection: close\r\nCookie: SESSION\r\n"
REQUESTS: dict[str, bytes] = {
    "an Origin with brackets and no address in them": b"POST /inbox/me HTTP/1.1\r\n"
    + _HEAD
    + b"X-CSRF: TOKEN\r\nOrigin: https://[::x]\r\nContent-Length: 0\r\n\r\n",
    "the same at a form": b"POST /forms/lead HTTP/1.1\r\n"
    + _HEAD
    + b"Origin: https://[\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    "an address to go on to after signing in": b"GET /inbox/sign-in?next=//%5B HTTP/1.1\r\n" + _HEAD + b"\r\n",
    "a time zone in bytes that are no text": b"GET /inbox/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Cookie: SESSION; zone=\xfe1\r\n\r\n",
    "the same for who is not signed in": b"GET /inbox/sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
    b"Cookie: zone=\xfe1\r\n\r\n",
    "the same on a form": b"GET /forms/lead HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: zone=%ff\xfe\r\n\r\n",
    "an expectation in bytes that are no text": b"GET /readyz HTTP/1.1\r\n" + _HEAD + b"Expect: 100\xdf\r\n\r\n",
    "a body that is not compressed as it says": b"POST /inbox/me HTTP/1.1\r\n"
    + _HEAD
    + b"X-CSRF: TOKEN\r\nContent-Encoding: gzip\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 6\r\n\r\nname=a",
    "a multipart form with a line that is no header": b"POST /inbox/me HTTP/1.1\r\n"
    + _HEAD
    + b"X-CSRF: TOKEN\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 40\r\n\r\n"
    b"--b\r\nContent-Disposition: x;\r\n-x\r\n\r\n\r\n--",
}
