"""What people mean: words of one side recognised as an intent and told to the other timed rules.

An intent charges nobody. It is the one place where «the customer complains» or «the agent says
goodbye» is described; requirements, protocols and replies wait for it by name.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

from pydantic import Field, model_validator

from monitor.events import Event, Severity
from monitor.frames import Side
from monitor.rules.cues import Cue, Spoke
from monitor.rules.model import Fault, Rule, Sentences, Text, kind, pattern_faults, proof_faults
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TimedRule
from monitor.rules.wording import Found, Wordings
from monitor.text.reading import Reading, read
from monitor.timeline import Ms

_SEAM_MS = 1_500
"""A sentence may go on across so long a pause."""
_SEAM_CHARS = 16


@kind("intent")
class IntentRule(TimedRule):
    """Words that mean one thing."""

    kind: Literal["intent"]
    severity: Severity = "hint"
    side: Literal["agent", "customer", "any"] = "customer"
    phrases: tuple[Text, ...] = ()
    """Found by letters, by exact sound from three syllables, nearly so from six."""
    patterns: tuple[Text, ...] = ()
    whole: tuple[Text, ...] = ()
    """Found only as a whole utterance («打错了», «喂»)."""
    unless: tuple[Text, ...] = ()
    """Patterns that make it mean something else where they overlap with what was found."""
    after: tuple[str, ...] = ()
    """Only while one of these signals came in the turn before (what the other side has just said)."""
    examples: Sentences = Field(default=Sentences())  # type: ignore[assignment]
    """Sentences of ``side`` that mean it, and sentences that do not."""

    def find(self, reading: Reading, wordings: Wordings) -> Found | None:
        """Whether these words mean it."""
        if self.whole and reading.lean in _leans(self.whole):
            return Found(reading.raw, reading.raw, 1.0)
        return wordings.find(reading)

    def wordings(self, classes: Mapping[str, str]) -> Wordings:
        """Its words, compiled."""
        return Wordings.of(self.phrases, self.patterns, self.unless, classes=classes, loose=False)

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile; a stable intent without its proof."""
        found = [*pattern_faults("patterns", self.patterns, classes), *pattern_faults("unless", self.unless, classes)]
        if self.status == "stable":
            found += proof_faults(len(self.examples.hit), len(self.examples.miss))
        return found

    def proof(self) -> list[Fault]:
        """Counted in :meth:`faults`: its examples are sentences."""
        return []

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset(self.after)

    @property
    def raises(self) -> frozenset[str]:
        """Its own name."""
        return frozenset({self.id})

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The intent, listening."""
        return Listener(self, scene, self.wordings(scribe.classes))

    @model_validator(mode="after")
    def _something_to_find(self) -> "IntentRule":
        if not (self.phrases or self.patterns or self.whole):
            raise ValueError("nothing to find: give phrases, patterns or whole")
        return self


@lru_cache(maxsize=256)
def _leans(texts: tuple[str, ...]) -> frozenset[str]:
    return frozenset(read(text).lean for text in texts)


class Listener:
    """One intent at work in one call."""

    hears = (Spoke,)
    signals: frozenset[str] = frozenset()

    def __init__(self, rule: IntentRule, scene: Scene, wordings: Wordings) -> None:
        self._rule, self._scene, self._wordings = rule, scene, wordings
        self._sides = {Side.AGENT, Side.CUSTOMER} if rule.side == "any" else {Side(rule.side)}
        self._before: dict[Side, tuple[str, Ms]] = {}

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        if isinstance(cue, Spoke) and cue.side in self._sides:
            self._listen(cue)
        yield from ()

    def due_ms(self) -> Ms | None:
        """Never: it waits for words."""
        return None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """Never due."""
        yield from ()

    def _listen(self, cue: Spoke) -> None:
        before, ended_ms = self._before.get(cue.side, ("", Ms(0)))
        self._before[cue.side] = (cue.reading.raw, cue.to_ms)
        found = self._rule.find(cue.reading, self._wordings)
        if found is None and before and cue.from_ms - ended_ms <= _SEAM_MS and self._wordings:
            tail = before.rstrip("，。！？；、,.!?; ")[-_SEAM_CHARS:]
            whole = self._wordings.find(read(tail + cue.reading.raw))
            found = whole if whole is not None and self._wordings.find(read(tail)) is None else None
        if found is None or not self._in_place(cue):
            return
        signal = Signal(self._rule.id, cue.to_ms, cue.from_ms, cue.side, found.quote, found.slots)
        self._scene.signal(signal)

    def _in_place(self, cue: Spoke) -> bool:
        if not self._rule.after:
            return True
        other = next((turn for turn in reversed(self._scene.turns) if turn.side is not cue.side), None)
        since = other.from_ms if other is not None else Ms(0)
        return any(name in self._scene.heard and self._scene.heard[name].at_ms >= since for name in self._rule.after)


def intents(rules: Mapping[str, Rule]) -> tuple[IntentRule, ...]:
    """The intents among ``rules``."""
    return tuple(rule for rule in rules.values() if isinstance(rule, IntentRule))
