"""The batcher: shared batches, urgency, drops, lanes, failures. Time is a number the tests set."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from monitor.engines.batcher import Batcher, Trace
from monitor.engines.scripted import ScriptedEngine
from monitor.engines.stages import stage
from monitor.errors import EngineError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Side, Verdict
from monitor.timeline import Ms


def decode(kind: Pass, utterance: str = "u", revision: int = 1, to_ms: int = 1_000, call: str = "c") -> DecodeWanted:
    return DecodeWanted(
        call_id=call,
        utterance_id=utterance,
        revision=revision,
        decode=kind,
        side=Side.AGENT,
        from_ms=Ms(0),
        to_ms=Ms(to_ms),
        pcm=b"",
    )


def check(request: str) -> VerifyWanted:
    return VerifyWanted(
        call_id="c",
        request_id=request,
        utterance_id="u",
        revision=1,
        pcm=b"",
        text="x",
        start=0,
        end=1,
        candidate="y",
    )


class GatedEngine:
    """Stays inside each call until the test opens the gate once; tells the test when it is inside."""

    name = "gated"

    def __init__(self, lanes: int = 1, faults: Sequence[Exception | None] = ()) -> None:
        self.lanes = lanes
        self.batches: list[list[str]] = []
        self.brief: set[str] = set()
        """Utterances that were to be heard briefly."""
        self.faults = list(faults)
        self._gate = threading.Semaphore(0)
        self._loop = asyncio.get_running_loop()
        self._inside: asyncio.Queue[list[str]] = asyncio.Queue()
        self._mutex = threading.Lock()

    def shape(self, wanted: DecodeWanted) -> tuple[int, bool]:
        return len(wanted.pcm), wanted.brief or wanted.decode is Pass.PARTIAL

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        self.brief |= {item.utterance_id for item in batch if item.brief}
        self._enter([f"{item.utterance_id}{item.revision}" for item in batch])
        return [
            Hypothesis(
                utterance_id=item.utterance_id,
                revision=item.revision,
                decode=item.decode,
                side=item.side,
                from_ms=item.from_ms,
                to_ms=item.to_ms,
                text=f"{item.call_id}/{item.utterance_id}/{item.revision}",
            )
            for item in batch
        ]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        self._enter([item.request_id for item in batch])
        return [Verdict(request_id=item.request_id, llr=-float(index)) for index, item in enumerate(batch)]

    def _enter(self, names: list[str]) -> None:
        with self._mutex:
            self.batches.append(names)
            fault = self.faults.pop(0) if self.faults else None
        self._loop.call_soon_threadsafe(self._inside.put_nowait, names)
        with stage("generate"):
            self._gate.acquire()
        if fault is not None:
            raise fault

    async def inside(self) -> list[str]:
        """Wait until the engine is inside one more call."""
        return await self._inside.get()

    def open(self, times: int = 1) -> None:
        self._gate.release(times)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 120)

    asyncio.run(bounded())


async def settle() -> None:
    """Let every task that can run now run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def stop(batcher: Batcher, engine: GatedEngine) -> None:
    engine.open(100)
    await batcher.stop()


def ask(batcher: Batcher, wanted: DecodeWanted | VerifyWanted) -> "asyncio.Task[Any]":
    work = batcher.decode(wanted) if isinstance(wanted, DecodeWanted) else batcher.verify(wanted)
    return asyncio.get_running_loop().create_task(work)


def test_calls_share_a_batch_and_each_gets_its_own_answer() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine)
        asks = [ask(batcher, decode(Pass.FINAL, call=call)) for call in "abc"]
        await settle()
        await batcher.start()
        assert len(await engine.inside()) == 3
        engine.open()
        assert [(await task).text for task in asks] == ["a/u/1", "b/u/1", "c/u/1"]
        assert batcher.stats().batches == {3: 1}
        assert batcher.stats().done == {"final": 3}
        await stop(batcher, engine)

    run(test)


def test_batches_are_no_larger_than_allowed() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, max_batch=2)
        asks = [ask(batcher, decode(Pass.FINAL, name)) for name in "abcde"]
        await settle()
        await batcher.start()
        engine.open(3)
        await asyncio.gather(*asks)
        assert [len(batch) for batch in engine.batches] == [2, 2, 1]
        await stop(batcher, engine)

    run(test)


def test_what_is_urgent_overtakes_what_waits() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, max_batch=1)
        await batcher.start()
        asks = [ask(batcher, decode(Pass.FINAL, "z"))]
        await engine.inside()
        for wanted in (
            decode(Pass.PARTIAL, "p"),
            decode(Pass.EAGER, "e"),
            decode(Pass.FINAL, "f"),
            check("v"),
        ):
            asks.append(ask(batcher, wanted))
        await settle()
        engine.open(5)
        await asyncio.gather(*asks)
        assert engine.batches == [["z1"], ["v"], ["f1"], ["e1"], ["p1"]]
        await stop(batcher, engine)

    run(test)


def test_an_overtaken_partial_is_given_up_and_counted() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine)
        await batcher.start()
        busy = ask(batcher, decode(Pass.FINAL, "z"))
        await engine.inside()
        old = ask(batcher, decode(Pass.PARTIAL, revision=1))
        await settle()
        new = ask(batcher, decode(Pass.PARTIAL, revision=2))
        await settle()
        assert old.done()
        assert await old is None
        final = ask(batcher, decode(Pass.FINAL, revision=3))
        await settle()
        assert await new is None
        engine.open(2)
        await busy
        assert (await final).revision == 3
        assert batcher.stats().dropped == {"stale": 2}
        await stop(batcher, engine)

    run(test)


def test_an_eager_decode_that_waits_is_given_up_once_its_speaker_goes_on() -> None:
    """Even if there is no room for the partial that tells so."""

    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, limit=2)
        await batcher.start()
        busy = ask(batcher, decode(Pass.FINAL, "z"))
        await engine.inside()
        eager = ask(batcher, decode(Pass.EAGER, revision=1))
        await settle()
        assert not eager.done()
        assert await ask(batcher, decode(Pass.PARTIAL, revision=2)) is None
        assert await eager is None
        assert batcher.stats().dropped == {"refused": 1, "stale": 1}
        engine.open()
        await busy
        await stop(batcher, engine)

    run(test)


def test_a_partial_in_work_is_still_answered_when_the_final_comes() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine)
        await batcher.start()
        partial = ask(batcher, decode(Pass.PARTIAL))
        await engine.inside()
        final = ask(batcher, decode(Pass.FINAL, revision=2))
        await settle()
        engine.open(2)
        assert (await partial).revision == 1
        assert (await final).revision == 2
        await stop(batcher, engine)

    run(test)


def test_with_two_lanes_one_is_kept_free_of_partials() -> None:
    async def test() -> None:
        engine = GatedEngine(lanes=2)
        batcher = Batcher(engine, max_batch=1)
        await batcher.start()
        partials = [ask(batcher, decode(Pass.PARTIAL, name)) for name in "ab"]
        assert await engine.inside() == ["a1"]
        await settle()
        assert batcher.stats().running == 1
        final = ask(batcher, decode(Pass.FINAL, "f"))
        assert await engine.inside() == ["f1"]
        assert batcher.stats().running == 2
        engine.open(3)
        await asyncio.gather(final, *partials)
        await stop(batcher, engine)

    run(test)


def test_verifications_share_a_batch() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine)
        asks = [ask(batcher, check(name)) for name in "xyz"]
        await settle()
        await batcher.start()
        engine.open()
        assert [((await task).request_id, (await task).llr) for task in asks] == [("x", 0), ("y", -1), ("z", -2)]
        await stop(batcher, engine)

    run(test)


def test_under_pressure_partials_are_spaced_and_a_full_queue_refuses_them() -> None:
    async def test() -> None:
        now = 0.0
        engine = GatedEngine()
        batcher = Batcher(engine, limit=8, clock=lambda: now)
        await batcher.start()
        first = ask(batcher, decode(Pass.PARTIAL, to_ms=1_000))
        await engine.inside()
        engine.open()
        await first
        assert batcher.pressure == 0
        busy = ask(batcher, decode(Pass.FINAL, "z"))
        await engine.inside()
        waiting = [ask(batcher, decode(Pass.FINAL, "w0"))]
        await settle()
        now += 0.25
        assert batcher.pressure == pytest.approx(0.5)
        assert await batcher.decode(decode(Pass.PARTIAL, revision=2, to_ms=1_900)) is None
        late = ask(batcher, decode(Pass.PARTIAL, revision=3, to_ms=2_100))
        await settle()
        assert not late.done()
        waiting += [ask(batcher, decode(Pass.FINAL, f"w{i}")) for i in (1, 2)]
        await settle()
        assert await batcher.decode(decode(Pass.PARTIAL, "other")) is None
        assert batcher.stats().dropped == {"spaced": 1, "refused": 1}
        engine.open(10)
        await asyncio.gather(busy, late, *waiting)
        await stop(batcher, engine)

    run(test)


def test_finals_are_heard_briefly_while_others_wait() -> None:
    async def test() -> None:
        now = 0.0
        engine = GatedEngine()
        batcher = Batcher(engine, brief_when_busy=True, clock=lambda: now)
        await batcher.start()
        first = ask(batcher, decode(Pass.FINAL, "first"))
        await engine.inside()
        late = [ask(batcher, decode(Pass.FINAL, "late")), ask(batcher, decode(Pass.PARTIAL, "partial"))]
        await settle()
        now += 0.15
        engine.open()
        assert await engine.inside() == ["late1", "partial1"]  # in one window now, so in one batch
        engine.open()
        await asyncio.gather(first, *late)
        assert (engine.brief, batcher.stats().brief) == ({"late", "partial"}, 1)
        for name in "abcdefgh":  # nobody waits any more: the average falls
            engine.open()
            await batcher.decode(decode(Pass.FINAL, name))
        assert "h" not in engine.brief
        await stop(batcher, engine)

    run(test)


def test_what_is_heard_does_not_depend_on_the_load_unless_asked_for() -> None:
    async def test() -> None:
        now = 0.0
        engine = GatedEngine()
        batcher = Batcher(engine, clock=lambda: now)
        await batcher.start()
        first = ask(batcher, decode(Pass.FINAL, "first"))
        await engine.inside()
        late = ask(batcher, decode(Pass.FINAL, "late"))
        await settle()
        now += 5.0
        engine.open(2)
        await asyncio.gather(first, late)
        assert (engine.brief, batcher.stats().brief) == (set(), 0)
        await stop(batcher, engine)

    run(test)


def test_finals_beyond_the_limit_wait_outside_and_are_not_lost() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, limit=2, max_batch=1)
        await batcher.start()
        asks = [ask(batcher, decode(Pass.FINAL, name)) for name in "abcdef"]
        await engine.inside()
        await settle()
        assert sum(batcher.stats().queued.values()) == 2
        engine.open(6)
        assert [(await task).utterance_id for task in asks] == list("abcdef")
        await stop(batcher, engine)

    run(test)


def test_a_retryable_failure_is_retried_once_one_by_one() -> None:
    async def test() -> None:
        broken = EngineError("out of memory", retryable=True)
        engine = GatedEngine(faults=[broken, None, broken])
        batcher = Batcher(engine)
        asks = [ask(batcher, decode(Pass.FINAL, name)) for name in "ab"]
        await settle()
        await batcher.start()
        engine.open(3)
        assert (await asks[0]).utterance_id == "a"
        with pytest.raises(EngineError):
            await asks[1]
        assert engine.batches == [["a1", "b1"], ["a1"], ["b1"]]
        assert (batcher.stats().retries, batcher.stats().failures) == (1, 1)
        engine.open()
        assert (await batcher.decode(decode(Pass.FINAL, "c"))).utterance_id == "c"  # type: ignore[union-attr]
        await stop(batcher, engine)

    run(test)


def test_a_fatal_failure_reaches_everyone_who_waits_and_who_comes_later() -> None:
    async def test() -> None:
        engine = GatedEngine(faults=[EngineError("device lost", code="ENG-003")])
        batcher = Batcher(engine, max_batch=1)
        await batcher.start()
        asks = [ask(batcher, decode(Pass.FINAL, name)) for name in "ab"]
        await engine.inside()
        engine.open()
        for task in asks:
            with pytest.raises(EngineError, match="device lost"):
                await task
        with pytest.raises(EngineError, match="device lost"):
            await batcher.decode(decode(Pass.EAGER))
        assert batcher.failed is not None
        await batcher.stop()

    run(test)


def test_a_bug_in_the_engine_hurts_its_batch_alone() -> None:
    async def test() -> None:
        engine = GatedEngine(faults=[ZeroDivisionError()])
        batcher = Batcher(engine)
        await batcher.start()
        engine.open(2)
        with pytest.raises(ZeroDivisionError):
            await batcher.decode(decode(Pass.FINAL))
        assert await batcher.decode(decode(Pass.FINAL)) is not None
        await stop(batcher, engine)

    run(test)


def test_a_caller_who_left_costs_nothing() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, max_batch=1)
        await batcher.start()
        busy = ask(batcher, decode(Pass.FINAL, "z"))
        await engine.inside()
        gone, stays = ask(batcher, decode(Pass.FINAL, "g")), ask(batcher, decode(Pass.FINAL, "s"))
        await settle()
        gone.cancel()
        await settle()
        engine.open(2)
        await asyncio.gather(busy, stays)
        assert engine.batches == [["z1"], ["s1"]]
        await stop(batcher, engine)

    run(test)


def test_stopping_finishes_what_runs_and_turns_the_rest_away() -> None:
    async def test() -> None:
        engine = GatedEngine()
        batcher = Batcher(engine, max_batch=1)
        await batcher.start()
        running = ask(batcher, decode(Pass.FINAL, "r"))
        await engine.inside()
        waiting = ask(batcher, decode(Pass.FINAL, "w"))
        await settle()
        engine.open()
        await batcher.stop()
        assert (await running).utterance_id == "r"
        with pytest.raises(EngineError, match="ENG-005"):
            await waiting
        with pytest.raises(EngineError, match="ENG-005"):
            await batcher.decode(decode(Pass.FINAL))

    run(test)


def test_traces_say_where_the_time_went() -> None:
    async def test() -> None:
        now = 0.0
        traces: list[Trace] = []
        engine = GatedEngine()
        batcher = Batcher(engine, clock=lambda: now, observe=traces.append)
        await batcher.start()
        first = ask(batcher, decode(Pass.FINAL, "a"))
        await engine.inside()
        second = ask(batcher, decode(Pass.EAGER, "b", revision=4))
        await settle()
        now = 2.0
        engine.open()
        await first
        await engine.inside()
        now = 5.0
        engine.open()
        await second
        assert [(t.kind, t.utterance_id, t.revision, t.batch, t.queue_s, t.run_s) for t in traces] == [
            ("final", "a", 1, 1, 0.0, 2.0),
            ("eager", "b", 4, 1, 2.0, 3.0),
        ]
        assert set(traces[0].stages) == {"generate"}
        stats = batcher.stats()
        assert (stats.busy_s, stats.stage_s["queue"]) == (5.0, 2.0)
        assert list(stats.recent) == traces
        await stop(batcher, engine)

    run(test)


def test_with_the_scripted_engine() -> None:
    async def test() -> None:
        batcher = Batcher(ScriptedEngine([{"side": "agent", "from_ms": 0, "to_ms": 1_000, "text": "您好"}]))
        await batcher.start()
        answers = await asyncio.gather(*(batcher.decode(decode(Pass.FINAL, call=str(i))) for i in range(20)))
        assert [answer.text for answer in answers if answer] == ["您好"] * 20
        assert (await batcher.verify(check("r"))).request_id == "r"
        await batcher.stop()

    run(test)
