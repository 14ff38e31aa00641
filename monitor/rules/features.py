"""What the classifier of meaning looks at: characters, sounds and words in a row.

A window of an utterance becomes a sparse vector: n-grams of one to three characters, the same of
syllables, and words alone and in pairs, each kind weighted by rarity (TF-IDF, sublinear) and scaled
to length one. The window's edges count as characters, so that «不行» alone differs from «行不行».
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.text.normalise import QUESTION, STRONG
from monitor.text.reading import Reading

_LONGEST = 3
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


def grams(reading: Reading, window: Window) -> list[Counter[str]]:
    """Counts of what the window holds, one counter a kind."""
    characters = "^" + reading.lean[window.start : window.end] + "$"
    sounds = "^" + reading.sound[window.start : window.end] + "$"
    first, last = reading.lean_at[window.start], reading.lean_at[window.end - 1] + 1
    names = [reading.plain[start:end] for start, end in reading.words if start >= first and end <= last]
    return [_runs(characters, "c"), _runs(sounds, "s"), _word_runs(names)]


def _runs(text: str, kind: str) -> Counter[str]:
    return Counter(
        kind + text[start : start + size] for size in range(1, _LONGEST + 1) for start in range(len(text) - size + 1)
    )


def _word_runs(names: Sequence[str]) -> Counter[str]:
    return Counter([*("w" + name for name in names), *(f"w{left}+{right}" for left, right in pairwise(names))])


class Vectors:
    """Turns windows into vectors over the n-grams it has learnt."""

    def __init__(self, columns: dict[str, int], rarity: NDArray[np.float64], rarest: float) -> None:
        self.columns = columns
        self.rarity = rarity
        """Inverse document frequency, by column."""
        self.rarest = rarest
        """The same for an n-gram that was never seen."""
        self._weights = dict(zip(columns, rarity.tolist(), strict=True))

    @classmethod
    def of(cls, samples: Iterable[list[Counter[str]]]) -> "Vectors":
        """Learn n-grams and their rarity from ``samples``."""
        documents: Counter[str] = Counter()
        total = 0
        for sample in samples:
            total += 1
            for counts in sample:
                documents.update(counts.keys())
        found = sorted(documents)
        rarity = np.array([math.log((1 + total) / (1 + documents[gram])) + 1 for gram in found])
        return cls({gram: column for column, gram in enumerate(found)}, rarity, math.log(1 + total) + 1)

    def one(self, sample: list[Counter[str]]) -> tuple[list[int], list[float]]:
        """(columns, values) of one window.

        N-grams never seen are left out, but they make the rest weigh less: a sentence about something
        else altogether is close to nothing.
        """
        columns: list[int] = []
        values: list[float] = []
        known, weights, rarest = self.columns, self._weights, self.rarest
        for counts in sample:
            row = [(gram, (1 + math.log(count)) * weights.get(gram, rarest)) for gram, count in counts.items()]
            norm = math.sqrt(sum(weight * weight for _, weight in row)) or 1.0
            for gram, weight in row:
                if (column := known.get(gram)) is not None:
                    columns.append(column)
                    values.append(weight / norm)
        return columns, values


class Rows:
    """Many vectors, sparse, one after the other."""

    def __init__(
        self, columns: NDArray[np.int32], values: NDArray[np.float64], starts: NDArray[np.int64], width: int
    ) -> None:
        self.columns, self.values, self.starts, self.width = columns, values, starts, width

    @classmethod
    def of(cls, vectors: Sequence[tuple[list[int], list[float]]], width: int) -> "Rows":
        """The vectors as rows of a matrix ``width`` columns wide."""
        columns = np.array([column for row, _ in vectors for column in row], dtype=np.int32)
        values = np.array([value for _, row in vectors for value in row], dtype=np.float64)
        starts = np.concatenate(([0], np.cumsum([len(row) for row, _ in vectors]))).astype(np.int64)
        return cls(columns, values, starts, width)

    def likeness(self, columns: list[int], values: list[float]) -> NDArray[np.float64]:
        """The dot product of every row with one vector. Costs what the rows share with it, not what they hold."""
        starts, rows, weights = self._by_column
        places = [slice(starts[column], starts[column + 1]) for column in columns]
        if not places:
            return np.zeros(len(self.starts) - 1)
        shared = np.concatenate([weights[place] * value for place, value in zip(places, values, strict=True)])
        owners = np.concatenate([rows[place] for place in places])
        return np.asarray(np.bincount(owners, shared, len(self.starts) - 1), np.float64)

    @cached_property
    def _by_column(self) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
        """(where each column starts, the rows that have it, their values in it)."""
        order = np.argsort(self.columns, kind="stable")
        starts = np.searchsorted(self.columns[order], np.arange(self.width + 1)).tolist()
        rows = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return starts, rows[order], self.values[order]
