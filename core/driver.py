"""What the driver tells of its work: each command, and each connection. Heard in its threads, counted in the meter."""

from __future__ import annotations

from pymongo import monitoring

from core.meter import Driver


class Commands(monitoring.CommandListener):
    """Tells the meter how long each command took. The driver calls it in its threads."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._asked: dict[int, str] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Remember on which collection; the answer does not say."""
        on = event.command.get("collection" if event.command_name == "getMore" else event.command_name)
        self._asked[event.request_id] = on if isinstance(on, str) else ""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Count it."""
        self._ended(event, failed=False)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Count it, and that it failed."""
        self._ended(event, failed=True)

    def _ended(self, event: monitoring.CommandSucceededEvent | monitoring.CommandFailedEvent, *, failed: bool) -> None:
        collection = self._asked.pop(event.request_id, "")
        # A change stream waits for what is to come: that is no work of the database.
        if not collection.startswith("$"):
            self._driver.command(event.duration_micros / 1e6, (collection, event.command_name), failed=failed)


class Connections(monitoring.ConnectionPoolListener):
    """Tells the meter how many connections are open, and how many are in use."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """One more."""
        self._driver.connection("open", 1)

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """One less."""
        self._driver.connection("open", -1)

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """Somebody works with it."""
        self._driver.connection("used", 1)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """Nobody does any more."""
        self._driver.connection("used", -1)

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """None could be had in time."""
        self._driver.connection("refused", 1)

    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:
        """Not counted, as is what follows."""

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """Not counted."""

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Not counted."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Not counted."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Not counted."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Not counted."""
