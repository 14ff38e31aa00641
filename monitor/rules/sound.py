"""Finding phrases by their sound: «这是不为我做» where «这事不归我做» was said.

A recogniser keeps the sound of a sentence better than its spelling. Each phrase is aligned with the
utterance syllable by syllable (semi-global alignment after Needleman and Wunsch 1970: the phrase
must be used up, the utterance need not), substitutions weighted by how unlike two syllables sound,
missing and extra syllables by how much they usually carry. Below an accepted cost per syllable the
phrase was heard; between accepted and thinkable the audio must decide.

Only phrases that share enough syllables with the utterance, in place, and whose syllables could each
be heard somewhere in it for less than the limit, are aligned. An inverted index from syllable to
(phrase, position) finds those and one table of costs is filled for all of them at once, so that
thousands of phrases cost a few array operations.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.text.pinyin import distance, of_character
from monitor.text.reading import Reading, read

LEAST: Final = 3
"""Shorter phrases are not looked for by sound."""
WHOLE_WORDS_BELOW: Final = 6
"""Shorter phrases are trusted only where they begin and end with words: 你什么事 is not said in 你什么时候."""
MOST_EXAMPLE: Final = 12
"""Examples of up to so many syllables are listened for like phrases."""
MOST_UNSURE: Final = 4
"""Of what only the audio can decide, so many phrases of one utterance at most, the likeliest first."""
_SHARED: Final = 0.5
"""Share of a phrase's syllables that must stand in the utterance, in place, before it is aligned."""
_LIGHT: Final = frozenset({"de", "le", "a", "ma", "ba", "ze", "la", "ge", "ye", "zou", "zu", "jiu", "dou"})
"""Syllables that come and go: 的, 了, 这, 那, 个, 也, 就, 都 …"""
_DENIALS: Final = frozenset({"bu", "mei"})
_MISSING: Final = 1.2
_EXTRA: Final = 0.8
_LIGHT_COST: Final = 0.45
_DIAGONAL_BITS: Final = 20
"""More diagonals than an utterance and a phrase together have syllables."""
_NEAR: Final = 2
"""Diagonals to either side that an alignment may wander to."""
_MOST_EXTRA: Final = 3
"""Syllables in a row that a phrase does not have, between two that it has. :func:`_least_before` looks back so far."""
_ROUNDING: Final = 1e-9
"""Sums of costs in another order differ by less."""


Heard = tuple[tuple[str, str], ...]
"""The syllables of an utterance; of each character its reading in its word and its commonest one."""


class Limits(NamedTuple):
    """Costs per syllable of a phrase."""

    accept: float
    """Up to here the phrase was heard."""
    ask: float
    """Up to here the audio is asked; beyond, the phrase was not heard."""


def limits(length: int) -> Limits:
    """The limits for a phrase of so many syllables: the longer it is, the less like chance."""
    if length < 4:
        return Limits(0.0, 0.14)
    if length < 6:
        return Limits(0.09, 0.3)
    if length < 8:
        return Limits(0.11, 0.34)
    return Limits(0.15, 0.36)


def _wordings(rule: BannedRule) -> Iterator[tuple[str, Reading]]:
    """What a rule is listened for: its phrases, and its shorter examples as they stand."""
    if not rule.sound:
        return
    yield from ((phrase, read(phrase)) for phrase in rule.phrases)
    for example in rule.examples.hit:
        if example.side == "agent":
            reading = read(example.text)
            if LEAST < len(reading.lean) <= MOST_EXAMPLE:
                yield example.text, reading


class _Phrase(NamedTuple):
    syllables: tuple[str, ...]
    rules: list[tuple[BannedRule, str]]
    named: bool
    """Listed as a phrase; an example is trusted without the audio only where it sounds exactly alike."""


class Sounds:
    """Every phrase of a set of rules, by its sound."""

    def __init__(self, rules: Iterable[BannedRule]) -> None:
        by_sound: dict[tuple[str, ...], list[tuple[BannedRule, str]]] = {}
        phrases: set[tuple[str, ...]] = set()
        for rule in rules:
            for wording, reading in _wordings(rule):
                for key in _keys(reading):
                    by_sound.setdefault(key, []).append((rule, wording))
                    if wording in rule.phrases:
                        phrases.add(key)
        self._phrases = [_Phrase(key, owners, key in phrases) for key, owners in sorted(by_sound.items())]
        self._names = sorted({syllable for phrase in self._phrases for syllable in phrase.syllables})
        number = {name: index for index, name in enumerate(self._names)}
        self._length = np.array([len(phrase.syllables) for phrase in self._phrases], dtype=np.int64)
        self._asked_needs = np.maximum(2, np.ceil(self._length * _SHARED)).astype(np.int64)
        named = np.array([phrase.named for phrase in self._phrases], dtype=bool)
        self._sure_needs = np.where(named, self._asked_needs, self._length)  # an example counts where it sounds alike
        self._ask = np.array([limits(len(phrase.syllables)).ask for phrase in self._phrases]) + _ROUNDING
        self._most = self._ask * self._length
        longest = int(self._length.max(initial=0))
        self._spelling = np.full((len(self._phrases), longest), len(self._names), dtype=np.int64)
        for row, phrase in enumerate(self._phrases):
            self._spelling[row, : len(phrase.syllables)] = [number[syllable] for syllable in phrase.syllables]
        self._missing = np.array([*(_LIGHT_COST if name in _LIGHT else _MISSING for name in self._names), 0.0])
        """By name, and nothing for the place behind a phrase."""
        posting: dict[str, list[int]] = {}
        for row, phrase in enumerate(self._phrases):
            for place, syllable in enumerate(phrase.syllables):
                posting.setdefault(syllable, []).append((row << _DIAGONAL_BITS) + longest - place)
        self._posting = {syllable: np.array(numbers, dtype=np.int64) for syllable, numbers in posting.items()}
        """Phrase and diagonal in one number; the diagonal moves on with the place in the utterance."""
        self._unlike: dict[tuple[str, str], NDArray[np.float64]] = {}

    def find(self, reading: Reading, *, ask: bool = True) -> Iterator[Found]:
        """Every phrase that was heard and, with ``ask``, every one that may have been (``needs_audio``)."""
        heard = _heard(reading)
        rows = self._likely(heard, self._asked_needs if ask else self._sure_needs)
        if not len(rows):
            return
        unlike = np.stack([self._column(readings) for readings in heard])
        rows, costs, ends = self._align(rows, heard, unlike)
        shares = costs / self._length[rows]
        thinkable = np.flatnonzero(shares <= self._ask[rows])
        unsure_left = MOST_UNSURE if ask else 0
        told: set[tuple[str, int, int]] = set()
        asked: set[tuple[str, int, int]] = set()
        edges = {edge for span in reading.words for edge in span}
        for at in thinkable[np.argsort(shares[thinkable], kind="stable")]:
            phrase, share, end = self._phrases[rows[at]], float(shares[at]), int(ends[at])
            accept = limits(len(phrase.syllables)).accept if phrase.named else 0.0
            unsure = share > accept + _ROUNDING
            if unsure and not unsure_left:
                continue
            first = self._begin(rows[at], heard, unlike, end)
            if first >= end:
                continue
            start, stop = reading.lean_at[first], reading.lean_at[end - 1] + 1
            if len(phrase.syllables) < WHOLE_WORDS_BELOW:
                unsure = unsure or not (start in edges and stop in edges)
            place = (phrase.rules[0][1], start, stop)
            if place in told or (unsure and (place in asked or not unsure_left)):
                continue
            if unsure and not _worth_asking(phrase.syllables, heard[first:end], reading.crosses_mark(start, stop)):
                continue
            # a hint costs nobody anything, and is not worth a question to the audio
            owners = [owner for owner in phrase.rules if not unsure or owner[0].severity != "hint"]
            if not owners:
                continue
            (asked if unsure else told).add(place)
            unsure_left -= unsure
            for rule, wording in owners:
                yield Found(
                    rule=rule,
                    phrase=wording,
                    match="pinyin",
                    start=start,
                    end=stop,
                    score=trust(share, len(phrase.syllables)),
                    needs_audio=unsure,
                    candidate=wording if unsure else "",
                )

    def _likely(self, heard: Heard, needs: NDArray[np.int64]) -> NDArray[np.int64]:
        """Phrases that share as many syllables with ``heard`` as each ``needs``, on one diagonal, give or take two."""
        found = [
            (at, self._posting[syllable])
            for at, readings in enumerate(heard)
            for syllable in dict.fromkeys(readings)
            if syllable in self._posting
        ]
        if not found:
            return np.zeros(0, dtype=np.int64)
        shared = np.concatenate([places for _, places in found])
        shared += np.repeat([at for at, _ in found], [len(places) for _, places in found])
        phrases = shared >> _DIAGONAL_BITS
        # most are of phrases that share too few syllables, wherever those stand
        shared = np.sort(shared[(np.bincount(phrases, minlength=len(needs)) >= needs)[phrases]])
        phrases = shared >> _DIAGONAL_BITS
        last = np.arange(len(shared)) + needs[phrases] - 1  # of as many as are needed, from each place on
        inside = np.flatnonzero(last < len(shared))
        first, last = shared[inside], shared[last[inside]]
        near = np.flatnonzero(last - first <= 2 * _NEAR)
        first, last = first[near], last[near]
        # The diagonal in the middle must be one of them.
        middle = shared[np.searchsorted(shared, last - _NEAR)]
        likely = first[middle <= first + _NEAR] >> _DIAGONAL_BITS
        return np.asarray(likely[np.flatnonzero(np.diff(likely, prepend=-1))])

    def _align(
        self, rows: NDArray[np.int64], heard: Heard, unlike: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """Of the phrases that may have been heard (row, cheapest cost in ``heard``, where it ends), all at once.

        ``unlike``: (heard characters, syllable names), what each costs as the other. A phrase whose syllables, each
        wherever it is cheapest, come to more than is thinkable is given up before.
        """
        cheapest = np.minimum(unlike.min(axis=0), self._missing)
        rows = rows[cheapest[self._spelling[rows]].sum(axis=1) <= self._most[rows]]
        if not len(rows):
            return rows, np.zeros(0), rows
        rows = rows[np.argsort(self._length[rows], kind="stable")]
        lengths = self._length[rows]
        names = self._spelling[rows, : lengths[-1]].T
        missing = self._missing[names]
        # Costs are kept less the extra syllables up to where they are: whatever is paid for those, it is the same
        # after any prefix, and the cheapest way to have paid it is the least of the costs just before.
        extra = np.array([_extra(readings) for readings in heard])
        paid = np.concatenate(([0.0], extra.cumsum()))[:, None]
        changed = unlike - extra[:, None]
        costs = np.repeat(-paid, len(rows), axis=1)  # characters down, phrases across
        best, ends = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
        done = 0
        for place, over in enumerate(np.searchsorted(lengths, np.arange(1, lengths[-1] + 1), side="right").tolist()):
            table = np.full((len(costs) + _MOST_EXTRA, len(rows) - done), np.inf)
            here = table[_MOST_EXTRA:]
            np.add(costs, missing[place, done:], out=here)
            np.minimum(here[1:], changed.take(names[place, done:], axis=1) + costs[:-1], out=here[1:])
            costs = _least_before(table)
            if over > done:
                whole = costs[:, : over - done] + paid
                best[done:over], ends[done:over] = whole.min(axis=0), whole.argmin(axis=0)
                costs, done = costs[:, over - done :], over
        order = np.argsort(rows)
        return rows[order], best[order].round(9), ends[order]

    def _column(self, readings: tuple[str, str]) -> NDArray[np.float64]:
        """How unlike a heard character every syllable of the phrases sounds."""
        if readings not in self._unlike:
            self._unlike[readings] = np.array([*(unlike(name, readings) for name in self._names), 0.0])
        return self._unlike[readings]

    def _begin(self, phrase: int, heard: Heard, unlike: NDArray[np.float64], end: int) -> int:
        """Where the cheapest alignment of a phrase that ends at ``end`` begins."""
        names = self._spelling[phrase, : self._length[phrase]]
        first = max(0, end - 2 * len(names))
        extra = [_extra(readings) for readings in heard[first:end]]
        costs = [0.0] * (end - first + 1)
        starts = list(range(first, end + 1))
        for missing, column in zip(self._missing[names].tolist(), unlike[first:end, names].T.tolist(), strict=True):
            row, begun = [costs[0] + missing], [starts[0]]
            for at, changed in enumerate(column):
                cost, start = costs[at] + changed, starts[at]
                if costs[at + 1] + missing < cost:
                    cost, start = costs[at + 1] + missing, starts[at + 1]
                if row[at] + extra[at] < cost:
                    cost, start = row[at] + extra[at], begun[at]
                row.append(cost)
                begun.append(start)
            costs, starts = row, begun
        return starts[-1]


def _keys(reading: Reading) -> set[tuple[str, ...]]:
    """How a wording sounds: in its lean form (什么), and as it is written (啥)."""
    lean = tuple(readings[0] for readings in _heard(reading))
    written = tuple(reading.syllables[at].folded for at in dict.fromkeys(reading.lean_at))
    return {key for key in (lean, written) if len(key) >= LEAST}


def _heard(reading: Reading) -> Heard:
    """Of each character of the lean text the reading in its word, and another that it may have had."""
    found = []
    for character, at in zip(reading.lean, reading.lean_at, strict=True):
        commonest = of_character(character)
        folded = reading.syllables[at].folded
        found.append((folded, commonest) if character == reading.plain[at] else (commonest, folded))
    return tuple(found)


def _worth_asking(phrase: tuple[str, ...], heard: Heard, crosses: bool) -> bool:
    """Whether a likeness may be a mishearing.

    Words heard exactly that are merely the beginning or the end of a longer wording (有什么 of 有什么事)
    were not misheard, and a short wording is not spoken across a pause.
    """
    if len(heard) < len(phrase):
        for part in (phrase[: len(heard)], phrase[-len(heard) :]):
            if all(name in readings for name, readings in zip(part, heard, strict=True)):
                return False
    return not (crosses and len(phrase) < WHOLE_WORDS_BELOW)


@lru_cache(maxsize=65_536)
def unlike(name: str, readings: tuple[str, str]) -> float:
    """What it costs to hear a character as the syllable ``name``: by its likelier reading, a lost 不 or 没 double."""
    cost = min(distance(name, reading) for reading in readings)
    return cost * 2 if name in _DENIALS else cost


def _least_before(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """The least of each place and of the three before it, down the columns; the first three have nothing before."""
    pairs = np.minimum(table[1:], table[:-1])
    return np.minimum(pairs[2:], pairs[:-2])


def _extra(readings: tuple[str, str]) -> float:
    return _LIGHT_COST if readings[0] in _LIGHT else _EXTRA


def trust(cost: float, length: int) -> float:
    """How far a match by sound can be trusted, from its cost per syllable."""
    return round(max(0.05, 0.99 - 1.4 * cost - (0.05 if length < 6 else 0.0)), 3)
