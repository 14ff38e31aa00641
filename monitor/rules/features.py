"""What the classifier of meaning looks at: characters, words and sounds in a row.

A window of an utterance becomes a sparse vector: n-grams of one to three characters, words alone and in
pairs, n-grams of one to three syllables, and of two to four syllables as they sound from far away
(:func:`monitor.text.pinyin.blurred`); each kind weighted by rarity (TF-IDF, sublinear) and scaled to length
one. The window's edges count as characters, so that «不行» alone differs from «行不行».

A recogniser spells wrongly what it hears rightly. So every window is also looked at by its sound alone, in
learning and in finding: what it is spelt like is then not there to mislead.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.text import pinyin
from monitor.text.normalise import QUESTION, STRONG
from monitor.text.reading import Reading

KINDS: Final = 4
"""Of n-gram: characters, words, sounds, blurred sounds."""
SPELT: Final = 2
"""So many kinds of n-gram depend on the spelling; the others on the sound alone."""
_RUNS: Final = ((0, "c", (1, 2, 3)), (2, "s", (1, 2, 3)), (3, "b", (2, 3, 4)))
"""Kind, letter and sizes of what stands in a row: characters, sounds, blurred sounds. Words are kind 1."""
_WORD, _PAIR = np.array(list(map(ord, "wp")), np.uint64)
_MODULUS: Final = 1 << 64
_BASE: Final = 0x9E37_79B9_7F4A_7C15
_INVERSE: Final = pow(_BASE, -1, _MODULUS)
_PLACE_BITS: Final = 6
"""Enough for the kinds of the most windows."""
_CODE_BITS: Final = 64 - _PLACE_BITS
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
    """Which n-gram, see :func:`code_of`."""
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


def code_of(name: str) -> int:
    """The number of an n-gram, of 58 bits: a polynomial of its kind's letter and its text (Karp and Rabin 1987).

    Letters: ``c`` characters, ``w`` words, ``p`` pairs of words (behind them, as a character, the length of the
    first), ``s`` sounds, ``b`` blurred sounds. That any two of half a million n-grams share a number is less likely
    than one in a million.
    """
    code = 0
    for character in name:
        code = (code + ord(character)) * _BASE % _MODULUS
    return code >> _PLACE_BITS


class _Cuts(NamedTuple):
    """Where n-grams lie and what makes each one's polynomial out of that of its stretch of text."""

    where: NDArray[np.int64]
    """(3, n-grams): its place, and where its stretch begins and ends among the sums."""
    how: NDArray[np.uint64]
    """(3, n-grams): power of the stretch's length, factor, what is added."""


def grams(reading: Reading, chosen: list[Window]) -> Grams:
    """What windows hold: characters, words, sounds and blurred sounds, counted.

    A window's n-grams are stretches of the utterance, some with an edge before or behind. The polynomial of any
    stretch is the difference of two sums, and where the stretches lie depends on the window's length alone.
    """
    run, rest = _sums(reading.lean, reading.sound, pinyin.blurred(reading.sound)), _sums(reading.plain)
    sums = np.concatenate([run, rest])
    alone, paired = _word_cuts(reading, len(run))
    first, last = ([span[side] for span in reading.words] for side in (0, 1))
    where, how = [], []
    for index, (start, end) in enumerate(chosen):
        begin = bisect_left(first, reading.lean_at[start])
        stop = max(begin, bisect_right(last, reading.lean_at[end - 1] + 1))
        place, shift = KINDS * index, len(_RUNS) * start
        for cuts, part, moved in (
            (_cuts(end - start), slice(None), (place, shift, shift)),
            (alone, slice(begin, stop), (place, 0, 0)),
            (paired, slice(begin, max(begin, stop - 1)), (place, 0, 0)),
        ):
            where.append(cuts.where[:, part] + np.array(moved)[:, None])
            how.append(cuts.how[:, part])
    places, begins, ends = np.concatenate(where, axis=1)
    power, factor, extra = np.concatenate(how, axis=1)
    code = (sums[ends] - sums[begins] * power) * factor + extra
    key = np.sort(places.astype(np.uint64) << _CODE_BITS | code >> _PLACE_BITS)
    edges = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    key, count = key[edges], np.diff(edges, append=len(key))
    return Grams(chosen, (key >> _CODE_BITS).astype(np.int64), key & np.uint64((1 << _CODE_BITS) - 1), count)


@lru_cache(maxsize=512)
def _cuts(length: int) -> _Cuts:
    """The n-grams of a window's three texts, which lie one character of each after the other."""
    found = []
    for row, (kind, letter, sizes) in enumerate(_RUNS):
        for size in sizes:
            extra = ord(letter) * _BASE ** (size + 1)
            cuts = [(at, at + size, 1, extra) for at in range(length - size + 1)]
            opened = extra + ord("^") * _BASE**size
            if size < length + 2:
                cuts += [(0, size - 1, 1, opened), (length - size + 1, length, _BASE, extra + ord("$") * _BASE)]
            elif size == length + 2:
                cuts.append((0, length, _BASE, opened + ord("$") * _BASE))
            found += [
                (kind, len(_RUNS) * begin + row, len(_RUNS) * end + row, _BASE ** (end - begin), factor, added)
                for begin, end, factor, added in cuts
            ]
    where = np.array([cut[:3] for cut in found], np.int64)
    how = np.array([[number % _MODULUS for number in cut[3:]] for cut in found], np.uint64)
    return _Cuts(np.ascontiguousarray(where.T), np.ascontiguousarray(how.T))


def _word_cuts(reading: Reading, offset: int) -> tuple[_Cuts, _Cuts]:
    """All words alone, and in pairs; ``offset`` is where the sums of the plain text begin."""
    power = _powers(len(reading.plain) + 3)
    start, end = np.array(reading.words, np.int64).reshape(-1, 2).T
    size, both = end - start, end[1:] - start[:-1]
    kind = np.ones(len(size), np.int64)
    one, base = np.ones(len(size), np.uint64), np.full(len(both), _BASE, np.uint64)
    alone = np.stack([power[size], one, _WORD * power[size + 1]])
    paired = np.stack([power[both], base, _PAIR * power[both + 2] + size[:-1].astype(np.uint64) * power[1]])
    return (
        _Cuts(np.stack([kind, start + offset, end + offset]), alone),
        _Cuts(np.stack([kind[1:], start[:-1] + offset, end[1:] + offset]), paired),
    )


def _sums(*texts: str) -> NDArray[np.uint64]:
    """The polynomials of all beginnings of texts of one length, one character of each after the other.

    That of ``text[a:b]`` is ``sums[b] - sums[a] * base ** (b - a)``.
    """
    encoded = "".join(texts).encode("utf-32-le", "surrogatepass")
    characters = np.frombuffer(encoded, np.uint32).astype(np.uint64).reshape(len(texts), -1)
    count = characters.shape[1] + 1
    found = np.zeros((len(texts), count), np.uint64)
    np.cumsum(characters * _powers(count, _INVERSE)[:-1], axis=1, out=found[:, 1:])
    return np.asarray((found * _powers(count)).T.ravel(), np.uint64)


def _powers(count: int, base: int = _BASE) -> NDArray[np.uint64]:
    """The first ``count`` powers."""
    return _many_powers(max(64, 1 << (count - 1).bit_length()), base)[:count]


@lru_cache(maxsize=32)
def _many_powers(count: int, base: int) -> NDArray[np.uint64]:
    return np.cumprod(np.array([1, *[base] * (count - 1)], np.uint64), dtype=np.uint64)


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
        column = np.searchsorted(self.codes, found.code)
        column[self.codes.take(column, mode="clip") != found.code] = len(self.codes)
        value = (1 + np.log(found.times)) * self._weights[column]
        value /= np.sqrt(np.bincount(found.place, value * value))[found.place]
        known = np.flatnonzero(column < len(self.codes))
        return found.place[known], column[known], value[known]

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
        starts, rows, weights = self._by_column
        places = [slice(starts[column], starts[column + 1]) for column in vector[0].tolist()]
        if not places:
            return np.zeros(len(self.starts) - 1)
        pairs = zip(places, vector[1].tolist(), strict=True)
        shared = np.concatenate([weights[place] * value for place, value in pairs])
        owners = np.concatenate([rows[place] for place in places])
        return np.asarray(np.bincount(owners, shared, len(self.starts) - 1), np.float64)

    @cached_property
    def _by_column(self) -> tuple[list[int], NDArray[np.int64], NDArray[np.float64]]:
        """(where each column starts, the rows that have it, their values in it)."""
        order = np.argsort(self.columns, kind="stable")
        starts = np.searchsorted(self.columns[order], np.arange(self.width + 1)).tolist()
        rows = np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))
        return starts, rows[order], self.values[order]
