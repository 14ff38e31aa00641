"""Is a stream what its sender says it is? Judged by how smooth it sounds.

Neighbouring samples of sound are alike (correlation 0.7 to 0.98 for speech in the telephone band);
read with the wrong format they are not, and nearly always far too loud. A stream is suspect only when
another reading is smooth where the declared one is rough: noise is rough in every reading, so that
no line, however bad, is suspected for what is on it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.audio import g711

READINGS: Final[Mapping[str, str]] = {
    "pcm16": "16-bit PCM, little-endian",
    "pcm16-be": "16-bit PCM, big-endian or shifted by one byte",
    "float32": "32-bit float PCM",
    "mulaw": "G.711 mu-law",
    "alaw": "G.711 A-law",
}
"""What bytes are tried as."""

_ACTIVE_DBFS: Final = -45.0
_LOUD_DBFS: Final = -20.0
"""Between G.711 and PCM the wrong reading is never softer than this (−6 dBFS or so)."""
_FAINT_DBFS: Final = -60.0
_SMOOTH: Final = 0.7
_SURE: Final = 0.8
"""A window this smooth in the declared reading clears the stream."""
_GAIN: Final = 0.2
_ABSURD_DBFS: Final = -10.0
"""Nobody sends this much this loud: no such window clears a stream."""
_SOFTER_DB: Final = 10.0
_SOFTER_GAIN: Final = 0.08
"""A wrong reading is louder than the right one: a reading so much softer need only be a little smoother."""
_INTERLEAVED: Final = 0.3
"""Two sides taken for one: neighbours belong to different voices, their correlation is near nought."""
_ALTERNATING: Final = -0.5
"""Below this it is a high tone, not a wrong reading."""
_CLIPPED: Final = 0.2
"""Share of samples at the rails above which nothing can be told: their bytes are the same few."""
_WINDOW_BYTES: Final = 16_000
"""What is judged at a time: 2 s of G.711 at 8 kHz, if that is what it is."""
_SUSPECT_WINDOWS: Final = 2
_MOST_WINDOWS: Final = 60


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to take the bytes of a stream."""

    coding: str
    sides: int

    def __str__(self) -> str:
        return f"{READINGS[self.coding]}, {self.sides} side{'s' * (self.sides > 1)}"


class Plausibility:
    """Watches the first seconds of a stream; then costs nothing."""

    def __init__(self, coding: str, sides: int) -> None:
        self._declared = Reading(coding, sides)
        self._bytes = bytearray()
        self._votes: Counter[Reading] = Counter()
        self._left = _MOST_WINDOWS

    def suspect(self, data: bytes) -> Reading | None:
        """Take the next bytes of the stream; what it seems to be, once that is clear, if not what was declared."""
        if not self._left:
            return None
        self._bytes += data
        while self._left and len(self._bytes) >= _WINDOW_BYTES:
            other = self._judge(bytes(self._bytes[:_WINDOW_BYTES]))
            del self._bytes[:_WINDOW_BYTES]
            self._left = max(0, self._left - 1)
            if other is not None:
                self._votes[other] += 1
                if self._votes[other] == _SUSPECT_WINDOWS:
                    return other
        if not self._left:
            self._bytes.clear()
        return None

    def _judge(self, data: bytes) -> Reading | None:
        """What a window of bytes seems to be, where that is not what was declared."""
        declared = self._declared
        smooth, level = _figures(data, declared)
        if level < _ACTIVE_DBFS or smooth < _ALTERNATING or _clipped(data, declared):
            return None
        if smooth >= _SURE and level < _ABSURD_DBFS:
            self._left = 0
            return None
        best, best_smooth = None, _SMOOTH
        for reading in (Reading(coding, sides) for coding in READINGS for sides in range(declared.sides, 3)):
            if reading == declared:
                continue
            if reading.coding == declared.coding:
                if abs(smooth) > _INTERLEAVED:
                    continue
            elif not {reading.coding, declared.coding} <= {"mulaw", "alaw"} and level < _LOUD_DBFS:
                continue
            other_smooth, other_level = _figures(data, reading)
            gain = _SOFTER_GAIN if other_level <= level - _SOFTER_DB else _GAIN
            if other_smooth > max(best_smooth, smooth + gain) and other_level > _FAINT_DBFS:
                best, best_smooth = reading, other_smooth
        return best


def _figures(data: bytes, reading: Reading) -> tuple[float, float]:
    """Correlation of neighbouring samples of a side, and level in dBFS; (−1, −∞) for no sound at all."""
    samples = _samples(data, reading.coding)
    sides = samples[: len(samples) // reading.sides * reading.sides].reshape(-1, reading.sides)
    sides = sides - sides.mean(axis=0)
    energy = float(np.square(sides).sum())
    if not energy:
        return -1.0, -np.inf
    alike = float((sides[1:] * sides[:-1]).sum())
    return alike / energy, 10 * float(np.log10(energy / sides.size))


def _clipped(data: bytes, declared: Reading) -> bool:
    samples = np.abs(_samples(data, declared.coding))
    return declared.coding == "pcm16" and float(np.mean(samples >= samples.max() * 0.999)) > _CLIPPED


def _samples(data: bytes, coding: str) -> NDArray[np.float64]:
    """Samples at full scale 1; zeros for what this coding cannot be."""
    if coding == "float32":
        with np.errstate(invalid="ignore"):
            floats = np.frombuffer(data[: len(data) // 4 * 4], "<f4").astype(np.float64)
        possible = np.isfinite(floats).all() and np.abs(floats).max(initial=0) <= 8
        return floats if possible else np.zeros(len(floats))
    if coding == "mulaw":
        data = g711.decode_mulaw(data)
    elif coding == "alaw":
        data = g711.decode_alaw(data)
    order = ">i2" if coding == "pcm16-be" else "<i2"
    return np.frombuffer(data[: len(data) // 2 * 2], order).astype(np.float64) / 32768
