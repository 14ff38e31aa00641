"""Music on hold, told from speech by its notes: a note stands still, a voice glides.

Measured on pitch from block to block: in speech (read, spontaneous and synthetic Mandarin, first tones
included) 12 % of the steps are smaller than 0.4 % and 80 % are glides of up to 8 %; in music on hold it is
65 % and 15 %, the rest leaps. Over some three seconds the two never met. Singing is taken for speech.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled

_STILL: Final = 1.004
_GLIDE: Final = 1.083
_STEPS: Final = 50
_ENOUGH: Final = 25
_STILL_SHARE: Final = 0.45
"""Share of still steps that is music …"""
_GLIDING_SHARE: Final = 0.35
"""… and below which it no longer is."""
_QUICK_STEPS: Final = 6
_QUICK_GLIDES: Final = 5
"""Whoever speaks right after the music is heard again after so many glides in six steps, 0.12 s."""
_SURE: Final = 0.7
"""Periodicity above which a pitch is exact enough."""
_FORGET_BLOCKS: Final = 100
_MEMORY: Final = np.dtype(
    [
        ("steps", np.float64, (_STEPS,)),  # a ring
        ("count", np.int64),  # steps since they were forgotten; the newest is at (count - 1) % _STEPS
        ("before", np.float64),  # period of the block before; 0: it had none
        ("since", np.int64),  # blocks without a pitch
        ("playing", np.bool_),
    ],
    align=True,
)

Floats = NDArray[np.float64]
Answers = NDArray[np.bool_]


class Music:
    """Follows the pitch of one side."""

    def __init__(self) -> None:
        self._memory = np.zeros(1, _MEMORY)

    def blocks(self, pitches: Floats) -> Answers:
        """Whether music is playing, shape (blocks,).

        Args:
            pitches: shape (blocks, 2), periodicity and period as :meth:`monitor.audio.pitch.Pitch.blocks` gives them.
        """
        return _music(self._memory, pitches)


@compiled
def _music(memories: NDArray[np.void], pitches: Floats) -> Answers:
    """As :meth:`Music.blocks`; ``memories``, shape (1,), goes on."""
    memory = memories[0]
    answers = np.empty(len(pitches), np.bool_)
    for index in range(len(pitches)):
        periodicity, period = pitches[index]
        if periodicity < _SURE:
            memory["before"] = 0.0
            memory["since"] += 1
            if memory["since"] >= _FORGET_BLOCKS:
                memory["playing"], memory["count"] = False, 0
        else:
            memory["since"] = 0
            before, memory["before"] = memory["before"], period
            if before > 0:
                memory["steps"][memory["count"] % _STEPS] = max(before, period) / min(before, period)
                memory["count"] += 1
                _judge(memory)
        answers[index] = memory["playing"]
    return answers


@compiled
def _judge(memory: np.void) -> None:
    """What the newest step makes of the music."""
    steps, count = memory["steps"], memory["count"]
    known = min(count, _STEPS)
    still = np.sum(steps[:known] < _STILL) / known
    if not memory["playing"]:
        memory["playing"] = known >= _ENOUGH and still >= _STILL_SHARE
        return
    glides = 0
    for back in range(1, min(known, _QUICK_STEPS) + 1):
        glides += _STILL <= steps[(count - back) % _STEPS] < _GLIDE
    if still < _GLIDING_SHARE or glides >= _QUICK_GLIDES:
        memory["playing"], memory["count"] = False, 0
