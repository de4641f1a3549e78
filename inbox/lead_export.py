"""The leads of a list as CSV or XLSX, written as they are read: a hundred thousand cost no more memory than one."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from aiohttp import web

from core.lead_desk import WORDS
from core.leads.lead import Lead
from core.leads.source import words_of
from inbox.lead_look import LeadLook
from inbox.moments import zone_of
from inbox.visit import Visit

COLUMNS = (
    "Made",
    "Customer",
    "State",
    "Owner",
    "Value",
    "Currency",
    "Source",
    "Next step",
    "Planned for",
    "Left alone",
    "Reason",
    "Address",
)
CHUNK = 64 * 1024
ROWS = 1_000_000  # a sheet holds little more
# What spreadsheets take for the beginning of a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEADERS = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


async def csv_file(visit: Visit) -> web.StreamResponse:
    """RFC 4180 in UTF-8 with a byte order mark, by which spreadsheets know it."""
    response = web.StreamResponse(
        headers={
            **HEADERS,
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": 'attachment; filename="leads.csv"',
        }
    )
    await response.prepare(visit.request)
    buffer = io.StringIO(newline="")
    lines = csv.writer(buffer)
    buffer.write("\ufeff")
    lines.writerow(visit.translate(name) for name in COLUMNS)
    names, view = await _asked(visit)
    async for lead in visit.needs.leads.every(view):
        lines.writerow(_harmless(_plain(value)) for value in _row(visit, lead, names))
        if buffer.tell() > CHUNK:
            await response.write(_taken(buffer))
    await response.write(_taken(buffer))
    await response.write_eof()
    return response


async def xlsx_file(visit: Visit) -> web.StreamResponse:
    """ECMA-376, row by row into a temporary file. Text is written as text: nothing in it is ever calculated."""
    names, view = await _asked(visit)
    with tempfile.TemporaryDirectory(prefix="leads-") as folder:
        path = Path(folder) / "leads.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(str(path), {**options, "remove_timezone": True})
        moment, bold = book.add_format({"num_format": "yyyy-mm-dd hh:mm"}), book.add_format({"bold": True})
        titles = [visit.translate(name) for name in COLUMNS]
        sheet, row = _sheet(book, titles, bold), 0
        async for lead in visit.needs.leads.every(view):
            if row == ROWS:
                sheet, row = _sheet(book, titles, bold), 0
            row += 1
            for column, value in enumerate(_row(visit, lead, names)):
                if isinstance(value, datetime):
                    sheet.write_datetime(row, column, value, moment)
                elif isinstance(value, float):
                    sheet.write_number(row, column, value)
                elif value:
                    sheet.write_string(row, column, str(value))
        # Zipping is work for another thread; nothing else touches the book any more.
        await asyncio.to_thread(book.close)
        response = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "Content-Disposition": 'attachment; filename="leads.xlsx"',
                "Content-Length": str(path.stat().st_size),
            }
        )
        await response.prepare(visit.request)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK):
                await response.write(chunk)
        await response.write_eof()
    return response


def _sheet(book: Any, titles: list[str], bold: Any) -> Any:
    """A further sheet, with its first row."""
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    return sheet


async def _asked(visit: Visit) -> tuple[Mapping[str, str], Any]:
    names = {agent.id: agent.name for agent in await visit.needs.agents.all()}
    return names, LeadLook.of(visit).view(visit.agent, visit.request.cookies.get("zone"))


def _row(visit: Visit, lead: Lead, names: Mapping[str, str]) -> tuple[Any, ...]:
    """The values of COLUMNS; times where the agent is, to the minute."""
    zone = zone_of(visit.request.cookies.get("zone"))

    def local(at: datetime) -> datetime:
        return at.astimezone(zone).replace(second=0, microsecond=0, tzinfo=None)

    kinds = {name: visit.translate(line.title) for name, line in visit.needs.table.items()}
    return (
        local(lead.made_at),
        lead.customer_name,
        visit.translate(WORDS[lead.state]),
        names.get(lead.owner, ""),
        None if lead.amount is None else float(lead.amount),
        lead.currency,
        ", ".join(words_of(lead.source, kinds)),
        lead.step.text if lead.step else "",
        local(lead.step.at) if lead.step else "",
        visit.translate("Yes") if lead.flagged else "",
        lead.reason,
        f"{visit.needs.public_url or ''}/inbox/c/{lead.conversation_id}",
    )


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def _harmless(text: str) -> str:
    """`text` so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return text
