"""Going on with a call after the server itself was restarted.

What the session knew is gone with the process; what it said is in the store. The new session hears
the call from here on, so it must not judge what it did not hear: no greeting is missed because it was
said to the process before. This filter stands between such a session and the store.
"""

from collections.abc import Iterable
from dataclasses import replace

from monitor.events import AudioGap, CallEnded, CallStarted, Measure, Published, Requirement
from monitor.events import Warning as WarningEvent
from monitor.rules.score import Scorecard


class Resumption:
    """Decides what a resumed call may still say. ``said`` are its stored events, oldest first."""

    def __init__(self, said: Iterable[Published], last_ms: int) -> None:
        self._last_ms = last_ms
        self.resume_ms = last_ms
        """Media time from which the new session hears the call."""
        self._scorecard = Scorecard()
        self._settled: set[tuple[str, int]] = set()
        self._before: set[tuple[str, int]] = set()
        self._warned: set[str] = set()
        for event in said:
            match event:
                case Requirement(status="pending"):
                    self._before.add((event.rule_id, event.occasion))
                    self._scorecard.count(event)
                case Requirement():
                    self._settled.add((event.rule_id, event.occasion))
                    self._scorecard.count(event)
                case WarningEvent():
                    self._warned.add(event.warning_id)
                    self._scorecard.count(event)

    def admit(self, event: Published) -> Published | None:
        """The event as it should be published, or None when it is about what was not heard."""
        match event:
            case CallStarted():
                return None
            case Measure() if event.at_ms <= self.resume_ms:
                return None
            case AudioGap() if event.from_ms < self._last_ms:
                if event.to_ms <= self._last_ms:
                    return None
                return replace(event, from_ms=self._last_ms)  # type: ignore[arg-type]
            case Requirement():
                return self._requirement(event)
            case WarningEvent():
                if event.from_ms < self.resume_ms and event.warning_id not in self._warned:
                    return None
                self._scorecard.count(event)
            case CallEnded():
                return replace(event, summary={**event.summary, **self._scorecard.summary(), "resumed": True})
        return event

    def summary(self) -> dict[str, object]:
        """What the call comes to, by all that was said before and since."""
        return {**self._scorecard.summary(), "resumed": True}

    def _requirement(self, event: Requirement) -> Requirement | None:
        key = event.rule_id, event.occasion
        if key in self._settled:
            return None
        if event.status == "pending" and event.at_ms < self.resume_ms:
            self._before.add(key)  # it belongs to the part that was not heard
            return None
        if event.status == "missed" and key in self._before:
            return None
        self._scorecard.count(event)
        return event
