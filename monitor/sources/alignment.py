"""Two sound devices have two clocks: their samples are laid on one time line.

Samples are counted; the count is held against the time that has passed, and corrected where both are
apart for good: sound was lost, a device drifts, or one that is silent sends nothing at all.
"""

from typing import Final

from monitor.frames import AudioFrame, Side
from monitor.timeline import BLOCK_MS, samples_at

_APART_MS: Final = 500
"""Deliveries jump about by less than this; what is further apart is not jitter."""
_APART_AFTER_LOSS_MS: Final = 60
"""The device says that it has lost something: then little is enough."""
_STILL_MS: Final = 300
"""A device that sends nothing for so long is silent …"""
_BEHIND_MS: Final = 100
"""… and its quiet is made up to this long ago."""


class Alignment:
    """One device's place on the time line, which begins when listening does.

    Args:
        side: whose voice the device hears.
        rate_hz: samples a second.
        made_up: fill what is missing with quiet (a loopback that sends nothing while nothing plays);
            otherwise leave a hole (a microphone always sends, so something was lost).
    """

    def __init__(self, side: Side, rate_hz: int, *, made_up: bool) -> None:
        self._side, self._rate_hz, self._made_up = side, rate_hz, made_up
        self._next = 0

    def take(self, pcm: bytes, passed_s: float, *, lost: bool = False) -> list[AudioFrame]:
        """Samples that have just come in, the last of them about ``passed_s`` after the beginning.

        ``lost``: the device says that samples before these are gone.
        """
        ahead = self._next + len(pcm) // 2 - round(passed_s * self._rate_hz)
        tolerated = samples_at(_APART_AFTER_LOSS_MS if lost else _APART_MS, self._rate_hz)
        frames: list[AudioFrame] = []
        if ahead < -tolerated:
            frames = self._skip(-ahead)
        elif ahead > tolerated:  # the device's clock runs fast: drop what is too much
            pcm = pcm[2 * ahead :]
        return [*frames, *self._frames(pcm)]

    def idle(self, passed_s: float) -> list[AudioFrame]:
        """Nothing has come in of late: the quiet of a device that sends nothing in quiet."""
        missing = round(passed_s * self._rate_hz) - self._next
        if not self._made_up or missing < samples_at(_STILL_MS, self._rate_hz):
            return []
        return self._skip(missing - samples_at(_BEHIND_MS, self._rate_hz))

    def _skip(self, count: int) -> list[AudioFrame]:
        if self._made_up:
            return self._frames(bytes(2 * count))
        self._next += count
        return []

    def _frames(self, pcm: bytes) -> list[AudioFrame]:
        step = 2 * samples_at(BLOCK_MS, self._rate_hz)
        frames = []
        for begin in range(0, len(pcm), step):
            part = pcm[begin : begin + step]
            frames.append(AudioFrame(side=self._side, start=self._next, pcm=part, rate_hz=self._rate_hz))
            self._next += len(part) // 2
        return frames
