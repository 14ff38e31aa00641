"""The settled timeline: what happened, in order of media time, once it is certain.

Words come back from the engine whenever it is ready; voices overlap; a stretch that sounded like
speech may turn out to hold no words. Everything that is judged by order or by time therefore waits
behind a *watermark* (the term is stream processing's): the media time up to which all of it is
known. Cues are held here and let out in order as the watermark moves, so that what is concluded
never depends on how fast the engine was.
"""

import heapq
from collections.abc import Iterator
from itertools import count

from monitor.rules.cues import Clock, Cue, Hole, Levels, Spoke, VoiceOff, VoiceOn
from monitor.timeline import Ms

_ORDER = {Hole: 0, Spoke: 1, VoiceOff: 2, VoiceOn: 3, Levels: 4}
"""Among cues of one instant: words before the voice that spoke them ends, an end before a start."""


def when(cue: Cue) -> Ms:
    """The media time at which a cue takes its place."""
    match cue:
        case Spoke(to_ms=at_ms) | Hole(to_ms=at_ms):
            return at_ms
        case _:
            return cue.at_ms


class Settled:
    """Cues in any order in, cues in order of media time out."""

    def __init__(self) -> None:
        self._heap: list[tuple[Ms, int, int, Cue]] = []
        self._ticket = count()
        self.at_ms = Ms(0)
        """The watermark: everything before it has been let out."""

    def hold(self, cue: Cue) -> None:
        """Keep a cue until the watermark reaches it."""
        heapq.heappush(self._heap, (when(cue), _ORDER[type(cue)], next(self._ticket), cue))

    def advance(self, to_ms: Ms) -> Iterator[Cue]:
        """Move the watermark and give what it passes, the clock itself last."""
        if to_ms < self.at_ms:
            return
        while self._heap and self._heap[0][0] <= to_ms:
            yield heapq.heappop(self._heap)[3]
        if to_ms > self.at_ms:
            self.at_ms = to_ms
            yield Clock(to_ms)
