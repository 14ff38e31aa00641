"""Voice or not, for every 20 ms: webrtcvad behind a gate that knows the line.

webrtcvad takes most things that are loud for speech, and goes on for a while after them. Its answer
counts only for a block that stands out of the noise of this line, is no tone, is near something that only
a voice does (a vowel, or a loud stretch longer than a knock), and while no music plays. The figures were
chosen by ``bench/voice.py``.
"""

from collections import deque
from typing import Final, NamedTuple

import numpy as np
import webrtcvad

from monitor.audio.level import SILENCE_DBFS, dbfs, powers_of
from monitor.audio.music import Music
from monitor.audio.pitch import Pitch, Pitched
from monitor.audio.tone import Tone
from monitor.timeline import BLOCK_BYTES, BLOCK_SAMPLES, RATE_HZ

QUIETEST_DBFS: Final = -58.0
"""Nothing below this is a voice on a telephone line."""
LOUDEST_NOISE_DBFS: Final = -33.0
"""What is louder and lasts is music or a crowd, not the line: it does not raise the gate further."""
ABOVE_NOISE_DB: Final = 6.0
"""How far voice stands out of the noise floor."""
PITCHED: Final = 0.6
"""Periodicity of a block that has a pitch."""
_VOWEL_BLOCKS: Final = 3
"""So many pitched blocks in a row are a vowel; a key click rings through two overlapping spans."""
_LOUD_BLOCKS: Final = range(6, 26)
_LOUD_DBFS: Final = -45.0
_LOUD_ABOVE_NOISE_DB: Final = 25.0
"""So long, so loud and so far above the noise is a voice without a pitch (a creak, a cough); longer is none."""
_NEAR_BLOCKS: Final = 20
"""Everything else counts while such proof is at most 20 blocks back: 400 ms."""
_WINDOW_BLOCKS: Final = 25
_WINDOWS: Final = 6
"""The floor is the least of the last six half seconds: somewhere in 3 s everybody breathes."""


class Block(NamedTuple):
    """20 ms of one side."""

    pcm: bytes
    """640 bytes: 16 kHz, signed 16-bit little-endian."""
    power: float
    """Mean square relative to full scale, 0–1."""
    voiced: bool


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
        self._pitch = Pitch()
        self._music = Music()
        self._pitched = self._loud = 0
        """Length of the vowel and of the loud stretch that last now."""
        self._since_proof = _NEAR_BLOCKS

    def blocks(self, pcm: bytes) -> list[Block]:
        """Whether there is a voice in each 640 bytes (20 ms, 16 kHz, signed 16-bit little-endian).

        How many are given at once changes nothing in the answers, but many at once cost less each.
        Speech that begins without a pitch (s, sh, f) is noticed with its first vowel.

        Raises:
            ValueError: not whole blocks.
        """
        if len(pcm) % BLOCK_BYTES:
            raise ValueError(f"a block is {BLOCK_SAMPLES} samples; {len(pcm)} bytes are not whole blocks")
        pieces = [pcm[at : at + BLOCK_BYTES] for at in range(0, len(pcm), BLOCK_BYTES)]
        values = np.frombuffer(pcm, "<i2").reshape(-1, BLOCK_SAMPLES).astype(np.float64)
        powers = powers_of(values)
        levels = [dbfs(power) for power in powers]
        gates = [self._gate(level) for level in levels]
        # Every part hears every block: each of them remembers what came before.
        speech = [
            self._vad.is_speech(piece, RATE_HZ) and level >= gate
            for piece, level, (gate, _) in zip(pieces, levels, gates, strict=True)
        ]
        asked = np.array(speech, bool)
        tones = self._tone.blocks(values, asked)
        pitches = self._pitch.blocks(values, asked & ~np.array(tones, bool))
        voiced = [
            self._judge(is_speech, tone, pitch, level >= loud)
            for is_speech, tone, pitch, level, (_, loud) in zip(speech, tones, pitches, levels, gates, strict=True)
        ]
        return list(map(Block, pieces, powers, voiced))

    def _gate(self, level: float) -> tuple[float, float]:
        """The levels in dBFS from which on the next block may be a voice, and is loud."""
        self._floor.block(level)
        noise = min(self._floor.dbfs, LOUDEST_NOISE_DBFS)
        loud = max(_LOUD_DBFS, self._floor.lowest_dbfs + _LOUD_ABOVE_NOISE_DB)
        return max(QUIETEST_DBFS, noise + ABOVE_NOISE_DB), loud

    def _judge(self, speech: bool, tone: bool, pitch: Pitched, loud: bool) -> bool:
        """Whether the block is voice, after all that came before it."""
        music = self._music.block(pitch if speech else None)
        if not tone:  # a moment of hum that passes for a tone does not end a vowel
            self._pitched = self._pitched + 1 if pitch.periodicity >= PITCHED else 0
        self._loud = self._loud + 1 if speech and loud and not tone else 0
        proof = self._pitched >= _VOWEL_BLOCKS or self._loud in _LOUD_BLOCKS
        self._since_proof = 0 if proof else self._since_proof + 1
        return speech and not tone and not music and self._since_proof < _NEAR_BLOCKS


class NoiseFloor:
    """Level of the quietest moments of the last three seconds."""

    def __init__(self) -> None:
        self._lowest: deque[float] = deque(maxlen=_WINDOWS)
        self._blocks = 0
        self._smooth = 0.0

    @property
    def lowest_dbfs(self) -> float:
        """The quietest moment so far; at the beginning of a call that may be speech."""
        return min(self._lowest)

    @property
    def dbfs(self) -> float:
        """The floor; very low in the first second, when a call that begins with a word has no quiet yet."""
        return self.lowest_dbfs if self._blocks > 2 * _WINDOW_BLOCKS else SILENCE_DBFS

    def block(self, level: float) -> None:
        """Take the level of one block, in dBFS."""
        # Smoothed over about three blocks: one chance dip between two pulses is not the floor.
        self._smooth = level if self._blocks == 0 else self._smooth + (level - self._smooth) / 3
        if self._blocks % _WINDOW_BLOCKS == 0:
            self._lowest.append(self._smooth)
        self._lowest[-1] = min(self._lowest[-1], self._smooth)
        self._blocks += 1
