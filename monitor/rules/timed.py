"""What every rule of order and time has in common: the model, the machine, the way to say things.

A *timed rule* is a rule file whose kind is judged on the settled timeline. For each call it makes a
:class:`Machine`: a small state machine that is told every cue and asked when it wants to be woken.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal, Protocol

from pydantic import Field

from monitor.events import CallState, Direction, Event, Match, Prompt, Reply, Requirement, Severity, Warning
from monitor.frames import Side
from monitor.rules.cues import Cue
from monitor.rules.model import Fault, Rule, Strict, proof_faults
from monitor.rules.scene import Scene, Signal
from monitor.timeline import Ms


class Machine(Protocol):
    """One rule at work in one call."""

    @property
    def hears(self) -> tuple[type, ...]:
        """Kinds of cues it is told; Clock is told to nobody, see :meth:`due_ms`."""

    @property
    def signals(self) -> frozenset[str]:
        """Names of the signals it is told."""

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """A cue or a signal has come. Never raises, whatever their order."""

    def due_ms(self) -> Ms | None:
        """When it must be woken if nothing comes before; None: it waits for a cue."""

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """The time of :meth:`due_ms` has come. Afterwards ``due_ms`` is later, or None."""


class TapeExample(Strict):
    """A timed rule's proof: what happens on the line, and what must be said about it.

    The notation of ``tape`` and ``events`` is in :mod:`monitor.rules.tape`.
    """

    tape: str
    events: tuple[str, ...] = ()
    direction: Direction | None = None
    """Where the rule runs in both, the one to play; inbound by default."""
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    """Local time of day at which the call begins, where it matters."""

    @property
    def local_minute(self) -> int | None:
        """``at`` in minutes after midnight."""
        return int(self.at[:2]) * 60 + int(self.at[3:]) if self.at else None


class TapeExamples(Strict):
    """Calls in which the rule has something to say, and calls in which it has not."""

    hit: tuple[TapeExample, ...] = ()
    miss: tuple[TapeExample, ...] = ()


class TimedRule(Rule):
    """A rule that is judged by order and time."""

    direction: Literal["any", "inbound", "outbound"] = "any"
    """Calls it is about."""
    examples: TapeExamples = Field(default=TapeExamples())

    rank: ClassVar[int] = 1
    """Of one cue, rules of a lower rank are told first."""
    sides: ClassVar[frozenset[Side]] = frozenset({Side.AGENT, Side.CUSTOMER})
    """Sides that must be told apart for it to run; otherwise nobody could be charged."""

    @property
    def listens(self) -> frozenset[str]:
        """Names of the signals that it waits for."""
        return frozenset()

    @property
    def raises(self) -> frozenset[str]:
        """Names of the signals that it may raise."""
        return frozenset()

    def proof(self) -> list[Fault]:
        """RULE-007 where a stable rule has too few examples of its own."""
        if self.status != "stable":
            return []
        return proof_faults(len(self.examples.hit), len(self.examples.miss))

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """What the schema cannot see; kinds extend it."""
        return self.proof()

    def machine(self, scene: Scene, scribe: "Scribe") -> Machine:
        """The rule at work in one call."""
        raise NotImplementedError


class Violation(Strict):
    """One way of breaking a timed rule."""

    title: str
    severity: Severity
    advice: str = ""
    rewrite: str = ""


@dataclass(frozen=True)
class Book:
    """What a rule may know about the set it belongs to."""

    version: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)
    """Synonym classes for patterns."""
    in_force: Collection[str] = ()
    """Ids of all rules that fire."""


class Scribe:
    """Words what one rule has to say in one call. Ids follow from rule, place and time alone."""

    def __init__(self, rule: Rule, call_id: str, book: Book) -> None:
        self.rule, self.call_id, self.rules_version = rule, call_id, book.version
        self.classes, self.in_force = book.classes, book.in_force

    def warning(
        self,
        at_ms: Ms,
        from_ms: Ms,
        *,
        name: str = "",
        violation: Violation | None = None,
        severity: Severity | None = None,
        title: str = "",
        quote: str = "",
        phrase: str = "",
        match: Match = "protocol",
        score: float = 1.0,
        rewrite: str = "",
        advice: str = "",
        utterance_id: str = "",
    ) -> Warning:
        """A confirmed warning about ``from_ms``–``at_ms``; ``name`` tells violations of one rule apart."""
        rule = self.rule
        stem = f"{rule.id}/{name}" if name else rule.id
        return Warning(
            call_id=self.call_id,
            at_ms=at_ms,
            warning_id=f"{stem}@{from_ms}",
            status="confirmed",
            rule_id=rule.id,
            title=title or (violation.title if violation else rule.title),
            category=rule.category,
            severity=severity or (violation.severity if violation else rule.severity),
            side=Side.AGENT,
            quote=quote,
            phrase=phrase,
            match=match,
            score=score,
            from_ms=from_ms,
            to_ms=at_ms,
            rewrite=rewrite or (violation.rewrite if violation else "") or rule.rewrite,
            advice=advice or (violation.advice if violation else "") or rule.advice,
            basis=rule.basis,
            utterance_id=utterance_id,
            trial=rule.status == "trial",
            rules_version=self.rules_version,
        )

    def prompt(
        self,
        at_ms: Ms,
        status: Literal["shown", "done", "cleared", "missed"],
        step: str,
        *,
        shown_ms: Ms,
        title: str = "",
        say: str = "",
        due_ms: Ms | None = None,
        next_ms: Ms | None = None,
        may_end: bool = False,
    ) -> Prompt:
        """The prompt of ``step`` that was first shown at ``shown_ms``."""
        return Prompt(
            call_id=self.call_id,
            at_ms=at_ms,
            prompt_id=f"{self.rule.id}/{step}@{shown_ms}",
            status=status,
            protocol=self.rule.id,
            step=step,
            title=title or self.rule.title,
            say=say,
            due_ms=due_ms,
            next_ms=next_ms,
            may_end=may_end,
        )

    def requirement(
        self,
        at_ms: Ms,
        status: Literal["pending", "met", "missed"],
        *,
        say: str = "",
        due_ms: Ms | None = None,
        quote: str = "",
        occasion: int = 1,
        severity: Severity | None = None,
    ) -> Requirement:
        """The rule's requirement, ``occasion`` counting from 1 in the call."""
        return Requirement(
            call_id=self.call_id,
            at_ms=at_ms,
            rule_id=self.rule.id,
            status=status,
            title=self.rule.title,
            severity=severity or self.rule.severity,
            say=say,
            due_ms=due_ms,
            quote=quote,
            occasion=occasion,
        )

    def reply(self, at_ms: Ms, say: str, trigger: str) -> Reply:
        """The rule's reply, called for by ``trigger`` at ``at_ms``."""
        return Reply(
            call_id=self.call_id,
            at_ms=at_ms,
            reply_id=f"{self.rule.id}@{at_ms}",
            rule_id=self.rule.id,
            title=self.rule.title,
            say=say,
            trigger=trigger,
        )

    def state(
        self, at_ms: Ms, state: Literal["talking", "silent", "hold", "complaint", "abusive"], since_ms: Ms
    ) -> CallState:
        """What the call is in since ``since_ms``."""
        return CallState(call_id=self.call_id, at_ms=at_ms, state=state, since_ms=since_ms)
