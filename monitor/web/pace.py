"""A recording as a switch would send it: interleaved samples, a tenth of a second at a time, in real time."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from monitor.frames import AudioFrame

PIECE_MS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A call ready to be sent."""

    file: Path
    sides: tuple[str, ...]
    rate_hz: int
    pcm: bytes
    """Interleaved int16, the sides in order."""

    @property
    def duration_ms(self) -> int:
        """Media time of the whole."""
        return len(self.pcm) * 1000 // (2 * len(self.sides) * self.rate_hz)

    def pieces(self) -> Iterator[bytes]:
        """The call in messages of :data:`PIECE_MS`."""
        step = self.rate_hz * PIECE_MS // 1000 * 2 * len(self.sides)
        for at in range(0, len(self.pcm), step):
            yield self.pcm[at : at + step]

    async def in_real_time(self) -> AsyncIterator[bytes]:
        """Each piece when its last sample has been spoken. Paced by the clock, so delays do not add up."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, piece in enumerate(self.pieces(), 1):
            await asyncio.sleep(began + number * PIECE_MS / 1000 - loop.time())
            yield piece


def interleaved(file: Path, sides: Iterable[str], frames: Iterable[AudioFrame]) -> Sample:
    """All frames of a recording as one sample; a side that is shorter ends in silence."""
    names = tuple(sides)
    sound: dict[str, list[bytes]] = {side: [] for side in names}
    rate_hz = 0
    for frame in frames:
        sound[frame.side].append(frame.pcm)
        rate_hz = frame.rate_hz
    channels = [np.frombuffer(b"".join(sound[side]), dtype="<i2") for side in names]
    out = np.zeros((max((len(channel) for channel in channels), default=0), len(names)), dtype="<i2")
    for index, channel in enumerate(channels):
        out[: len(channel), index] = channel
    return Sample(file=file, sides=names, rate_hz=rate_hz, pcm=out.tobytes())
