"""How loud a side is and how loud the line is behind it.

dBFS here: 20·log10 of the RMS to 32768, so a full-scale square wave has 0 dBFS and a full-scale sine
−3. Powers are averaged, not decibels.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SILENCE_DBFS: Final = -96.0
"""What digital silence is counted as: just below one step of 16 bits."""
_FULL_SCALE: Final = 32768.0**2
_VOICE_SHARE: Final = 1 / 50
"""Weight of a new voiced block: about a second of speech is remembered."""
_NOISE_SHARE: Final = 1 / 100
_SPEECH_ECHO_BLOCKS: Final = 10
"""Blocks after speech that are still word ends and room, not yet noise."""
_ENOUGH_BLOCKS: Final = 10
"""A figure is given once it rests on this many blocks."""


def power_of(samples: NDArray[np.int16]) -> float:
    """Mean square of the samples relative to full scale, 0–1."""
    values = samples.astype(np.float64)
    return float(values @ values) / len(samples) / _FULL_SCALE


def dbfs(power: float) -> float:
    """A power relative to full scale in decibels, not below :data:`SILENCE_DBFS`."""
    return max(SILENCE_DBFS, 10 * float(np.log10(power))) if power > 0 else SILENCE_DBFS


class Level:
    """Loudness of the speech and of the noise between it, for one side."""

    def __init__(self) -> None:
        self._voice = _Average(_VOICE_SHARE)
        self._noise = _Average(_NOISE_SHARE)
        self._echo = 0

    def block(self, pcm: bytes, voiced: bool) -> None:
        """Take one block (any length but the same every time) and whether it is voice."""
        power = power_of(np.frombuffer(pcm, "<i2"))
        if voiced:
            self._voice.add(power)
            self._echo = _SPEECH_ECHO_BLOCKS
        elif self._echo:
            self._echo -= 1
        else:
            self._noise.add(power)

    @property
    def level_dbfs(self) -> float | None:
        """RMS of the voiced blocks, over about the last second of speech. None until there was speech."""
        return self._voice.dbfs

    @property
    def noise_dbfs(self) -> float | None:
        """RMS between the speech, over about the last two seconds of it. None until there was quiet."""
        return self._noise.dbfs

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
