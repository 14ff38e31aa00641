"""What waits for the engine, in the order in which it should be served.

Verifications and finals first, then eager decodes, then partials; within a rank the oldest first.
An utterance has at most one partial waiting: a newer partial replaces it, an eager or final decode
makes it worthless. An eager decode is asked for when a speaker pauses; once the same utterance is asked
about again the speaker has gone on, and an eager decode that still waits can be no final any more: it is
given up like a partial. Nothing else ever is. Knows neither clock nor thread.
"""

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass

Wanted = DecodeWanted | VerifyWanted
_RANKS = 4
_EAGER, _PARTIAL = 2, 3


def rank(wanted: Wanted) -> int:
    """0 is served first."""
    if isinstance(wanted, VerifyWanted):
        return 0
    return {Pass.FINAL: 1, Pass.EAGER: _EAGER, Pass.PARTIAL: _PARTIAL}[wanted.decode]


T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Waiting(Generic[T]):
    """One request and whatever its owner attaches to it."""

    wanted: Wanted
    owner: T


class WorkQueue(Generic[T]):
    """See the module."""

    def __init__(self) -> None:
        self._ranks: tuple[deque[Waiting[T]], ...] = tuple(deque() for _ in range(_RANKS))

    def __len__(self) -> int:
        return sum(map(len, self._ranks))

    def depth(self) -> dict[str, int]:
        """How many wait, by kind."""
        kinds = ("verify", Pass.FINAL.value, Pass.EAGER.value, Pass.PARTIAL.value)
        return dict(zip(kinds, map(len, self._ranks), strict=True))

    def put(self, item: Waiting[T]) -> list[Waiting[T]]:
        """Queue ``item``; returns what it made stale."""
        stale: list[Waiting[T]] = []
        if isinstance(item.wanted, DecodeWanted):
            stale = [*self.overtaken(item.wanted), *self._remove(_PARTIAL, item.wanted)]
        self._ranks[rank(item.wanted)].append(item)
        return stale

    def overtaken(self, wanted: DecodeWanted) -> list[Waiting[T]]:
        """Take out the eager decodes of an utterance that is now asked about once more."""
        return self._remove(_EAGER, wanted)

    def _remove(self, which: int, wanted: DecodeWanted) -> list[Waiting[T]]:
        utterance, queue = _utterance(wanted), self._ranks[which]
        found = [other for other in queue if _utterance(other.wanted) == utterance]
        for other in found:
            queue.remove(other)
        return found

    def take(self, shape: Callable[[DecodeWanted], Hashable], most: int, *, partials: bool) -> list[Waiting[T]]:
        """The most urgent request and up to ``most - 1`` more that can be computed with it.

        ``partials=False`` leaves the partials waiting, unless there is nothing to gain: they may
        still fill up a batch whose first request is more urgent.
        """
        first = next((queue[0] for queue in self._ranks[: _RANKS if partials else _PARTIAL] if queue), None)
        if first is None:
            return []
        if isinstance(first.wanted, VerifyWanted):
            batch = [item for item, _ in zip(self._ranks[0], range(most), strict=False)]
        else:
            want = shape(first.wanted)
            alike = (
                item
                for queue in self._ranks[1:]
                for item in queue
                if isinstance(item.wanted, DecodeWanted) and shape(item.wanted) == want
            )
            batch = [item for item, _ in zip(alike, range(most), strict=False)]
        for item in batch:
            self._ranks[rank(item.wanted)].remove(item)
        return batch

    def oldest(self, since: Callable[[T], float]) -> float | None:
        """The earliest ``since`` of all owners that wait."""
        return min((since(queue[0].owner) for queue in self._ranks if queue), default=None)

    def clear(self) -> list[Waiting[T]]:
        """Take everything out."""
        everything = [item for queue in self._ranks for item in queue]
        for queue in self._ranks:
            queue.clear()
        return everything


def _utterance(wanted: Wanted) -> tuple[str, str]:
    return wanted.call_id, wanted.utterance_id
