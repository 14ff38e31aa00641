"""The compiled search for phrases, against one that tries everything."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.alignment import NEAR, align

NAMES = 4
ODD = [0.9, 0.8, 0.45, 1.2]
"""What it costs to leave each syllable out."""


def unlike(one: int, other: int) -> float:
    return 0.0 if one == other else [0.31, 0.57, 0.93][abs(one - other) - 1]


def ways(phrase: tuple[int, ...], heard: list[int], extra: list[float]) -> dict[tuple[int, int], float]:
    """The least cost of all of ``phrase`` in every stretch of ``heard``, one way after the other."""
    best: dict[tuple[int, int], float] = {}

    def go(done: int, first: int, at: int, cost: float) -> None:
        if done == len(phrase):
            best[first, at] = min(cost, best.get((first, at), np.inf))
            return
        go(done + 1, first, at, cost + ODD[phrase[done]])
        if at < len(heard):
            go(done + 1, first, at + 1, cost + unlike(phrase[done], heard[at]))
            if done:
                go(done, first, at + 1, cost + extra[at])

    for first in range(len(heard) + 1):
        go(0, first, first, 0.0)
    return best


def in_place(phrase: tuple[int, ...], heard: list[int], needs: int) -> bool:
    diagonals = [
        at - place for (place, one), (at, other) in product(enumerate(phrase), enumerate(heard)) if one == other
    ]
    return any(sum(abs(one - middle) <= NEAR for one in diagonals) >= needs for middle in diagonals)


syllables = st.integers(0, NAMES - 1)


@given(
    phrases=st.lists(st.lists(syllables, min_size=3, max_size=4).map(tuple), min_size=1, max_size=5, unique=True),
    heard=st.lists(syllables, min_size=1, max_size=6),
    light=st.lists(st.booleans(), min_size=6, max_size=6),
    most=st.sampled_from([0.0, 0.4, 0.9, 1.5]),
    needs=st.integers(2, 3),
)
def test_all_that_is_thinkable_is_found(
    phrases: list[tuple[int, ...]], heard: list[int], light: list[bool], most: float, needs: int
) -> None:
    """At its least cost, in a stretch that costs as little, and nothing else is."""
    extra = [0.45 if one else 0.8 for one in light][: len(heard)]
    found = search(phrases, heard, extra, most, needs)
    for number, phrase in enumerate(phrases):
        every = ways(phrase, heard, extra)
        least = min(every.values())
        if least <= most and in_place(phrase, heard, needs):
            cost, first, end = found.pop(number)
            assert cost == pytest.approx(least)
            assert every[first, end] == pytest.approx(least)
            assert end == min(stop for (_, stop), price in every.items() if price < least + 1e-9)
    assert not found


def search(
    phrases: list[tuple[int, ...]], heard: list[int], extra: list[float], most: float, needs: int
) -> dict[int, tuple[float, int, int]]:
    spelling = np.full((len(phrases), max(map(len, phrases))), -1, np.int32)
    for row, phrase in enumerate(phrases):
        spelling[row, : len(phrase)] = phrase
    owners = [[row for row, phrase in enumerate(phrases) for one in phrase if one == name] for name in range(NAMES)]
    rows, costs, firsts, ends = align(
        np.cumsum([0, *map(len, owners)]).astype(np.int32),
        np.array([row for rows in owners for row in rows], np.int32),
        spelling,
        np.array(list(map(len, phrases)), np.int32),
        np.full(len(phrases), needs, np.int32),
        np.full(len(phrases), most + 1e-9),
        np.array(ODD),
        np.array([(one, -1) for one in heard], np.int32),
        np.array(extra),
        np.array([[unlike(name, one) for name in range(NAMES)] for one in heard]),
    )
    assert rows.tolist() == sorted(rows.tolist())
    return dict(zip(rows.tolist(), zip(costs.tolist(), firsts.tolist(), ends.tolist(), strict=True), strict=True))


def test_a_character_may_be_one_of_two_syllables() -> None:
    """Either counts; the same one twice counts once."""
    phrase, costs = (0, 1, 2), np.zeros((3, NAMES))
    for names, there in (([(3, 0), (1, -1), (2, -1)], True), ([(0, -1), (3, -1), (3, -1)], False)):
        rows, *_ = align(
            np.array([0, 1, 2, 3, 3], np.int32),
            np.zeros(3, np.int32),
            np.array([phrase], np.int32),
            np.array([3], np.int32),
            np.array([2], np.int32),
            np.array([0.5]),
            np.array(ODD),
            np.array(names, np.int32),
            np.full(3, 0.8),
            costs,
        )
        assert bool(len(rows)) is there
