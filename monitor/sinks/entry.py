"""One event on its way into the store, and as it lies there."""

import json
from dataclasses import dataclass, replace

from monitor.events import Published, to_json
from monitor.events import Warning as WarningEvent


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be stored: complete but for ``seen_at``, ``lag_ms`` and its cursor."""

    event: Published
    agent_id: str
    arrived: float | None = None
    """When the last sample the event is about came in, on the monotonic clock in seconds."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An event in the store: what every reader is sent, byte for byte."""

    cursor: int
    """1, 2, 3 … over all calls, in the order of publication."""
    call_id: str
    agent_id: str
    seq: int
    kind: str
    text: str
    """The event's JSON."""

    @property
    def text_with_cursor(self) -> str:
        """The event's JSON with ``cursor`` added: its place among the events of all calls."""
        return f'{self.text[:-1]},"cursor":{self.cursor}}}'


def seal(entry: Entry, seen_at: str, now: float) -> tuple[Published, str]:
    """Stamp an event with its wall times and write it as JSON."""
    event = replace(entry.event, seen_at=seen_at)
    if isinstance(event, WarningEvent) and entry.arrived is not None:
        event = replace(event, lag_ms=max(0, round((now - entry.arrived) * 1000)))
    text = json.dumps(to_json(event), ensure_ascii=False, separators=(",", ":"))
    return event, text
