"""What a call is in, for the tile on the wall: talking, silent, on hold, a complaint, abusive."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from monitor.events import CallState, Event, Severity
from monitor.rules.cues import Cue, Spoke, VoiceOff, VoiceOn
from monitor.rules.model import Text, kind
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TimedRule
from monitor.timeline import Ms

State = Literal["talking", "silent", "hold", "complaint", "abusive"]


@kind("call-state")
class CallStateRule(TimedRule):
    """When a call counts as what."""

    kind: Literal["call-state"]
    severity: Severity = "hint"
    silent_ms: Annotated[int, Field(gt=0)]
    """So much silence of both sides is a state of its own."""
    hold: tuple[Text, ...] = ()
    hold_over: tuple[Text, ...] = ()
    complaint: tuple[Text, ...] = ()
    """Signals that make it a complaint until the end of the call."""
    abusive: tuple[Text, ...] = ()
    abusive_ms: Annotated[int, Field(gt=0)]
    """So long after the last such signal."""

    rank: ClassVar[int] = 4

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset((*self.hold, *self.hold_over, *self.complaint, *self.abusive))

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The call has just begun."""
        return States(self, scene, scribe)


class States:
    """The state of one call. Silence and hold hide what the talk is about until somebody speaks."""

    hears = (VoiceOn, VoiceOff, Spoke)

    def __init__(self, rule: CallStateRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self.signals = rule.listens
        self._shown: State | None = None
        self._complaint = self._holding = self._silent = False
        self._abusive_ms: Ms | None = None
        self._spoken = False

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        since_ms = None
        match cue:
            case Signal(name=name):
                since_ms = cue.from_ms
                self._holding = (self._holding or name in self._rule.hold) and name not in self._rule.hold_over
                self._complaint = self._complaint or name in self._rule.complaint
                if name in self._rule.abusive:
                    self._abusive_ms = cue.at_ms
            case VoiceOn():
                self._spoken, self._silent = True, False
        yield from self._tell(self._scene.now_ms, since_ms)

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        dues = []
        if self._spoken and not self._silent and self._scene.quiet:
            dues.append(self._scene.quiet_since_ms + self._rule.silent_ms)
        if self._abusive_ms is not None:
            dues.append(self._abusive_ms + self._rule.abusive_ms)
        return Ms(max(min(dues), self._scene.now_ms)) if dues else None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`."""
        if self._abusive_ms is not None and self._abusive_ms + self._rule.abusive_ms <= at_ms:
            self._abusive_ms = None
        quiet = self._scene.quiet and self._scene.quiet_since_ms + self._rule.silent_ms <= at_ms
        self._silent = self._silent or (self._spoken and quiet)
        yield from self._tell(at_ms, None)

    def _tell(self, at_ms: Ms, since_ms: Ms | None) -> Iterator[CallState]:
        state: State = "talking"
        if self._holding:
            state = "hold"
        elif self._silent:
            state, since_ms = "silent", self._scene.quiet_since_ms
        elif self._abusive_ms is not None:
            state = "abusive"
        elif self._complaint:
            state = "complaint"
        if state != self._shown and (self._shown is not None or self._spoken):
            self._shown = state
            yield self._scribe.state(at_ms, state, since_ms if since_ms is not None else at_ms)
