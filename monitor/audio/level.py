"""How loud a side is and how loud the line is behind it.

dBFS here: 20·log10 of the RMS to 32768, so a full-scale square wave has 0 dBFS and a full-scale sine
−3. Powers are averaged, not decibels; of the noise it is the middle block that counts, so that a knock,
or a word that was taken for no voice, does not weigh what a thousand quiet blocks weigh.
"""

import math
from collections import deque
from statistics import median
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled

SILENCE_DBFS: Final = -96.0
"""What digital silence is counted as: just below one step of 16 bits."""
_FULL_SCALE: Final = 32768.0**2
_VOICE_SHARE: Final = 1 / 50
"""Weight of a new voiced block: about a second of speech is remembered."""
_NOISE_BLOCKS: Final = 150
"""So many blocks of quiet are remembered: 3 s."""
_SPEECH_ECHO_BLOCKS: Final = 10
"""Blocks after speech that are still word ends and room, not yet noise."""
_CONSONANT_BLOCKS: Final = 15
"""Blocks before speech that may be its first consonant: voice is noticed with the first vowel."""
_ENOUGH_BLOCKS: Final = 10
"""A figure is given once it rests on this many blocks."""


def dbfs(power: float) -> float:
    """A power relative to full scale in decibels, not below :data:`SILENCE_DBFS`."""
    return max(SILENCE_DBFS, 10 * math.log10(power)) if power > 0 else SILENCE_DBFS


_dbfs = compiled(dbfs)


@compiled
def loudness(values: NDArray[np.int16]) -> NDArray[np.float64]:
    """Power and level of every row of samples, shape (rows, 2). Sums are exact, so in any order the same.

    Power is the mean square relative to full scale, 0–1; level is the same in dBFS.
    """
    found = np.empty((len(values), 2))
    for index in range(len(values)):
        total = np.int64(0)
        for value in values[index]:
            total += np.int64(value) * np.int64(value)
        power = total / values.shape[1] / _FULL_SCALE
        found[index] = power, _dbfs(power)
    return found


class Level:
    """Loudness of the speech and of the noise between it, for one side."""

    def __init__(self) -> None:
        self._voice = _Average(_VOICE_SHARE)
        self._noise: deque[float] = deque(maxlen=_NOISE_BLOCKS)
        self._quiet: deque[float] = deque()
        """Blocks that are noise if no voice follows soon; at most ``_CONSONANT_BLOCKS``."""
        self._echo = 0

    def block(self, power: float, voiced: bool) -> None:
        """Take the power of one block (any length but the same every time) and whether it is voice."""
        if voiced:
            self._voice.add(power)
            self._quiet.clear()
            self._echo = _SPEECH_ECHO_BLOCKS
        elif self._echo:
            self._echo -= 1
        else:
            self._quiet.append(power)
            if len(self._quiet) > _CONSONANT_BLOCKS:
                self._noise.append(self._quiet.popleft())

    @property
    def level_dbfs(self) -> float | None:
        """RMS of the voiced blocks, over about the last second of speech. None until there was speech."""
        return self._voice.dbfs

    @property
    def noise_dbfs(self) -> float | None:
        """Median RMS of the blocks between the speech, over the last three seconds of quiet.

        None until there was quiet: a pause counts from 0.2 s after a word to 0.3 s before the next.
        """
        return dbfs(median(self._noise)) if len(self._noise) >= _ENOUGH_BLOCKS else None

    @property
    def snr_db(self) -> float | None:
        """Speech above noise. None until both are known."""
        level, noise = self.level_dbfs, self.noise_dbfs
        return None if level is None or noise is None else level - noise


class _Average:
    """Exponential average of powers that begins as a plain average."""

    def __init__(self, share: float) -> None:
        self._share, self._power, self._count = share, 0.0, 0

    def add(self, power: float) -> None:
        self._count += 1
        self._power += (power - self._power) * max(self._share, 1 / self._count)

    @property
    def dbfs(self) -> float | None:
        return dbfs(self._power) if self._count >= _ENOUGH_BLOCKS else None
