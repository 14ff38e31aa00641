"""Wordings that the handbook offers for what the customer has just said."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from monitor.events import Event, Severity
from monitor.frames import Side
from monitor.rules.cues import Cue, Spoke
from monitor.rules.model import Fault, Text, kind, pattern_faults
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TapeExamples, TimedRule
from monitor.rules.wording import Wordings
from monitor.timeline import Ms


class ReplyExamples(TapeExamples):
    """Tapes, or what the customer says in bare words."""

    @model_validator(mode="before")
    @classmethod
    def _bare_words(cls, value: Any) -> Any:
        """``我要投诉`` is short for a customer who says so for two seconds, and is offered the reply."""
        if not isinstance(value, dict):
            return value
        said = {"hit": ("reply@2",), "miss": ()}
        return {
            key: tuple(
                {"tape": f"C2:{item.replace(' ', '')}", "events": said.get(key, ())} if isinstance(item, str) else item
                for item in items
            )
            if isinstance(items, list | tuple)
            else items
            for key, items in value.items()
        }


@kind("reply")
class ReplyRule(TimedRule):
    """One wording and what calls for it. Placeholders (X, XX, ……) stay for the agent to fill."""

    kind: Literal["reply"]
    severity: Severity = "hint"
    say: Text
    when: tuple[Text, ...] = ()
    """Signals that call for it."""
    phrases: tuple[Text, ...] = ()
    """Words of the customer that call for it."""
    patterns: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    """Patterns that make them mean something else where they overlap."""
    if_before: tuple[Text, ...] = ()
    """Only where one of these signals came before."""
    offered_by: str = ""
    """The protocol that prompts this very wording (``protocol/step``); no reply of its own then."""
    examples: ReplyExamples = Field(default=ReplyExamples())

    rank: ClassVar[int] = 5
    sides: ClassVar[frozenset[Side]] = frozenset({Side.CUSTOMER})

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset((*self.when, *self.if_before))

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = pattern_faults("patterns", self.patterns, classes) + pattern_faults("unless", self.unless, classes)
        return found if self.offered_by else found + super().faults(classes)

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The reply, not offered yet."""
        return Replying(self, scene, scribe)

    @model_validator(mode="after")
    def _something_calls_for_it(self) -> "ReplyRule":
        called = bool(self.when or self.phrases or self.patterns)
        if called == bool(self.offered_by):
            raise ValueError("give what calls for it (when, phrases or patterns), or offered_by")
        return self


class Replying:
    """One reply in one call: offered once, as long as it says the same."""

    hears = (Spoke,)

    def __init__(self, rule: ReplyRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self.signals = frozenset(rule.when)
        self._wordings = Wordings.of(rule.phrases, rule.patterns, rule.unless, classes=scribe.classes, loose=False)
        self._offered = ""

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        match cue:
            case Signal(at_ms=at_ms, quote=quote):
                yield from self._offer(at_ms, quote)
            case Spoke(side=Side.CUSTOMER) if self._wordings and (found := self._wordings.find(cue.reading)):
                yield from self._offer(cue.to_ms, found.quote)

    def due_ms(self) -> Ms | None:
        """Never: it waits for words."""
        return None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """Never due."""
        yield from ()

    def _offer(self, at_ms: Ms, trigger: str) -> Iterator[Event]:
        rule = self._rule
        if rule.if_before and not any(name in self._scene.heard for name in rule.if_before):
            return
        say = self._scene.fill(rule.say)
        if say != self._offered:
            self._offered = say
            yield self._scribe.reply(at_ms, say, trigger)
