"""The driver of a recording: feed, decode, feed back, as fast as the engine allows."""

import datetime
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from monitor.events import DecodeWanted, Output, Published, VerifyWanted
from monitor.frames import AudioFrame, Input
from monitor.session import CallSession
from monitor.speech.engine import Engine
from monitor.timeline import BLOCK_MS, samples_at


def drive(session: CallSession, inputs: Iterable[Input], engine: Engine, *, batch: int = 1) -> Iterator[Published]:
    """Run one call to its end and give every published event, stamped with ``seq`` and ``seen_at``.

    Args:
        session: the call; ``inputs`` must end with a ``Hangup``.
        inputs: audio of any cutting; frames are taken 20 ms at a time, so that with ``batch=1`` every
            answer reaches the session before the next block does, whatever the cutting was.
        engine: asked on this thread.
        batch: up to so many decodes are collected and given to the engine at once. What is judged
            does not depend on it.
    """
    seq = 0
    pending: list[DecodeWanted | VerifyWanted] = []
    todo: deque[Input] = deque()
    for item in inputs:
        todo.extend(slices(item))
        while todo:
            for event in session.feed(todo.popleft()):
                if isinstance(event, DecodeWanted | VerifyWanted):
                    pending.append(event)
                else:
                    seq += 1
                    yield stamped(event, seq)
            if len(pending) >= batch or (pending and not todo and session.hung_up):
                todo.extendleft(reversed(answers(engine, pending)))
                pending.clear()


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
