"""What a telephone line does to speech: noise, G.711, lost packets."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from speech_corpus import LINE_HZ, Samples, load

from monitor.audio.g711 import decode_mulaw, encode_mulaw

PACKET = LINE_HZ // 50
FLOOR_DBFS = -66.0
LEAD_S, TAIL_S = 0.4, 1.0


@dataclass(frozen=True, slots=True)
class Line:
    """One condition of the line."""

    name: str
    snr_db: float | None = None
    """None: no noise but the line's own floor."""
    loss: float = 0.0
    """Share of 20 ms packets that never arrive, independently; silence stands for them (no concealment)."""


LINES = {
    line.name: line
    for line in (
        Line("clean"),
        Line("snr15", snr_db=15.0),
        Line("snr8", snr_db=8.0),
        Line("loss3", loss=0.03),
        Line("loss10", loss=0.10),
    )
}


def sent(speech: Samples, line: Line, name: str, noise: Sequence[Path]) -> bytes:
    """The speech as it comes off the line: 16-bit PCM at 8 kHz, silence before and after, same for the same name.

    The signal-to-noise ratio is that of the RMS of the whole sentence to the RMS of the noise under it.
    """
    random = np.random.default_rng(zlib.crc32(f"{line.name} {name}".encode()))
    wave = np.pad(speech, (int(LEAD_S * LINE_HZ), int(TAIL_S * LINE_HZ)))
    wave = wave + random.normal(size=len(wave)) * 10 ** (FLOOR_DBFS / 20)
    if line.snr_db is not None:
        bed = _bed(noise, len(wave), random)
        wave = wave + bed * (_rms(speech) / _rms(bed) / 10 ** (line.snr_db / 20))
    coded = np.frombuffer(encode_mulaw(np.round(np.clip(wave, -1, 1) * 32767).astype("<i2").tobytes()), np.uint8)
    linear = np.frombuffer(decode_mulaw(coded.tobytes()), "<i2").copy()
    if line.loss:
        for first in range(0, len(linear), PACKET):
            if random.random() < line.loss:
                linear[first : first + PACKET] = 0
    return linear.tobytes()


def _bed(noise: Sequence[Path], count: int, random: np.random.Generator) -> Samples:
    if not noise:
        spectrum = np.fft.rfft(random.normal(size=count))
        hz = np.fft.rfftfreq(count, 1 / LINE_HZ)
        return np.fft.irfft(spectrum / np.sqrt(np.maximum(hz, 50.0)), count)
    bed = _noise(noise[int(random.integers(len(noise)))])
    return np.resize(np.roll(bed, -int(random.integers(len(bed)))), count)


@cache
def _noise(path: Path) -> Samples:
    return load(path)


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples**2))) + 1e-12
