"""Finding phrases by their sound: «这是不为我做» where «这事不归我做» was said.

A recogniser keeps the sound of a sentence better than its spelling. Each phrase is aligned with the
utterance syllable by syllable (semi-global alignment after Needleman and Wunsch 1970: the phrase
must be used up, the utterance need not), substitutions weighted by how unlike two syllables sound,
missing and extra syllables by how much they usually carry. Below an accepted cost per syllable the
phrase was heard; between accepted and thinkable the audio must decide.

Only phrases that share enough syllables with the utterance, in place, are aligned. An inverted index
from syllable to (phrase, position) finds those with a handful of array operations, however many
phrases there are.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.text.pinyin import distance
from monitor.text.reading import Reading, read

LEAST: Final = 3
"""Shorter phrases are not looked for by sound."""
_SHARED: Final = 0.5
"""Share of a phrase's syllables that must stand in the utterance, in place, before it is aligned."""
_LIGHT: Final = frozenset({"de", "le", "a", "le", "ma", "ba", "ze", "la", "ge", "ye", "zou", "zu", "jiu", "dou"})
"""Syllables that come and go: 的, 了, 这, 那, 个, 也, 就, 都 …"""
_MISSING: Final = 1.0
_EXTRA: Final = 0.8
_LIGHT_COST: Final = 0.45


class Limits(NamedTuple):
    """Costs per syllable of a phrase."""

    accept: float
    """Up to here the phrase was heard."""
    ask: float
    """Up to here the audio is asked; beyond, the phrase was not heard."""


def limits(length: int) -> Limits:
    """The limits for a phrase of so many syllables: the longer it is, the less like chance."""
    if length < 4:
        return Limits(0.0, 0.0)
    if length < 6:
        return Limits(0.09, 0.3)
    if length < 8:
        return Limits(0.11, 0.34)
    return Limits(0.15, 0.36)


class _Phrase(NamedTuple):
    syllables: tuple[str, ...]
    rules: list[tuple[BannedRule, str]]


class Alignment(NamedTuple):
    """Where a phrase lies in an utterance."""

    start: int
    end: int
    cost: float


class Sounds:
    """Every phrase of a set of rules, by its sound."""

    def __init__(self, rules: Iterable[BannedRule]) -> None:
        by_sound: dict[tuple[str, ...], list[tuple[BannedRule, str]]] = {}
        for rule in rules:
            for wording in rule.phrases if rule.sound else ():
                reading = read(wording)
                key = tuple(reading.syllables[at].folded for at in reading.lean_at)
                if len(key) >= LEAST:
                    by_sound.setdefault(key, []).append((rule, wording))
        self._phrases = [_Phrase(key, owners) for key, owners in by_sound.items()]
        self._length = np.array([len(phrase.syllables) for phrase in self._phrases], dtype=np.int32)
        posting: dict[str, list[tuple[int, int]]] = {}
        for number, phrase in enumerate(self._phrases):
            for place, syllable in enumerate(phrase.syllables):
                posting.setdefault(syllable, []).append((number, place))
        self._posting = {syllable: np.array(pairs, dtype=np.int64).T for syllable, pairs in posting.items()}

    def find(self, reading: Reading) -> Iterator[Found]:
        """Every phrase that was heard, or may have been (``needs_audio``)."""
        heard = tuple(reading.syllables[at].folded for at in reading.lean_at)
        for number in self._likely(heard):
            phrase = self._phrases[number]
            limit = limits(len(phrase.syllables))
            place = align(phrase.syllables, heard, limit.ask * len(phrase.syllables))
            if place is None:
                continue
            cost = place.cost / len(phrase.syllables)
            start, end = reading.lean_at[place.start], reading.lean_at[place.end - 1] + 1
            unsure = cost > limit.accept
            for rule, wording in phrase.rules:
                yield Found(
                    rule=rule,
                    phrase=wording,
                    match="pinyin",
                    start=start,
                    end=end,
                    score=trust(cost, len(phrase.syllables)),
                    needs_audio=unsure,
                    candidate=wording if unsure else "",
                )

    def _likely(self, heard: tuple[str, ...]) -> list[int]:
        """Numbers of the phrases that share enough syllables with ``heard`` along one diagonal, give or take two."""
        found = [(self._posting[syllable], at) for at, syllable in enumerate(heard) if syllable in self._posting]
        if not found:
            return []
        numbers = np.concatenate([pairs[0] for pairs, _ in found])
        shift = 64
        diagonals = np.concatenate([at - pairs[1] for pairs, at in found]) + shift
        width = len(heard) + 2 * shift
        counts = _counts(numbers * width + diagonals)
        keys, shared = counts
        near = shared.astype(np.int32)
        for step in (1, 2):
            for sign in (-step, step):
                places = np.searchsorted(keys, keys + sign)
                places[places == len(keys)] = 0
                near += np.where(keys[places] == keys + sign, shared[places], 0).astype(np.int32)
        owners = keys // width
        enough = near >= np.maximum(2, np.ceil(self._length[owners] * _SHARED))
        return [int(number) for number in np.unique(owners[enough])]


def _counts(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found, counts = np.unique(keys, return_counts=True)
    return found, counts


def trust(cost: float, length: int) -> float:
    """How far a match by sound can be trusted, from its cost per syllable."""
    return round(max(0.05, 0.99 - 1.4 * cost - (0.05 if length < 6 else 0.0)), 3)


def align(phrase: tuple[str, ...], heard: tuple[str, ...], most: float) -> Alignment | None:
    """The cheapest place of ``phrase`` in ``heard``, or None where it costs more than ``most``."""
    costs = [0.0] * (len(heard) + 1)
    starts = list(range(len(heard) + 1))
    for syllable in phrase:
        missing = _LIGHT_COST if syllable in _LIGHT else _MISSING
        row, begun = [costs[0] + missing], [starts[0]]
        for at, other in enumerate(heard):
            best, start = costs[at] + distance(syllable, other), starts[at]
            skipped = costs[at + 1] + missing
            if skipped < best:
                best, start = skipped, starts[at + 1]
            extra = row[at] + (_LIGHT_COST if other in _LIGHT else _EXTRA)
            if extra < best:
                best, start = extra, begun[at]
            row.append(best)
            begun.append(start)
        if min(row) > most:
            return None
        costs, starts = row, begun
    end = min(range(len(costs)), key=lambda at: (costs[at], at))
    if costs[end] > most + 1e-9 or starts[end] >= end:
        return None
    return Alignment(starts[end], end, costs[end])
