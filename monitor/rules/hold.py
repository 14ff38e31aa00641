"""Letting the customer wait: announced, kept in touch, and taken up again with thanks.

Source: 《怎样处理客户投诉》§七(五)1 and 《淘宝客服电话标准话术方案》§二.3(3). A hold begins when the
agent has announced it and falls silent, or when the agent owes an answer and stays silent. The
handbook gives no times; all are settings of the rule file.

Signals: ``ID.begun`` (it is a hold), ``ID.long`` (long enough to want thanks on return),
``ID.over`` (the agent is back), ``ID.back`` (from a long one).
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from monitor.events import Event
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Hole, Spoke, VoiceOff, VoiceOn
from monitor.rules.model import Fault, Strict, Text, kind, pattern_faults
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TimedRule, Violation
from monitor.rules.wording import Wordings
from monitor.timeline import Ms


class HoldStep(Strict):
    """A sentence of the hold and what counts as having said it."""

    title: Text
    say: Text
    accept: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()


@kind("hold")
class HoldRule(TimedRule):
    """A wait that the agent asks for, or imposes by silence."""

    kind: Literal["hold"]
    announced_by: tuple[Text, ...]
    """Signals by which the agent announces it."""
    implied_by: tuple[Text, ...] = ()
    """Signals by which the agent turns to something else without asking («我查一下»)."""
    waits_for_customer: tuple[Text, ...] = ()
    """Signals after which the silence is the customer's (looking for a number, operating something)."""
    announced_ms: Annotated[int, Field(gt=0)]
    """Silence of the agent after the announcement from which it is a hold."""
    unannounced_ms: Annotated[int, Field(gt=0)]
    """Silence from which it is one without announcement, when the agent owes an answer."""
    long_ms: Annotated[int, Field(gt=0)]
    """Silence from which coming back wants thanks."""
    touch_ms: Annotated[int, Field(gt=0)]
    """Every so much silence a word to keep in touch is prompted."""
    silent_limit_ms: Annotated[int, Field(gt=0)]
    """So much silence without a word is charged."""
    total_limit_ms: Annotated[int, Field(gt=0)]
    """So long a hold in all is charged."""
    touch: HoldStep
    back: HoldStep
    no_touch: Violation
    too_long: Violation

    rank: ClassVar[int] = 1

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset((*self.announced_by, *self.implied_by, *self.waits_for_customer))

    @property
    def raises(self) -> frozenset[str]:
        """See the module."""
        return frozenset(f"{self.id}.{name}" for name in ("begun", "long", "over", "back"))

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = super().faults(classes)
        for name, step in (("touch", self.touch), ("back", self.back)):
            for fault in pattern_faults("patterns", step.patterns, classes):
                found.append(Fault((name, *fault.path), fault.code, fault.what))
        return found

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """No hold yet."""
        return Hold(self, scene, scribe)


class State(Enum):
    """Where a hold stands."""

    NONE = auto()
    """The agent's silence, if any, means nothing."""
    ANNOUNCED = auto()
    """The agent has asked the customer to wait."""
    HOLDING = auto()
    """The customer is waiting."""


_BREATH_MS: Final = 1_500
"""After a shorter pause the agent is still announcing."""

_CHECKS: Final = ("begin", "long", "touch", "limit", "total")


class Hold:
    """Every hold of one call, one after the other."""

    hears = (VoiceOn, VoiceOff, Spoke, Hole, Ended)

    def __init__(self, rule: HoldRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self.signals = rule.listens
        self.state = State.NONE
        self._quiet_ms: Ms | None = Ms(0)
        """End of the agent's last voice; None while the agent speaks."""
        self._since_ms = Ms(0)
        """When the hold began: the end of the words before it."""
        self._floor_ms: Ms | None = None
        """Since when the agent owes an answer: the end of the customer's last words; None: does not."""
        self._owes = False
        self._gap_ms = 0
        """Silence of the agent before the present utterance."""
        self._passed: set[str] = set()
        """Checks that are behind us in this silence (``long`` and ``total``: in this hold)."""
        self._touches = 0
        self._shown: tuple[str, Ms] | None = None
        self._touch = Wordings.of(rule.touch.accept, rule.touch.patterns, classes=scribe.classes)

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        match cue:
            case Signal(name=name) if name in self._rule.announced_by:
                if self.state is State.NONE:
                    self.state = State.ANNOUNCED
            case Signal(name=name) if name in self._rule.implied_by:
                if self.state is State.NONE:
                    self._owes, self._floor_ms = True, cue.at_ms
            case Signal():
                self._owes = False
                if self.state is State.ANNOUNCED:
                    self.state = State.NONE
            case VoiceOn(side=Side.AGENT):
                self._gap_ms = cue.at_ms - self._quiet_ms if self._quiet_ms is not None else 0
                self._quiet_ms = None
            case VoiceOff(side=Side.AGENT) if not self._scene.speaking[Side.AGENT]:
                self._quiet_ms = cue.at_ms
                self._passed &= {"total", "long"}
                self._touches = 0
            case VoiceOff(side=Side.CUSTOMER):
                self._floor_ms = cue.at_ms
            case Spoke(side=Side.AGENT):
                yield from self._agent(cue)
            case Spoke(side=Side.CUSTOMER):
                turn = self._scene.turn
                if turn is not None and turn.side is Side.CUSTOMER:
                    self._owes = self._scene.substance[Side.CUSTOMER]
            case Hole(side=Side.AGENT):
                self._quiet_ms, self._owes = None, False
            case Ended():
                yield from self._clear(cue.at_ms)
                self.state, self._quiet_ms, self._owes = State.NONE, None, False

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        due = min((at for name in _CHECKS if (at := self._at(name)) is not None), default=None)
        return Ms(max(due, self._scene.now_ms)) if due is not None else None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`."""
        name = min((name for name in _CHECKS if self._at(name) is not None), key=lambda name: self._at(name) or 0)
        yield from self._check(name, at_ms)

    def _at(self, name: str) -> int | None:
        """When a check falls due in the silence that lasts now."""
        rule, quiet = self._rule, self._quiet_ms
        if quiet is None or name in self._passed:
            return None
        if self.state is not State.HOLDING:
            if name != "begin" or self._scene.speaking[Side.CUSTOMER]:
                return None
            if self.state is State.ANNOUNCED:
                return quiet + rule.announced_ms
            if self._owes and self._floor_ms is not None:
                return max(quiet, self._floor_ms) + rule.unannounced_ms
            return None
        match name:
            case "long":
                return self._since_ms + rule.long_ms
            case "touch":
                return self._alone_ms(quiet) + rule.touch_ms * (self._touches + 1)
            case "limit":
                return self._alone_ms(quiet) + rule.silent_limit_ms
            case "total":
                return self._since_ms + rule.total_limit_ms
            case _:
                return None

    def _check(self, name: str, at_ms: Ms) -> Iterator[Event]:
        rule, quiet = self._rule, self._quiet_ms
        assert quiet is not None
        if name not in ("begin", "touch"):
            self._passed.add(name)
        match name:
            case "begin":
                announced = self.state is State.ANNOUNCED
                self._since_ms = quiet if announced or self._floor_ms is None else Ms(max(quiet, self._floor_ms))
                self.state = State.HOLDING
                self._signal("begun", at_ms)
            case "long":
                self._signal("long", at_ms)
                yield from self._show("back", at_ms)
            case "touch":
                self._touches += 1
                yield from self._show("touch", at_ms)
            case "limit":
                yield self._scribe.warning(at_ms, self._alone_ms(quiet), name="no-touch", violation=rule.no_touch)
            case "total":
                yield self._scribe.warning(at_ms, self._since_ms, name="too-long", violation=rule.too_long)

    def _agent(self, cue: Spoke) -> Iterator[Event]:
        if len(cue.reading.lean) < 2:
            return
        self._owes = False
        if self.state is State.HOLDING:
            touching = self._touch.find(cue.reading) is not None
            back = self._shown is not None and self._shown[0] == "back"
            if self._shown is not None:
                yield from self._clear(cue.to_ms, "done" if touching or back else "cleared")
            if not touching:
                self.state = State.NONE
                self._signal("over", cue.to_ms)
                if "long" in self._passed:
                    self._signal("back", cue.to_ms, Side.AGENT)
                self._passed.clear()
        elif self.state is State.ANNOUNCED and self._gap_ms > _BREATH_MS:
            self.state = State.NONE  # the agent is back already; another announcement signals it again

    def _signal(self, name: str, at_ms: Ms, side: Side | None = None) -> None:
        self._scene.signal(Signal(f"{self._rule.id}.{name}", at_ms, self._since_ms, side))

    def _alone_ms(self, quiet: Ms) -> Ms:
        """Since when the customer has been left alone: no silence counts from before the hold."""
        return max(quiet, self._since_ms)

    def _show(self, step: str, at_ms: Ms) -> Iterator[Event]:
        yield from self._clear(at_ms)
        self._shown = (step, at_ms)
        yield from self._say(step, at_ms, at_ms, "shown")

    def _clear(self, at_ms: Ms, status: Literal["done", "cleared"] = "cleared") -> Iterator[Event]:
        if self._shown is not None:
            step, shown_ms = self._shown
            self._shown = None
            yield from self._say(step, shown_ms, at_ms, status)

    def _say(
        self, step: str, shown_ms: Ms, at_ms: Ms, status: Literal["shown", "done", "cleared", "missed"]
    ) -> Iterator[Event]:
        words = self._rule.touch if step == "touch" else self._rule.back
        alone = self._alone_ms(self._quiet_ms) if status == "shown" and self._quiet_ms is not None else None
        yield self._scribe.prompt(
            at_ms,
            status,
            step,
            shown_ms=shown_ms,
            title=words.title,
            say=words.say,
            due_ms=Ms(alone + self._rule.silent_limit_ms) if alone is not None else None,
            next_ms=Ms(alone + self._rule.touch_ms * (self._touches + 1)) if alone is not None else None,
        )
