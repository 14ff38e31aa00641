"""Tones of the telephone network: ringback, busy, dial tone, DTMF, fax, beeps.

All of them are one or two sine waves that stand perfectly still; a voice never does. Two tests, each
for what the other misses: two lines that hold nearly all the power and do not move from one block to
the next (any frequency, known after 40 ms), and sound that repeats itself exactly after 100 ms, as
all frequencies do that are multiples of 5 Hz (450, 425, 350+440, 440+480, 950/1400/1800 and so on),
also where two of them beat.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.audio.spectrum import BIN_HZ, power_spectra
from monitor.compiled import compiled
from monitor.timeline import BLOCK_MS, BLOCK_SAMPLES

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
_PERIOD_BLOCKS: Final = 100 // BLOCK_MS
_REPEATS: Final = 0.85
"""Correlation with 100 ms ago above which a sound repeats itself: noise 7 dB below it is allowed for."""
_FRESH: Final = -1.0
"""In place of a power: nothing was asked about the block before, sound begins with this one."""
_NO_LINE: Final = 0.0
"""In place of a power: there was more in the block than lines."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]
Answers = NDArray[np.bool_]


class Tone:
    """Recognises steady tones in a stream of blocks."""

    def __init__(self) -> None:
        self._past = np.zeros((_PERIOD_BLOCKS, BLOCK_SAMPLES), np.int16)
        self._line = np.array([_FRESH, 0.0])
        """Power of both lines of the block before, and frequency of one in Hz."""

    def blocks(self, values: Samples, wanted: Answers) -> Answers:
        """Whether each block belongs to a tone, shape (blocks,). False, and cheap, where it is not wanted.

        Sound that begins as nothing but lines counts as a tone for its first block: a key pressed, a
        knock, the first 20 ms of DTMF. Voices begin more roughly; those that do not lose 20 ms.

        Args:
            values: shape (blocks, 320), samples as they are.
            wanted: shape (blocks,).
        """
        return _tones(self._past, self._line, values, wanted, power_spectra(values, wanted))


@compiled
def _tones(past: Samples, line: Floats, values: Samples, wanted: Answers, spectra: Floats) -> Answers:
    """Whether each block is a tone; ``past``, the blocks before them, and ``line`` go on to the last.

    Args:
        past: shape (5, 320).
        line: shape (2,), see :class:`Tone`.
        values: shape (blocks, 320).
        wanted: shape (blocks,).
        spectra: shape (blocks, 161), of their power.
    """
    answers = np.zeros(len(values), np.bool_)
    for index in range(len(values)):
        if not wanted[index]:
            line[0] = _FRESH
            continue
        ago = values[index - _PERIOD_BLOCKS] if index >= _PERIOD_BLOCKS else past[index]
        answers[index] = _repeats(values[index], ago)
        only_lines, power, hz = _lines(spectra[index])
        if only_lines and (line[0] == _FRESH or _still(line[0], line[1], power, hz)):
            answers[index] = True
        line[0], line[1] = power if only_lines else _NO_LINE, hz
    for index in range(_PERIOD_BLOCKS):
        newer = index + len(values)  # in past and values, one behind the other
        past[index] = past[newer] if newer < _PERIOD_BLOCKS else values[newer - _PERIOD_BLOCKS]
    return answers


@compiled
def _repeats(values: Samples, ago: Samples) -> bool:
    """Whether the block is what was heard 0.1 s ago. Sums of 16-bit products are exact, so in any order the same."""
    alike = now = then = np.int64(0)
    for at in range(BLOCK_SAMPLES):
        new, old = np.int64(values[at]), np.int64(ago[at])
        alike += new * old
        now += new * new
        then += old * old
    return bool(abs(alike) > _REPEATS * (np.sqrt(float(now) * float(then)) + 1))


@compiled
def _lines(spectrum: Floats) -> tuple[bool, float, float]:
    """Whether there is nothing in a block but two lines; power of both, and frequency of one in Hz."""
    power = np.zeros(len(spectrum) + 2 * _REACH)
    power[_REACH:-_REACH] = spectrum
    total = np.sum(spectrum)
    first, first_hz = _take_line(power)
    second, second_hz = _take_line(power)
    # Of two lines alike in power (DTMF) now one is the stronger, now the other: look at the lower.
    hz = first_hz if second < _WEAK * first else min(first_hz, second_hz)
    return bool(first + second >= _SHARE * total), first + second, hz


@compiled
def _take_line(power: Floats) -> tuple[float, float]:
    """Power and centre (Hz) of the strongest line, which is then blanked.

    ``power`` has :data:`_REACH` zeros before and behind its bins.
    """
    peak = _REACH + np.argmax(power[_REACH:-_REACH])
    total = moment = 0.0
    for at in range(peak - _REACH, peak + _REACH + 1):
        total += power[at]
        moment += power[at] * (at - peak)
        power[at] = 0.0
    return total, (peak - _REACH + moment / max(total, 1e-9)) * BIN_HZ


@compiled
def _still(power_before: float, hz_before: float, power: float, hz: float) -> bool:
    louder, softer = max(power_before, power), min(power_before, power)
    return louder < softer * _SWELL and abs(hz - hz_before) < _DRIFT_HZ
