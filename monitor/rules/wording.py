"""Finding what *should* be said: wordings that survive paraphrase and recognition errors.

Banned words are found by :mod:`monitor.rules.match`, strictly. Here it is the other way round: an
agent who said the right thing must not be charged because the recogniser misspelt it, so accepted
wordings are found loosely, by sound, and placeholders of the handbook (X, XX, YYY, ……) stand for
anything. What *starts* something (a customer's complaint) is found with ``loose=False``: by its
letters or its exact sound.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from monitor.text.reading import Reading, read
from monitor.text.wording import compile_pattern

_PLACEHOLDER: Final = re.compile(r"[A-ZＸ×*]+|…+|\.{2,}|\{[a-z_]+\}")
"""What stands for anything in a wording of the handbook; ``{surname}`` is filled in where it is known."""
_GAP: Final = 16
"""At most so many syllables where a placeholder stands."""
_MORE: Final = 2
"""So many syllables more at either end than partial alignment finds."""
_ROOM: Final = 15
"""So many points below the least likeness partial alignment is still worth a closer look."""
_STRANGE: Final = 0.25
"""What a syllable that does not belong there costs, as a share of one that is missing."""
_NEVER: Final = re.compile(r"(?!)")
_DENIAL: Final = "不没无别未"
_EXACT: Final = 3
"""Shorter wordings must sound exactly alike."""
_LIKENESS: Final = ((6, 0.80), (10, 0.74), (10_000, 0.68))
"""(up to so many syllables, least share that must sound alike) for accepted wordings."""
_STRICT: Final = ((5, 1.0), (8, 0.86), (10_000, 0.82))
"""The same for wordings that start something."""


@dataclass(frozen=True, slots=True)
class Found:
    """A wording that was said."""

    phrase: str
    """As the rule writes it."""
    quote: str
    """As it was heard."""
    score: float
    """0–1: share of its syllables that sounded right; 1 for letters and patterns."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """What the named groups of a pattern matched."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    written: str
    letters: str
    """Lean letters; empty where it has placeholders."""
    pieces: tuple[str, ...]
    """Sound of each stretch between placeholders."""
    syllables: int


def _phrase(written: str) -> _Phrase:
    stretches = [stretch for stretch in _PLACEHOLDER.split(written) if stretch]
    pieces = tuple(sound for stretch in stretches if (sound := read(stretch).sound))
    letters = read(written).lean if len(stretches) == 1 and stretches[0] == written else ""
    return _Phrase(written, letters, pieces, sum(map(len, pieces)))


class Wordings:
    """Several ways of saying one thing.

    ``phrases`` may hold placeholders; ``patterns`` and ``unless`` are in the language of
    :mod:`monitor.text.wording`. Where ``unless`` overlaps what was found, it was not said.
    """

    def __init__(
        self,
        phrases: Iterable[str] = (),
        patterns: Iterable[str] = (),
        unless: Iterable[str] = (),
        *,
        classes: Mapping[str, str] | None = None,
        loose: bool = True,
    ) -> None:
        self._phrases = tuple(_phrase(written) for written in phrases)
        self._patterns = tuple((written, compile_pattern(written, classes or {})) for written in patterns)
        self._unless = tuple(compile_pattern(written, classes or {}) for written in unless)
        self._written = {phrase.letters: phrase.written for phrase in self._phrases if phrase.letters}
        self._spelt = _any_of(self._written)
        self._sounding: dict[str, str] = {}
        """Sound of phrases without placeholders → the phrase."""
        self._rough: list[tuple[_Phrase, frozenset[str], int, float]] = []
        """Phrases that need not sound exactly alike (or have placeholders): their syllables, how many of
        these must have been heard at all, the least likeness."""
        for phrase in self._phrases:
            if phrase.syllables < (2 if loose else _EXACT):
                continue
            least = next(share for limit, share in (_LIKENESS if loose else _STRICT) if phrase.syllables <= limit)
            if len(phrase.pieces) == 1:
                self._sounding.setdefault(phrase.pieces[0], phrase.written)
            if len(phrase.pieces) > 1 or (phrase.syllables > _EXACT and least < 1):
                alphabet = frozenset("".join(phrase.pieces))
                self._rough.append((phrase, alphabet, len(alphabet) - int((1 - least) * phrase.syllables), least))
        self._exact = _any_of(self._sounding)
        self._letters: re.Pattern[str] | None = None

    @classmethod
    def of(
        cls,
        phrases: Iterable[str] = (),
        patterns: Iterable[str] = (),
        unless: Iterable[str] = (),
        *,
        classes: Mapping[str, str] | None = None,
        loose: bool = True,
    ) -> "Wordings":
        """The same, compiled once however many calls use it."""
        named = tuple(sorted(classes.items())) if classes and patterns else ()
        return _compiled(tuple(phrases), tuple(patterns), tuple(unless), named, loose)

    def __bool__(self) -> bool:
        return bool(self._phrases or self._patterns)

    def find(self, reading: Reading) -> Found | None:
        """The first wording that was said: letters before patterns before sound."""
        if not reading.lean:
            return None
        if self._spelt is not None:
            for found in self._spelt.finditer(reading.lean):
                if not self._excused(reading, *found.span()):
                    return Found(self._written[found.group()], _quote(reading, *found.span()), 1.0)
        for written, pattern in self._patterns:
            marked = any(mark in written for mark in "，。？")
            text, places = (reading.marked, reading.marked_at) if marked else (reading.lean, reading.lean_at)
            for found in pattern.finditer(text):
                span = _lean_span(reading, places, found.start(), found.end())
                if not self._excused(reading, *span):
                    quote = _plain_quote(reading, places, found.start(), found.end())
                    slots = {name: value for name, value in found.groupdict().items() if value}
                    return Found(written, quote, 1.0, slots)
        return self._by_sound(reading)

    def count(self, plain: str) -> int:
        """How often the wordings stand in ``plain`` by the letter, longest first, without overlap.

        Counted in plain text, where 您 and 你 are still two words; patterns and sound do not count.
        """
        if self._letters is None:
            self._letters = _any_of({read(phrase.written).plain for phrase in self._phrases}) or _NEVER
        return sum(1 for _ in self._letters.finditer(plain))

    def _by_sound(self, reading: Reading) -> Found | None:
        sound = reading.sound
        if self._exact is not None:
            for found in self._exact.finditer(sound):
                if not self._excused(reading, *found.span()):
                    return Found(self._sounding[found.group()], _quote(reading, *found.span()), 1.0)
        best: Found | None = None
        heard = _alphabet(sound)
        for phrase, alphabet, known, least in self._rough:
            if len(alphabet & heard) < known:
                continue
            placed = _align(phrase, sound, least)
            if placed is None:
                continue
            start, end, score = placed
            if score < 1 and _denials(phrase.written) != _denials(reading.lean[max(0, start - 1) : end]):
                continue  # one syllable of a hundred, and the sentence means the opposite
            if (best is None or score > best.score) and not self._excused(reading, start, end):
                best = Found(phrase.written, _quote(reading, start, end), round(score, 3))
        return best

    def _excused(self, reading: Reading, start: int, end: int) -> bool:
        return any(
            found.start() < end and start < found.end()
            for pattern in self._unless
            for found in pattern.finditer(reading.lean)
        )


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    """One expression for many texts, the longest first; None for none."""
    ordered = sorted(filter(None, texts), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


@lru_cache(maxsize=256)
def _alphabet(sound: str) -> frozenset[str]:
    return frozenset(sound)


@lru_cache(maxsize=8192)
def _compiled(
    phrases: tuple[str, ...],
    patterns: tuple[str, ...],
    unless: tuple[str, ...],
    classes: tuple[tuple[str, str], ...],
    loose: bool,
) -> Wordings:
    return Wordings(phrases, patterns, unless, classes=dict(classes), loose=loose)


def _denials(letters: str) -> int:
    return sum(letters.count(letter) for letter in _DENIAL)


def _align(phrase: _Phrase, sound: str, least: float) -> tuple[int, int, float] | None:
    """(start, end, share of syllables alike) of the phrase's pieces in order, or None."""
    position, start, right = 0, -1, 0.0
    for piece in phrase.pieces:
        placed = _place(piece, sound, position, least)
        if placed is None or (start >= 0 and placed[0] - position > _GAP):
            return None
        if start < 0:
            start = placed[0]
        position = placed[1]
        right += placed[2] * len(piece)
    if start < 0 or right < least * phrase.syllables:
        return None
    return start, position, right / phrase.syllables


def _place(piece: str, sound: str, position: int, least: float) -> tuple[int, int, float] | None:
    at = sound.find(piece, position)
    if at >= 0:
        return at, at + len(piece), 1.0
    if len(piece) <= _EXACT or len(sound) - position < least * len(piece):
        return None
    rest = sound[position:]
    if len(rest) >= len(piece):
        found = fuzz.partial_ratio_alignment(piece, rest, score_cutoff=least * 100 - _ROOM)
        if found is None:
            return None
        start, end = found.dest_start, found.dest_end
    else:
        start, end = 0, len(rest)
    # partial_ratio forgives what is missing at the ends, and its window is no longer than the piece: a
    # wording is said when its syllables are there, a word or two more between them does no harm
    score, start, end = max(
        (_likeness(piece, rest[first:last]), first, last)
        for first in range(max(0, start - _MORE), start + 1)
        for last in range(end, min(len(rest), end + _MORE) + 1)
    )
    return (position + start, position + end, score) if score >= least else None


def _likeness(piece: str, window: str) -> float:
    right = LCSseq.similarity(piece, window)
    return (right - _STRANGE * (len(window) - right)) / len(piece)


def _quote(reading: Reading, start: int, end: int) -> str:
    return _plain_quote(reading, reading.lean_at, start, end)


def _plain_quote(reading: Reading, places: Sequence[int], start: int, end: int) -> str:
    return reading.quote(places[start], places[end - 1] + 1)


def _lean_span(reading: Reading, places: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """A span of ``marked`` or ``lean`` as a span of ``lean``."""
    if places is reading.lean_at:
        return start, end
    first, last = places[start], places[end - 1]
    inside = [index for index, at in enumerate(reading.lean_at) if first <= at <= last]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)
