"""What a live call has been sent and its session has not taken yet.

Frames of 20 ms are gathered a little before the session sees them: a session that wakes for every
frame spends half as much again on the same audio, because nothing it needs is in the caches any more.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from monitor.frames import AudioFrame, AudioLoss, Hangup, Side
from monitor.timeline import samples_at

GATHER_MS: Final = 60
"""So much audio is worth waking for. A warning waits for half of it on average."""
SLICE_MS: Final = 100
"""The longest piece the session is given at once, so that one call's backlog never holds up another's."""

Item = AudioFrame | AudioLoss | Hangup


class Intake:
    """A queue of audio, in the order it came; joined while it waits."""

    def __init__(self) -> None:
        self._gathered: list[AudioFrame | AudioLoss] = []
        self._ready: deque[Item] = deque()
        self._gathered_ms = self._ready_ms = 0

    def __bool__(self) -> bool:
        """Whether there is something to take."""
        return bool(self._ready)

    @property
    def waiting_ms(self) -> int:
        """Audio in the queue, summed over the sides."""
        return self._gathered_ms + self._ready_ms

    def put(self, frames: Sequence[AudioFrame | AudioLoss]) -> None:
        """Add what has arrived. It can be taken once its sides have :data:`GATHER_MS` each, or with a loss."""
        self._gathered += frames
        self._gathered_ms += sum(_length_ms(frame) for frame in frames)
        sides = len({frame.side for frame in self._gathered})
        if self._gathered_ms >= GATHER_MS * sides or any(isinstance(frame, AudioLoss) for frame in frames):
            self.release()

    def put_last(self, item: AudioLoss | Hangup) -> None:
        """Add something that is not waited for: all of the queue can be taken."""
        self.release()
        self._ready.append(item)

    def release(self) -> None:
        """No more is coming for now: what has been gathered can be taken."""
        for is_audio, group in groupby(self._gathered, lambda item: isinstance(item, AudioFrame)):
            run = list(group)  # a loss stays where it is among the frames
            pieces = _pieces(item for item in run if isinstance(item, AudioFrame)) if is_audio else run
            self._ready.extend(pieces)
            self._ready_ms += sum(map(_length_ms, pieces))
        self._gathered.clear()
        self._gathered_ms = 0

    def take(self) -> Item:
        """The next piece of audio, or what stands for some.

        Raises:
            IndexError: there is nothing to take.
        """
        item = self._ready.popleft()
        self._ready_ms -= _length_ms(item)
        return item


def _length_ms(item: Item) -> int:
    return item.to_ms - item.from_ms if isinstance(item, AudioFrame) else 0


def _pieces(frames: Iterable[AudioFrame]) -> list[AudioFrame]:
    """The same audio in pieces of at most :data:`SLICE_MS`, the sides in step.

    What lies together is joined: five frames of 20 ms cost a resampler five times what one of 100 ms costs.
    """
    runs: dict[Side, list[tuple[AudioFrame, list[bytes]]]] = {}
    for frame in frames:
        run = runs.setdefault(frame.side, [])
        if run:
            first, parts = run[-1]
            if frame.rate_hz == first.rate_hz and frame.start == first.start + sum(map(len, parts)) // 2:
                parts.append(frame.pcm)
                continue
        run.append((frame, [frame.pcm]))
    pieces = []
    for first, parts in (item for run in runs.values() for item in run):
        pcm, step = b"".join(parts), samples_at(SLICE_MS, first.rate_hz)
        for at in range(0, len(pcm) // 2, step):
            pieces.append(replace(first, start=first.start + at, pcm=pcm[2 * at : 2 * (at + step)]))
    return sorted(pieces, key=lambda piece: piece.start / piece.rate_hz)
