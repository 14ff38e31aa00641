"""What must be said: called for by a signal, due by a turn, a time or a signal, met by a wording.

A requirement is *pending* from the moment it is called for, *met* when the agent says it, *missed*
once it is certain that it was not said in time. Who was never given the chance (the customer hung up,
the call became a silent one) leaves it pending.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from monitor.events import Severity
from monitor.rules.model import Fault, Strict, Text, kind, pattern_faults
from monitor.rules.scene import Scene
from monitor.rules.timed import Machine, Scribe, TimedRule


class Slot(Strict):
    """One part of a composed sentence, as the greeting has several."""

    name: Text
    title: Text
    """How the warning names it when it is missing."""
    accept: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    severity: Severity | None = None
    """What it costs when this part alone is missing; None: it is welcome, not required."""


class Due(Strict):
    """When it must have been said, whichever comes first; the end of the call at the latest."""

    turns: Annotated[int, Field(ge=1)] | None = None
    """Within so many turns of the agent from the call for it; the present one counts when the agent's
    own words called for it."""
    any_turn: bool = False
    """Short turns («嗯，您请讲»), which are no answer otherwise, count too."""
    within_ms: Annotated[int, Field(gt=0)] | None = None
    from_voice: bool = False
    """``within_ms`` runs from the agent's first voice after the call for it."""
    before: tuple[Text, ...] = ()
    """Signals by which it must have been said."""
    last_turns: Annotated[int, Field(ge=1)] | None = None
    """At the end of the call: in one of the agent's last so many turns …"""
    closing: tuple[Text, ...] = ()
    """… or in the turn that gives one of these signals."""
    look_back_turns: Annotated[int, Field(ge=1)] | None = None
    """Already said when it is called for, in the agent's last so many turns."""


@kind("required")
class RequiredRule(TimedRule):
    """Something that must be said."""

    kind: Literal["required"]
    when: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Signals that call for it."""
    if_before: tuple[Text, ...] = ()
    """Only where one of these signals came before."""
    unless_before: tuple[Text, ...] = ()
    """Not where one of these signals came before."""
    waived_by: tuple[Text, ...] = ()
    """Signals after which it may still be met but cannot be missed any more."""
    each: bool = False
    """Every time, not only the first."""
    again_after_ms: Annotated[int, Field(ge=0)] = 0
    """Not again within so long of the last time."""
    due: Due = Due()
    say: str = ""
    accept: tuple[Text, ...] = ()
    """Wordings found loosely, by sound; ``{surname}`` stands for what a signal has named so."""
    patterns: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    """Patterns that make it something else where they overlap with what was found."""
    slots: tuple[Slot, ...] = ()
    """Instead of ``accept``: parts that may come in any order."""
    least: Annotated[int, Field(ge=1)] | None = None
    """So many of the slots are enough."""
    times: Annotated[int, Field(ge=1)] = 1
    """In so many utterances."""
    echoes: str = ""
    """Also met by repeating a stretch of the signal's slot of this name."""
    unless_echoes: str = ""
    """Not called for by words that repeat a stretch of the slot of this name (and of the signal of this name)."""
    echo_chars: Annotated[int, Field(ge=2)] = 4
    any_voice: bool = False
    """Met by any word of the agent."""
    anywhere: bool = False
    """Also met by what was said before it was called for."""
    covered_by: tuple[Text, ...] = ()
    """Where one of these requirements was missed too, this one is not charged on top."""
    warn: bool | None = None
    """Whether missing it is a warning; by default, unless it is only a hint."""

    rank: ClassVar[int] = 3

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset(
            (
                *self.when,
                *self.if_before,
                *self.unless_before,
                *self.waived_by,
                *self.due.before,
                *self.due.closing,
                *self._echoed,
            )
        )

    @property
    def _echoed(self) -> tuple[str, ...]:
        return (self.unless_echoes,) if self.unless_echoes else ()

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = super().faults(classes)
        found += pattern_faults("patterns", self.patterns, classes) + pattern_faults("unless", self.unless, classes)
        for index, slot in enumerate(self.slots):
            for key, patterns in (("patterns", slot.patterns), ("unless", slot.unless)):
                for fault in pattern_faults(key, patterns, classes):
                    found.append(Fault(("slots", index, *fault.path), fault.code, fault.what))
        return found

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The requirement, not called for yet."""
        from monitor.rules.requiring import Requiring

        return Requiring(self, scene, scribe)

    @model_validator(mode="after")
    def _something_to_say(self) -> "RequiredRule":
        if not (self.accept or self.patterns or self.slots or self.echoes or self.any_voice):
            raise ValueError("nothing meets it: give accept, patterns, slots, echoes or any_voice")
        if self.due.look_back_turns and (self.due.turns or self.due.within_ms or self.due.before):
            raise ValueError("look_back_turns is decided at once, other deadlines have no meaning beside it")
        return self
