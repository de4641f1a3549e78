"""An SMTP server that answers as it is told at every step, or hangs up there.

    async with FaultySmtp({"RCPT": "550 5.1.1 No such user"}) as server: ...

Steps: greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, middle (inside the mail), end (after the final dot), RSET.
A step's answer is a line, or DROP (the connection ends), RESET (it ends with a TCP reset) or SILENT (none ever comes);
a list gives one answer per time the step is reached, the last one for good. `mails` holds what was accepted.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress

DROP, RESET, SILENT = "drop", "reset", "silent"
_GOOD = {
    "greeting": "220 mail.test ready",
    "AUTH": "235 2.7.0 Welcome",
    "MAIL": "250 2.1.0 Fine",
    "RCPT": "250 2.1.5 Fine",
    "DATA": "354 Go on",
    "middle": "",
    "end": "250 2.0.0 Queued",
    "RSET": "250 Fine",
    "NOOP": "250 Fine",
    "STARTTLS": "220 Go on",
}


class FaultySmtp:
    """The server; `port`, `connections`, `commands` (all lines), `mails` (accepted raw mails with dots undone)."""

    def __init__(
        self,
        answers: Mapping[str, str | list[str]] | None = None,
        *,
        offers: tuple[str, ...] = ("8BITMIME", "SIZE 30000000"),
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
    ) -> None:
        self._answers = {step: list(a) if isinstance(a, list) else [a] for step, a in (answers or {}).items()}
        self._offers = (*offers, "STARTTLS") if tls and not tls_at_once else offers
        self._tls, self._tls_at_once = tls, tls_at_once
        self.port = self.connections = 0
        self.commands: list[str] = []
        self.mails: list[bytes] = []
        self._open: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FaultySmtp:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self._tls if self._tls_at_once else None
        )
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._say(writer, "greeting")
            while line := await reader.readline():
                await self._obey(line.decode("utf-8", "replace").strip(), reader, writer)
        except (ConnectionError, _HangUpError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):  # a TLS handshake that was refused never ends the writer
                await asyncio.wait_for(writer.wait_closed(), 0.5)

    async def _obey(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.commands.append(line)
        step = line.split(" ")[0].upper()
        if step in ("EHLO", "HELO") and "EHLO" not in self._answers:
            lines = ["mail.test", *self._offers]
            writer.write("".join(f"250{' ' if one == lines[-1] else '-'}{one}\r\n" for one in lines).encode())
        elif step == "QUIT":
            writer.write(b"221 Bye\r\n")
            raise _HangUpError
        elif step == "DATA" and (await self._say(writer, "DATA")).startswith("354"):
            raw = b""
            while not raw.endswith(b"\r\n.\r\n"):
                raw += await reader.readuntil(b"\r\n")
                if "middle" in self._answers:
                    await self._say(writer, "middle")
            if (await self._say(writer, "end")).startswith("2"):
                self.mails.append(raw[:-3].replace(b"\r\n..", b"\r\n."))
        elif step == "STARTTLS" and self._tls:
            await self._say(writer, "STARTTLS")
            await writer.start_tls(self._tls)
        elif step != "DATA":
            await self._say(writer, step)

    async def _say(self, writer: asyncio.StreamWriter, step: str) -> str:
        answers = self._answers.get(step)
        answer = _GOOD.get(step, "250 Fine") if not answers else answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == SILENT:
            await asyncio.sleep(3600)
        if answer == RESET:
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        if answer in (DROP, RESET):
            raise _HangUpError
        if answer:
            writer.write(answer.encode() + b"\r\n")
            await writer.drain()
        return answer


class _HangUpError(Exception):
    """This connection ends here."""
