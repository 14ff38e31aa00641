"""The wording to use instead, fitted to the sentence where the rule knows how."""

from collections.abc import Mapping

from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.text.reading import Reading
from monitor.text.wording import compile_pattern

_MOST_SLOT = 12
"""A longer slot is a sign that the pattern caught more than it meant to."""


class Rewrites:
    """The compiled rewrites of a set of rules."""

    def __init__(self, rules: Mapping[str, BannedRule], classes: Mapping[str, str]) -> None:
        self._compiled = {
            rule.id: [(compile_pattern(rewrite.pattern, classes), rewrite.say) for rewrite in rule.rewrites]
            for rule in rules.values()
            if rule.rewrites
        }

    def offer(self, reading: Reading, found: Found) -> tuple[str, Mapping[str, str]]:
        """(wording, slots): the first rewrite whose pattern meets the hit's words, else the rule's fixed one."""
        for pattern, say in self._compiled.get(found.rule.id, ()):
            for match in pattern.finditer(reading.lean):
                start, end = reading.lean_at[match.start()], reading.lean_at[match.end() - 1] + 1
                if start >= found.end or end <= found.start:
                    continue
                slots = {
                    name: _clean(reading, match.start(name), match.end(name))
                    for name in pattern.groupindex
                    if match.start(name) < match.end(name)
                }
                if len(slots) == len(pattern.groupindex) and all(
                    len(slots[name]) <= _MOST_SLOT and _whole_words(reading, match.start(name), match.end(name))
                    for name in slots
                ):
                    return say.format_map(slots), {**found.slots, **slots}
        return found.rule.rewrite, found.slots


def _clean(reading: Reading, start: int, end: int) -> str:
    """A slot without the hesitations the speaker put into it."""
    return "".join(reading.plain[at] for at in dict.fromkeys(reading.lean_at[start:end]))


def _whole_words(reading: Reading, start: int, end: int) -> bool:
    """Whether a slot begins and ends where words do: «个真» of «这个真不归我管» is no name of a thing."""
    begins = {word[0] for word in reading.words}
    ends = {word[1] for word in reading.words}
    return reading.lean_at[start] in begins and reading.lean_at[end - 1] + 1 in ends
