"""Voice or not, for every 20 ms: webrtcvad behind a gate that knows the line.

webrtcvad takes anything loud enough for speech and goes on for a while after it. Three questions are
asked before its answer counts: is the block louder than the noise of this line, is it something other
than a tone (ringback, busy, DTMF, a beep), and does webrtcvad say voice.
"""

from collections import deque
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from monitor.audio.level import SILENCE_DBFS, dbfs, power_of
from monitor.timeline import BLOCK_SAMPLES, RATE_HZ

QUIETEST_DBFS: Final = -58.0
"""Nothing below this is a voice on a telephone line."""
ABOVE_NOISE_DB: Final = 6.0
"""How far voice stands out of the noise floor."""
_WINDOW_BLOCKS: Final = 25
_WINDOWS: Final = 6
"""The floor is the least of the last 6 half seconds: somewhere in 3 s everybody breathes."""
_TONE_SHARE: Final = 0.97
"""A block with this much of its power in two spectral lines is a tone …"""
_TONE_DRIFT_HZ: Final = 6.0
"""… if the strongest line stays where it was. Voices waver more than this in 20 ms."""
_LINE_BINS: Final = 2
"""A spectral line under a Hann window is two bins to each side of its peak."""


class Voice:
    """One side's voice activity. Memory and cost per block are constant."""

    def __init__(self, mode: int = 2) -> None:
        """``mode``: webrtcvad's aggressiveness, 0 (lets most through) to 3.

        Raises:
            ValueError: another mode.
        """
        if mode not in range(4):
            raise ValueError(f"webrtcvad knows modes 0 to 3, not {mode}")
        self._vad = webrtcvad.Vad(mode)
        self._floor = NoiseFloor()
        self._tone = Tone()

    def block(self, pcm: bytes) -> bool:
        """Whether there is a voice in these 640 bytes (20 ms, 16 kHz, signed 16-bit little-endian).

        Raises:
            ValueError: another number of bytes.
        """
        samples = np.frombuffer(pcm, "<i2")
        if len(samples) != BLOCK_SAMPLES:
            raise ValueError(f"a block is {BLOCK_SAMPLES} samples, not {len(samples)}")
        level = dbfs(power_of(samples))
        floor = self._floor.block(level)
        speech = self._vad.is_speech(pcm, RATE_HZ)  # always asked: it learns from what it hears
        loud = level >= max(QUIETEST_DBFS, floor + ABOVE_NOISE_DB)
        return not self._tone.block(samples if loud else None) and loud and speech


class NoiseFloor:
    """Level of the quietest moments of the last three seconds."""

    def __init__(self) -> None:
        self._lowest: deque[float] = deque(maxlen=_WINDOWS)
        self._blocks = 0
        self._smooth = 0.0

    def block(self, level: float) -> float:
        """The floor in dBFS after a block of this level."""
        # Smoothed over about three blocks: one chance dip between two pulses is not the floor.
        self._smooth = level if self._blocks == 0 else self._smooth + (level - self._smooth) / 3
        if self._blocks % _WINDOW_BLOCKS == 0:
            self._lowest.append(self._smooth)
        self._lowest[-1] = min(self._lowest[-1], self._smooth)
        self._blocks += 1
        # Before the first second is over the line is not known; a call may begin with a word.
        return min(self._lowest) if self._blocks > 2 * _WINDOW_BLOCKS else SILENCE_DBFS


class Tone:
    """Recognises one or two steady sine waves."""

    def __init__(self) -> None:
        self._window = np.hanning(BLOCK_SAMPLES)
        self._before: float | None = None

    def block(self, samples: NDArray[np.int16] | None) -> bool:
        """Is the block part of a tone? ``None``: a block too quiet to ask about."""
        before, self._before = self._before, None
        if samples is None:
            return False
        power = np.abs(np.fft.rfft(samples * self._window)) ** 2
        total = float(power.sum())
        peak = int(power.argmax())
        share = 0.0
        rest = power.copy()
        for _ in range(2):
            at = int(rest.argmax())
            line = slice(max(0, at - _LINE_BINS), at + _LINE_BINS + 1)
            share += float(rest[line].sum())
            rest[line] = 0
        if share < _TONE_SHARE * total:
            return False
        near = power[max(0, peak - _LINE_BINS) : peak + _LINE_BINS + 1]
        self._before = float(near @ np.arange(max(0, peak - _LINE_BINS), peak + _LINE_BINS + 1)[: len(near)])
        self._before *= RATE_HZ / BLOCK_SAMPLES / float(near.sum())
        return before is None or abs(self._before - before) < _TONE_DRIFT_HZ
