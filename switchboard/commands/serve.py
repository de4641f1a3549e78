"""`switchboard serve`: the hub at work until Ctrl-C or SIGTERM, which finish what is in hand."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from core.settings import Settings


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
BLOCK = 128 * 1024  # bytes: what the C library begins with


@click.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on; 0 chooses a free one.")
@click.option("--data", type=click.Path(path_type=Path), help="The data folder.")
@click.option("--mongodb-uri", help="Use this MongoDB instead of the private one.")
@click.option("--role", type=click.Choice(["all", "web", "worker"]), help="What this process does.")
def serve(**options: object) -> None:
    """Run the hub: pages, webhooks and workers."""
    from core.settings import Settings
    from switchboard.logs import configure

    settings = Settings.load(**{name: value for name, value in options.items() if value is not None})
    configure(settings)
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    _many_connections()
    _lean()
    with runner:
        runner.run(_serve(settings))


def _many_connections() -> None:
    """Let the process hold as many sockets as the system allows: the usual 1,024 are a thousand visitors."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _lean() -> None:
    """Have the C library share two heaps among all threads, and give large blocks back to the system at once.

    Each thread kept a heap as large as its largest message; and each large block that was freed raised the size from
    which they are given back, so that after a flood of large messages all of it stayed.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError):  # what is not glibc has its own ways
        library = ctypes.CDLL(None)
        for option, value in ((M_ARENA_MAX, 2), (M_MMAP_THRESHOLD, BLOCK), (M_TRIM_THRESHOLD, BLOCK)):
            library.mallopt(option, value)


async def _serve(settings: Settings) -> None:
    from switchboard.hub import ADMIN, running

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(settings) as hub:
        lines = [f"Switchboard is ready at {hub.url}"]
        if settings.role != "worker":
            lines.append(f"  Agents   {hub.url}/inbox/")
            if settings.wants_sample_data:
                lines.append(f"  Demo     {hub.url}/demo")
        if hub.mail:
            lines.append(f"  Mail     {', '.join(hub.mail)}")
        if hub.first_password:
            lines.append(f"  Sign in  {ADMIN}  {hub.first_password}   (shown once; change it in the inbox)")
        click.echo("\n".join(lines))
        _settle_memory()
        await stop.wait()
        click.echo("Finishing what is in hand…")


def _settle_memory() -> None:
    """Spare the collector what stays for ever: looking at all of it again and again held up everybody for 0.2 s."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
