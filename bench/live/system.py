"""What every system under test has in common: it is started, sent calls in real time, and says what it hears."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from live.line import BenchCall
from live.pace import Sending


@dataclass(frozen=True, slots=True)
class Text:
    """A text that arrived: all that the system showed at that moment, or the newest part of it."""

    at_s: float
    text: str
    final: bool


@dataclass(frozen=True, slots=True)
class Event:
    """An event of our own server as it arrived."""

    at_s: float
    body: dict[str, Any]


@dataclass(slots=True)
class CallRun:
    """What came of one call."""

    call: BenchCall
    sending: Sending
    texts: list[Text] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    fault: str = ""
    """Why the system gave the call up, if it did."""


class System(Protocol):
    """One program under test. Entering it starts the program, with its model in memory."""

    name: str
    frame_s: float
    """Audio is sent in frames of this length."""

    def running(self) -> AbstractAsyncContextManager[int]:
        """The program while it runs; gives its process id."""
        ...

    async def serve(self, run: CallRun) -> None:
        """Send the call in real time and note in ``run`` what arrives, until the call is over."""
        ...

    async def counters(self) -> dict[str, float]:
        """Its own counters, by name; empty where it has none."""
        ...
