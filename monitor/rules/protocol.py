"""What must be done in order: steps with sentences, waits and deadlines, begun by a signal.

The machine behind every protocol of the handbook that is not a table of its own. A protocol's steps
are prompted one after the other. A step is *done* when the agent says one of its wordings, *missed*
when its deadline passes; either way the next one follows. A step with ``wait_ms`` first waits for that
much quiet, as the five seconds before hanging up.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from monitor.rules.model import Fault, Strict, Text, kind, pattern_faults
from monitor.rules.scene import Scene
from monitor.rules.timed import Machine, Scribe, TimedRule, Violation

_SUBSTANCE_CHARS: Final = 6
"""A shorter turn of the agent («嗯，您请讲») uses up no deadline."""


class StepRule(Strict):
    """One step of a protocol."""

    step: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    """What the prompt's card says above the words."""
    say: str = ""
    accept: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    any_voice: bool = False
    """Done by any sentence of the agent."""
    in_turn: bool = False
    """Counts only once it is prompted, not when said before."""
    after: tuple[Text, ...] = ()
    """Waits for one of these signals once the step before is over."""
    same_words: bool = False
    """The words that did the step before may give that signal too."""
    wait_ms: Annotated[int, Field(gt=0)] | None = None
    """Waits for so much quiet once the step before is over."""
    turns: Annotated[int, Field(ge=1)] | None = None
    """To be said within so many turns of the agent."""
    within_ms: Annotated[int, Field(gt=0)] | None = None
    """To be said within so long."""
    shows_ms: Annotated[int, Field(gt=0)] | None = None
    """Only to be read: the prompt goes by itself after so long."""
    may_end: bool = False
    """From here on the agent may hang up."""
    prompt: bool = True
    """Shown to the agent; otherwise only checked."""
    charge: Violation | None = None
    """How missing the deadline is charged."""
    needs: tuple[Text, ...] = ()
    """Steps that must have been over before this one is said …"""
    too_soon: Violation | None = None
    """… and how it is charged otherwise."""


class ForbiddenWords(Strict):
    """Words that may not be said while the protocol runs."""

    phrases: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()
    unless: tuple[Text, ...] = ()
    until: str = ""
    """Only until this step is done."""
    violation: Violation
    charged_by: str = ""
    """Where this rule is in force it charges the same words, and this one does not."""


class HangUp(Strict):
    """How the agent may end the call while the protocol runs."""

    needs: Text
    """The step that must have been done."""
    wait_ms: Annotated[int, Field(gt=0)]
    """And so much quiet after it."""
    tolerance_ms: Annotated[int, Field(ge=0)]
    missing: Violation
    """Hung up without the step."""
    early: Violation
    """Hung up before the wait was over."""


@kind("protocol")
class ProtocolRule(TimedRule):
    """Steps in order."""

    kind: Literal["protocol"]
    when: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Signals that begin it."""
    if_before: tuple[Text, ...] = ()
    """Only where one of these signals came before."""
    unless_before: tuple[Text, ...] = ()
    """Not where one of these signals came before."""
    until: tuple[Text, ...] = ()
    """Signals that end it: what is prompted is cleared, nothing is charged."""
    voice_ends: bool = False
    """A word of the customer ends it."""
    each: bool = False
    """May begin again after it is over."""
    again_after_ms: Annotated[int, Field(ge=0)] = 0
    fades_ms: Annotated[int, Field(gt=0)] | None = None
    """Ends by itself when nothing of it has happened for so long."""
    steps: tuple[StepRule, ...] = ()
    forbidden: tuple[ForbiddenWords, ...] = ()
    """Without steps, they are forbidden until one of ``until`` or the end of the call."""
    hangup: HangUp | None = None

    rank: ClassVar[int] = 2

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        after = [name for step in self.steps for name in step.after]
        return frozenset((*self.when, *self.if_before, *self.unless_before, *self.until, *after))

    @property
    def raises(self) -> frozenset[str]:
        """``ID`` when it begins, ``ID.STEP`` when a step is done."""
        return frozenset({self.id, *(f"{self.id}.{step.step}" for step in self.steps)})

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = super().faults(classes)
        parts = [("steps", index, step.patterns, step.unless) for index, step in enumerate(self.steps)]
        parts += [("forbidden", index, it.patterns, it.unless) for index, it in enumerate(self.forbidden)]
        for name, index, patterns, unless in parts:
            for key, written in (("patterns", patterns), ("unless", unless)):
                for fault in pattern_faults(key, written, classes):
                    found.append(Fault((name, index, *fault.path), fault.code, fault.what))
        return found

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The protocol, not begun."""
        from monitor.rules.following import Following

        return Following(self, scene, scribe)

    @model_validator(mode="after")
    def _steps_that_exist(self) -> "ProtocolRule":
        names = [step.step for step in self.steps]
        if not self.steps and not self.forbidden:
            raise ValueError("nothing to do: give steps or forbidden words")
        if len(set(names)) < len(names):
            raise ValueError("two steps have the same name")
        named = [name for step in self.steps for name in step.needs]
        named += [it.until for it in self.forbidden if it.until] + ([self.hangup.needs] if self.hangup else [])
        if missing := sorted(set(named) - set(names)):
            raise ValueError(f"no such step: {', '.join(missing)}")
        for step in self.steps:
            if step.too_soon and not step.needs:
                raise ValueError(f"{step.step}: too_soon without needs")
            if step.charge and not (step.turns or step.within_ms):
                raise ValueError(f"{step.step}: a charge without a deadline")
        return self
