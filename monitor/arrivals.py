"""When the sound of each moment of a call came in: what ``lag_ms`` is measured from."""

from bisect import bisect_left
from typing import Final

from monitor.timeline import BLOCK_MS

KEPT_MS: Final = 120_000
"""A quote older than this has no lag worth telling; memory stays bounded."""


class Arrivals:
    """Media time → wall clock, of one side's newest two minutes."""

    def __init__(self) -> None:
        self._to_ms: list[int] = []
        self._at_s: list[float] = []

    def note(self, to_ms: int, at_s: float) -> None:
        """Audio up to ``to_ms`` has arrived at ``at_s``. Both only ever grow."""
        if self._to_ms and to_ms < self._to_ms[-1] + BLOCK_MS:
            return  # finer than anything that is asked about
        self._to_ms.append(to_ms)
        self._at_s.append(at_s)
        if len(self._to_ms) % 1_024 == 0:
            old = bisect_left(self._to_ms, to_ms - KEPT_MS)
            del self._to_ms[:old], self._at_s[:old]

    def of(self, at_ms: int) -> float | None:
        """When the sample just before ``at_ms`` arrived; None when that is forgotten or was never."""
        place = bisect_left(self._to_ms, at_ms)
        if place == len(self._to_ms) or (place == 0 and self._to_ms[0] - at_ms > 1_000):
            return None
        return self._at_s[place]
