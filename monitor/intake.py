"""What a live call has been sent and its session has not taken yet.

Packets of 20 ms are gathered a little before the session sees them: a session that wakes for every
one spends half as much again on the same audio, because nothing it needs is in the caches any more.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, groupby
from typing import Final, Self

import numpy as np

from monitor.frames import AudioFrame, AudioLoss, Hangup, Side
from monitor.timeline import Ms, ms_at, samples_at

GATHER_MS: Final = 60
"""So much audio is worth waking for. A warning waits for half of it on average."""
QUIET_GATHER_MS: Final = 200
"""The same while nobody speaks: there is nothing to warn about, but for the silence."""
SLICE_MS: Final = 200
"""The longest piece the session is given at once, so that one call's backlog never holds up another's."""

Item = AudioFrame | AudioLoss | Hangup


@dataclass(frozen=True, slots=True)
class Packet:
    """Audio as a line brought it: what is gathered is decoded together."""

    sides: tuple[Side, ...]
    """Whose samples follow one another."""
    start: int
    """Index of the first sample at ``rate_hz``, counted from the start of the call."""
    rate_hz: int
    data: bytes
    sample_bytes: int
    """Of one sample of every side."""
    decode: Callable[[bytes], bytes]
    """To signed 16-bit little-endian."""

    @classmethod
    def of(cls, frame: AudioFrame) -> Self:
        """What comes decoded and of one side."""
        return cls((frame.side,), frame.start, frame.rate_hz, frame.pcm, 2, bytes)

    @property
    def samples(self) -> int:
        """Of each side."""
        return len(self.data) // self.sample_bytes

    @property
    def from_ms(self) -> Ms:
        """Media time of the first sample."""
        return ms_at(self.start, self.rate_hz)

    @property
    def to_ms(self) -> Ms:
        """Media time just after the last sample."""
        return ms_at(self.start + self.samples, self.rate_hz)

    def is_followed_by(self, packet: "Packet") -> bool:
        """Whether ``packet`` is of the same line and begins where this one ends."""
        kind = (self.sides, self.rate_hz, self.decode)
        return packet.start == self.start + self.samples and (packet.sides, packet.rate_hz, packet.decode) == kind

    def frames(self) -> Iterator[AudioFrame]:
        """The same, decoded and apart."""
        sides = np.frombuffer(self.decode(self.data), "<i2").reshape(-1, len(self.sides))
        for channel, side in enumerate(self.sides):
            yield AudioFrame(side=side, start=self.start, pcm=sides[:, channel].tobytes(), rate_hz=self.rate_hz)


class Intake:
    """A queue of audio, in the order it came; joined while it waits."""

    def __init__(self) -> None:
        self._gathered: list[Packet | AudioLoss] = []
        self._ready: deque[Item] = deque()
        self._gathered_ms = self._ready_ms = 0
        self._sides: set[Side] = set()
        """Of which something is gathered."""

    def __bool__(self) -> bool:
        """Whether there is something to take."""
        return bool(self._ready)

    @property
    def waiting_ms(self) -> int:
        """Audio in the queue, summed over the sides."""
        return self._gathered_ms + self._ready_ms

    def put(self, items: Sequence[Packet | AudioLoss], gather_ms: int = GATHER_MS) -> bool:
        """Add what has arrived. Whether it can be taken: once its sides have ``gather_ms`` each, or with a loss."""
        self._gathered += items
        enough = False
        for item in items:
            if isinstance(item, AudioLoss):
                enough = True
                continue
            self._sides.update(item.sides)
            self._gathered_ms += (item.to_ms - item.from_ms) * len(item.sides)
        enough = enough or self._gathered_ms >= gather_ms * max(1, len(self._sides))
        if enough:
            self.release()
        return enough

    def put_last(self, item: AudioLoss | Hangup) -> None:
        """Add something that is not waited for: all of the queue can be taken."""
        self.release()
        self._ready.append(item)

    def release(self) -> None:
        """No more is coming for now: what has been gathered can be taken."""
        for _, group in groupby(self._gathered, type):  # a loss stays where it is among the audio
            run = list(group)
            pieces = _pieces(item for item in run if isinstance(item, Packet))
            self._ready.extend(pieces)
            self._ready.extend(item for item in run if isinstance(item, AudioLoss))
            self._ready_ms += sum(map(_length_ms, pieces))
        self._gathered.clear()
        self._gathered_ms = 0
        self._sides.clear()

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


def _pieces(packets: Iterable[Packet]) -> list[AudioFrame]:
    """The same audio in pieces of at most :data:`SLICE_MS`, the sides in step.

    What lies together is joined: five frames of 20 ms cost a resampler five times what one of 100 ms costs.
    """
    runs: dict[tuple[Side, ...], list[list[Packet]]] = {}
    for packet in packets:
        run = runs.setdefault(packet.sides, [])
        if run and run[-1][-1].is_followed_by(packet):
            run[-1].append(packet)
        else:
            run.append([packet])
    pieces = []
    for together in chain.from_iterable(runs.values()):
        whole = replace(together[0], data=b"".join(packet.data for packet in together))
        step = samples_at(SLICE_MS, whole.rate_hz)
        for frame in whole.frames():
            for at in range(0, whole.samples, step):
                pieces.append(replace(frame, start=frame.start + at, pcm=frame.pcm[2 * at : 2 * (at + step)]))
    return sorted(pieces, key=lambda piece: piece.start / piece.rate_hz)
