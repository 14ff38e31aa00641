"""Tones of the telephone network: ringback, busy, dial tone, DTMF, fax, beeps.

All of them are one or two sine waves that stand perfectly still; a voice never does. Two tests, each
for what the other misses: two lines that hold nearly all the power and do not move from one block to
the next (any frequency, known after 40 ms), and sound that repeats itself exactly after 100 ms, as
all frequencies do that are multiples of 5 Hz (450, 425, 350+440, 440+480, 950/1400/1800 and so on),
also where two of them beat.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

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
_LINE: Final = np.arange(2 * _REACH + 1)
_BIN_HZ: Final = RATE_HZ / BLOCK_SAMPLES
_PERIOD_BLOCKS: Final = 100 // BLOCK_MS
_REPEATS: Final = 0.85
"""Correlation with 100 ms ago above which a sound repeats itself: noise 7 dB below it is allowed for."""
_WINDOW: Final = np.hanning(BLOCK_SAMPLES)


class Tone:
    """Recognises steady tones in a stream of blocks."""

    def __init__(self) -> None:
        self._past = np.zeros((_PERIOD_BLOCKS, BLOCK_SAMPLES))
        self._line: tuple[float, float] | None = None
        """Power of both lines and frequency of one, if the block before was nothing else."""
        self._fresh = True
        """Nothing was asked about the block before: sound begins with this one."""

    def blocks(self, values: NDArray[np.float64], wanted: NDArray[np.bool_]) -> list[bool]:
        """Whether each block belongs to a tone. False, and cheap, where it is not wanted.

        Sound that begins as nothing but lines counts as a tone for its first block: a key pressed, a
        knock, the first 20 ms of DTMF. Voices begin more roughly; those that do not lose 20 ms.

        Args:
            values: shape (blocks, 320), samples as they are.
            wanted: shape (blocks,).
        """
        stream = np.concatenate((self._past, values))
        self._past = stream[-_PERIOD_BLOCKS:].copy()
        places = np.flatnonzero(wanted)
        looks = iter(_look(values[places], stream[places]) if len(places) else ())
        return [self._judge(next(looks)) if asked else self._pass() for asked in wanted.tolist()]

    def _pass(self) -> bool:
        self._line, self._fresh = None, True
        return False

    def _judge(self, look: "_Look") -> bool:
        before, self._line = self._line, look.line
        fresh, self._fresh = self._fresh, False
        if look.line is None:
            return look.repeats
        return look.repeats or fresh or (before is not None and _still(before, look.line))


class _Look(NamedTuple):
    """One block by itself."""

    repeats: bool
    """What 0.1 s ago was."""
    line: tuple[float, float] | None
    """Power of its two lines and frequency of one; None where there is more in it than lines."""


def _look(values: NDArray[np.float64], past: NDArray[np.float64]) -> Iterator[_Look]:
    """At each row; ``past`` is what was heard 0.1 s before it."""
    alike = np.abs(_products(values, past))
    both = np.sqrt(_products(values, values) * _products(past, past))
    repeating = (alike > _REPEATS * (both + 1)).tolist()
    spectrum = np.fft.rfft(values * _WINDOW)
    power = np.zeros((len(values), spectrum.shape[1] + 2 * _REACH))
    power[:, _REACH:-_REACH] = spectrum.real**2 + spectrum.imag**2
    totals = np.add.reduce(power, axis=1).tolist()
    for repeats, total, first, second in zip(repeating, totals, _take_lines(power), _take_lines(power), strict=True):
        if first[0] + second[0] < _SHARE * total:
            yield _Look(repeats, None)
            continue
        # Of two lines alike in power (DTMF) now one is the stronger, now the other: look at the lower.
        line = first if second[0] < _WEAK * first[0] else min(first, second, key=lambda line: line[1])
        yield _Look(repeats, (first[0] + second[0], line[1]))


def _still(before: tuple[float, float], line: tuple[float, float]) -> bool:
    louder, softer = max(before[0], line[0]), min(before[0], line[0])
    return louder < softer * _SWELL and abs(line[1] - before[1]) < _DRIFT_HZ


def _take_lines(power: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Power and centre (Hz) of the strongest line of each row, which is then blanked.

    ``power`` has :data:`_REACH` zeros before and behind its bins.
    """
    count, width = power.shape
    peaks = power[:, _REACH:-_REACH].argmax(axis=1)
    places = (peaks + np.arange(0, count * width, width))[:, None] + _LINE
    flat = power.reshape(-1)
    lines = flat[places]
    flat[places] = 0.0
    totals = np.add.reduce(lines, axis=1)
    centres = peaks + np.add.reduce(lines * (_LINE - _REACH), axis=1) / np.maximum(totals, 1e-9)
    return list(zip(totals.tolist(), (centres * _BIN_HZ).tolist(), strict=True))


def _products(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each row with its counterpart; of 16-bit samples exact, so in any order the same."""
    products: NDArray[np.float64] = np.einsum("ij,ij->i", one, other)
    return products
