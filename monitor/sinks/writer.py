"""The one thread that writes: many events, one transaction.

Callers put entries on a queue and go on. The thread takes everything that waits, writes it in one
transaction and only then says so, so an event is on disk before anybody is sent it, and a burst of a
hundred events costs one commit. Small changes from elsewhere (a token, a verdict) go through the same
thread as *jobs*, so writers never wait for each other's locks.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from monitor.errors import MonitorError, StoreError
from monitor.events import Published
from monitor.events import Warning as WarningEvent
from monitor.sinks.database import writing
from monitor.sinks.entry import Entry, Stored, seal
from monitor.sinks.tables import events, timestamp
from monitor.sinks.views import update_views

log = logging.getLogger(__name__)
T = TypeVar("T")

GROUP: Final = 2_000
"""At most so many events share a transaction."""

RETRY_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Waits after a refused write; the last one repeats. Nothing is dropped for want of a database."""


@dataclass(frozen=True, slots=True)
class _Job:
    run: Callable[[Connection], Any]
    done: Future[Any]


class _Stop:
    pass


class Writer:
    """Owns the only connection that writes. ``published`` is called on the thread, after the commit."""

    def __init__(
        self,
        engine: Engine,
        published: Callable[[Sequence[Stored]], None],
        *,
        observe: Callable[[str, float], None] = lambda name, value: None,
    ) -> None:
        self._engine = engine
        self._published = published
        self._observe = observe
        self._queue: SimpleQueue[Entry | _Job | _Stop] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._cursor = 0
        self._stopping = threading.Event()
        self.failing = ""
        """Why the last try to write failed; empty while writing works."""
        self.unwritten: list[Entry] = []
        """After :meth:`stop`: what could not be written."""
        self._taken = 0  # counted by the callers' thread
        self._written = 0  # counted by the writer's

    def start(self) -> None:
        """Find the last cursor and begin."""
        with self._engine.connect() as connection:
            self._cursor = connection.execute(select(func.max(events.c.cursor))).scalar() or 0
        self._thread.start()

    @property
    def cursor(self) -> int:
        """The newest event on disk."""
        return self._cursor

    @property
    def backlog(self) -> int:
        """Events handed over and not yet on disk."""
        return self._taken - self._written

    def put(self, entries: Sequence[Entry]) -> None:
        """Hand over events; they are written in the order of the calls of this method."""
        self._taken += len(entries)
        for entry in entries:
            self._queue.put(entry)

    def job(self, run: Callable[[Connection], T]) -> Future[T]:
        """Run ``run`` in a transaction of its own, after everything handed over before."""
        done: Future[T] = Future()
        self._queue.put(_Job(run, done))
        return done

    def stop(self) -> None:
        """Write what waits, then end the thread; what the database refuses to the last is :attr:`unwritten`."""
        self._stopping.set()
        self._queue.put(_Stop())
        self._thread.join()

    # ── the thread ───────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        with writing(self._engine) as connection:
            while True:
                group, then = self._next()
                if group:
                    self._write(connection, group)
                match then:
                    case _Job():
                        self._do(connection, then)
                    case _Stop():
                        return

    def _next(self) -> tuple[list[Entry], _Job | _Stop | None]:
        """Everything that waits, up to the first thing that is not an event."""
        group: list[Entry] = []
        item = self._queue.get()
        while True:
            if not isinstance(item, Entry):
                return group, item
            group.append(item)
            if len(group) == GROUP:
                return group, None
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group, None

    def _write(self, connection: Connection, group: list[Entry]) -> None:
        tries = 0
        while True:
            if self._stopping.is_set() and (self.unwritten or tries > len(RETRY_S)):
                self.unwritten += group
                return
            began = time.monotonic()
            try:
                stored = self._commit(connection, group)
            except (IntegrityError, DataError) as error:
                if len(group) == 1:  # a bug of ours: say so, lose one event, keep the server
                    event = group[0].event  # never its words into the log
                    log.error("STO-004 refused: %s %d %s: %s", event.call_id, event.seq, event.kind, error.orig)
                    self._written += 1
                    return
                for entry in group:
                    self._write(connection, [entry])
                return
            except SQLAlchemyError as error:
                self.failing = f"{getattr(error, 'orig', None) or error}"
                log.error("STO-001 cannot write, trying again: %s", self.failing)
                time.sleep(RETRY_S[min(tries, len(RETRY_S) - 1)])
                tries += 1
            else:
                self.failing = ""
                self._written += len(group)
                self._observe("store", time.monotonic() - began)
                self._published(stored)
                return

    def _commit(self, connection: Connection, group: list[Entry]) -> list[Stored]:
        now, seen_at, cursor = time.monotonic(), timestamp(), self._cursor
        stored: list[Stored] = []
        sealed: list[tuple[Published, Stored]] = []
        rows: list[dict[str, Any]] = []
        for entry in group:
            cursor += 1
            event, text = seal(entry, seen_at, now)
            item = Stored(cursor, event.call_id, entry.agent_id, event.seq, event.kind, text)
            stored.append(item)
            sealed.append((event, item))
            rows.append(
                {
                    "cursor": cursor,
                    "call_id": event.call_id,
                    "agent_id": entry.agent_id,
                    "seq": event.seq,
                    "kind": event.kind,
                    "at_ms": event.at_ms,
                    "seen_at": seen_at,
                    "body": text,
                }
            )
        with connection.begin():
            connection.execute(insert(events), rows)
            update_views(connection, sealed, seen_at)
        self._cursor = cursor
        for event, _ in sealed:
            if isinstance(event, WarningEvent) and event.lag_ms is not None:
                self._observe("lag", event.lag_ms / 1000)
        return stored

    def _do(self, connection: Connection, job: _Job) -> None:
        if not job.done.set_running_or_notify_cancel():
            return
        try:
            with connection.begin():
                result = job.run(connection)
        except SQLAlchemyError as error:
            job.done.set_exception(StoreError(f"the database refused: {getattr(error, 'orig', None) or error}"))
        except MonitorError as error:
            job.done.set_exception(error)
        except BaseException as error:  # a bug: hand it to who asked
            job.done.set_exception(error)
        else:
            job.done.set_result(result)
