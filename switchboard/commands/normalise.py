"""`switchboard normalise`: what an adapter makes of raw payloads, for debugging an integration. Needs no database."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from core.channel import Parses


@click.command()
@click.argument("channel")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--account", default="example", show_default=True, help="The line's name in the addresses.")
@click.option("--set", "given", multiple=True, metavar="FIELD=VALUE", help="A setting of the line.")
@click.option(
    "--provider", metavar="NAME", help="Read FILE as this provider's request body (email: mailgun, ses, ...)."
)
@click.option("--header", "sent", multiple=True, metavar="NAME:VALUE", help="A header that came with it.")
@click.option("--save", metavar="DIR", type=click.Path(path_type=Path), help="Write each attachment to DIR/SHA256.")
def normalise(
    channel: str,
    files: Sequence[str],
    account: str,
    given: Sequence[str],
    provider: str | None,
    sent: Sequence[str],
    save: Path | None,
) -> None:
    """Print what CHANNEL makes of each FILE, one JSON line for each payload in it (a file of updates may hold several).

    "-" reads file names from standard input, one per line. What cannot be read prints {"error": ...} and the run goes
    on. Bytes of attachments are shown as their size and hash; --save writes them to files named by that hash.
    """
    import orjson

    adapter = _adapter(channel, account, given)
    pairs = (one.partition(":") for one in sent)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if provider is not None:
        headers["provider"] = provider
    if save is not None:
        save.mkdir(parents=True, exist_ok=True)
    out = sys.stdout.buffer
    for name in _names(files):
        for result in _results(adapter, name, headers, save):
            out.write(orjson.dumps({"file": _plain(name), **result}) + b"\n")
            out.flush()


def _adapter(channel: str, account: str, given: Sequence[str]) -> Parses:
    import importlib

    from channels import CHANNELS
    from core.channel import Account, Parses

    if channel not in CHANNELS:
        raise click.UsageError(f"There is no channel {channel}; there are {', '.join(CHANNELS)}.")
    line = CHANNELS[channel]
    # Nobody has set this line up: what it must know stands in for itself, under a domain that is nobody's (RFC 2606).
    settings: dict[str, Any] = {
        field.name: f"{field.name}@{account}.invalid" if field.default is None else field.default
        for field in line.fields
        if not field.secret and (field.required or field.default is not None)
    }
    settings.update(dict(one.split("=", 1) for one in given if "=" in one))
    module, _, name = line.adapter.partition(":")
    adapter = getattr(importlib.import_module(module), name)(Account(channel, account, settings=settings))
    if not isinstance(adapter, Parses):
        raise click.UsageError(f"{channel} has no raw payloads: what arrives there is read as it is typed.")
    return adapter


def _names(files: Sequence[str]) -> Iterator[str]:
    for name in files:
        if name != "-":
            yield name
            continue
        for line in sys.stdin:
            if line.rstrip("\r\n"):
                yield line.rstrip("\r\n")


def _results(adapter: Parses, name: str, headers: Mapping[str, str], save: Path | None) -> Iterator[dict[str, Any]]:
    from core.abilities import Unbundles

    try:
        body = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        yield {"error": f"It cannot be read: {getattr(error, 'strerror', None) or error}.", "code": "file"}
        return
    for payload in adapter.payloads(body) if isinstance(adapter, Unbundles) else [body]:
        yield _result(adapter, payload, headers, save)


def _result(adapter: Parses, body: bytes, headers: Mapping[str, str], save: Path | None) -> dict[str, Any]:
    from core.errors import IntakeError

    try:
        return _described(adapter, body, headers, save) | {
            "events": [_event(event) for event in adapter.parse(body, headers)]
        }
    except IntakeError as error:
        return {"error": _plain(error.sentence), "code": error.code}
    except Exception as error:
        # The door would keep it for replay; here it is the very thing one is looking for.
        return {"error": _plain(f"The adapter stumbled: {type(error).__name__}: {error}"), "code": "stumbled"}


def _described(adapter: Parses, body: bytes, headers: Mapping[str, str], save: Path | None) -> dict[str, Any]:
    """What the adapter says of a payload beyond its events. The files it carries are written where `save` says."""
    from core.abilities import Describes

    found = adapter.describe(body, headers) if isinstance(adapter, Describes) else None
    if found is None:
        return {}
    if save is not None:
        for file in found.files:
            data = file.data or b""
            (save / hashlib.sha256(data).hexdigest()).write_bytes(data)
    fields_: dict[str, Any] = _plain(found.fields)
    return fields_


def _event(event: Any) -> dict[str, Any]:
    return {"event": type(event).__name__.lower(), **_plain(event)}


def _plain(value: Any) -> Any:
    """`value` in JSON types: fields that are empty are left out, an address is its text."""
    from core.channel import Address
    from core.content import clean

    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bytes):
        return {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Address):
        return clean(str(value))
    if is_dataclass(value):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: _plain(one) for name, one in named.items() if one not in (None, "", (), {})}
    if isinstance(value, Mapping):
        return {clean(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, int) and not -(2**53) < value < 2**53:
        return str(value)
    return value
