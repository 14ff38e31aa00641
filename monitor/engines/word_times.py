"""When each token was said: where the decoder looked while it wrote it.

As in OpenAI's ``timing.py``: attention of the heads that follow the speech, normalised over the tokens, smoothed by a
median over time, their mean; and through it the path that goes on in both with the most attention (dynamic time
warping, H. Sakoe and S. Chiba 1978).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled

_SMOOTHED: Final = 7
"""States of the median."""

Floats = NDArray[np.float32]


Steps = list[tuple[int, int]]
"""Token and state of each step of a path."""


class Timed(Protocol):
    """A text and its audio."""

    @property
    def sure(self) -> Sequence[float]:
        """Probability of each token."""
        ...

    def steps(self, heard: int) -> Steps:
        """When each token was said. ``heard``: states that hold audio; in the others nothing was said."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """See :class:`Timed`."""

    sure: Sequence[float]
    looked: Floats
    """Attention while each token and the end were written: shape (tokens, heads, states)."""

    def steps(self, heard: int) -> Steps:
        """See :class:`Timed`."""
        return path(self.looked, heard)


@dataclass(frozen=True, slots=True)
class Aligned:
    """See :class:`Timed`; a library has found the way."""

    sure: Sequence[float]
    known: Steps

    def steps(self, heard: int) -> Steps:
        """See :class:`Timed`."""
        return self.known


def path(looked: Floats, heard: int) -> Steps:
    """When each token was said, from the first token and the first state to the last.

    Args:
        looked: see :class:`Looked`.
        heard: see :class:`Timed`.
    """
    share = looked[:, :, : max(1, heard)]
    share = share / np.maximum(share.sum(axis=2, keepdims=True), 1e-9)
    spread = np.maximum(share.std(axis=0, keepdims=True), 1e-9)
    share = (share - share.mean(axis=0, keepdims=True)) / spread
    steps = _warp(_smooth(share).mean(axis=1))
    return [(token, state) for token, state in steps.tolist()]


def warm_up() -> None:
    """Walk one path, so that no sentence waits until the loop is compiled."""
    path(np.ones((2, 1, _SMOOTHED), np.float32), _SMOOTHED)


@compiled
def _smooth(share: Floats) -> Floats:
    """The median over :data:`_SMOOTHED` states around each, mirrored at the ends; shape as ``share``'s."""
    tokens, heads, states = share.shape
    reach = _SMOOTHED // 2
    if states <= reach:
        return share
    smooth = np.empty_like(share)
    line = np.empty(states + 2 * reach, np.float32)
    near = np.empty(_SMOOTHED, np.float32)
    for token in range(tokens):
        for head in range(heads):
            values = share[token, head]
            line[reach : reach + states] = values
            for out in range(reach):
                line[out], line[reach + states + out] = values[reach - out], values[states - 2 - out]
            near[:] = np.sort(line[:_SMOOTHED])
            smooth[token, head, 0] = near[reach]
            for state in range(1, states):
                gone, come = line[state - 1], line[state + _SMOOTHED - 1]
                place = 0
                while place < _SMOOTHED - 1 and near[place] != gone:
                    place += 1
                while place + 1 < _SMOOTHED and near[place + 1] < come:
                    near[place] = near[place + 1]
                    place += 1
                while place > 0 and near[place - 1] > come:
                    near[place] = near[place - 1]
                    place -= 1
                near[place] = come
                smooth[token, head, state] = near[reach]
    return smooth


@compiled
def _warp(attention: Floats) -> NDArray[np.int64]:
    """The path with the most attention, shape (steps, 2); ``attention``: (tokens, states)."""
    tokens, states = attention.shape
    best = np.full((tokens + 1, states + 1), -np.inf, np.float32)
    came = np.zeros((tokens + 1, states + 1), np.int8)
    best[0, 0] = 0
    for token in range(1, tokens + 1):
        for state in range(1, states + 1):
            both, next_token, next_state = best[token - 1, state - 1], best[token - 1, state], best[token, state - 1]
            if both > next_token and both > next_state:
                best[token, state], came[token, state] = both, 0
            elif next_token > both and next_token > next_state:
                best[token, state], came[token, state] = next_token, 1
            else:
                best[token, state], came[token, state] = next_state, 2
            best[token, state] += attention[token - 1, state - 1]
    steps = np.empty((tokens + states, 2), np.int64)
    count, token, state = 0, tokens, states
    while token > 0 or state > 0:
        steps[count] = token - 1, state - 1
        count += 1
        way = 2 if token == 0 else 1 if state == 0 else came[token, state]
        if way != 2:
            token -= 1
        if way != 1:
            state -= 1
    return steps[:count][::-1]
