"""When a live line is worth reading again.

A reader that wakes for every packet of 20 ms spends a quarter of what listening costs on waking. So between two
turns a line is left alone until what a session needs should have come; packets wait in the socket and are read
together. When that will be is told by a packet that had to be waited for: nothing lay before it, so it was read
as it came, and what is spoken after it comes as time passes.

A line that brings more than that (a recording sent as fast as it is taken, what was missed while the line was down) is
not left alone, nor is one that is late.
"""

from typing import Final

WAITED_S: Final = 0.010
"""A packet that the reader met after so long had to be waited for; what lies in the socket is there at once."""
AHEAD_S: Final = 0.020
"""A line that is so far ahead of what was expected is faster than speech; packets jitter by less."""
KEPT_S: Final = 2.0
"""After so long a packet is waited for again: clocks differ, and lines pause."""
MARGIN_S: Final = 0.002
"""So much longer than expected, so that the last packet is there and not just coming."""


class Turns:
    """The turns of one line. Times are in seconds of a clock that does not jump, media time in milliseconds."""

    def __init__(self, now_s: float) -> None:
        self._since_s = self._laid_aside_s = now_s
        """Since when the next packet has been waited for, and when the line was last left alone."""
        self._begin_s: float | None = None
        """When media time 0 was, as told by packets that were waited for."""
        self._told_s, self._told_ms = now_s, 0
        """When that was told, and by which."""

    def read(self, to_ms: int, now_s: float) -> float:
        """Audio up to ``to_ms`` has been read. When it came: that may have been while the line was left alone."""
        if now_s - self._since_s < WAITED_S:
            came_s = now_s if self._begin_s is None else self._begin_s + to_ms / 1000
            return min(now_s, max(came_s, self._laid_aside_s))
        begin_s = now_s - to_ms / 1000
        if self._begin_s is None or begin_s < self._begin_s - AHEAD_S or now_s - self._told_s > KEPT_S:
            self._begin_s, self._told_s, self._told_ms = begin_s, now_s, to_ms
        else:
            self._begin_s = min(self._begin_s, begin_s)
        return now_s

    def rest_s(self, heard_ms: int, wanted_ms: int, now_s: float) -> float:
        """For how long to leave the line alone.

        Audio up to ``heard_ms`` has been read, and ``wanted_ms`` more are worth reading.
        """
        self._laid_aside_s = now_s
        if self._begin_s is None or now_s - self._told_s > KEPT_S or heard_ms <= self._told_ms:
            return 0.0
        rest_s = self._begin_s + (heard_ms + wanted_ms) / 1000 - now_s
        if rest_s > wanted_ms / 1000 + AHEAD_S:
            self._begin_s = None
            return 0.0
        return rest_s + MARGIN_S if rest_s > 0 else 0.0

    def wait(self, now_s: float) -> None:
        """From now on the next packet is waited for."""
        self._since_s = now_s
