"""Every rule of order and time at work in one call."""

from collections.abc import Iterator, Sequence
from typing import Literal

from monitor.events import Event
from monitor.frames import Side
from monitor.rules.cues import Cue
from monitor.rules.parse import RuleSet
from monitor.rules.scene import Scene
from monitor.rules.settled import when
from monitor.rules.timed import Book, Machine, Scribe, TimedRule
from monitor.timeline import Ms


class Conduct:
    """Runs every timed rule of ``ruleset`` that fits the call.

    A rule that needs two sides does not run where they are not told apart: in a mono recording nobody
    is charged. The same cues give the same events however finely ``Clock`` cuts the time between them,
    because every time-out is dated by its limit.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        call_id: str,
        direction: Literal["inbound", "outbound"],
        sides: Sequence[Side],
    ) -> None:
        self.scene = Scene(direction)
        self._ended = False
        rules = [rule for rule in ruleset.rules.values() if rule.status != "draft"]
        book = Book(ruleset.version, ruleset.classes, frozenset(rule.id for rule in rules))
        self._machines: list[Machine] = [
            rule.machine(self.scene, Scribe(rule, call_id, book))
            for rule in rules
            if isinstance(rule, TimedRule) and rule.direction in ("any", direction) and rule.sides <= set(sides)
        ]

    def feed(self, cue: Cue) -> list[Event]:
        """Take one cue; return what became true up to its time.

        Cues come in order of media time. What fell due before the cue, or at the same instant, comes
        first. After the end of the call nothing is taken any more.
        """
        if self._ended:
            return []
        events = list(self._walk(when(cue)))
        self.scene.take(cue)
        for machine in self._machines:
            events += machine.take(cue)
        self._ended = self.scene.ended
        return events

    def next_due_ms(self) -> Ms | None:
        """When something happens next if nothing is said until then."""
        return min((due for machine in self._machines if (due := machine.due_ms()) is not None), default=None)

    def _walk(self, to_ms: Ms) -> Iterator[Event]:
        """Every time-out up to ``to_ms``, in order of time, of one time in order of the rules."""
        while (due := self.next_due_ms()) is not None and due <= to_ms:
            for machine in self._machines:
                if machine.due_ms() == due:
                    yield from machine.expire(due)
