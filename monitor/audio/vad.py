"""Voice or not, for every 20 ms: webrtcvad behind a gate that knows the line.

webrtcvad takes most things that are loud for speech, and goes on for a while after them. Its answer
counts only for a block that stands out of the noise of this line, is no tone, is near something that only
a voice does (a vowel, or a loud stretch longer than a knock), and while no music plays. The figures were
chosen by ``bench/voice.py``.
"""

from typing import Final, NamedTuple

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from monitor.audio.floor import NoiseFloor
from monitor.audio.level import loudness
from monitor.audio.music import Music
from monitor.audio.pitch import Pitch
from monitor.audio.tone import Tone
from monitor.compiled import compiled
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
_LOUD_LEAST: Final = 6
_LOUD_MOST: Final = 25
_LOUD_DBFS: Final = -45.0
_LOUD_ABOVE_NOISE_DB: Final = 25.0
"""So long, so loud and so far above the noise is a voice without a pitch (a creak, a cough); longer is none."""
_NEAR_BLOCKS: Final = 20
"""Everything else counts while such proof is at most 20 blocks back: 400 ms."""
_MEMORY: Final = np.dtype(
    [
        ("pitched", np.int64),  # length of the vowel that lasts now, in blocks
        ("loud", np.int64),  # length of the loud stretch that lasts now
        ("near", np.int64),  # blocks for which the newest proof still counts
    ],
    align=True,
)

Floats = NDArray[np.float64]
Answers = NDArray[np.bool_]


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
        self._memory = np.zeros(1, _MEMORY)

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
        # Every part hears every block: each of them remembers what came before.
        said = np.array([self._vad.is_speech(piece, RATE_HZ) for piece in pieces], np.bool_)
        # A copy that may be written to: for an array that may not, Numba would compile once more.
        values = np.frombuffer(bytearray(pcm), np.int16).reshape(-1, BLOCK_SAMPLES)
        heard = loudness(values)
        asked, loud = _stand_out(said, heard, self._floor.blocks(heard))
        tones = self._tone.blocks(values, asked)
        pitches = self._pitch.blocks(values, asked > tones)
        voiced = _judge(self._memory, asked, loud, tones, pitches, self._music.blocks(pitches))
        return list(map(Block, pieces, heard[:, 0].tolist(), voiced.tolist()))


@compiled
def _stand_out(said: Answers, heard: Floats, floors: Floats) -> tuple[Answers, Answers]:
    """Which blocks webrtcvad calls speech that stand out of the noise, and which of them are loud.

    Args:
        said: shape (blocks,), webrtcvad's answer.
        heard: shape (blocks, 2), power and level.
        floors: shape (blocks, 2), noise floor and quietest moment, in dBFS.
    """
    asked, loud = np.empty(len(said), np.bool_), np.empty(len(said), np.bool_)
    for index in range(len(said)):
        level = heard[index, 1]
        floor, quietest = floors[index]
        gate = max(QUIETEST_DBFS, min(floor, LOUDEST_NOISE_DBFS) + ABOVE_NOISE_DB)
        asked[index] = said[index] and level >= gate
        loud[index] = asked[index] and level >= max(_LOUD_DBFS, quietest + _LOUD_ABOVE_NOISE_DB)
    return asked, loud


@compiled
def _judge(
    memories: NDArray[np.void], asked: Answers, loud: Answers, tones: Answers, pitches: Floats, music: Answers
) -> Answers:
    """Whether each block is voice, after all that came before it; ``memories``, shape (1,), goes on."""
    memory = memories[0]
    voiced = np.empty(len(asked), np.bool_)
    for index in range(len(asked)):
        tone = tones[index]
        if not tone:  # a moment of hum that passes for a tone does not end a vowel
            memory["pitched"] = memory["pitched"] + 1 if pitches[index, 0] >= PITCHED else 0
        memory["loud"] = memory["loud"] + 1 if loud[index] and not tone else 0
        if memory["pitched"] >= _VOWEL_BLOCKS or _LOUD_LEAST <= memory["loud"] <= _LOUD_MOST:
            memory["near"] = _NEAR_BLOCKS
        elif memory["near"] > 0:
            memory["near"] -= 1
        voiced[index] = asked[index] and not tone and not music[index] and memory["near"] > 0
    return voiced
