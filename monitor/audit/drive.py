"""The driver of a recording: feed, decode, feed back, as fast as the engine allows."""

import datetime
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from monitor.events import DecodeWanted, Output, Published, VerifyWanted
from monitor.frames import AudioFrame, Input
from monitor.session import CallSession
from monitor.speech.engine import Engine
from monitor.timeline import BLOCK_MS, samples_at

ROUNDS: Final = 2
"""Questions that are being computed while the call is listened to: with two, a lane that is through with
its part of the first goes on with the second."""


def drive(session: CallSession, inputs: Iterable[Input], engine: Engine, *, batch: int = 1) -> Iterator[Published]:
    """Run one call to its end and give every published event, stamped with ``seq`` and ``seen_at``.

    Args:
        session: the call; ``inputs`` must end with a ``Hangup``.
        inputs: audio of any cutting; with ``batch=1`` frames are taken 20 ms at a time, so that every
            answer reaches the session before the next block does, whatever the cutting was.
        engine: asked on this thread with ``batch=1``; else on up to :data:`ROUNDS` others, never more
            than it has lanes.
        batch: so many questions are collected and given to the engine at once, while the call is
            listened to further. What is judged does not depend on it, nor on who is faster.

    Raises:
        EngineError: the engine failed.
    """
    seq = 0
    pending: list[DecodeWanted | VerifyWanted] = []
    todo: deque[Input] = deque()
    with _Desk(engine, ahead=batch > 1) as desk:
        for item in inputs:
            todo.extend(slices(item) if batch == 1 else (item,))
            while todo or (session.hung_up and (pending or desk.busy)):
                for event in session.feed(todo.popleft()) if todo else ():
                    if isinstance(event, DecodeWanted | VerifyWanted):
                        pending.append(event)
                    else:
                        seq += 1
                        yield stamped(event, seq)
                if len(pending) >= batch or (session.hung_up and not todo):
                    todo.extendleft(reversed(desk.exchange(pending)))
                    pending.clear()


class _Desk:
    """Where questions are handed in, and answers taken away in the same order."""

    def __init__(self, engine: Engine, *, ahead: bool) -> None:
        """``ahead``: compute aside; what is taken away was handed in :data:`ROUNDS` times ago."""
        self._engine = engine
        self._aside = ThreadPoolExecutor(min(ROUNDS, engine.lanes), thread_name_prefix="asked") if ahead else None
        self._owed: deque[Future[list[Input]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._aside is not None:
            self._aside.shutdown(cancel_futures=True)

    @property
    def busy(self) -> bool:
        """Answers are still to be taken away."""
        return bool(self._owed)

    def exchange(self, wanted: Sequence[DecodeWanted | VerifyWanted]) -> list[Input]:
        """Hand in ``wanted``, or nothing; take away what is due."""
        if self._aside is None:
            return answers(self._engine, wanted)
        if wanted:
            self._owed.append(self._aside.submit(answers, self._engine, tuple(wanted)))
        if self._owed and (not wanted or len(self._owed) > ROUNDS):
            return self._owed.popleft().result()
        return []


def answers(engine: Engine, wanted: Iterable[Output]) -> list[Input]:
    """Ask the engine everything at once; decodes first, since a verdict may need their encoding."""
    decodes = [item for item in wanted if isinstance(item, DecodeWanted)]
    verifies = [item for item in wanted if isinstance(item, VerifyWanted)]
    out: list[Input] = []
    if decodes:
        out += engine.decode(decodes)
    if verifies:
        out += engine.verify(verifies)
    return out


def slices(item: Input) -> Iterator[Input]:
    """A frame in pieces of 20 ms at most; everything else as it is."""
    if not isinstance(item, AudioFrame):
        yield item
        return
    step = samples_at(BLOCK_MS, item.rate_hz)
    whole = len(item.pcm) // 2
    for at in range(0, whole, step):
        yield replace(item, start=item.start + at, pcm=item.pcm[2 * at : 2 * min(at + step, whole)])


def stamped(event: Published, seq: int) -> Published:
    """The event with its number and the wall time of its publication."""
    return replace(event, seq=seq, seen_at=now())


def now() -> str:
    """Wall time as RFC 3339 in UTC, milliseconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
