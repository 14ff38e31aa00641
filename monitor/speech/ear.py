"""One side of a call, from frames as they come to whole 20 ms blocks and what they mean.

The ear is where a stream that stutters becomes an even timeline: overlaps are dropped, holes are
reported and counted as unknown time, any rate becomes 16 kHz. Everything behind it sees block after
block of 320 samples and needs no thought of how the audio was cut on its way here.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from monitor.audio.level import Level
from monitor.audio.resample import Resampler
from monitor.audio.vad import Block, Voice
from monitor.frames import AudioFrame, AudioLoss, Side
from monitor.speech.endpoint import Endpointer, EndpointPolicy, Move
from monitor.timeline import BLOCK_BYTES, BLOCK_MS, RATE_HZ, Ms, samples_at

LONGEST_HOLE_MS: Final = 6 * 3600 * 1000
"""A jump beyond this is a damaged timestamp, not a hole."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A stretch without sound, in whole blocks."""

    from_ms: Ms
    to_ms: Ms
    reason: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What one block brought."""

    voiced: bool
    moves: list[Move]
    hole: Hole | None = None
    """Set on the first block of a hole: the block is unknown, neither voice nor quiet."""


class Ear:
    """Frames of one side in, blocks with their meaning out.

    Memory is bounded by what the caller lets wait: :attr:`ready` blocks that :meth:`step` has not
    yet taken, and one utterance inside the endpointer.
    """

    def __init__(self, side: Side, policy: EndpointPolicy) -> None:
        self.side = side
        self.level = Level()
        self.endpoint = Endpointer(policy)
        self._voice = Voice()
        self._resampler: Resampler | None = None
        self._rate_hz = 0
        self._arrived = 0
        """Samples at ``_rate_hz`` up to which the stream is accounted for."""
        self._pcm = bytearray()
        self._waiting: deque[Block | Hole] = deque()
        self._taken = 0
        self._hole_left = 0
        self.ready = 0
        """Blocks that :meth:`step` may take."""

    @property
    def taken_ms(self) -> Ms:
        """Media time up to which :meth:`step` has gone."""
        return Ms(self._taken * BLOCK_MS)

    @property
    def heard_ms(self) -> Ms:
        """Media time up to which audio has arrived, in whole blocks."""
        return Ms((self._taken + self.ready) * BLOCK_MS)

    def push(self, frame: AudioFrame) -> None:
        """Take a frame; its ``start`` says where it lies. Overlap is dropped, a jump is a hole."""
        if frame.rate_hz != self._rate_hz:
            self._begin(frame.rate_hz)
        pcm, start = frame.pcm[: len(frame.pcm) // 2 * 2], frame.start
        if start > self._arrived:
            self.lose(AudioLoss(side=self.side, from_ms=self.heard_ms, to_ms=frame.from_ms, reason="jump"))
            rest = start - self._arrived
            if rest < samples_at(BLOCK_MS, frame.rate_hz):  # what is left of a hole in whole blocks
                pcm = bytes(2 * rest) + pcm
            else:
                self._arrived = start
        elif start < self._arrived:
            pcm = pcm[(self._arrived - start) * 2 :]
        if pcm:
            self._arrived += len(pcm) // 2
            assert self._resampler is not None
            self._store(self._resampler.push(pcm))

    def lose(self, loss: AudioLoss) -> None:
        """Count time for which there is no sound; nothing before what has been heard is touched."""
        self.finish()
        blocks = (loss.to_ms - self.heard_ms) // BLOCK_MS
        if 0 < blocks <= LONGEST_HOLE_MS // BLOCK_MS:
            from_ms = self.heard_ms
            self.ready += blocks
            self._waiting.append(Hole(from_ms, self.heard_ms, loss.reason))
        self._begin(self._rate_hz or RATE_HZ)

    def finish(self) -> None:
        """No more frames: let the resampler's tail out, drop what is less than a block."""
        if self._resampler is not None:
            self._store(self._resampler.flush())
            self._resampler = None
        self._pcm.clear()

    def step(self) -> Heard:
        """Take the next block. Only where :attr:`ready` is not 0."""
        self.ready -= 1
        self._taken += 1
        if self._hole_left:
            self._hole_left -= 1
            return Heard(False, [])
        item = self._waiting.popleft()
        if isinstance(item, Hole):
            self._hole_left = (item.to_ms - item.from_ms) // BLOCK_MS - 1
            return Heard(False, self.endpoint.skip(item.to_ms), item)
        self.level.block(item.power, item.voiced)
        return Heard(item.voiced, self.endpoint.block(item))

    def _begin(self, rate_hz: int) -> None:
        """Start a resampler at the block that comes next; its stream is counted from there."""
        if self._resampler is not None:
            self.finish()
        self._rate_hz = rate_hz
        self._resampler = Resampler(rate_hz)
        self._arrived = samples_at(self.heard_ms, rate_hz)

    def _store(self, pcm: bytes) -> None:
        self._pcm += pcm
        whole = len(self._pcm) // BLOCK_BYTES
        if whole:
            self._waiting += self._voice.blocks(bytes(self._pcm[: whole * BLOCK_BYTES]))
            del self._pcm[: whole * BLOCK_BYTES]
            self.ready += whole


def warm_up() -> None:
    """Hear a little of a telephone, so that no call waits until a loop is compiled: whatever is heard, all run."""
    ear = Ear(Side.UNKNOWN, EndpointPolicy())
    ear.push(AudioFrame(side=Side.UNKNOWN, start=0, pcm=bytes(2 * samples_at(2 * BLOCK_MS, 8_000)), rate_hz=8_000))
