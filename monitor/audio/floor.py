"""The noise floor of a line: the level of the quietest moments of the last three seconds."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.audio.level import SILENCE_DBFS
from monitor.compiled import compiled

_WINDOW_BLOCKS: Final = 25
_WINDOWS: Final = 6
"""The floor is the least of the last six half seconds: somewhere in 3 s everybody breathes."""
_MEMORY: Final = np.dtype(
    [
        ("lowest", np.float64, (_WINDOWS,)),  # in dBFS, of each window; a ring
        ("smooth", np.float64),  # the level now
        ("blocks", np.int64),  # so far
    ],
    align=True,
)

Floats = NDArray[np.float64]


class NoiseFloor:
    """The floor under one stream of blocks."""

    def __init__(self) -> None:
        self._memory = np.zeros(1, _MEMORY)

    def blocks(self, heard: Floats) -> Floats:
        """The floor and the quietest moment after each block, in dBFS, shape (blocks, 2).

        The floor is very low in the first second, when a call that begins with a word has no quiet yet; the
        quietest moment so far may then be speech.

        Args:
            heard: shape (blocks, 2), power and level as :func:`monitor.audio.level.loudness` gives them.
        """
        return _floors(self._memory, heard)


@compiled
def _floors(memories: NDArray[np.void], heard: Floats) -> Floats:
    """As :meth:`NoiseFloor.blocks`; ``memories``, shape (1,), goes on."""
    memory = memories[0]
    lowest = memory["lowest"]
    found = np.empty((len(heard), 2))
    for index in range(len(heard)):
        blocks, level = memory["blocks"], heard[index, 1]
        # Smoothed over about three blocks: one chance dip between two pulses is not the floor.
        smooth = level if blocks == 0 else memory["smooth"] + (level - memory["smooth"]) / 3
        window = blocks // _WINDOW_BLOCKS
        place = window % _WINDOWS
        lowest[place] = smooth if blocks % _WINDOW_BLOCKS == 0 else min(lowest[place], smooth)
        memory["smooth"], memory["blocks"] = smooth, blocks + 1
        quietest = np.min(lowest[: min(window + 1, _WINDOWS)])
        found[index] = quietest if blocks >= 2 * _WINDOW_BLOCKS else SILENCE_DBFS, quietest
    return found
