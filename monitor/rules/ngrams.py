"""Counting and weighing n-grams, compiled: a sentence has hundreds, and is looked at with every caption."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.compiled import compiled

KINDS: Final = 4
"""Of n-gram: characters, words, sounds, blurred sounds."""
PLACE_BITS: Final = 6
"""Enough for the kinds of the most windows."""
CODE_BITS: Final = 64 - PLACE_BITS
_BUCKET_BITS: Final = 16
"""Of a code; half a million of them lie about eight to a bucket."""
_BASE: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_LETTERS: Final = np.array(list(map(ord, "cwsb")), np.uint64)
_PAIR: Final = np.uint64(ord("p"))
_OPEN, _CLOSE = np.uint64(ord("^")), np.uint64(ord("$"))
_LEAST_SIZE: Final = np.array([1, 0, 1, 2])
"""Of the n-grams of a kind; the longest are two longer. Words have no size."""
_SHIFT: Final = np.uint64(PLACE_BITS)
_PLACE_SHIFT: Final = np.uint64(CODE_BITS)
_BUCKET_SHIFT: Final = np.uint64(CODE_BITS - _BUCKET_BITS)
_CODE_MASK: Final = np.uint64((1 << CODE_BITS) - 1)

Places = NDArray[np.int64]
Codes = NDArray[np.uint64]
Values = NDArray[np.float64]


def code_of(name: str) -> int:
    """The number of an n-gram, of 58 bits: a polynomial of its kind's letter and its text (Karp and Rabin 1987).

    Letters: ``c`` characters, ``w`` words, ``p`` pairs of words (behind them, as a character, the length of the
    first), ``s`` sounds, ``b`` blurred sounds. That any two of half a million n-grams share a number is less likely
    than one in a million.
    """
    code = 0
    for character in name:
        code = (code + ord(character)) * int(_BASE) % (1 << 64)
    return code >> PLACE_BITS


@compiled
def _along(code: np.uint64, text: NDArray[np.uint32], start: int, end: int) -> np.uint64:
    """The polynomial ``code`` continued by ``text[start:end]``."""
    for at in range(start, end):
        code = (code + np.uint64(text[at])) * _BASE
    return code


@compiled
def count(
    runs: NDArray[np.uint32], plain: NDArray[np.uint32], words: Places, windows: Places, spans: Places
) -> tuple[Places, Codes, Places]:
    """The n-grams of some windows, each once: (place, code, how often), by place and code ascending.

    Args:
        runs: (kinds, characters), what stands in a row: lean text, sound, blurred sound, by kind (of words, nothing).
        plain: the text that words are cut from.
        words: (words, 2), the span of each in ``plain``.
        windows: (windows, 2), the span of each in the runs.
        spans: (windows, 2), the same in ``plain``.
    """
    most = 0
    for index in range(len(windows)):
        most += 9 * (windows[index, 1] - windows[index, 0] + 1) + 2 * len(words)
    keys = np.empty(most, np.uint64)
    total = 0
    for index in range(len(windows)):
        start, end = windows[index]
        for kind in range(KINDS):
            place = np.uint64(KINDS * index + kind) << _PLACE_SHIFT
            named = _LETTERS[kind] * _BASE
            if _LEAST_SIZE[kind]:
                for size in range(_LEAST_SIZE[kind], _LEAST_SIZE[kind] + 3):
                    for first in range(start - 1, end + 2 - size):
                        code = (named + _OPEN) * _BASE if first < start else named
                        code = _along(code, runs[kind], max(first, start), min(first + size, end))
                        if first + size > end:
                            code = (code + _CLOSE) * _BASE
                        keys[total] = place | (code >> _SHIFT)
                        total += 1
                continue
            last = -1
            for at in range(len(words)):
                if words[at, 0] < spans[index, 0] or words[at, 1] > spans[index, 1]:
                    continue
                keys[total] = place | (_along(named, plain, words[at, 0], words[at, 1]) >> _SHIFT)
                total += 1
                if last >= 0:
                    code = _along(_PAIR * _BASE, plain, words[last, 0], words[at, 1])
                    code = (code + np.uint64(words[last, 1] - words[last, 0])) * _BASE
                    keys[total] = place | (code >> _SHIFT)
                    total += 1
                last = at
    keys = np.sort(keys[:total])
    places, codes, times = np.empty(total, np.int64), np.empty(total, np.uint64), np.empty(total, np.int64)
    kept = -1
    for at in range(total):
        if at == 0 or keys[at] != keys[at - 1]:
            kept += 1
            places[kept] = np.int64(keys[at] >> _PLACE_SHIFT)
            codes[kept] = keys[at] & _CODE_MASK
            times[kept] = 0
        times[kept] += 1
    return places[: kept + 1], codes[: kept + 1], times[: kept + 1]


def buckets(codes: Codes) -> Places:
    """Where in ``codes`` (ascending) those begin that have each beginning: what :func:`weigh` looks up first."""
    beginnings = np.arange((1 << _BUCKET_BITS) + 1, dtype=np.uint64) << np.uint64(CODE_BITS - _BUCKET_BITS)
    return np.searchsorted(codes, beginnings)


@compiled
def weigh(
    place: Places, code: Codes, times: Places, codes: Codes, bucket: Places, weights: Values
) -> tuple[Places, Places, Values]:
    """(place, column, value) of the n-grams that are known.

    Args:
        place: as :func:`count` gives it.
        code: likewise.
        times: likewise.
        codes: of each column, ascending.
        bucket: their :func:`buckets`.
        weights: of each column, and of n-grams that are not known.
    """
    total = len(code)
    columns, values = np.empty(total, np.int64), np.empty(total, np.float64)
    norms = np.zeros(place[-1] + 1 if total else 0)
    for at in range(total):
        beginning = np.int64(code[at] >> _BUCKET_SHIFT)
        column, end = bucket[beginning], bucket[beginning + 1]
        while column < end and codes[column] < code[at]:
            column += 1
        if column == end or codes[column] != code[at]:
            column = len(codes)
        columns[at] = column
        values[at] = (1 + np.log(times[at])) * weights[column]
        norms[place[at]] += values[at] * values[at]
    places, kept = np.empty(total, np.int64), 0
    for at in range(total):
        if columns[at] < len(codes):
            places[kept], columns[kept] = place[at], columns[at]
            values[kept] = values[at] / np.sqrt(norms[place[at]])
            kept += 1
    return places[:kept], columns[:kept], values[:kept]


@compiled
def likeness(columns: Places, values: Values, starts: Places, rows: Places, weights: Values, total: int) -> Values:
    """The dot product of every one of ``total`` rows with one vector.

    Args:
        columns: of the vector.
        values: of the vector, by column.
        starts: (width + 1), where each column begins in ``rows`` and ``weights``.
        rows: that have something in a column.
        weights: what they have there.
        total: how many rows there are.
    """
    found = np.zeros(total)
    for index in range(len(columns)):
        for place in range(starts[columns[index]], starts[columns[index] + 1]):
            found[rows[place]] += weights[place] * values[index]
    return found
