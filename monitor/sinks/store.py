"""The store as the server uses it: events in, questions answered, all off the event loop.

What is asked and changed is written as plain functions of a connection (``calls``, ``feed``,
``findings``, ``accounts`` …), so that a command without a loop can use them as well.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from monitor.errors import StoreError
from monitor.sinks.database import connect, upgrade, url_of
from monitor.sinks.entry import Entry, Stored
from monitor.sinks.spool import Spool
from monitor.sinks.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

BACKLOG: Final = 5_000
"""Events not yet on disk beyond which calls are made to wait (the database is slow or gone)."""

READERS: Final = 4


class Store:
    """One database, one writer thread, a few reader threads."""

    def __init__(
        self,
        data: Path,
        url: str = "",
        *,
        observe: Callable[[str, float], None] = lambda name, value: None,
    ) -> None:
        self._engine = connect(url_of(url, data))
        self._spool = Spool(data / "spool")
        self._writer = Writer(self._engine, self._committed, observe=observe)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._published: Callable[[Sequence[Stored]], None] = lambda stored: None
        self._room = asyncio.Event()

    async def start(self, published: Callable[[Sequence[Stored]], None] | None = None) -> None:
        """Upgrade the schema and begin to write. ``published`` is called on the loop after each commit.

        Raises:
            StoreError: the database cannot be opened, upgraded or is from a newer version.

        """
        self._loop = asyncio.get_running_loop()
        if published is not None:
            self._published = published
        await self._loop.run_in_executor(self._readers, upgrade, self._engine)
        await self._loop.run_in_executor(self._readers, self._writer.start)
        await self._loop.run_in_executor(self._readers, self._spool.empty_into, self._writer)
        self._room.set()

    async def stop(self) -> None:
        """Write everything that waits and close.

        Raises:
            StoreError: ``STO-005``, something could not be written; it is in the spool, for the next start.

        """
        try:
            await asyncio.to_thread(self._writer.stop)
            if left := self._writer.unwritten:
                path = self._spool.keep(left)
                raise StoreError(
                    f"{len(left)} events could not be written: {self._writer.failing}",
                    code="STO-005",
                    where=str(path),
                    hint="they are written at the next start",
                )
            await asyncio.sleep(0)  # let the last commits be published
        finally:
            self._loop = None
            self._readers.shutdown(wait=True)
            self._engine.dispose()

    @property
    def cursor(self) -> int:
        """The newest event on disk."""
        return self._writer.cursor

    @property
    def backlog(self) -> int:
        """Events handed over and not yet on disk."""
        return self._writer.backlog

    @property
    def failing(self) -> str:
        """Why writing does not work right now; empty when it does."""
        return self._writer.failing

    async def append(self, entries: Sequence[Entry]) -> None:
        """Hand over events to be stored and then published, in order.

        Returns at once, or once there is room when the database has fallen behind.
        """
        self._writer.put(entries)
        if self._writer.backlog > BACKLOG:
            self._room.clear()
        await self._room.wait()

    async def read(self, ask: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a question on a reader thread.

        Raises:
            StoreError: ``STO-001``, the database did not answer.

        """

        def run() -> T:
            try:
                with self._engine.connect() as connection:
                    return ask(connection, *args, **kwargs)
            except SQLAlchemyError as error:
                raise StoreError(f"the database refused: {getattr(error, 'orig', None) or error}") from None

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def change(self, do: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a change in a transaction on the writer thread, after every event handed over before.

        Raises:
            StoreError: ``STO-001``, the database refused.
            MonitorError: whatever ``do`` raises; nothing has changed then.

        """
        return await asyncio.wrap_future(self._writer.job(lambda connection: do(connection, *args, **kwargs)))

    def _committed(self, stored: Sequence[Stored]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._on_loop, stored)

    def _on_loop(self, stored: Sequence[Stored]) -> None:
        self._published(stored)
        if self._writer.backlog <= BACKLOG // 2:
            self._room.set()


def rows(result: Any) -> list[dict[str, Any]]:
    """A result as plain dictionaries."""
    return [dict(row) for row in result.mappings()]
