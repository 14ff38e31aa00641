"""How periodic the last 40 ms are: what a voice has and wind, traffic, typing and crackle have not.

The measure is the normalised autocorrelation (each shift divided by the energy of the two stretches
it compares, as in the RAPT pitch tracker, D. Talkin 1995), at its best peak for pitches of 70 to
450 Hz. It works on the harmonics that a telephone leaves, where the fundamental itself is cut off.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.timeline import BLOCK_SAMPLES, RATE_HZ

_SHORTEST: Final = RATE_HZ // 450
_LONGEST: Final = RATE_HZ // 70
_SPAN: Final = 2 * BLOCK_SAMPLES
_SIZE: Final = 1024
"""FFT length: at least span and longest shift together, so that the correlation does not wrap."""


class Pitch:
    """Periodicity of one stream of blocks."""

    def __init__(self) -> None:
        self._span = np.zeros(_SPAN)

    def block(self, samples: NDArray[np.int16], wanted: bool = True) -> float:
        """0 (noise) to 1 (exactly periodic) for this block with the one before; 0 when not ``wanted``."""
        self._span[:BLOCK_SAMPLES] = self._span[BLOCK_SAMPLES:]
        self._span[BLOCK_SAMPLES:] = samples
        return _periodicity(self._span - self._span.sum() / _SPAN) if wanted else 0.0


def _periodicity(span: NDArray[np.float64]) -> float:
    spectrum = np.fft.rfft(span, _SIZE)
    alike = np.fft.irfft(spectrum.real**2 + spectrum.imag**2)[_SHORTEST - 1 : _LONGEST + 2]
    before = np.cumsum(span * span)
    early = before[_SPAN - _LONGEST - 2 : _SPAN - _SHORTEST + 1][::-1]
    late = before[-1] - before[_SHORTEST - 2 : _LONGEST + 1]
    # One squared 16-bit step a sample keeps digital silence from being divided by nothing.
    score = alike / (np.sqrt(early * late) + _SPAN)
    inner = score[1:-1]
    peaks = inner[(inner >= score[:-2]) & (inner >= score[2:])]
    return max(0.0, float(peaks.max())) if len(peaks) else 0.0
