"""What the classifier of meaning looks at: characters, words and sounds in a row.

A window of an utterance becomes a sparse vector: n-grams of one to three characters, words alone and in
pairs, n-grams of one to three syllables, and of two to four syllables as they sound from far away
(:func:`monitor.text.pinyin.blurred`); each kind weighted by rarity (TF-IDF, sublinear) and scaled to length
one. The window's edges count as characters, so that «不行» alone differs from «行不行».

A recogniser spells wrongly what it hears rightly. So every window is also looked at by its sound alone, in
learning and in finding: what it is spelt like is then not there to mislead.
"""

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.rules.ngrams import KINDS, buckets, count, likeness, weigh
from monitor.text import pinyin
from monitor.text.normalise import QUESTION, STRONG
from monitor.text.reading import Reading

SPELT: Final = 2
"""So many kinds of n-gram depend on the spelling; the others on the sound alone."""
_LEAST_CHARS = 4
_MOST_WINDOWS = 12
_LONG_CHARS = 28
"""An utterance longer than this without punctuation is looked at in overlapping stretches."""
_STRETCH, _STEP = 18, 9


class Window(NamedTuple):
    """A stretch of ``Reading.lean``."""

    start: int
    end: int


def windows(reading: Reading) -> list[Window]:
    """The stretches that may carry one meaning: all of it, each sentence, each clause; the longest first."""
    length = len(reading.lean)
    if not length:
        return []
    found = {Window(0, length): None}
    clauses = _lean_clauses(reading)
    sentence = 0
    for start, end, mark in clauses:
        if mark in (STRONG, QUESTION) and end > sentence:
            found[Window(sentence, end)] = None
            sentence = end
        found[Window(start, end)] = None
    for start, end, _ in clauses:
        if end - start > _LONG_CHARS:
            for begin in range(start, end - _STEP, _STEP):
                found[Window(begin, min(end, begin + _STRETCH))] = None
    kept = [window for window in found if window.end - window.start >= _LEAST_CHARS or len(found) == 1]
    return (kept or [Window(0, length)])[:_MOST_WINDOWS]


def _lean_clauses(reading: Reading) -> list[tuple[int, int, str]]:
    at = 0
    lean: list[tuple[int, int, str]] = []
    for clause in reading.clauses:
        start = at
        while at < len(reading.lean_at) and reading.lean_at[at] < clause.end:
            at += 1
        if at > start:
            lean.append((start, at, clause.mark))
    return lean


class Grams(NamedTuple):
    """The n-grams of some windows, each once, by window and kind."""

    windows: list[Window]
    place: NDArray[np.int64]
    """:data:`KINDS` times the window, and the kind; ascending."""
    code: NDArray[np.uint64]
    """Which n-gram, see :func:`monitor.rules.ngrams.code_of`."""
    times: NDArray[np.int64]
    """How often it stands in its window."""

    @classmethod
    def of(cls, several: Sequence["Grams"]) -> "Grams":
        """The windows of several utterances, one after the other."""
        before = np.cumsum([0, *(len(one.windows) for one in several)])
        return cls(
            [window for one in several for window in one.windows],
            np.concatenate([one.place + KINDS * index for one, index in zip(several, before, strict=False)]),
            np.concatenate([one.code for one in several]),
            np.concatenate([one.times for one in several]),
        )


def grams(reading: Reading, chosen: list[Window]) -> Grams:
    """What windows hold: characters, words, sounds and blurred sounds, counted."""
    lean_at = reading.lean_at
    lean, sound, blurred = map(_points, (reading.lean, reading.sound, pinyin.blurred(reading.sound)))
    runs = np.stack([lean, lean, sound, blurred])  # by kind; words are cut from the plain text
    spans = [(lean_at[start], lean_at[end - 1] + 1) for start, end in chosen]
    found = count(runs, _points(reading.plain), _pairs(reading.words), _pairs(chosen), _pairs(spans))
    return Grams(chosen, *found)


def _pairs(spans: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    return np.array(spans, np.int64).reshape(-1, 2)


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


Vector = tuple[NDArray[np.int64], NDArray[np.float64]]
"""(columns, values)."""


class Vectors:
    """Turns windows into vectors over the n-grams it has learnt."""

    def __init__(self, codes: NDArray[np.uint64], rarity: NDArray[np.float64], rarest: float) -> None:
        self.codes = codes
        """Of each column, ascending."""
        self.rarity = rarity
        """Inverse document frequency, by column."""
        self.rarest = rarest
        """The same for an n-gram that was never seen."""
        self._weights = np.append(rarity, rarest)
        self._buckets = buckets(codes)

    @classmethod
    def of(cls, samples: Grams) -> "Vectors":
        """Learn n-grams and their rarity."""
        total = len(samples.windows)
        codes, documents = np.unique(samples.code, return_counts=True)
        return cls(codes, np.log((1 + total) / (1 + documents)) + 1, math.log(1 + total) + 1)

    def weigh(self, found: Grams) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """(place, column, value) of every n-gram that is known.

        N-grams never seen are left out, but they make the rest weigh less: a sentence about something
        else altogether is close to nothing.
        """
        return weigh(found.place, found.code, found.times, self.codes, self._buckets, self._weights)

    def rows(self, found: Grams) -> tuple["Rows", "Rows"]:
        """Every window as it is spelt and sounds, and every window by its sound alone."""
        place, column, value = self.weigh(found)
        heard = place % KINDS >= SPELT
        bounds = KINDS * np.arange(len(found.windows) + 1)
        return (
            Rows(column, value, np.searchsorted(place, bounds), len(self.codes)),
            Rows(column[heard], value[heard], np.searchsorted(place[heard], bounds), len(self.codes)),
        )


class Rows:
    """Many vectors, sparse, one after the other."""

    def __init__(
        self, columns: NDArray[np.int64], values: NDArray[np.float64], starts: NDArray[np.int64], width: int
    ) -> None:
        self.columns, self.values, self.starts, self.width = columns, values, starts, width

    def likeness(self, vector: Vector) -> NDArray[np.float64]:
        """The dot product of every row with one vector. Costs what the rows share with it, not what they hold."""
        return likeness(vector[0], vector[1], *self._by_column, len(self.starts) - 1)

    @cached_property
    def _by_column(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """(where each column starts, the rows that have it, their values in it)."""
        order = np.argsort(self.columns, kind="stable")
        starts = np.searchsorted(self.columns[order], np.arange(self.width + 1))
        rows = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return starts, rows[order], self.values[order]
