"""Finding phrases by their sound: «这是不为我做» where «这事不归我做» was said.

A recogniser keeps the sound of a sentence better than its spelling. Each phrase is aligned with the
utterance syllable by syllable (:mod:`monitor.rules.alignment`), substitutions weighted by how unlike
two syllables sound, missing and extra syllables by how much they usually carry. Below an accepted cost
per syllable the phrase was heard; between accepted and thinkable the audio must decide.

An inverted index from syllable to phrases finds those that share enough syllables with the utterance;
only those are looked at, so that thousands of phrases cost little more than one.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from monitor.rules.alignment import Floats, Ints, align
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
        self._number = {name: index for index, name in enumerate(self._names)}
        self._length = np.array([len(phrase.syllables) for phrase in self._phrases], np.int32)
        self._asked_needs = np.maximum(2, np.ceil(self._length * _SHARED)).astype(np.int32)
        named = np.array([phrase.named for phrase in self._phrases], bool)
        self._sure_needs = np.where(named, self._asked_needs, self._length)  # an example counts where it sounds alike
        ask = np.array([limits(len(phrase.syllables)).ask for phrase in self._phrases])
        self._most = (ask + _ROUNDING) * self._length
        self._spelling = np.full((len(self._phrases), int(self._length.max(initial=0))), -1, np.int32)
        for row, phrase in enumerate(self._phrases):
            self._spelling[row, : len(phrase.syllables)] = [self._number[syllable] for syllable in phrase.syllables]
        self._missing = np.array([_LIGHT_COST if name in _LIGHT else _MISSING for name in self._names])
        rows, places = np.nonzero(self._spelling >= 0)
        spelt = self._spelling[rows, places]
        self._owners = rows[np.argsort(spelt, kind="stable")].astype(np.int32)
        self._starts = np.searchsorted(np.sort(spelt), np.arange(len(self._names) + 1)).astype(np.int32)
        self._known: dict[tuple[str, str], tuple[tuple[int, int], float, Floats]] = {}

    def find(self, reading: Reading, *, ask: bool = True) -> Iterator[Found]:
        """Every phrase that was heard and, with ``ask``, every one that may have been (``needs_audio``)."""
        heard = _heard(reading)
        rows, costs, firsts, ends = self._align(heard, self._asked_needs if ask else self._sure_needs)
        shares = costs.round(9) / self._length[rows]  # sums in another order are the same
        unsure_left = MOST_UNSURE if ask else 0
        told: set[tuple[str, int, int]] = set()
        asked: set[tuple[str, int, int]] = set()
        edges = {edge for span in reading.words for edge in span}
        for at in np.argsort(shares, kind="stable").tolist():
            phrase, share, first, end = self._phrases[rows[at]], float(shares[at]), int(firsts[at]), int(ends[at])
            accept = limits(len(phrase.syllables)).accept if phrase.named else 0.0
            unsure = share > accept + _ROUNDING
            if unsure and not unsure_left:
                continue
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

    def _align(self, heard: Heard, needs: Ints) -> tuple[Ints, Floats, Ints, Ints]:
        """Of the phrases that may have been heard: row, least cost, first character, character behind the last."""
        if not heard or not self._phrases:
            return np.zeros(0, np.int32), np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32)
        names, extra, costs = zip(*map(self._heard_as, heard), strict=True)
        return align(
            self._starts,
            self._owners,
            self._spelling,
            self._length,
            needs,
            self._most,
            self._missing,
            np.array(names, np.int32),
            np.array(extra),
            np.concatenate(costs).reshape(len(heard), -1),
        )

    def _heard_as(self, readings: tuple[str, str]) -> tuple[tuple[int, int], float, Floats]:
        """A heard character: as syllables of the phrases (-1: none), its cost as an extra one, and as each of them."""
        if readings not in self._known:
            one, other = [self._number.get(reading, -1) for reading in readings]
            names = one, other if other != one else -1
            costs = np.array([unlike(name, readings) for name in self._names])
            self._known[readings] = names, _LIGHT_COST if readings[0] in _LIGHT else _EXTRA, costs
        return self._known[readings]


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


def trust(cost: float, length: int) -> float:
    """How far a match by sound can be trusted, from its cost per syllable."""
    return round(max(0.05, 0.99 - 1.4 * cost - (0.05 if length < 6 else 0.0)), 3)
