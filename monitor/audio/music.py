"""Music on hold, told from speech by its notes: a note stands still, a voice glides.

Measured on pitch from block to block: in speech (read, spontaneous and synthetic Mandarin, first tones
included) 12 % of the steps are smaller than 0.4 % and 80 % are glides of up to 8 %; in music on hold it is
65 % and 15 %, the rest leaps. Over some three seconds the two never met. Singing is taken for speech.
"""

from collections import deque
from typing import Final

from monitor.audio.pitch import Pitched

_STILL: Final = 1.004
_GLIDE: Final = 1.083
_STEPS: Final = 50
_ENOUGH: Final = 25
_STILL_SHARE: Final = 0.45
"""Share of still steps that is music …"""
_GLIDING_SHARE: Final = 0.35
"""… and below which it no longer is."""
_QUICK_STEPS: Final = 6
_QUICK_GLIDES: Final = 5
"""Whoever speaks right after the music is heard again after so many glides in six steps, 0.12 s."""
_SURE: Final = 0.7
"""Periodicity above which a pitch is exact enough."""
_FORGET_BLOCKS: Final = 100


class Music:
    """Follows the pitch of one side."""

    def __init__(self) -> None:
        self._steps: deque[float] = deque(maxlen=_STEPS)
        self._before: float | None = None
        self._since = 0
        self._playing = False

    def block(self, pitched: Pitched | None) -> bool:
        """Whether music is playing; ``None`` for a block without sound."""
        if pitched is None or pitched.periodicity < _SURE:
            self._before = None
            self._since += 1
            if self._since >= _FORGET_BLOCKS:
                self._stop()
            return self._playing
        self._since = 0
        before, self._before = self._before, pitched.period
        if before is not None:
            self._steps.append(max(before, pitched.period) / min(before, pitched.period))
            self._judge()
        return self._playing

    def _judge(self) -> None:
        still = sum(step < _STILL for step in self._steps) / len(self._steps)
        if not self._playing:
            self._playing = len(self._steps) >= _ENOUGH and still >= _STILL_SHARE
            return
        newest = list(self._steps)[-_QUICK_STEPS:]
        glides = sum(_STILL <= step < _GLIDE for step in newest)
        if still < _GLIDING_SHARE or glides >= _QUICK_GLIDES:
            self._stop()

    def _stop(self) -> None:
        self._playing = False
        self._steps.clear()
