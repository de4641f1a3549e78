"""A server on a socket that says what it was told to, whatever it hears: the hostile other end of a client of ours.

    with Speaker([b"* OK\r\n", b"TAG OK\r\n"]) as port: ...

Pieces are said one after the other: the first at once (unless `first_listens`), each further one when something was
heard or nothing was for a moment; then it hangs up. `TAG` in a piece is the first word of what was heard last.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType

MOMENT = 0.05  # seconds of silence after which both ends wait for each other
_LENGTH = re.compile(rb"(?i)\ncontent-length:\s*(\d{1,9})")


class Speaker:
    """The server; `http` answers whole requests, one per connection, with a piece that is its status and its body."""

    def __init__(self, pieces: Sequence[bytes], *, http: bool = False) -> None:
        self._pieces = list(pieces)
        self._http = http
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._listening.getsockname()[1])

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        # Closing does not wake a thread that accepts; shutting down does.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection, suppress(OSError):
                    connection.settimeout(MOMENT)
                    if self._http:
                        self._answer(connection)
                    else:
                        self._speak(connection)

    def _speak(self, connection: socket.socket) -> None:
        heard = b""
        while self._pieces:
            words = heard.split()[:1]
            connection.sendall(self._pieces.pop(0).replace(b"TAG", words[0] if words else b"a"))
            with suppress(TimeoutError):
                heard = connection.recv(65536)
                if not heard:
                    return

    def _answer(self, connection: socket.socket) -> None:
        heard = b""
        with suppress(TimeoutError):
            while not _complete(heard) and (more := connection.recv(65536)):
                heard += more
        status, _, body = (self._pieces.pop(0) if self._pieces else b"500\n").partition(b"\n")
        code = status if re.fullmatch(rb"[2-5]\d\d", status) else b"200"
        head = b"HTTP/1.1 %s Said\r\nContent-Length: %d\r\nConnection: close\r\n" % (code, len(body))
        connection.sendall(head + b"Content-Type: application/json\r\n\r\n" + body)


def _complete(heard: bytes) -> bool:
    head, gap, body = heard.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if b"chunked" in head.lower():
        return body.endswith(b"0\r\n\r\n")
    return bool(gap) and len(body) >= (int(length[1]) if length else 0)
