"""An engine that recordings share: whatever is asked at once is computed on all of its lanes.

Live, a batch is what happens to wait together. For recordings nobody waits, so much is asked at once,
sorted into batches of one shape and spread over the lanes, the costliest first. Which requests share a
batch depends on what was asked together alone, never on which thread was quicker.
"""

from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Verdict
from monitor.speech.engine import Engine

Wanted = TypeVar("Wanted", DecodeWanted, VerifyWanted)
Answer = TypeVar("Answer", Hypothesis, Verdict)


class Lanes:
    """An :class:`monitor.speech.engine.Engine` that may be called from any thread. Use it as a context."""

    def __init__(self, engine: Engine, most: int = 8) -> None:
        """``most``: requests in one batch."""
        self._engine, self._most = engine, most
        self._pool = ThreadPoolExecutor(max(1, engine.lanes), thread_name_prefix="lane")
        self.name = engine.name
        self.lanes = engine.lanes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def shape(self, wanted: DecodeWanted) -> Hashable:
        """As the engine's."""
        return self._engine.shape(wanted)

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        """One hypothesis for each entry, in order.

        Raises:
            EngineError: the engine failed.
        """
        return self._spread(self._engine.decode, batch, [self._engine.shape(wanted) for wanted in batch])

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        """One verdict for each entry, in order.

        Raises:
            EngineError: the engine failed.
        """
        return self._spread(self._engine.verify, batch, [len(wanted.pcm) // 32_000 for wanted in batch])

    def _spread(
        self,
        compute: Callable[[Sequence[Wanted]], list[Answer]],
        wanted: Sequence[Wanted],
        shapes: Sequence[Hashable],
    ) -> list[Answer]:
        groups: dict[Hashable, list[int]] = {}
        for index, shape in enumerate(shapes):
            groups.setdefault(shape, []).append(index)
        batches = [batch for group in groups.values() for batch in _even(group, self._most)]
        batches.sort(key=lambda batch: -sum(len(wanted[index].pcm) for index in batch))
        asked: list[tuple[list[int], Future[list[Answer]]]] = [
            (batch, self._pool.submit(compute, [wanted[index] for index in batch])) for batch in batches
        ]
        answers: dict[int, Answer] = {}
        for batch, answer in asked:
            answers.update(zip(batch, answer.result(), strict=True))
        return [answers[index] for index in range(len(wanted))]


def _even(group: list[int], most: int) -> list[list[int]]:
    """As few parts of at most ``most`` as there can be, about equal: nine are five and four, not eight and one."""
    parts = -(-len(group) // most)
    return [group[len(group) * part // parts : len(group) * (part + 1) // parts] for part in range(parts)]
