"""One protocol at work in one call: which step is current, what is prompted, done, missed, charged.

See :mod:`monitor.rules.protocol` for what a rule file may say.
"""

from collections.abc import Iterator
from typing import Final, Literal

from monitor.events import Event
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Spoke, VoiceOff, VoiceOn
from monitor.rules.protocol import ProtocolRule, StepRule
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Scribe, Violation
from monitor.rules.wording import Wordings
from monitor.text.reading import Reading
from monitor.timeline import Ms

_SUBSTANCE_CHARS: Final = 6
"""A shorter turn of the agent («嗯，您请讲») uses up no deadline."""


class _Run:
    """One time that the protocol runs."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.index = -1
        """The step that is current; len(steps) when all are over."""
        self.open = False
        """The current step waits to be said; else for its signal or its quiet."""
        self.shown_ms: Ms | None = None
        """When the current step's prompt was shown; None when it is not on the screen."""
        self.since_ms = signal.at_ms
        """When the current step became current."""
        self.opened_ms = signal.at_ms
        self.counted = 0
        self.turns_used = 0
        self.over: set[str] = set()
        """Steps that are done or missed."""
        self.done_ms: dict[str, Ms] = {}
        self.touched_ms = signal.at_ms
        """When anything of it last happened."""


class Following:
    """One protocol at work in one call."""

    hears = (VoiceOn, VoiceOff, Spoke, Ended)

    def __init__(self, rule: ProtocolRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self.signals = rule.listens
        self._run: _Run | None = None
        self._spoke: Spoke | None = None
        """The agent's last words."""
        self._runs = 0
        self._over_ms: Ms | None = None
        compiled = Wordings.of
        classes = scribe.classes
        self._wordings = [compiled(it.accept, it.patterns, it.unless, classes=classes) for it in rule.steps]
        self._forbidden = [
            (it, compiled(it.phrases, it.patterns, it.unless, classes=classes, loose=False)) for it in rule.forbidden
        ]

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        match cue:
            case Signal():
                yield from self._signal(cue)
            case VoiceOn(side=Side.CUSTOMER) if self._run and self._rule.voice_ends:
                yield from self._end(cue.at_ms)
            case Spoke(side=Side.AGENT):
                self._spoke = cue
                if self._run is not None:
                    yield from self._agent(cue)
            case Spoke(side=Side.CUSTOMER) if self._run:
                yield from self._count_turns(cue.to_ms)
            case Ended() if self._run:
                yield from self._ended(cue)

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        run = self._run
        if run is None:
            return None
        dues = []
        if self._rule.fades_ms is not None:
            dues.append(run.touched_ms + self._rule.fades_ms)
        step = self._current(run)
        if step is not None and run.open:
            if step.within_ms is not None and not self._scene.speaking[Side.AGENT]:
                dues.append(run.opened_ms + step.within_ms)
            if step.shows_ms is not None:
                dues.append(run.opened_ms + step.shows_ms)
        elif step is not None and step.wait_ms is not None and self._scene.quiet:
            dues.append(max(run.since_ms, self._scene.quiet_since_ms) + step.wait_ms)
        return Ms(max(min(dues), self._scene.now_ms)) if dues else None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`."""
        run = self._run
        assert run is not None
        step = self._current(run)
        if step is not None and not run.open and step.wait_ms is not None and self._scene.quiet:
            quiet_ms = max(run.since_ms, self._scene.quiet_since_ms) + step.wait_ms
            if quiet_ms <= at_ms:
                yield from self._open(run, at_ms)
                return
        if step is not None and run.open and step.within_ms is not None and run.opened_ms + step.within_ms <= at_ms:
            yield from self._miss(run, at_ms)
            return
        if step is not None and run.open and step.shows_ms is not None and run.opened_ms + step.shows_ms <= at_ms:
            yield from self._leave(run, at_ms, "cleared")
            return
        yield from self._end(at_ms)

    # ── beginning and end ────────────────────────────────────────────────────────────────────────

    def _signal(self, signal: Signal) -> Iterator[Event]:
        rule, run = self._rule, self._run
        if run is not None and signal.name in rule.until and signal.at_ms >= run.signal.at_ms:
            yield from self._end(signal.at_ms)
            return
        if run is not None:
            step = self._current(run)
            if step is not None and not run.open and signal.name in step.after:
                if signal.at_ms == run.since_ms and not step.same_words:
                    return
                yield from self._open(run, signal.at_ms, own_words=True)
                yield from self._said_already(signal.at_ms, words=False)
        elif signal.name in rule.when and self._begins(signal):
            self._runs += 1
            self._run = _Run(signal)
            self._scene.signal(Signal(rule.id, signal.at_ms, signal.from_ms, signal.side, signal.quote, signal.slots))
            yield from self._next(self._run, signal.at_ms, own_words=True)
            yield from self._said_already(signal.at_ms, words=True)

    def _said_already(self, at_ms: Ms, *, words: bool) -> Iterator[Event]:
        """Where the agent's own words gave the signal, they may do a step at once."""
        spoke = self._spoke
        if self._run is not None and spoke is not None and spoke.to_ms == at_ms:
            if words:
                yield from self._charge_words(self._run, spoke)
            yield from self._steps_in(self._run, spoke)

    def _begins(self, signal: Signal) -> bool:
        rule, heard = self._rule, self._scene.heard
        if self._runs and not rule.each:
            return False
        if self._over_ms is not None and signal.at_ms - self._over_ms < rule.again_after_ms:
            return False
        if rule.if_before and not any(name in heard for name in rule.if_before):
            return False
        return not any(name in heard for name in rule.unless_before)

    def _end(self, at_ms: Ms) -> Iterator[Event]:
        run = self._run
        assert run is not None
        yield from self._prompt(run, at_ms, "cleared")
        self._run, self._over_ms = None, at_ms

    def _ended(self, cue: Ended) -> Iterator[Event]:
        run, rule = self._run, self._rule.hangup
        assert run is not None
        step = self._current(run)
        if cue.by is not Side.CUSTOMER:
            yield from self._count_turns(cue.at_ms)
        if rule is not None:
            said_ms = run.done_ms.get(rule.needs)
            quiet_ms = cue.at_ms - max(self._scene.quiet_since_ms, said_ms or Ms(0))
            if said_ms is None and cue.by is Side.AGENT:
                yield self._charge(cue.at_ms, "hangup", rule.missing, self._scene.quiet_since_ms)
            elif said_ms is not None and cue.by is not Side.CUSTOMER and quiet_ms < rule.wait_ms - rule.tolerance_ms:
                yield self._charge(cue.at_ms, "early-hangup", rule.early, self._scene.quiet_since_ms)
        if self._run is not None:
            done = step is not None and step.may_end and run.open
            yield from self._prompt(run, cue.at_ms, "done" if done else "cleared")
            self._run = None

    # ── steps ────────────────────────────────────────────────────────────────────────────────────

    def _current(self, run: _Run) -> StepRule | None:
        return self._rule.steps[run.index] if 0 <= run.index < len(self._rule.steps) else None

    def _next(self, run: _Run, at_ms: Ms, *, own_words: bool = False) -> Iterator[Event]:
        """Go to the first step that is not over."""
        run.index = next(
            (index for index, step in enumerate(self._rule.steps) if step.step not in run.over), len(self._rule.steps)
        )
        run.open, run.since_ms, run.touched_ms = False, at_ms, at_ms
        step = self._current(run)
        if step is None and self._rule.steps:
            self._run, self._over_ms = None, at_ms
        elif step is None:
            return
        elif not step.after and step.wait_ms is None:
            yield from self._open(run, at_ms, own_words=own_words)

    def _open(self, run: _Run, at_ms: Ms, *, own_words: bool = False) -> Iterator[Event]:
        """The current step may be said from now on; ``own_words``: what was just said may have called for it."""
        run.open, run.opened_ms, run.touched_ms = True, at_ms, at_ms
        agent_began = own_words and self._spoke is not None and self._spoke.to_ms == at_ms
        run.counted = self._scene.turn_count[Side.AGENT] - agent_began
        run.turns_used = 0
        yield from self._prompt(run, at_ms, "shown")

    def _leave(self, run: _Run, at_ms: Ms, status: Literal["done", "cleared", "missed"]) -> Iterator[Event]:
        step = self._current(run)
        assert step is not None
        run.over.add(step.step)
        yield from self._prompt(run, at_ms, status)
        yield from self._next(run, at_ms)

    def _miss(self, run: _Run, at_ms: Ms) -> Iterator[Event]:
        step = self._current(run)
        assert step is not None
        if step.charge is not None and not self._scene.hard_to_hear:
            yield self._charge(at_ms, step.step, step.charge, run.opened_ms)
        yield from self._leave(run, at_ms, "missed")

    def _agent(self, cue: Spoke) -> Iterator[Event]:
        run = self._run
        assert run is not None
        yield from self._charge_words(run, cue)
        yield from self._steps_in(run, cue)

    def _steps_in(self, run: _Run, cue: Spoke) -> Iterator[Event]:
        turn = self._scene.turn
        whole = cue.reading
        if turn is not None and turn.side is Side.AGENT and turn.from_ms >= run.since_ms:
            whole = turn.reading
        said = [step for step, wordings in self._steps() if self._says(run, step, wordings, whole)]
        known = run.over | {step.step for step in said}
        for step in said:
            if step.too_soon and not known.issuperset(step.needs):
                yield self._charge(cue.to_ms, step.step, step.too_soon, cue.from_ms, cue)
            run.done_ms[step.step] = cue.to_ms
            self._scene.signal(
                Signal(f"{self._rule.id}.{step.step}", cue.to_ms, cue.from_ms, cue.side, cue.reading.raw)
            )
        current = self._current(run)
        run.over |= {step.step for step in said}
        if current is not None and current.step in run.over:
            yield from self._prompt(run, cue.to_ms, "done")
            yield from self._next(run, cue.to_ms)
        elif said:
            run.touched_ms = cue.to_ms
        if self._run is not None:
            yield from self._count_turns(cue.to_ms)

    def _steps(self) -> Iterator[tuple[StepRule, Wordings]]:
        return zip(self._rule.steps, self._wordings, strict=True)

    def _says(self, run: _Run, step: StepRule, wordings: Wordings, reading: Reading) -> bool:
        if step.step in run.over:
            return False
        current = step is self._current(run) and run.open
        if step.any_voice:
            return current and len(reading.lean) > 1
        return (current or not step.in_turn) and wordings.find(reading) is not None

    def _count_turns(self, at_ms: Ms) -> Iterator[Event]:
        """Turns of the agent that have ended use up the current step's deadline."""
        run = self._run
        step = self._current(run) if run else None
        if run is None or step is None or not run.open or step.turns is None:
            return
        for turn in self._scene.finished_agent_turns(run.counted):
            run.counted = turn.number
            run.turns_used += len(turn.reading.lean) >= _SUBSTANCE_CHARS
        if run.turns_used >= step.turns:
            yield from self._miss(run, at_ms)

    def _charge_words(self, run: _Run, cue: Spoke) -> Iterator[Event]:
        for item, wordings in self._forbidden:
            if item.charged_by in self._scribe.in_force or item.until in run.done_ms:
                continue
            if found := wordings.find(cue.reading):
                yield self._charge(cue.to_ms, "words", item.violation, cue.from_ms, cue, quote=found.quote)
                return

    # ── what is said about it ────────────────────────────────────────────────────────────────────

    def _charge(
        self, at_ms: Ms, name: str, violation: Violation, from_ms: Ms, cue: Spoke | None = None, *, quote: str = ""
    ) -> Event:
        return self._scribe.warning(
            at_ms,
            min(from_ms, at_ms),
            name=name,
            violation=violation,
            quote=quote or (cue.reading.raw if cue else ""),
            utterance_id=cue.utterance_id if cue else "",
        )

    def _prompt(self, run: _Run, at_ms: Ms, status: Literal["shown", "done", "cleared", "missed"]) -> Iterator[Event]:
        step = self._current(run)
        if step is None or not step.prompt or (status != "shown" and run.shown_ms is None):
            return
        if status == "shown":
            run.shown_ms = at_ms
        shown_ms = run.shown_ms
        assert shown_ms is not None
        due_ms = Ms(at_ms + step.within_ms) if status == "shown" and step.within_ms else None
        following = self._rule.steps[run.index + 1] if run.index + 1 < len(self._rule.steps) else None
        waits = status == "done" and following is not None and following.wait_ms is not None
        yield self._scribe.prompt(
            at_ms,
            status,
            step.step,
            shown_ms=shown_ms,
            title=step.title,
            say=self._scene.fill(step.say, run.signal.slots),
            due_ms=due_ms,
            next_ms=Ms(at_ms + (following.wait_ms or 0)) if waits and following is not None else None,
            may_end=step.may_end and status == "shown",
        )
        if status != "shown":
            run.shown_ms = None
