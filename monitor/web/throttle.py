"""Slowing down whoever tries tokens: each failure beyond a few doubles the wait of that address."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

FREE: Final = 5
"""Failures that cost nothing: people paste wrong."""

LONGEST_S: Final = 60.0
FORGET_S: Final = 900.0
ADDRESSES: Final = 10_000
"""Addresses remembered; beyond it the one that failed longest ago is forgotten."""


@dataclass(slots=True)
class _Failures:
    count: int
    last_s: float


class Throttle:
    """Failures by address. Nothing here waits: a try that comes too early is refused at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, _Failures] = OrderedDict()
        self._proven: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """How long this address has to wait before its next try; 0: it may try now."""
        failures = self._failures.get(address)
        if failures is None or failures.count <= FREE:
            return 0.0
        wait = min(LONGEST_S, 2.0 ** (failures.count - FREE - 1))
        return max(0.0, failures.last_s + wait - self._clock())

    def failed(self, address: str) -> None:
        """A wrong token came from there."""
        now = self._clock()
        failures = self._failures.pop(address, None)
        if failures is None or now - failures.last_s > FORGET_S:
            failures = _Failures(0, now)
        failures.count, failures.last_s = failures.count + 1, now
        self._failures[address] = failures
        if len(self._failures) > ADDRESSES:
            self._failures.popitem(last=False)

    def succeeded(self, address: str, digest: str) -> None:
        """A right token came from there; it is not a guess when it comes again."""
        if digest not in self._proven:  # else one desk's traffic would forgive a guesser behind the same address
            self._failures.pop(address, None)
        self._proven[digest] = None
        self._proven.move_to_end(digest)
        if len(self._proven) > ADDRESSES:
            self._proven.popitem(last=False)

    def proven(self, digest: str) -> bool:
        """Whether this token has been right before: others' failures from its address do not hold it up."""
        return digest in self._proven
