"""Hanging up: who may, and when. Source: 《淘宝客服工作制度与职责》§二.3.3–4, 《电商部客服规范用语》§一.3.

Only an agent who is known to have hung up is judged. Silent calls and bad lines have protocols of
their own that say when the agent may hang up.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from monitor.events import Event
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended
from monitor.rules.model import Fault, Text, kind, pattern_faults
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TimedRule, Violation
from monitor.rules.wording import Wordings
from monitor.timeline import Ms


@kind("hang-up")
class HangUpRule(TimedRule):
    """How the agent may end a call in which the customer has spoken."""

    kind: Literal["hang-up"]
    unless_before: tuple[Text, ...] = ()
    """Signals after which another protocol says when to hang up."""
    leaves: tuple[Text, ...] = ()
    """Signals by which the customer takes leave."""
    takes_leave: tuple[Text, ...] = ()
    """What the agent must have said in the last turns: patterns."""
    last_turns: Annotated[int, Field(ge=1)]
    still_speaking_ms: Annotated[int, Field(ge=0)]
    """The customer who spoke so shortly before is cut off."""
    first_ms: Annotated[int, Field(ge=0)]
    """Hanging up so soon after the goodbye gives the customer no time to hang up first."""
    cut_off: Violation
    no_goodbye: Violation
    first: Violation

    rank: ClassVar[int] = 2

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset((*self.unless_before, *self.leaves))

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        return super().faults(classes) + pattern_faults("takes_leave", self.takes_leave, classes)

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The rule, waiting for the end."""
        return HangingUp(self, scene, scribe)


class HangingUp:
    """The end of one call."""

    hears = (Ended,)
    signals: frozenset[str] = frozenset()

    def __init__(self, rule: HangUpRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self._leave = Wordings.of(patterns=rule.takes_leave, classes=scribe.classes)

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        if not isinstance(cue, Ended) or cue.by is not Side.AGENT or not self._scene.substance[Side.CUSTOMER]:
            return
        rule, heard = self._rule, self._scene.heard
        if any(name in heard for name in rule.unless_before):
            return
        left_ms = max((heard[name].at_ms for name in rule.leaves if name in heard), default=Ms(-1))
        spoken_ms = self._scene.voice_ended_ms[Side.CUSTOMER] or Ms(0)
        speaking = self._scene.speaking[Side.CUSTOMER] > 0 or cue.at_ms - spoken_ms < rule.still_speaking_ms
        agent_turns = [turn for turn in self._scene.turns if turn.side is Side.AGENT][-rule.last_turns :]
        goodbye = any(self._leave.find(turn.reading) for turn in agent_turns)
        if speaking and left_ms < spoken_ms - 1:
            yield self._charge(cue.at_ms, "cut-off", rule.cut_off, spoken_ms)
        elif not goodbye:
            self._scene.missed.add(rule.id)
            yield self._charge(cue.at_ms, "no-goodbye", rule.no_goodbye, self._scene.quiet_since_ms)
        elif left_ms < 0 and cue.at_ms - self._scene.quiet_since_ms < rule.first_ms:
            yield self._charge(cue.at_ms, "first", rule.first, self._scene.quiet_since_ms)

    def due_ms(self) -> Ms | None:
        """Never: it waits for the end."""
        return None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """Never due."""
        yield from ()

    def _charge(self, at_ms: Ms, name: str, violation: Violation, from_ms: Ms) -> Event:
        return self._scribe.warning(at_ms, min(from_ms, at_ms), name=name, violation=violation)
