"""One requirement at work in one call: called for, pending, met or missed.

See :mod:`monitor.rules.require` for what a rule file may say.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Literal

from monitor.events import SEVERITIES, Event, Severity
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Spoke, VoiceOn
from monitor.rules.require import RequiredRule
from monitor.rules.scene import Scene, Signal, Turn
from monitor.rules.timed import Scribe
from monitor.rules.wording import Found, Wordings
from monitor.text.reading import Reading, read
from monitor.timeline import Ms

_UNFILLED: Final = re.compile(r"\{[a-z]+\}")
_QUICK_MS: Final = 700
"""Who begins at most so long before the other has finished is answering him."""
_SUBSTANCE_CHARS: Final = 6
"""A shorter turn («嗯，您请讲») uses up no deadline."""
_HEARD_OUT_MS: Final = 1_000
"""After a customer's last words, silence this long before an unknown party hangs up is the agent's."""


class _Pending:
    """One time that it was called for."""

    def __init__(self, signal: Signal, turns: int, due_ms: Ms | None) -> None:
        self.signal = signal
        self.counted = turns
        """The agent's newest turn that has used up a deadline, or cannot."""
        self.turns_used = 0
        self.due_ms = due_ms
        self.overdue = False
        self.times = 0
        self.slots: dict[str, str] = {}
        """Slots that were said, and how."""


class Requiring:
    """One requirement at work in one call."""

    hears = (VoiceOn, Spoke, Ended)

    def __init__(self, rule: RequiredRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        self._too_late = f"{rule.id}!"
        """Signal to itself that the deadline of this instant has come."""
        self.signals = rule.listens | {self._too_late}
        self._occasion = 0
        self._pending: _Pending | None = None
        self._over_ms: Ms | None = None
        """When it was last met or missed."""
        self._waived = False
        self._said: Found | None = None
        """What was said before it was called for, where that counts …"""
        self._early: dict[str, str] = {}
        """… and the slots that were."""
        classes = scribe.classes
        self._wordings = Wordings.of(rule.accept, rule.patterns, rule.unless, classes=classes)
        self._slots = [(it, Wordings.of(it.accept, it.patterns, it.unless, classes=classes)) for it in rule.slots]

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        match cue:
            case Signal():
                yield from self._signal(cue)
            case VoiceOn(side=Side.AGENT) if self._pending and self._rule.due.from_voice and not self._pending.due_ms:
                assert self._rule.due.within_ms is not None
                self._pending.due_ms = Ms(cue.at_ms + self._rule.due.within_ms)
                yield self._event(cue.at_ms, "pending")
            case Spoke():
                yield from self._spoke(cue)
            case Ended():
                yield from self._ended(cue)

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        pending = self._pending
        return pending.due_ms if pending and not pending.overdue else None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`. Whoever is speaking at that moment may finish the sentence."""
        assert self._pending is not None
        self._pending.overdue = True
        if not self._scene.speaking[Side.AGENT]:
            yield from self._miss(at_ms)

    # ── called for ───────────────────────────────────────────────────────────────────────────────

    def _signal(self, signal: Signal) -> Iterator[Event]:
        rule = self._rule
        if signal.name in rule.waived_by:
            self._waived = True
        if signal.name in rule.due.before and self._pending:
            # what else the same words mean may still waive it
            self._scene.later.append(replace(signal, name=self._too_late))
        if signal.name == self._too_late and self._pending:
            yield from self._miss(signal.at_ms)
        if signal.name in rule.due.closing and self._pending and (found := self._in_last(1)):
            yield from self._meet(signal.at_ms, found.quote)
        if signal.name in rule.when and self._calls(signal):
            yield from self._open(signal)

    def _calls(self, signal: Signal) -> bool:
        rule, heard = self._rule, self._scene.heard
        if self._pending or self._waived or (self._occasion and not rule.each):
            return False
        if self._over_ms is not None and signal.at_ms - self._over_ms < rule.again_after_ms:
            return False
        if rule.if_before and not any(name in heard for name in rule.if_before):
            return False
        repeated = self._scene.named().get(rule.unless_echoes, "")
        if repeated and self._echoes(repeated, read(signal.quote).lean):
            return False
        return not any(name in heard for name in rule.unless_before)

    def _open(self, signal: Signal) -> Iterator[Event]:
        rule, due = self._rule, self._rule.due
        self._occasion += 1
        turns = self._scene.turn_count[Side.AGENT] - (signal.side is Side.AGENT)
        runs = due.within_ms is not None and not due.from_voice
        due_ms = Ms(signal.at_ms + due.within_ms) if runs and due.within_ms is not None else None
        self._pending = _Pending(signal, turns, due_ms)
        self._pending.slots.update(self._early)
        if any(_UNFILLED.search(text) for text in (*rule.accept, *rule.patterns)):
            self._fill(signal)
        if due.look_back_turns is not None:
            found = self._in_last(due.look_back_turns)
            yield from self._meet(signal.at_ms, found.quote) if found else self._miss(signal.at_ms)
            return
        if rule.anywhere and self._said is not None:
            yield from self._meet(signal.at_ms, self._said.quote)
            return
        yield self._event(signal.at_ms, "pending")
        turn = self._scene.turn
        if signal.side is Side.AGENT and turn is not None:
            yield from self._check(turn.reading, signal.at_ms)

    def _fill(self, signal: Signal) -> None:
        """Put what the signals have named into the wordings; those that name something unknown go."""
        accept = [self._scene.fill(text, signal.slots) for text in self._rule.accept]
        patterns = [self._scene.fill(text, signal.slots) for text in self._rule.patterns]
        self._wordings = Wordings.of(
            [text for text in accept if not _UNFILLED.search(text)],
            [text for text in patterns if not _UNFILLED.search(text)],
            self._rule.unless,
            classes=self._scribe.classes,
        )

    # ── said ─────────────────────────────────────────────────────────────────────────────────────

    def _spoke(self, cue: Spoke) -> Iterator[Event]:
        if cue.side is Side.AGENT:
            if self._pending is None:
                if self._rule.anywhere and not self._occasion:
                    self._said = self._said or self._wordings.find(cue.reading)
                    self._early |= self._slots_in(cue.reading)
                return
            if self._rule.due.last_turns is not None:
                return
            turn = self._scene.turn
            whole = turn.reading if turn is not None and self._same_turn(turn) else cue.reading
            yield from self._check(whole, cue.to_ms)
            if self._pending and self._pending.overdue:
                yield from self._miss(cue.to_ms)
        yield from self._count_turns(cue.to_ms)

    def _same_turn(self, turn: Turn) -> bool:
        """Whether all of the turn was said after the call for it (or called for it)."""
        assert self._pending is not None
        return turn.side is Side.AGENT and turn.number > self._pending.counted and self._rule.times == 1

    def _check(self, reading: Reading, at_ms: Ms) -> Iterator[Event]:
        pending = self._pending
        assert pending is not None
        if self._slots:
            pending.slots = self._slots_in(reading) | pending.slots
            if self._enough(pending):
                yield from self._meet(at_ms, "，".join(dict.fromkeys(pending.slots.values())))
            return
        quote = self._met_by(reading, pending)
        if quote is None:
            return
        pending.times += 1
        if pending.times >= self._rule.times:
            yield from self._meet(at_ms, quote)

    def _slots_in(self, reading: Reading) -> dict[str, str]:
        return {slot.name: found.quote for slot, wordings in self._slots if (found := wordings.find(reading))}

    def _met_by(self, reading: Reading, pending: _Pending) -> str | None:
        if self._rule.any_voice:
            return reading.raw
        if found := self._wordings.find(reading):
            return found.quote
        if self._rule.echoes and self._echoes(pending.signal.slots.get(self._rule.echoes, ""), reading.lean):
            return reading.raw
        return None

    def _echoes(self, slot: str, lean: str) -> bool:
        """Whether ``lean`` repeats a stretch of the slot's words."""
        wanted, least = read(slot).lean, self._rule.echo_chars
        return any(wanted[start : start + least] in lean for start in range(len(wanted) - least + 1))

    def _enough(self, pending: _Pending) -> bool:
        if self._rule.least is not None:
            return len(pending.slots) >= self._rule.least
        return all(slot.name in pending.slots for slot, _ in self._slots if slot.severity is not None)

    def _in_last(self, turns: int) -> Found | None:
        mine = [turn for turn in self._scene.turns if turn.side is Side.AGENT][-turns:]
        for turn in reversed(mine):
            if found := self._wordings.find(turn.reading):
                return found
        return None

    # ── too late ─────────────────────────────────────────────────────────────────────────────────

    def _count_turns(self, at_ms: Ms) -> Iterator[Event]:
        """Turns of the agent that have ended use up the deadline, unless they were no answer."""
        pending, limit = self._pending, self._rule.due.turns
        if pending is None or limit is None:
            return
        for turn in self._scene.finished_agent_turns(pending.counted):
            pending.counted = turn.number
            answers = pending.signal.side is Side.AGENT or turn.from_ms >= pending.signal.at_ms - _QUICK_MS
            substance = self._rule.due.any_turn or len(turn.reading.lean) >= _SUBSTANCE_CHARS
            pending.turns_used += answers and substance
        if pending.turns_used >= limit:
            yield from self._miss(at_ms)

    def _ended(self, cue: Ended) -> Iterator[Event]:
        if self._pending is None:
            return
        last = self._rule.due.last_turns
        if last is not None:
            found = self._in_last(last)
            if found:
                yield from self._meet(cue.at_ms, found.quote)
                return
        yield from self._count_turns(cue.at_ms)
        if self._pending is not None and self._had_the_chance(cue):
            yield from self._miss(cue.at_ms)

    def _had_the_chance(self, cue: Ended) -> bool:
        """Whether the agent could have said it before the call ended."""
        turn = self._scene.turn
        pending = self._pending
        assert pending is not None
        if turn is None or cue.by is Side.CUSTOMER:
            return False
        if self._rule.due.turns is not None and self._rule.due.last_turns is None:
            answered = self._scene.last_turn(Side.AGENT)
            return answered is not None and answered.to_ms > pending.signal.at_ms and pending.turns_used > 0
        return cue.by is Side.AGENT or turn.side is Side.AGENT or cue.at_ms - turn.to_ms >= _HEARD_OUT_MS

    # ── what is said about it ────────────────────────────────────────────────────────────────────

    def _meet(self, at_ms: Ms, quote: str) -> Iterator[Event]:
        yield self._event(at_ms, "met", quote=quote)
        self._pending, self._over_ms = None, at_ms

    def _miss(self, at_ms: Ms) -> Iterator[Event]:
        rule, pending = self._rule, self._pending
        assert pending is not None
        if self._waived:
            return  # it may still be met, and nobody waits for it
        missing = [slot for slot, _ in self._slots if slot.name not in pending.slots]
        required = [slot.severity for slot in missing if slot.severity is not None]
        if self._slots and rule.least is None and not required:
            yield from self._meet(at_ms, "，".join(dict.fromkeys(pending.slots.values())))
            return
        covered = self._scene.hard_to_hear or any(name in self._scene.missed for name in rule.covered_by)
        severity: Severity = "hint" if covered else rule.severity
        if required and not covered:
            severity = min(required, key=SEVERITIES.index)
        yield self._event(at_ms, "missed", severity=severity)
        self._pending, self._over_ms = None, at_ms
        self._scene.missed.add(rule.id)
        if covered or not (rule.warn if rule.warn is not None else severity != "hint"):
            return
        names = "、".join(slot.title for slot in missing if slot.severity is not None) if required else ""
        yield self._scribe.warning(
            at_ms,
            pending.signal.from_ms,
            title=f"{rule.title}（缺：{names}）" if names else "",
            severity=severity,
            match="absence",
            rewrite=rule.rewrite or self._say(pending),
        )

    def _event(self, at_ms: Ms, status: Literal["pending", "met", "missed"], **more: Any) -> Event:
        pending = self._pending
        assert pending is not None
        return self._scribe.requirement(
            at_ms, status, say=self._say(pending), due_ms=pending.due_ms, occasion=self._occasion, **more
        )

    def _say(self, pending: _Pending) -> str:
        return self._scene.fill(self._rule.say, pending.signal.slots)
