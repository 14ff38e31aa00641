"""Fan-out: every published event to everybody who follows it, each at its own speed.

A follower has a short queue. Who reads too slowly for it loses the queue, not the events: it reads
from the store until it has caught up, and is then sent events as they happen again. The events come
once each and in order, whichever way they come.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from monitor.sinks.entry import Stored
from monitor.sinks.feed import Scope

QUEUE: Final = 256
"""Events that wait for one follower before it is sent to the store instead."""

PAGE: Final = 500
"""Events read from the store at a time."""

Reader = Callable[[Scope, int, int], Awaitable[list[Stored]]]
"""(scope, after, limit) → events from the store, in order."""


class Follower:
    """One reader's place in the stream. Iterating it never ends by itself."""

    def __init__(self, scope: Scope, after: int | None, newest: int, read: Reader) -> None:
        self.scope = scope
        self._read = read
        self._place = after if after is not None or scope.call_id else newest
        """Of the last event sent. None: it follows from now on, and the first event offered to it tells its place."""
        self._queue: deque[Stored] = deque()
        self._live = after is None
        """Published events are queued. If not, they are left to the store."""
        self._wake = asyncio.Event()
        self.rescues = 0
        """How often it was too slow and had to catch up."""

    @property
    def behind(self) -> bool:
        """It has to read from the store before it is sent what happens."""
        return not self._live

    def offer(self, event: Stored) -> None:
        """Take a published event; never blocks, never grows beyond the queue."""
        if not self._live:
            return
        if self._place is None:
            self._place = self.scope.place(event) - 1
        if len(self._queue) < QUEUE:
            self._queue.append(event)
        else:
            self._queue.clear()
            self._live = False
            self.rescues += 1
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Stored]:
        while True:
            if not self._live:
                async for event in self._catch_up():
                    yield event
            while self._live and self._queue:
                event = self._queue.popleft()
                if self.scope.place(event) > (self._place or 0):
                    self._place = self.scope.place(event)
                    yield event
            if self._live:
                self._wake.clear()
                await self._wake.wait()

    async def _catch_up(self) -> AsyncIterator[Stored]:
        while True:
            self._queue.clear()
            self._live = True  # from here on: what the page does not hold is published later, and queued
            page = await self._read(self.scope, self._place or 0, PAGE)
            for event in page:
                self._place = self.scope.place(event)
                yield event
            if len(page) < PAGE:
                return


class Hub:
    """All followers."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._followers: set[Follower] = set()
        self._newest = 0

    def __len__(self) -> int:
        return len(self._followers)

    @property
    def behind(self) -> int:
        """How many are catching up from the store."""
        return sum(follower.behind for follower in self._followers)

    def start(self, newest: int) -> None:
        """Say where the stream stands: the newest cursor on disk."""
        self._newest = newest

    def publish(self, stored: Sequence[Stored]) -> None:
        """Offer events that have just been stored, in order."""
        for event in stored:
            self._newest = event.cursor
            for follower in self._followers:
                if follower.scope.holds(event):
                    follower.offer(event)

    @contextmanager
    def follow(self, scope: Scope, after: int | None = None) -> Iterator[Follower]:
        """Follow: what comes after a place (see :meth:`Scope.place`), or from now on."""
        if after is not None and not scope.call_id:
            after = min(after, self._newest)  # a cursor from a database that is no more
        follower = Follower(scope, after, self._newest, self._read)
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)
