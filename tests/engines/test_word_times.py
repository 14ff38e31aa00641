"""Where attention says that each token was said, on attention whose path is known."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import median_filter

from monitor.engines import word_times
from monitor.engines.word_times import path


def attention(begins: list[int], states: int, *, heads: int = 3, seed: int = 0) -> np.ndarray:
    """Each token looks at the states from its begin to the next one's, more or less; shape (tokens, heads, states)."""
    looked = np.random.default_rng(seed).random((len(begins), heads, states)) * 0.2
    for token, (begin, end) in enumerate(pairwise([*begins, states])):
        looked[token, :, begin:end] += 1
    return (looked / looked.sum(axis=2, keepdims=True)).astype(np.float32)


def begins_of(steps: list[tuple[int, int]]) -> dict[int, int]:
    begins: dict[int, int] = {}
    for token, state in steps:
        begins.setdefault(token, state)
    return begins


def test_a_token_begins_where_it_is_looked_for() -> None:
    begins = [0, 12, 20, 41, 60]
    found = begins_of(path(attention(begins, 90), 90))
    assert all(abs(found[token] - begin) <= 1 for token, begin in enumerate(begins))


def test_nothing_was_said_where_nothing_was_heard() -> None:
    looked = attention([0, 10, 20], 60)
    looked[:, :, 30:] = 9
    steps = path(looked, 30)
    assert max(state for _, state in steps) == 29
    assert abs(begins_of(steps)[2] - 20) <= 1


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 3), (5, 1, 2), (4, 2, 7), (3, 1, 40)])
def test_a_path_goes_on_in_both_from_the_first_to_the_last(shape: tuple[int, int, int]) -> None:
    looked = np.random.default_rng(1).random(shape).astype(np.float32)
    steps = path(looked, shape[2])
    assert steps[0] == (0, 0)
    assert steps[-1] == (shape[0] - 1, shape[2] - 1)
    moves = {(later[0] - one[0], later[1] - one[1]) for one, later in pairwise(steps)}
    assert moves <= {(0, 1), (1, 0), (1, 1)}


@pytest.mark.parametrize("seed", range(5))
def test_no_other_path_sees_more(seed: int) -> None:
    looked = np.random.default_rng(seed).normal(size=(4, 6)).astype(np.float32)

    @cache
    def best(token: int, state: int) -> float:
        ways = [(token - 1, state - 1), (token - 1, state), (token, state - 1)]
        before = [best(*way) for way in ways if min(way) >= 0]
        return float(looked[token, state]) + max(before, default=0.0)

    steps = word_times._warp(looked)
    assert sum(float(looked[token, state]) for token, state in steps) == pytest.approx(best(3, 5), abs=1e-5)


def test_the_median_is_the_librarys() -> None:
    looked = np.random.default_rng(2).random((4, 3, 30)).astype(np.float32)
    looked[1, 1, 4:9] = 0.5  # equal values are taken out one at a time
    expected = median_filter(looked, size=(1, 1, 7), mode="mirror")
    assert word_times._smooth(looked) == pytest.approx(expected)


def test_silence_of_the_heads_is_no_error() -> None:
    steps = path(np.zeros((3, 2, 10), np.float32), 0)
    assert steps[-1] == (2, 0)
