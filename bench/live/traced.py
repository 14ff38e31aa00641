"""Our server in this process, with a clock at every seam that a sentence passes.

The same application as ``monitor serve`` runs, in a thread with an event loop of its own; sockets and
database are real. All times are of one monotonic clock.
"""

import asyncio
import os
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from live.ours import Ours

from monitor import config
from monitor.commands.serve import given
from monitor.engines.batcher import Trace
from monitor.events import DecodeWanted, VerifyWanted
from monitor.events import Warning as WarningEvent
from monitor.sinks.hub import Follower
from monitor.web import server


@dataclass(frozen=True, slots=True)
class Question:
    """One decode or verification: when it was asked and when its answer was there."""

    call_id: str
    utterance_id: str
    revision: int
    kind: str
    asked_s: float
    answered_s: float


@dataclass(slots=True)
class Marks:
    """What the clocks saw."""

    questions: list[Question] = field(default_factory=list)
    traces: dict[tuple[str, str, int, str], Trace] = field(default_factory=dict)
    """By call, utterance, revision, kind."""
    appended: dict[tuple[str, int], float] = field(default_factory=dict)
    """When an event was handed to the store, by call and ``seq``."""
    stored: dict[tuple[str, int], float] = field(default_factory=dict)
    """When it was on disk and offered to the sockets."""


class Traced(Ours):
    """See the module."""

    name = "call-monitor, traced"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.marks = Marks()
        self._rules = tuple(options.get("rules") or ())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            data = Path(folder) / "data"
            self._send_token = await self._token("ingest", data)
            self._read_token = await self._token("supervisor", data)
            settings = config.load({"port": 0, "data": data, "rules": self._rules or None})
            app = server.create_app(settings, await asyncio.to_thread(given, settings))
            listening = server.listening_socket(settings.host, 0)
            serving = server.uvicorn_server(app, settings)
            thread = threading.Thread(target=lambda: asyncio.run(serving.serve([listening])), name="server")
            thread.start()
            try:
                while not serving.started and thread.is_alive():
                    await asyncio.sleep(0.1)
                if not serving.started:
                    raise SystemExit("the server did not start")
                self._address = "http://{}:{}".format(*listening.getsockname()[:2])
                with _clocks(app.state.parts, self.marks):
                    yield os.getpid()
            finally:
                serving.should_exit = True
                await asyncio.to_thread(thread.join)
                listening.close()


class _clocks:  # noqa: N801 - used as a context, like a function
    """Wraps the seams: batcher, store, followers."""

    def __init__(self, parts: Any, marks: Marks) -> None:
        self._parts, self._marks, self._offer = parts, marks, Follower.offer

    def __enter__(self) -> None:
        parts, marks, offer = self._parts, self._marks, self._offer
        decode, verify, append, observe = (
            parts.batcher.decode,
            parts.batcher.verify,
            parts.store.append,
            parts.batcher._observe,
        )

        def note(wanted: DecodeWanted | VerifyWanted, kind: str, asked_s: float) -> None:
            key = (wanted.call_id, wanted.utterance_id, wanted.revision, kind)
            marks.questions.append(Question(*key, asked_s, time.monotonic()))

        async def decode_noted(wanted: DecodeWanted) -> Any:
            asked_s = time.monotonic()
            answer = await decode(wanted)
            if answer is not None:
                note(wanted, wanted.decode.value, asked_s)
            return answer

        async def verify_noted(wanted: VerifyWanted) -> Any:
            asked_s = time.monotonic()
            answer = await verify(wanted)
            note(wanted, "verify", asked_s)
            return answer

        async def append_noted(entries: Any) -> None:
            now_s = time.monotonic()
            for entry in entries:
                if isinstance(entry.event, WarningEvent):
                    marks.appended[entry.event.call_id, entry.event.seq] = now_s
            await append(entries)

        def offer_noted(self: Follower, event: Any) -> None:
            if event.kind == "warning":
                marks.stored.setdefault((event.call_id, event.seq), time.monotonic())
            offer(self, event)

        def observe_noted(trace: Trace) -> None:
            marks.traces[trace.call_id, trace.utterance_id, trace.revision, trace.kind] = trace
            if observe is not None:
                observe(trace)

        parts.batcher.decode, parts.batcher.verify = decode_noted, verify_noted
        parts.store.append, parts.batcher._observe = append_noted, observe_noted
        Follower.offer = offer_noted  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Follower.offer = self._offer  # type: ignore[method-assign]
