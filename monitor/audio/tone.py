"""Tones of the telephone network: ringback, busy, dial tone, DTMF, fax, beeps.

All of them are one or two sine waves that stand perfectly still; a voice never does. Two tests, each
for what the other misses: two lines that hold nearly all the power and do not move from one block to
the next (any frequency, known after 40 ms), and sound that repeats itself exactly after 100 ms, as
all frequencies do that are multiples of 5 Hz (450, 425, 350+440, 440+480, 950/1400/1800 and so on),
also where two of them beat.
"""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.timeline import BLOCK_MS, BLOCK_SAMPLES, RATE_HZ

_SHARE: Final = 0.9
"""Least share of a block's power that lies in the two strongest spectral lines of a tone."""
_DRIFT_HZ: Final = 1.0
"""The line moves less than this from block to block …"""
_SWELL: Final = 1.122
"""… and the power changes by less than this factor (0.5 dB)."""
_WEAK: Final = 0.1
"""A second line with less power than this, relative to the first, is noise."""
_REACH: Final = 2
"""A spectral line under a Hann window fills two bins to each side of its peak."""
_BIN_HZ: Final = RATE_HZ / BLOCK_SAMPLES
_PERIOD_BLOCKS: Final = 100 // BLOCK_MS
_REPEATS: Final = 0.85
"""Correlation with 100 ms ago above which a sound repeats itself: noise 7 dB below it is allowed for."""


class Tone:
    """Recognises steady tones in a stream of blocks."""

    def __init__(self) -> None:
        self._window = np.hanning(BLOCK_SAMPLES)
        self._past = deque([np.zeros(BLOCK_SAMPLES)] * _PERIOD_BLOCKS, maxlen=_PERIOD_BLOCKS)
        self._line: tuple[float, float] | None = None
        """Power of both lines and frequency of one, if the block before was nothing else."""
        self._fresh = True
        """Nothing was asked about the block before: sound begins with this one."""

    def block(self, samples: NDArray[np.int16], wanted: bool = True) -> bool:
        """Whether the block belongs to a tone. False, and cheap, when not ``wanted``.

        Sound that begins as nothing but lines counts as a tone for its first block: a key pressed, a
        knock, the first 20 ms of DTMF. Voices begin more roughly; those that do not lose 20 ms.
        """
        values = samples.astype(np.float64)
        past, before, self._line = self._past[0], self._line, None
        fresh, self._fresh = self._fresh, not wanted
        self._past.append(values)
        if not wanted:
            return False
        repeats = abs(float(values @ past)) > _REPEATS * float(np.sqrt((values @ values) * (past @ past)) + 1)
        spectrum = np.fft.rfft(values * self._window)
        power = spectrum.real**2 + spectrum.imag**2
        total = float(power.sum())
        first, second = _take_line(power), _take_line(power)
        if first[0] + second[0] < _SHARE * total:
            return repeats
        # Of two lines alike in power (DTMF) now one is the stronger, now the other: look at the lower.
        line = first if second[0] < _WEAK * first[0] else min(first, second, key=lambda line: line[1])
        self._line = first[0] + second[0], line[1]
        return repeats or fresh or (before is not None and _still(before, self._line))


def _still(before: tuple[float, float], line: tuple[float, float]) -> bool:
    louder, softer = max(before[0], line[0]), min(before[0], line[0])
    return louder < softer * _SWELL and abs(line[1] - before[1]) < _DRIFT_HZ


def _take_line(power: NDArray[np.float64]) -> tuple[float, float]:
    """Power and centre (Hz) of the strongest line, which is then blanked."""
    peak = int(power.argmax())
    bins = np.arange(max(0, peak - _REACH), min(len(power), peak + _REACH + 1))
    line = power[bins].copy()
    power[bins] = 0
    total = float(line.sum())
    return total, float(line @ bins) / max(total, 1e-9) * _BIN_HZ
