"""The silent call: the line is open, the agent has greeted, and nobody answers.

Source of steps and times: 《怎样处理客户投诉》§七(一)4 (greet, wait, ask again, wait, say that there is
no sound and to call from another phone, wait, hang up) and 《淘宝客服电话标准话术方案》§一.13 for calls
out. A word of the customer ends it at any step; a cough or noise never arrives here. All figures are
settings of the rule file.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from monitor.rules.model import Fault, Strict, Text, kind, pattern_faults
from monitor.rules.scene import Scene
from monitor.rules.timed import Machine, Scribe, TimedRule, Violation


class Say(Strict):
    """A step: what to say at it, and what counts as having said it."""

    title: Text
    """What the prompt's card says above the words."""
    say: str = ""
    accept: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()


class Steps(Strict):
    """The sentences of a silent call, by the names that prompts carry."""

    ask_again: Annotated[Say, Field(alias="ask-again")]
    call_back: Annotated[Say, Field(alias="call-back")]
    hang_up: Annotated[Say, Field(alias="hang-up")]
    resume: Say
    """After a word of the customer: back to the greeting."""

    def named(self) -> tuple[tuple[str, Say], ...]:
        """Every step with its name in the file."""
        return (
            ("ask-again", self.ask_again),
            ("call-back", self.call_back),
            ("hang-up", self.hang_up),
            ("resume", self.resume),
        )


class Forbidden(Strict):
    """Words that may not be said into the silence."""

    phrases: tuple[Text, ...]
    words: tuple[Text, ...] = ()
    """Only as the whole utterance (after «您好» at most)."""
    violation: Violation
    charged_by: str = ""
    """Where this rule is in force it charges the same words, and this one does not."""


class Violations(Strict):
    """How each way of breaking the protocol is charged."""

    early: Violation
    """The next sentence came before its wait was over."""
    no_closing: Annotated[Violation, Field(alias="no-closing")]
    """Hung up without the closing sentence."""
    early_hangup: Annotated[Violation, Field(alias="early-hangup")]
    """Hung up before the wait after the closing sentence was over."""
    few_enquiries: Annotated[Violation, Field(alias="few-enquiries")]
    """The closing sentence came after too few enquiries."""
    went_on: Annotated[Violation, Field(alias="went-on")]
    """Went on, or hung up, although the customer had spoken."""
    slow: Violation
    """Did not ask although it had been silent for long."""


@kind("silent-call")
class SilentCallRule(TimedRule):
    """Silence after the greeting, step by step."""

    kind: Literal["silent-call"]
    wait_ms: Annotated[int, Field(gt=0)]
    """Silence before each step, from the end of the last voice."""
    tolerance_ms: Annotated[int, Field(ge=0)]
    """So much less is still a full wait."""
    same_turn_ms: Annotated[int, Field(ge=0)]
    """Two utterances with a shorter pause between them are one sentence."""
    slow_ms: Annotated[int, Field(gt=0)]
    """The agent should have asked by then."""
    min_enquiries: Annotated[int, Field(ge=1)]
    """Enquiries before the closing sentence, the greeting being the first."""
    steps: Steps
    no_sound: tuple[Text, ...]
    """Patterns of telling the customer that nothing is heard: wrong once the customer has spoken."""
    forbidden: tuple[Forbidden, ...] = ()
    violations: Violations

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = super().faults(classes) + pattern_faults("no_sound", self.no_sound, classes)
        for name, step in self.steps.named():
            found += [
                Fault(("steps", name, "patterns", *fault.path[1:]), fault.code, fault.what)
                for fault in pattern_faults("patterns", step.patterns, classes)
            ]
        return found

    @property
    def raises(self) -> frozenset[str]:
        """``ID``: it has become a silent call; ``ID.closed``: the closing sentence was said."""
        return frozenset({self.id, f"{self.id}.closed"})

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """A silent call that may begin."""
        from monitor.rules.silence import SilentCall

        return SilentCall(self, scene, scribe)
