"""Pitch of the last 40 ms: what a voice has and wind, traffic, typing and crackle have not.

The measure is the normalised autocorrelation (each shift divided by the energy of the two stretches
it compares, as in the RAPT pitch tracker, D. Talkin 1995), at its best peak for pitches of 70 to
450 Hz. It works on the harmonics that a telephone leaves, where the fundamental itself is cut off.

Sums of products of 16-bit samples are whole numbers of at most 60 bits here, the mean taken off and all:
they are exact, and in any order the same.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled
from monitor.timeline import BLOCK_SAMPLES, RATE_HZ

_SHORTEST: Final = RATE_HZ // 450
_LONGEST: Final = RATE_HZ // 70
_FIRST: Final = _SHORTEST - 1
_SHIFTS: Final = _LONGEST + 1 - _FIRST + 1
"""Every period that is looked for and, since a peak has two sides, one more at either end."""
_AT_ONCE: Final = 4
"""Shifts that are summed in one pass over the samples, which are read so many times less; divides ``_SHIFTS``."""
_SPAN: Final = 2 * BLOCK_SAMPLES
_NEARLY: Final = 0.93
"""A shorter period nearly as good as the best is the right one: the best may be a multiple of it."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float64]


class Pitch:
    """Pitch of one stream of blocks."""

    def __init__(self) -> None:
        self._before = np.zeros(BLOCK_SAMPLES, np.int16)

    def blocks(self, values: Samples, wanted: NDArray[np.bool_]) -> Floats:
        """Periodicity and period of each block with the one before it; none, at no cost, where it is not wanted.

        Periodicity is 0 (noise) to 1 (exactly periodic); the period is in samples at 16 kHz, between the samples
        too, and 1 where nothing repeats.

        Args:
            values: shape (blocks, 320), samples as they are.
            wanted: shape (blocks,).

        Returns:
            Shape (blocks, 2).
        """
        return _pitches(self._before, values, wanted)


@compiled
def _pitches(before: Samples, values: Samples, wanted: NDArray[np.bool_]) -> Floats:
    """As :meth:`Pitch.blocks`; ``before``, the block before them, becomes the last."""
    found = np.empty((len(values), 2))
    span = np.zeros(_SPAN + _AT_ONCE - 1, np.int16)
    for index in range(len(values)):
        found[index] = 0.0, 1.0
        if wanted[index]:
            span[:BLOCK_SAMPLES] = values[index - 1] if index else before
            span[BLOCK_SAMPLES:_SPAN] = values[index]
            found[index] = _best(_scores(span))
    if len(values):
        before[:] = values[-1]
    return found


@compiled
def _products(span: Samples) -> NDArray[np.int64]:
    """Of each shift from ``_FIRST`` on, the sum of all ``span[at] * span[at + shift]``.

    ``span`` has zeros behind its samples, for the shifts that end sooner than those they are summed with.
    """
    sums = np.empty(_SHIFTS, np.int64)
    for shift in range(0, _SHIFTS, _AT_ONCE):
        shifted = span[_FIRST + shift :]
        first = second = third = fourth = np.int64(0)
        for at in range(_SPAN - _FIRST - shift):
            value = np.int64(span[at])
            first += value * np.int64(shifted[at])
            second += value * np.int64(shifted[at + 1])
            third += value * np.int64(shifted[at + 2])
            fourth += value * np.int64(shifted[at + 3])
        sums[shift], sums[shift + 1], sums[shift + 2], sums[shift + 3] = first, second, third, fourth
    return sums


@compiled
def _scores(span: Samples) -> Floats:
    """Of each shift from ``_FIRST`` on, how alike the span and the shifted span are where they overlap: −1 to 1.

    The mean m of the whole span is taken off: Σ(x−m)(y−m) = Σxy − mΣx − mΣy + km² over the k places of the overlap,
    here times the square of the span's length, so that no fraction arises.
    """
    sums, squares = np.zeros(_SPAN + 1, np.int64), np.zeros(_SPAN + 1, np.int64)
    for at in range(_SPAN):
        value = np.int64(span[at])
        sums[at + 1] = sums[at] + value
        squares[at + 1] = squares[at] + value * value
    total, energy = sums[_SPAN], squares[_SPAN]
    # One squared 16-bit step a sample keeps digital silence from being divided by nothing.
    step = float(_SPAN) ** 3
    products = _products(span)
    scores = np.empty(_SHIFTS)
    for index in range(_SHIFTS):
        shift = _FIRST + index
        count = _SPAN - shift
        rest = count * total * total
        head, tail = sums[count], total - sums[shift]
        alike = _SPAN * (_SPAN * products[index] - total * (head + tail)) + rest
        early = _SPAN * (_SPAN * squares[count] - 2 * total * head) + rest
        late = _SPAN * (_SPAN * (energy - squares[shift]) - 2 * total * tail) + rest
        scores[index] = float(alike) / (np.sqrt(float(early) * float(late)) + step)
    return scores


@compiled
def _best(scores: Floats) -> tuple[float, float]:
    """Height of the highest peak, and place of the first that is nearly as high, as a period in samples."""
    best = 0.0
    for at in range(1, _SHIFTS - 1):
        if scores[at] > best and scores[at] >= scores[at - 1] and scores[at] >= scores[at + 1]:
            best = scores[at]
    if best == 0.0:
        return 0.0, 1.0
    at = 1
    while not (scores[at] >= _NEARLY * best and scores[at] >= scores[at - 1] and scores[at] >= scores[at + 1]):
        at += 1
    left, top, right = scores[at - 1], scores[at], scores[at + 1]
    bend = left - 2 * top + right  # a parabola through the peak and its neighbours
    return best, _FIRST + at + (0.5 * (left - right) / bend if bend else 0.0)
