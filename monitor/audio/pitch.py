"""Pitch of the last 40 ms: what a voice has and wind, traffic, typing and crackle have not.

The measure is the normalised autocorrelation (each shift divided by the energy of the two stretches
it compares, as in the RAPT pitch tracker, D. Talkin 1995), at its best peak for pitches of 70 to
450 Hz. It works on the harmonics that a telephone leaves, where the fundamental itself is cut off.
"""

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
        self._span = np.zeros(_SPAN)

    def block(self, samples: NDArray[np.int16], wanted: bool = True) -> Pitched:
        """The pitch of this block with the one before; none, at no cost, when not ``wanted``."""
        self._span[:BLOCK_SAMPLES] = self._span[BLOCK_SAMPLES:]
        self._span[BLOCK_SAMPLES:] = samples
        return _pitch(self._span - self._span.sum() / _SPAN) if wanted else _NOTHING


def _pitch(span: NDArray[np.float64]) -> Pitched:
    spectrum = np.fft.rfft(span, _SIZE)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[_SHORTEST - 1 : _LONGEST + 2]
    before = np.cumsum(span * span)
    early = before[_SPAN - _LONGEST - 2 : _SPAN - _SHORTEST + 1][::-1]
    late = before[-1] - before[_SHORTEST - 2 : _LONGEST + 1]
    # One squared 16-bit step a sample keeps digital silence from being divided by nothing.
    score = alike / (np.sqrt(early * late) + _SPAN)
    inner = score[1:-1]
    peaks = np.flatnonzero((inner >= score[:-2]) & (inner >= score[2:]) & (inner > 0))
    if not len(peaks):
        return _NOTHING
    best = float(inner[peaks].max())
    first = int(peaks[inner[peaks] >= _NEARLY * best][0])
    left, top, right = score[first : first + 3]
    bend = left - 2 * top + right  # a parabola through the peak and its neighbours
    return Pitched(best, _SHORTEST + first + float(0.5 * (left - right) / bend if bend else 0.0))
