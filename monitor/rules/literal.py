"""Finding phrases by their characters and words by their boundaries, however many there are.

One Aho-Corasick automaton (Aho and Corasick 1975) over the lean text holds every phrase and word of
every rule, so the cost of a sentence does not grow with their number. Overlapping and adjacent
phrases are all found.
"""

from collections.abc import Iterable, Iterator

import ahocorasick

from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.text.reading import Reading, lean


class Literals:
    """Every phrase and word of a set of rules."""

    def __init__(self, rules: Iterable[BannedRule]) -> None:
        entries: dict[str, list[tuple[BannedRule, str, bool]]] = {}
        for rule in rules:
            for whole, wordings in ((False, rule.phrases), (True, rule.words)):
                for wording in wordings:
                    if key := lean(wording):
                        entries.setdefault(key, []).append((rule, wording, whole))
        self._automaton = ahocorasick.Automaton()
        for key, owners in entries.items():
            self._automaton.add_word(key, (len(key), owners))
        self._automaton.make_automaton()
        self._empty = not entries

    def find(self, reading: Reading) -> Iterator[Found]:
        """Every place where a phrase, or a word between word boundaries, stands."""
        if self._empty or not reading.lean:
            return
        edges: tuple[set[int], set[int]] | None = None
        for last, (length, owners) in self._automaton.iter(reading.lean):
            start, end = reading.lean_at[last - length + 1], reading.lean_at[last] + 1
            for rule, wording, whole in owners:
                if whole:
                    edges = edges or ({span[0] for span in reading.words}, {span[1] for span in reading.words})
                    if start not in edges[0] or end not in edges[1]:
                        continue
                yield Found(rule=rule, phrase=wording, match="word" if whole else "literal", start=start, end=end)
