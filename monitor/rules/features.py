"""What the classifier of meaning looks at: characters, words and sounds in a row.

A window of an utterance becomes a sparse vector: n-grams of one to three characters, words alone and in
pairs, n-grams of one to three syllables, and of two to four syllables as they sound from far away
(:func:`monitor.text.pinyin.blurred`); each kind weighted by rarity (TF-IDF, sublinear) and scaled to length
one. The window's edges count as characters, so that «不行» alone differs from «行不行».

A recogniser spells wrongly what it hears rightly. So every window is also looked at by its sound alone, in
learning and in finding: what it is spelt like is then not there to mislead.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.text import pinyin
from monitor.text.normalise import QUESTION, STRONG
from monitor.text.reading import Reading

Counts = Counter[str]

SPELT = 2
"""So many kinds of n-gram depend on the spelling; the others on the sound alone."""
_LONGEST = 3
_BLURRED = (2, 4)
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


def grams(reading: Reading, window: Window) -> list[Counts]:
    """Counts of what the window holds, one counter a kind: characters, words, sounds, blurred sounds."""
    characters = "^" + reading.lean[window.start : window.end] + "$"
    sounds = "^" + reading.sound[window.start : window.end] + "$"
    first, last = reading.lean_at[window.start], reading.lean_at[window.end - 1] + 1
    names = [reading.plain[start:end] for start, end in reading.words if start >= first and end <= last]
    return [
        _runs(characters, "c"),
        _word_runs(names),
        _runs(sounds, "s"),
        _runs(pinyin.blurred(sounds), "b", *_BLURRED),
    ]


def _runs(text: str, kind: str, least: int = 1, most: int = _LONGEST) -> Counts:
    return Counter(
        kind + text[start : start + size] for size in range(least, most + 1) for start in range(len(text) - size + 1)
    )


def _word_runs(names: Sequence[str]) -> Counts:
    return Counter([*("w" + name for name in names), *(f"w{left}+{right}" for left, right in pairwise(names))])


Vector = tuple[list[int], list[float]]
"""(columns, values)."""


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
    def of(cls, samples: Iterable[Sequence[Counts]]) -> "Vectors":
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

    def both(self, sample: Sequence[Counts]) -> tuple[Vector, Vector]:
        """A window as it is spelt and sounds, and by its sound alone.

        N-grams never seen are left out, but they make the rest weigh less: a sentence about something
        else altogether is close to nothing.
        """
        spelt = self._vector(sample[:SPELT])
        heard = self._vector(sample[SPELT:])
        return (spelt[0] + heard[0], spelt[1] + heard[1]), heard

    def table(self, samples: Iterable[Sequence[Counts]]) -> tuple["Rows", "Rows"]:
        """:meth:`both` of many windows at once, all of them learnt from: no n-gram is unknown."""
        columns: list[int] = []
        numbers: list[int] = []
        lengths: list[int] = []
        for sample in samples:
            for counts in sample:
                columns += map(self.columns.__getitem__, counts)
                numbers += counts.values()
                lengths.append(len(counts))
        column = np.array(columns, dtype=np.int32)
        kinds = np.array(lengths, dtype=np.int64)
        values = (1 + np.log(np.array(numbers))) * self.rarity[column]
        of_kind = np.repeat(np.arange(len(kinds)), kinds)
        norms = np.sqrt(np.bincount(of_kind, values * values, len(kinds)))
        values /= norms[of_kind]
        by_window = kinds.reshape(-1, len(sample))
        heard = of_kind % len(sample) >= SPELT
        width = len(self.columns)
        return (
            Rows(column, values, _starts(by_window.sum(axis=1)), width),
            Rows(column[heard], values[heard], _starts(by_window[:, SPELT:].sum(axis=1)), width),
        )

    def _vector(self, sample: Sequence[Counts]) -> Vector:
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
    def of(cls, vectors: Sequence[Vector], width: int) -> "Rows":
        """The vectors as rows of a matrix ``width`` columns wide."""
        columns = np.array([column for row, _ in vectors for column in row], dtype=np.int32)
        values = np.array([value for _, row in vectors for value in row], dtype=np.float64)
        return cls(columns, values, _starts([len(row) for row, _ in vectors]), width)

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


def _starts(lengths: ArrayLike) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
