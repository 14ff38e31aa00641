"""One engine for all calls: requests in, batches out, answers back to whoever asked.

Everything but the engine itself runs on the event loop, so there is nothing to lock: when a lane is
free and something waits, a batch is formed from the queue and the engine is called in a thread.
Requests of different calls share a batch when the engine says they have the same shape. With two or
more lanes one is kept free of partials, so that a final never waits behind one. While requests
wait, finals are heard in short windows too, if that was asked for: an answer that comes late helps
nobody, and one heard briefly misses three phrases in a hundred (docs/performance.md).
"""

import asyncio
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from monitor.engines.queue import Waiting, WorkQueue
from monitor.engines.stages import record
from monitor.errors import EngineError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Verdict
from monitor.speech.engine import Engine

_REMEMBERED = 512
_SLOWEST_PARTIALS_MS = 2_000
_COMFORTABLE_WAIT_S = 0.5
_BRIEF_FROM = 0.2
"""Pressure; requests wait 0.1 s."""

Answer = Hypothesis | Verdict | None


@dataclass(slots=True)
class _Owner:
    answer: asyncio.Future[Answer]
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where one request spent its time, in seconds."""

    kind: str
    """``final``, ``eager``, ``partial`` or ``verify``."""
    call_id: str
    utterance_id: str
    revision: int
    batch: int
    """How many requests shared the computation."""
    queue_s: float
    run_s: float
    stages: dict[str, float]
    """The engine's own stages of the whole batch."""


@dataclass(slots=True, kw_only=True)
class Stats:
    """Counts since the start; ``recent`` holds the last traces, newest last."""

    queued: dict[str, int] = field(default_factory=dict)
    """Waiting now, by kind."""
    running: int = 0
    """Batches in work now."""
    pressure: float = 0.0
    done: Counter[str] = field(default_factory=Counter)
    """Answered, by kind."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Given up: ``stale`` (partials and eager decodes that were overtaken), and of partials ``spaced`` (the engine is
    busy) and ``refused`` (queue full)."""
    brief: int = 0
    """Finals and eager decodes that were heard in short windows because others waited."""
    batches: Counter[int] = field(default_factory=Counter)
    """How many batches had this size."""
    retries: int = 0
    failures: int = 0
    busy_s: float = 0.0
    """Engine time, summed over lanes."""
    stage_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """Seconds by stage: ``queue`` and the engine's own."""
    recent: deque[Trace] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))


class Batcher:
    """``await decode(wanted)`` and ``await verify(wanted)`` from any task of one event loop."""

    def __init__(
        self,
        engine: Engine,
        *,
        max_batch: int = 8,
        limit: int = 256,
        brief_when_busy: bool = False,
        clock: Callable[[], float] = time.monotonic,
        observe: Callable[[Trace], None] | None = None,
    ) -> None:
        """``limit``: how many requests may wait. Partials are refused from half of it on; callers with
        anything else are held back until there is room. ``brief_when_busy``: what is heard then depends on
        the load. ``observe`` is called with every trace.
        """  # noqa: D205
        self._engine, self._max_batch, self._limit = engine, max_batch, limit
        self._brief_when_busy, self._clock, self._observe = brief_when_busy, clock, observe
        self._queue: WorkQueue[_Owner] = WorkQueue()
        self._stats = Stats()
        self._lanes = max(1, engine.lanes)
        self._busy_with_partials = 0
        self._running: set[asyncio.Task[None]] = set()
        self._room = asyncio.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._fatal: EngineError | None = None
        self._heard_to: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._wait_s = 0.0

    async def start(self) -> None:
        """Begin to work. Requests made before wait."""
        self._pool = ThreadPoolExecutor(self._lanes, thread_name_prefix="engine")
        self._room.set()
        self._dispatch()

    async def stop(self) -> None:
        """Finish the batches in work; whatever still waits gets ``EngineError`` ``ENG-005``."""
        self._fatal = self._fatal or EngineError("the engine is being stopped", code="ENG-005")
        self._abandon(self._fatal)
        while self._running:
            await asyncio.wait(self._running)
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    async def decode(self, wanted: DecodeWanted) -> Hypothesis | None:
        """The words, or ``None`` for a partial or an overtaken eager decode that was given up.

        Raises:
            EngineError: the engine failed twice, or cannot go on, or is being stopped.

        """
        if wanted.decode is Pass.PARTIAL:
            reason = self._unwelcome(wanted)
            if reason:
                self._stats.dropped[reason] += 1
                self._give_up(self._queue.overtaken(wanted))
                return None
        answer = await self._ask(wanted)
        assert not isinstance(answer, Verdict)
        return answer

    async def verify(self, wanted: VerifyWanted) -> Verdict:
        """The verdict of the audio on one phrase.

        Raises:
            EngineError: as for :meth:`decode`.

        """
        answer = await self._ask(wanted)
        assert isinstance(answer, Verdict)
        return answer

    @property
    def pressure(self) -> float:
        """0: idle; 1: partials wait half a second or more, or the queue is half full."""
        waited = max(self._wait_s, self._oldest_wait_s())
        return min(1.0, max(waited / _COMFORTABLE_WAIT_S, 2 * len(self._queue) / self._limit))

    @property
    def failed(self) -> EngineError | None:
        """Why the engine cannot go on, if it cannot."""
        return self._fatal

    def stats(self) -> Stats:
        """The live counters; treat them as read-only."""
        self._stats.queued = self._queue.depth()
        self._stats.running = len(self._running)
        self._stats.pressure = self.pressure
        return self._stats

    def _unwelcome(self, wanted: DecodeWanted) -> str:
        """Why this partial is not even queued; under pressure partials are spaced out."""
        if 2 * len(self._queue) >= self._limit:
            return "refused"
        heard_to = self._heard_to.get((wanted.call_id, wanted.utterance_id))
        if heard_to is not None and wanted.to_ms - heard_to < self.pressure * _SLOWEST_PARTIALS_MS:
            return "spaced"
        return ""

    async def _ask(self, wanted: DecodeWanted | VerifyWanted) -> Answer:
        while len(self._queue) >= self._limit and self._fatal is None:
            self._room.clear()
            await self._room.wait()
        if self._fatal is not None:
            raise self._fatal
        owner = _Owner(asyncio.get_running_loop().create_future(), self._clock())
        self._give_up(self._queue.put(Waiting(wanted, owner)))
        self._dispatch()
        return await owner.answer

    def _dispatch(self) -> None:
        """Give every free lane a batch."""
        while self._pool is not None and self._fatal is None and len(self._running) < self._lanes:
            partials = self._lanes == 1 or self._busy_with_partials < self._lanes - 1
            brief = self._brief_when_busy and self.pressure >= _BRIEF_FROM
            shape = self._shape_of_brief if brief else self._engine.shape
            batch = self._queue.take(shape, self._max_batch, partials=partials)
            if not batch:
                break
            live = [item for item in batch if not item.owner.answer.done()]
            if brief:
                self._shorten(live)
            if live:
                self._launch(live)
        if len(self._queue) < self._limit:
            self._room.set()

    def _shape_of_brief(self, wanted: DecodeWanted) -> Hashable:
        return self._engine.shape(replace(wanted, brief=True))

    def _shorten(self, batch: Sequence[Waiting[_Owner]]) -> None:
        for item in batch:
            if isinstance(item.wanted, DecodeWanted):
                item.wanted = replace(item.wanted, brief=True)
                self._stats.brief += item.wanted.decode is not Pass.PARTIAL

    def _launch(self, batch: Sequence[Waiting[_Owner]]) -> None:
        light = all(isinstance(item.wanted, DecodeWanted) and item.wanted.decode is Pass.PARTIAL for item in batch)
        task = asyncio.get_running_loop().create_task(self._compute(batch, self._clock()))
        self._running.add(task)
        self._busy_with_partials += light

        def free(done: "asyncio.Task[None]") -> None:
            self._running.discard(done)
            self._busy_with_partials -= light
            self._dispatch()

        task.add_done_callback(free)

    async def _compute(self, batch: Sequence[Waiting[_Owner]], begin: float, *, again: bool = False) -> None:
        loop = asyncio.get_running_loop()
        assert self._pool is not None
        try:
            answers, stages = await loop.run_in_executor(self._pool, self._call, [item.wanted for item in batch])
        except EngineError as error:
            if not error.retryable:
                self._fatal = error
                self._abandon(error)
            elif not again:
                self._stats.retries += 1
                for item in batch:  # one at a time: what broke the batch hurts only itself
                    await self._compute([item], begin, again=True)
                return
            self._fail(batch, error)
        except Exception as error:  # the engine's bug: this batch's callers learn of it, the others go on
            self._fail(batch, error)
        else:
            self._settle(batch, answers, stages, begin)

    def _call(self, batch: Sequence[DecodeWanted | VerifyWanted]) -> tuple[Sequence[Answer], dict[str, float]]:
        """In a lane's thread."""
        with record() as stages:
            verify = [wanted for wanted in batch if isinstance(wanted, VerifyWanted)]
            if verify:
                return self._engine.verify(verify), stages
            decode = [wanted for wanted in batch if isinstance(wanted, DecodeWanted)]
            return self._engine.decode(decode), stages

    def _settle(
        self, batch: Sequence[Waiting[_Owner]], answers: Sequence[Answer], stages: dict[str, float], begin: float
    ) -> None:
        now = self._clock()
        self._stats.batches[len(batch)] += 1
        self._stats.busy_s += now - begin
        for name, seconds in stages.items():
            self._stats.stage_s[name] += seconds
        for item, answer in zip(batch, answers, strict=True):
            wanted, waited = item.wanted, begin - item.owner.since
            kind = wanted.decode.value if isinstance(wanted, DecodeWanted) else "verify"
            self._stats.done[kind] += 1
            self._stats.stage_s["queue"] += waited
            self._wait_s += 0.2 * (waited - self._wait_s)
            if isinstance(wanted, DecodeWanted):
                self._remember(wanted)
            trace = Trace(
                kind=kind,
                call_id=wanted.call_id,
                utterance_id=wanted.utterance_id,
                revision=wanted.revision,
                batch=len(batch),
                queue_s=waited,
                run_s=now - begin,
                stages=stages,
            )
            self._stats.recent.append(trace)
            if self._observe is not None:
                self._observe(trace)
            if not item.owner.answer.done():
                item.owner.answer.set_result(answer)

    def _remember(self, wanted: DecodeWanted) -> None:
        """To where each utterance has been heard, for the spacing of its partials."""
        key = wanted.call_id, wanted.utterance_id
        self._heard_to[key] = wanted.to_ms
        self._heard_to.move_to_end(key)
        while len(self._heard_to) > _REMEMBERED:
            self._heard_to.popitem(last=False)

    def _oldest_wait_s(self) -> float:
        since = self._queue.oldest(lambda owner: owner.since)
        return 0.0 if since is None else self._clock() - since

    def _give_up(self, stale: Sequence[Waiting[_Owner]]) -> None:
        for item in stale:
            if not item.owner.answer.done():
                self._stats.dropped["stale"] += 1
                item.owner.answer.set_result(None)

    def _abandon(self, error: Exception) -> None:
        self._fail(self._queue.clear(), error)
        self._room.set()

    def _fail(self, batch: Sequence[Waiting[_Owner]], error: Exception) -> None:
        self._stats.failures += len(batch)
        for item in batch:
            if not item.owner.answer.done():
                item.owner.answer.set_exception(error)
