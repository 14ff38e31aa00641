"""Finding wordings that vary: expressions with synonym classes, by character and by sound.

The same expression is matched twice: on the lean text, and, with every character replaced by the
symbol of its syllable, on the lean text's sound, so that «不规我管» is still «不归我管».

No expression is tried on a sentence that lacks what it cannot do without. From each one's parse tree
comes a set of literals of which every match holds at least one; one Aho-Corasick automaton finds
them all, so that a sentence pays only for expressions that have a chance.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, Final

import ahocorasick

from monitor.events import Match
from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.rules.sound import trust
from monitor.text import pinyin
from monitor.text.normalise import QUESTION, STRONG, WEAK
from monitor.text.reading import Reading
from monitor.text.wording import compile_source, expand

MARKS: Final = WEAK + STRONG + QUESTION
SOUND_LEAST: Final = 5
"""Syllables that a match by sound must name, gaps not counted; shorter ones are like too much else."""
_GAP: Final = re.compile(r"(?<!\\)\.(?:\{\d*,?\d*\}|[*+?])?\??")
_GROUP_NAME: Final = re.compile(r"\(\?P<[^>]*>")


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One pattern of one rule. It is compiled when it is first needed."""

    rule: BannedRule
    written: str
    source: str
    marked: bool
    """Whether it sees punctuation."""

    @property
    def regex(self) -> re.Pattern[str]:
        """The compiled expression."""
        return compile_source(self.source)


@cache
def sounded(expression: str) -> str:
    """A regular expression over characters as one over symbols of syllables; gaps become groups ``_…``."""
    out: list[str] = []
    index = 0
    while index < len(expression):
        if name := _GROUP_NAME.match(expression, index):
            out.append(name.group())
            index = name.end()
        elif gap := _GAP.match(expression, index):
            out.append(f"(?P<_{index}>{gap.group()})")
            index = gap.end()
        else:
            character = expression[index]
            out.append(pinyin.symbol_of(character) if "\u3400" <= character <= "\u9fff" else character)
            index += 1
    return "".join(out)


class Expressions:
    """Every pattern of a set of rules, over characters or over sound."""

    def __init__(self, rules: Iterable[BannedRule], classes: Mapping[str, str], *, by_sound: bool = False) -> None:
        self._by_sound = by_sound
        self._always: list[Expression] = []
        anchored: dict[str, list[Expression]] = {}
        for rule in rules:
            if by_sound and not rule.sound:
                continue
            for written in rule.patterns:
                source = expand(written, classes)
                marked = any(mark in source for mark in MARKS)
                entry = Expression(rule, written, sounded(source) if by_sound else source, marked)
                needed = anchors(source)
                for literal in needed or ():
                    key = "".join(map(pinyin.symbol_of, literal)) if by_sound else literal
                    anchored.setdefault(key, []).append(entry)
                if not needed:
                    self._always.append(entry)
        self._automaton = ahocorasick.Automaton()
        for literal, entries in anchored.items():
            self._automaton.add_word(literal, entries)
        self._automaton.make_automaton()
        self._anchored = bool(anchored)

    def find(self, reading: Reading) -> Iterator[Found]:
        """Every place where a pattern matches; slots hold what its named groups matched, as heard."""
        text = reading.sound if self._by_sound else reading.lean
        if not text:
            return
        tried: dict[int, Expression] = {id(entry): entry for entry in self._always}
        if self._anchored:
            for _, entries in self._automaton.iter(text):
                for entry in entries:
                    tried[id(entry)] = entry
        if not tried:
            return
        marked = sound_marked(reading) if self._by_sound else reading.marked
        for entry in sorted(tried.values(), key=lambda item: (item.rule.id, item.written)):
            at = reading.marked_at if entry.marked else reading.lean_at
            for match in entry.regex.finditer(marked if entry.marked else text):
                if found := self._found(reading, entry, match, at):
                    yield found

    def _found(self, reading: Reading, entry: Expression, match: re.Match[str], at: tuple[int, ...]) -> Found | None:
        words = len(match.group().rstrip(MARKS))
        if not words:
            return None
        start, end = at[match.start()], at[match.start() + words - 1] + 1
        if self._by_sound and not (_named(match) >= SOUND_LEAST and _whole_words(reading, match, at)):
            return None
        if not entry.marked and reading.crosses_end(start, end):
            return None
        slots = {
            name: reading.quote(at[match.start(name)], at[match.end(name) - 1] + 1)
            for name in match.re.groupindex
            if not name.startswith("_") and match.start(name) < match.end(name)
        }
        way: Match = "pinyin" if self._by_sound else "pattern"
        end = min(end, len(reading.plain))
        score = trust(0.0, _named(match)) if self._by_sound else 1.0
        return Found(rule=entry.rule, phrase=entry.written, match=way, start=start, end=end, score=score, slots=slots)


def _named(match: re.Match[str]) -> int:
    """How many syllables of a match by sound the pattern names."""
    gaps = sum(match.end(name) - match.start(name) for name in match.re.groupindex if name.startswith("_"))
    marks = sum(mark in MARKS for mark in match.group())
    return match.end() - match.start() - gaps - marks


def _whole_words(reading: Reading, match: re.Match[str], at: tuple[int, ...]) -> bool:
    """Whether a match by sound, and each gap in it, begins and ends where words do.

    Homophones are everywhere: without this, 订 is heard in the second half of 决定.
    """
    edges = {start for start, _ in reading.words} | {len(reading.plain)}
    gaps = [match.span(name) for name in match.re.groupindex if name.startswith("_")]
    places = [match.span(), *(span for span in gaps if span[0] < span[1])]
    return all((at[place] if place < len(at) else len(reading.plain)) in edges for span in places for place in span)


def sound_marked(reading: Reading) -> str:
    """``reading.marked`` with symbols of syllables instead of characters."""
    symbol = iter(reading.sound)
    return "".join(character if character in MARKS else next(symbol) for character in reading.marked)


@cache
def anchors(expression: str) -> frozenset[str] | None:
    """Literals of which every match of ``expression`` holds at least one; None where there are none.

    >>> sorted(anchors("(?:不归|不是)我们?(?:管|负责)"))
    ['不归我', '不是我']
    """
    return _best(_needed(sre_parser.parse(expression)))


_MOST_LITERALS: Final = 200


def _needed(tree: Any) -> list[frozenset[str]]:
    """Sets of literals, each of which every match must meet, in the order they stand."""
    found: list[frozenset[str]] = []
    run: frozenset[str] = frozenset({""})

    def close() -> None:
        nonlocal run
        pieces = frozenset(piece for literal in run for piece in [literal.strip(MARKS)])
        if all(pieces) and not any(mark in piece for piece in pieces for mark in MARKS):
            found.append(pieces)
        run = frozenset({""})

    for operation, value in tree:
        options = _exact(operation, value)
        if options is not None and len(run) * len(options) <= _MOST_LITERALS:
            run = frozenset(head + tail for head in run for tail in options)
            continue
        close()
        if options is not None:
            run = options
        elif operation is sre.SUBPATTERN:
            found += _needed(value[3])
        elif operation is sre.BRANCH:
            branches = [_best(_needed(branch)) for branch in value[1]]
            if all(branches):
                found.append(frozenset().union(*[branch for branch in branches if branch]))
        elif operation in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] >= 1:
            found += _needed(value[2])
    close()
    return found


def _exact(operation: Any, value: Any) -> frozenset[str] | None:
    """All the strings that this part can match, where they are few and none is empty but by choice."""
    if operation is sre.LITERAL:
        return frozenset({chr(value)})
    if operation is sre.IN and all(kind is sre.LITERAL for kind, _ in value):
        return frozenset(chr(code) for _, code in value)
    if operation is sre.SUBPATTERN:
        return _exact_sequence(value[3])
    if operation is sre.BRANCH:
        branches = [_exact_sequence(branch) for branch in value[1]]
        if all(branch is not None for branch in branches):
            return frozenset().union(*[branch for branch in branches if branch is not None])
    return None


def _exact_sequence(tree: Any) -> frozenset[str] | None:
    strings: frozenset[str] = frozenset({""})
    for operation, value in tree:
        options = _exact(operation, value)
        if options is None or len(strings) * len(options) > _MOST_LITERALS:
            return None
        strings = frozenset(head + tail for head in strings for tail in options)
    return strings


def _best(needed: list[frozenset[str]]) -> frozenset[str] | None:
    """The most telling of several sets: the longest shortest literal, then the fewest."""
    usable = [literals for literals in needed if literals and all(literals)]
    if not usable:
        return None
    return max(usable, key=lambda literals: (min(min(map(len, literals)), 3), -len(literals)))
