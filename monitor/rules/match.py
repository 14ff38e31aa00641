"""Four ways to find banned words, one verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from monitor.frames import Side, Word
from monitor.rules.charge import charge
from monitor.rules.context import talked_about
from monitor.rules.hit import Found, Hit
from monitor.rules.learn import learn
from monitor.rules.literal import Literals
from monitor.rules.meaning import Look, Meaning
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet
from monitor.rules.pattern import Expressions, sound_marked, sounded
from monitor.rules.rewrite import Rewrites
from monitor.rules.sound import Sounds
from monitor.text.reading import Reading, read
from monitor.text.wording import compile_source, expand

_WARMING: Final = 3
ACCEPT_LLR: Final = -0.45
"""A wording that the audio finds at most this much less likely per token than the transcript was said.

Of the questions about 282 harmless utterances none passes at -0.5, four do at -0.6."""


class Matcher:
    """The banned rules of one rule set, ready to run. Pure: the same reading gives the same hits.

    Building it indexes every wording (seconds for thousands of rules); finding costs what the
    sentence costs, not what the rules cost.
    """

    def __init__(self, ruleset: RuleSet, *, folder: Path | None = None) -> None:
        """Index ``ruleset``; ``folder`` keeps what is learnt from its examples for the next start."""
        rules = {rule.id: rule for rule in ruleset.of(BannedRule)}
        self.ruleset = ruleset
        judged = {rule.side for rule in rules.values()}
        self._sides = frozenset(side.value for side in Side if side.value in judged or "any" in judged)
        self._literals = Literals(rules.values())
        self._patterns = Expressions(rules.values(), ruleset.classes)
        self._sound_patterns = Expressions(rules.values(), ruleset.classes, by_sound=True)
        self._sounds = Sounds(rules.values())
        learnt = learn(ruleset, folder)
        self._meaning = Meaning(learnt, tuple(rules.values())) if learnt is not None else None
        self._rewrites = Rewrites(rules, ruleset.classes)
        self._unless = {
            rule.id: [_Exception(expand(written, ruleset.classes)) for written in rule.unless]
            for rule in rules.values()
            if rule.unless
        }

    def warm_up(self) -> None:
        """Judge some examples of every rule, so that no call waits for what is made at its first use."""
        if self._meaning is not None:
            self._meaning.warm_up()
        for rule in self.ruleset.of(BannedRule):
            for example in rule.examples.hit[:_WARMING]:
                self.find(read(example.text), Side.AGENT)

    def judges(self, side: Side) -> bool:
        """Whether any rule is about what this side says."""
        return side.value in self._sides

    def find(self, reading: Reading, side: Side, *, words: Sequence[Word] = (), ask: bool = True) -> list[Hit]:
        """What ``side`` is charged with for one utterance, in the order it was said.

        Meaning is asked only where no wording was found: it says less exactly what was said.

        An unknown side is judged only by rules for ``any`` side. ``words`` (the recogniser's, with
        times) is taken for callers that have it; matching needs only the reading. Without ``ask``, what only
        the audio could decide is not looked for: there is no audio.
        """
        if not reading.plain or not self.judges(side):
            return []
        every = list(self._every_way(reading, ask=ask))
        looks = self._meaning.look(reading) if self._meaning is not None else []
        found = [item for item in every if self._holds(reading, item, side) and not self._denied(reading, looks, item)]
        if self._meaning is not None and all(item.needs_audio for item in found):
            excused = [item for item in every if not item.needs_audio and item not in found]
            found += [
                item
                for item in self._meaning.find(looks)
                if self._holds(reading, item, side) and not any(_within(other, item) for other in excused)
            ]
        hits = []
        for item, also in charge(found):
            rewrite, slots = self._rewrites.offer(reading, item)
            if slots and not self._harmless(rewrite):
                rewrite = item.rule.rewrite
            hits.append(
                Hit(
                    rule=item.rule,
                    phrase=item.phrase,
                    match=item.match,
                    score=item.score,
                    start=item.start,
                    end=item.end,
                    needs_audio=item.needs_audio,
                    candidate=item.candidate,
                    slots=dict(slots),
                    rewrite=rewrite,
                    also=also,
                )
            )
        return hits

    def judge(self, hit: Hit, verdict_llr: float) -> Hit | None:
        """A hit that needed the audio, now that the audio has spoken: confirmed, or None.

        ``verdict_llr`` as in :attr:`monitor.frames.Verdict.llr`.
        """
        if not hit.needs_audio:
            return hit
        if verdict_llr < ACCEPT_LLR:
            return None
        score = round(min(0.99, hit.score + 0.3 + 0.2 * min(1.0, max(0.0, verdict_llr - ACCEPT_LLR))), 3)
        return replace(hit, needs_audio=False, match="acoustic", score=score)

    def _harmless(self, rewrite: str) -> bool:
        """Whether a rewrite with the speaker's own words in it breaks no rule itself."""
        reading = read(rewrite)
        found = (*self._literals.find(reading), *self._patterns.find(reading))
        return not any(self._holds(reading, item, Side.AGENT) for item in found)

    def _every_way(self, reading: Reading, *, ask: bool) -> Iterable[Found]:
        yield from self._literals.find(reading)
        yield from self._patterns.find(reading)
        yield from self._sound_patterns.find(reading)
        yield from self._sounds.find(reading, ask=ask)

    def _denied(self, reading: Reading, looks: Sequence[Look], item: Found) -> bool:
        return self._meaning is not None and self._meaning.denies(reading, looks, item)

    def _holds(self, reading: Reading, item: Found, side: Side) -> bool:
        rule = item.rule
        if rule.side not in ("any", side.value):
            return False
        if any(exception.covers(reading, item) for exception in self._unless.get(rule.id, ())):
            return False
        return rule.reported == "fire" or not talked_about(reading, item.start, item.end)


def _within(excused: Found, item: Found) -> bool:
    """Whether a rule's own words stand in ``item`` and were found harmless there: what they mean is known then."""
    return excused.rule.id == item.rule.id and item.start < excused.end and excused.start < item.end


class _Exception:
    """A context that makes a rule's words harmless where it overlaps with them."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._marked = any(mark in source for mark in "，。？")

    def covers(self, reading: Reading, item: Found) -> bool:
        """Whether the exception's words stand around the found ones, by spelling or as the found ones sounded.

        One syllable is enough: «停不太清楚» is 听不太清楚. Asking for two changed 6 of 6184 recognised sentences, all
        of them for the worse.
        """
        by_sound = item.match in ("pinyin", "meaning")
        return self._meets(reading, item, by_sound=False) or (by_sound and self._meets(reading, item, by_sound=True))

    def _meets(self, reading: Reading, item: Found, *, by_sound: bool) -> bool:
        at = reading.marked_at if self._marked else reading.lean_at
        if by_sound:
            text = sound_marked(reading) if self._marked else reading.sound
        else:
            text = reading.marked if self._marked else reading.lean
        for match in compile_source(sounded(self._source) if by_sound else self._source).finditer(text):
            if not match.group():
                continue
            start, end = at[match.start()], at[match.end() - 1] + 1
            if start < item.end and end > item.start and (self._marked or not reading.crosses_end(start, end)):
                return True
        return False
