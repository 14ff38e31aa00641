"""Pitch of the last 40 ms: what a voice has and wind, traffic, typing and crackle have not.

The measure is the normalised autocorrelation (each shift divided by the energy of the two stretches
it compares, as in the RAPT pitch tracker, D. Talkin 1995), at its best peak for pitches of 70 to
450 Hz. It works on the harmonics that a telephone leaves, where the fundamental itself is cut off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.timeline import BLOCK_SAMPLES, RATE_HZ

_SHORTEST: Final = RATE_HZ // 450
_LONGEST: Final = RATE_HZ // 70
_SPAN: Final = 2 * BLOCK_SAMPLES
_NEARLY: Final = 0.93
"""A shorter period nearly as good as the best is the right one: the best may be a multiple of it."""
_SIZE: Final = 1024
"""FFT length: at least span and longest shift together, so that the correlation does not wrap."""


@dataclass(frozen=True, slots=True)
class Pitched:
    """What the last 40 ms repeat."""

    periodicity: float
    """0 (noise) to 1 (exactly periodic)."""
    period: float
    """In samples at 16 kHz, between the samples too; 1 where nothing repeats."""


_NOTHING: Final = Pitched(0.0, 1.0)


class Pitch:
    """Pitch of one stream of blocks."""

    def __init__(self) -> None:
        self._before = np.zeros((1, BLOCK_SAMPLES))

    def blocks(self, values: NDArray[np.float64], wanted: NDArray[np.bool_]) -> list[Pitched]:
        """The pitch of each block with the one before it; none, at no cost, where it is not wanted.

        Args:
            values: shape (blocks, 320), samples as they are.
            wanted: shape (blocks,).
        """
        line = np.concatenate((self._before, values))
        self._before = line[-1:].copy()
        answers = [_NOTHING] * len(values)
        places = np.flatnonzero(wanted)
        if len(places):
            spans = np.concatenate((line[places], line[places + 1]), axis=1)
            for place, pitched in zip(places, _pitches(spans), strict=True):
                answers[place] = pitched
        return answers


def _pitches(spans: NDArray[np.float64]) -> Iterator[Pitched]:
    """Of each row; rows together, because a call of numpy costs more than a row does."""
    spans = spans - np.add.reduce(spans, axis=1, keepdims=True) / _SPAN
    spectrum = np.fft.rfft(spans, _SIZE)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[:, _SHORTEST - 1 : _LONGEST + 2]
    before = np.cumsum(spans * spans, axis=1)
    early = before[:, _SPAN - _LONGEST - 2 : _SPAN - _SHORTEST + 1][:, ::-1]
    late = before[:, -1:] - before[:, _SHORTEST - 2 : _LONGEST + 1]
    # One squared 16-bit step a sample keeps digital silence from being divided by nothing.
    scores = alike / (np.sqrt(early * late) + _SPAN)
    inner = scores[:, 1:-1]
    peaks = (inner >= scores[:, :-2]) & (inner >= scores[:, 2:]) & (inner > 0)
    bests = np.maximum.reduce(np.where(peaks, inner, 0.0), axis=1)
    firsts = (peaks & (inner >= _NEARLY * bests[:, None])).argmax(axis=1)
    for score, best, first in zip(scores, bests.tolist(), firsts.tolist(), strict=True):
        if not best:
            yield _NOTHING
            continue
        left, top, right = score[first : first + 3].tolist()
        bend = left - 2 * top + right  # a parabola through the peak and its neighbours
        yield Pitched(best, _SHORTEST + first + (0.5 * (left - right) / bend if bend else 0.0))
