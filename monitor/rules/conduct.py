"""Every rule of order and time at work in one call."""

from collections.abc import Iterable, Iterator, Sequence
from typing import get_args

from monitor.events import Direction, Event
from monitor.frames import Side
from monitor.rules.cues import Clock, Cue
from monitor.rules.parse import RuleSet
from monitor.rules.scene import Scene, Signal
from monitor.rules.settled import when
from monitor.rules.timed import Book, Machine, Scribe, TimedRule
from monitor.timeline import Ms

STARTED = "call-started"
"""The signal that every call begins with."""


class Conduct:
    """Runs every timed rule of ``ruleset`` that fits the call.

    A rule that needs two sides does not run where they are not told apart: in a mono recording nobody
    is charged. The same cues give the same events however finely ``Clock`` cuts the time between them,
    because every time-out is dated by its limit.

    ``local_minute`` is the local time of day at the first sample, in minutes after midnight, where it
    is known: rules about calling hours need it.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        call_id: str,
        direction: Direction,
        sides: Sequence[Side],
        *,
        local_minute: int | None = None,
    ) -> None:
        self.scene = Scene(direction, local_minute)
        rules = [rule for rule in ruleset.rules.values() if rule.status != "draft"]
        book = Book(ruleset.version, ruleset.classes, frozenset(rule.id for rule in rules))
        timed = [
            rule
            for rule in rules
            if isinstance(rule, TimedRule) and rule.direction in ("any", direction) and rule.sides <= set(sides)
        ]
        self._machines: list[Machine] = [
            rule.machine(self.scene, Scribe(rule, call_id, book))
            for rule in sorted(timed, key=lambda rule: (rule.rank, rule.id))
        ]
        self._by_cue: dict[type, list[Machine]] = {}
        self._by_signal: dict[str, list[Machine]] = {}
        for machine in self._machines:
            for sort in machine.hears:
                self._by_cue.setdefault(sort, []).append(machine)
            for name in machine.signals:
                self._by_signal.setdefault(name, []).append(machine)
        self._due: Ms | None = None
        self._started = False

    def feed(self, cue: Cue) -> list[Event]:
        """Take one cue; return what became true up to its time.

        Cues come in order of media time. What fell due before the cue, or at the same instant, comes
        first. After the end of the call nothing is taken any more.
        """
        if self.scene.ended:
            return []
        events: list[Event] = []
        if not self._started:
            self._started = True
            self.scene.signal(Signal(STARTED, Ms(0), Ms(0)))
            events += self._settle(())
        events += self._walk(when(cue))
        self.scene.take(cue)
        if not isinstance(cue, Clock):
            events += self._settle(event for machine in self._by_cue.get(type(cue), ()) for event in machine.take(cue))
        return events

    def next_due_ms(self) -> Ms | None:
        """When something happens next if nothing is said until then."""
        return self._due

    def _walk(self, to_ms: Ms) -> Iterator[Event]:
        """Every time-out up to ``to_ms``, in order of time, of one time in order of the rules."""
        while self._due is not None and self._due <= to_ms:
            due = self._due
            self.scene.now_ms = max(self.scene.now_ms, due)
            for machine in self._machines:
                if machine.due_ms() == due:
                    yield from self._settle(machine.expire(due))

    def _settle(self, events: Iterable[Event]) -> Iterator[Event]:
        """``events``, and what the signals raised on the way lead to."""
        yield from events
        while self.scene.signals or self.scene.later:
            signal = (self.scene.signals or self.scene.later).popleft()
            for machine in self._by_signal.get(signal.name, ()):
                yield from machine.take(signal)
        self._due = min((due for machine in self._machines if (due := machine.due_ms()) is not None), default=None)


def warm_up(ruleset: RuleSet) -> None:
    """Build it once for each direction: the wordings of a rule are compiled at their first use, all calls waiting."""
    for direction in get_args(Direction):
        Conduct(ruleset, "", direction, (Side.AGENT, Side.CUSTOMER))
