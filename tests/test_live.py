"""The driver of live calls, with a real store and the scripted engine; no socket yet."""

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from monitor.audit.drive import drive
from monitor.engines.batcher import Batcher
from monitor.engines.scripted import ScriptedEngine
from monitor.errors import EngineError, InputError, SessionOver
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import AudioFrame, AudioLoss, Hypothesis, Side, Verdict
from monitor.live import Live, LiveCall, LivePolicy, Surroundings
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession, SessionPolicy
from monitor.sinks.calls import CallRow, find_call
from monitor.sinks.entry import Stored
from monitor.sinks.metrics import Metrics
from monitor.sinks.recordings import Recorder, Stretch
from monitor.sinks.store import Store
from monitor.timeline import Ms
from monitor.turns import Turns

pytestmark = pytest.mark.anyio

RULES = Path(__file__).parent / "few_rules"
A, C = Side.AGENT, Side.CUSTOMER
ROW = CallRow(call_id="c1", agent_id="a1", direction="inbound", sides=("agent", "customer"))
GREETING = "您好欢迎致电云朵商城客服请问有什么可以帮您"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(parse.load([RULES]))


@dataclass
class Running:
    """A store and the live calls on it, and everything they published."""

    live: Live
    store: Store
    metrics: Metrics
    seen: list[dict[str, Any]] = field(default_factory=list)
    more: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, stored: Sequence[Stored]) -> None:
        self.seen += [json.loads(event.text) for event in stored]
        self.more.set()

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """The first event with these fields, whenever it comes."""
        while True:
            for event in self.seen:
                if all(event.get(name) == value for name, value in wanted.items()):
                    return event
            self.more.clear()
            await asyncio.wait_for(self.more.wait(), 120)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.seen if event["kind"] == kind]


@asynccontextmanager
async def running(
    data: Path,
    matcher: Matcher,
    engine: Any = None,
    *,
    decoder: Any = None,
    recorder: Recorder | None = None,
    wording: Any = None,
    time: Any = None,
    **policy: float,
) -> AsyncIterator[Running]:
    store, metrics = Store(data, observe=lambda name, value: metrics.observe(name, value)), Metrics()
    batcher = Batcher(engine or ScriptedEngine([]))
    around = Surroundings(
        store=store,
        decoder=decoder or batcher,
        metrics=metrics,
        policy=LivePolicy(**policy),  # type: ignore[arg-type]
        session=SessionPolicy(),
        model="scripted",
        recorder=recorder,
        wording=wording,
    )
    if time is not None:
        around = replace(around, clock=time.now, sleep=time.sleep)
    run = Running(Live(matcher, around), store, metrics)
    await store.start(run.take)
    if recorder:
        recorder.start()
    await batcher.start()
    await run.live.start()
    try:
        yield run
    finally:
        await run.live.stop()
        await batcher.stop()
        if recorder:
            recorder.stop()
        await store.stop()


async def play(call: LiveCall, scene: Any, *, from_ms: int = 0, to_ms: int | None = None, shift_ms: int = 0) -> None:
    """Bring the part of a scene, all at once; ``shift_ms``: how much later it lies in the call."""
    line = await call.connect()
    frames = [item for item in scene.inputs() if isinstance(item, AudioFrame)]
    for frame in frames:
        if frame.from_ms >= from_ms and (to_ms is None or frame.to_ms <= to_ms):
            start = frame.start + (line.start_ms - from_ms) * frame.rate_hz // 1000
            await line.hear([replace(frame, start=start)])
    if to_ms is None:
        await line.hang_up()
    else:
        line.close()


def judged(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What does not depend on the engine's pace."""
    out = []
    for event in events:
        match event["kind"]:
            case "transcript" if event["status"] == "final" and event["text"]:
                out.append((event["from_ms"], "said", event["side"], event["text"]))
            case "warning" if event["status"] == "confirmed":
                out.append((event["from_ms"], "warning", event["rule_id"], event["quote"]))
            case "prompt" | "requirement":
                out.append((event["at_ms"], event["kind"], event["status"], event.get("rule_id") or event["step"]))
    return sorted(set(out), key=str)


async def test_a_live_call_says_what_the_recording_says(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = (
        scene()
        .say(A, 500, 4500, GREETING)
        .say(C, 5000, 7000, "我要退货")
        .say(A, 7600, 9600, "这事不归我做")
        .until(11_000)
    )
    session = CallSession(CallInfo(call_id="c1", agent_id="a1"), matcher)
    offline = [json.loads(json.dumps(_plain(event))) for event in drive(session, call.inputs(), call.engine())]
    async with running(tmp_path, matcher, call.engine()) as run:
        await play(await run.live.open(ROW), call)
        assert judged(run.seen) == judged(offline)
        assert ("warning", "not-my-job") in {event[1:3] for event in judged(run.seen)}
        assert [event["seq"] for event in run.seen] == list(range(1, len(run.seen) + 1))
        assert (run.seen[0]["kind"], run.seen[-1]["kind"]) == ("call.started", "call.ended")
        assert len(run.live) == 0


async def test_warnings_carry_the_lag_from_their_last_sample(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(A, 500, 2500, "这事不归我做").until(4000)
    async with running(tmp_path, matcher, call.engine()) as run:
        await play(await run.live.open(ROW), call)
        warning = await run.until(kind="warning", rule_id="not-my-job")
        assert warning["lag_ms"] is not None
        assert warning["lag_ms"] >= 0
        assert warning["warning_id"].startswith("c1:")
        assert b'monitor_warnings_total{rule_id="not-my-job"' in run.metrics.text()
        assert b"monitor_warning_lag_seconds_count 1" in run.metrics.text() or b"_count 2" in run.metrics.text()


async def test_a_line_that_comes_back_goes_on_with_a_gap(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(A, 500, 2500, GREETING).say(A, 3500, 5000, "这事不归我做").until(6000)
    async with running(tmp_path, matcher, call.engine()) as run:
        live = await run.live.open(ROW)
        await play(live, call, to_ms=3000)
        assert await run.live.open(ROW) is live
        line = await live.connect(at_ms=3200)
        for frame in call.inputs():
            if isinstance(frame, AudioFrame) and frame.from_ms >= 3200:
                await line.hear([frame])
        await line.hang_up()
        gaps = run.of("audio.gap")
        assert [(gap["side"], gap["from_ms"], gap["to_ms"]) for gap in gaps] == [
            ("agent", 3000, 3200),
            ("customer", 3000, 3200),
        ]
        assert run.seen[-1]["at_ms"] == 6000
        await run.until(kind="warning", rule_id="not-my-job", status="confirmed")


async def test_a_line_back_without_a_place_loses_at_least_a_block(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        await play(live, scene().until(1000), to_ms=1000)
        line = await live.connect()
        assert line.start_ms >= 1020
        assert line.start_ms % 20 == 0
        await line.hang_up()
        assert run.of("audio.gap")[0]["from_ms"] == 1000


async def test_a_newer_line_takes_over(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        old = await live.connect()
        new = await live.connect()
        assert old.replaced.is_set()
        with pytest.raises(InputError, match="CALL-004"):
            await old.hear([])
        old.close()  # changes nothing for the newer one
        await new.hang_up()
        assert run.seen[-1]["reason"] == "hangup"


async def test_what_has_been_heard_may_be_sent_again(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(A, 500, 2500, "这事不归我做").until(4000)
    async with running(tmp_path, matcher, call.engine()) as run:
        live = await run.live.open(ROW)
        await play(live, call, to_ms=1500)
        line = await live.connect(at_ms=1010)
        assert line.start_ms == 1010
        for frame in call.inputs():
            if isinstance(frame, AudioFrame) and frame.from_ms >= 1000:
                pcm = frame.pcm[320:] if frame.from_ms == 1000 else frame.pcm
                await line.hear([replace(frame, start=frame.start + (frame.from_ms == 1000) * 160, pcm=pcm)])
        await line.hang_up()
        assert not run.of("audio.gap")
        assert run.seen[-1]["at_ms"] == 4000
        assert [event["quote"] for event in run.of("warning") if event["status"] == "confirmed"] == ["这事不归我做"]


async def test_a_line_may_say_what_it_has_lost(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        line = await (await run.live.open(ROW)).connect()
        losses = [AudioLoss(side=side, from_ms=Ms(1000), to_ms=Ms(1500), reason="damaged") for side in (A, C)]
        frames = [item for item in scene().until(2000).inputs() if isinstance(item, AudioFrame)]
        before = [item for item in frames if item.from_ms < 1000]
        after = [item for item in frames if item.from_ms >= 1500]
        await line.hear([*before, *losses, *after])
        await line.hang_up()
        assert [(gap["from_ms"], gap["to_ms"], gap["reason"]) for gap in run.of("audio.gap")] == [
            (1000, 1500, "damaged")
        ] * 2
        assert run.seen[-1]["at_ms"] == 2000


async def test_a_place_hours_ahead_is_refused(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        with pytest.raises(InputError, match="CALL-005"):
            await live.connect(at_ms=10**9)


async def test_an_ended_call_takes_no_more(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        await play(live, scene().until(1000))
        for attempt in (run.live.open(ROW), live.hear([], Turns(0.0)), live.note("组长", "晚了")):
            with pytest.raises(SessionOver, match="CALL-001"):
                await attempt


async def test_a_stalled_line_gives_gaps_and_then_the_end(tmp_path: Path, matcher: Matcher) -> None:
    async with running(tmp_path, matcher, stall_s=0.05, give_up_s=0.2) as run:
        live = await run.live.open(ROW)
        await live.connect()
        await live.over.wait()
        assert run.seen[-1]["kind"] == "call.ended"
        assert run.seen[-1]["reason"] == "stalled"
        gaps = run.of("audio.gap")
        assert {gap["reason"] for gap in gaps} == {"stalled"}
        assert len(gaps) >= 2


async def test_a_lost_line_ends_the_call_after_a_while(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher, reconnect_s=0.05) as run:
        live = await run.live.open(ROW)
        await play(live, scene().until(500), to_ms=500)
        await live.over.wait()
        assert run.seen[-1]["reason"] == "lost"


async def test_a_note_has_its_number_among_the_events(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        line = await live.connect()
        await live.note("组长", "慢一点说")
        note = await run.until(kind="note")
        assert (note["from"], note["text"], note["seq"]) == ("组长", "慢一点说", 1)
        await line.hang_up()


async def test_one_call_too_many_is_refused(tmp_path: Path, matcher: Matcher) -> None:
    async with running(tmp_path, matcher, max_calls=1) as run:
        await run.live.open(ROW)
        with pytest.raises(InputError, match="CALL-003"):
            await run.live.open(replace(ROW, call_id="c2"))
        await run.live.open(ROW)  # its own line may come back


async def test_an_id_in_use_by_another_agent_is_refused(tmp_path: Path, matcher: Matcher) -> None:
    async with running(tmp_path, matcher) as run:
        await run.live.open(ROW)
        with pytest.raises(InputError, match="CALL-002"):
            await run.live.open(replace(ROW, agent_id="a2"))


class Broken:
    """An engine that fails as it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def decode(self, wanted: DecodeWanted) -> Hypothesis | None:
        raise self.error

    async def verify(self, wanted: VerifyWanted) -> Verdict:
        raise self.error


@pytest.mark.parametrize("error", [EngineError("no memory", code="ENG-002"), ZeroDivisionError()])
async def test_a_failing_engine_gives_gaps_not_a_dead_call(
    tmp_path: Path, matcher: Matcher, scene: Any, error: Exception
) -> None:
    async with running(tmp_path, matcher, decoder=Broken(error)) as run:
        await play(await run.live.open(ROW), scene().say(A, 500, 2500, "这事不归我做").until(4000))
        assert run.seen[-1]["reason"] == "hangup"
        assert [gap["reason"][:6] for gap in run.of("audio.gap")] == ["engine"]
        assert not run.of("warning")


class Silent:
    """An engine that never answers."""

    async def decode(self, wanted: DecodeWanted) -> Hypothesis | None:
        return await asyncio.get_running_loop().create_future()

    async def verify(self, wanted: VerifyWanted) -> Verdict:
        return await asyncio.get_running_loop().create_future()


async def test_an_engine_that_never_answers_does_not_hold_up_the_end(
    tmp_path: Path, matcher: Matcher, scene: Any
) -> None:
    async with running(tmp_path, matcher, decoder=Silent(), drain_s=0.05) as run:
        await play(await run.live.open(ROW), scene().say(A, 500, 2500, "这事不归我做").until(4000))
        assert run.seen[-1]["kind"] == "call.ended"
        assert run.of("audio.gap")[0]["reason"] == "engine ENG-004"


async def test_a_call_that_breaks_ends_alone(
    tmp_path: Path, matcher: Matcher, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = CallSession.feed

    def breaking(self: CallSession, item: Any) -> Any:
        if self.call.call_id == "bad":
            raise ZeroDivisionError("a bug")
        return feed(self, item)

    monkeypatch.setattr(CallSession, "feed", breaking)
    async with running(tmp_path, matcher) as run:
        bad = await run.live.open(replace(ROW, call_id="bad"))
        good = await run.live.open(ROW)
        line = await bad.connect()
        await line.hear([AudioFrame(side=A, start=0, pcm=bytes(640))])
        await bad.over.wait()
        assert (await run.until(kind="call.ended", call_id="bad"))["reason"] == "fault"
        await play(good, scene().until(1000))
        assert (await run.until(kind="call.ended", call_id="c1"))["reason"] == "hangup"


async def test_a_sender_that_is_too_fast_is_made_to_wait(tmp_path: Path, matcher: Matcher) -> None:
    async with running(tmp_path, matcher, ahead_ms=1000) as run:
        live = await run.live.open(ROW)
        line = await live.connect()
        second = bytes(16_000 * 2)
        for number in range(30):
            await line.hear([AudioFrame(side=side, start=number * 16_000, pcm=second) for side in (A, C)])
            assert live._intake.waiting_ms <= 4_000
        await line.hang_up()
        assert run.seen[-1]["at_ms"] == 30_000


class Time:
    """A clock that goes on as it is told to, and by what is slept."""

    def __init__(self) -> None:
        self.at_s = 100.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at_s += seconds


async def test_a_line_that_is_spoken_is_left_alone_between_turns(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    """Packets come one after the other, are read a few at a time, and the same is heard as of a recording."""
    time = Time()
    call = scene().say(A, 500, 4500, GREETING).say(A, 7600, 9600, "这事不归我做").until(11_000)
    session = CallSession(CallInfo(call_id="c1", agent_id="a1"), matcher)
    offline = [json.loads(json.dumps(_plain(event))) for event in drive(session, call.inputs(), call.engine())]
    async with running(tmp_path, matcher, call.engine(), time=time) as run:
        line = await (await run.live.open(ROW)).connect()
        begun_s = time.at_s
        for frame in [item for item in call.inputs() if isinstance(item, AudioFrame)]:
            time.at_s = max(time.at_s, begun_s + frame.to_ms / 1000)
            await line.hear([frame])
            await asyncio.sleep(0)
        await line.hang_up()
        assert judged(run.seen) == judged(offline)
    assert len(time.slept) > 40
    assert max(time.slept) < 0.21
    assert time.at_s < begun_s + 11.3


async def test_a_sender_we_keep_waiting_has_not_stalled(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    """The engine is held for longer than a stall takes; the audio behind it waits, and no gap is made of that."""
    engine = Held(scene().say(A, 500, 2500, "这事不归我做").engine())
    call = scene()
    for number in range(20):
        call.say(A, 500 + number * 3000, 2500 + number * 3000, "")
    async with running(tmp_path, matcher, decoder=engine, stall_s=0.05, give_up_s=0.1, ahead_ms=500) as run:
        live = await run.live.open(ROW)
        line = await live.connect()

        async def send() -> None:
            for frame in call.until(60_000).inputs():
                if isinstance(frame, AudioFrame):
                    await line.hear([frame])
            await line.hang_up()

        sending = asyncio.create_task(send())
        while live._room.is_set():
            await asyncio.sleep(0)
        looked = asyncio.Event()
        check = live.check
        looks: list[float] = []

        def looking() -> None:
            check()
            looks.append(asyncio.get_running_loop().time())
            if looks[-1] - looks[0] > 0.3:
                looked.set()

        live.check = looking  # type: ignore[method-assign]
        await asyncio.wait_for(looked.wait(), 120)
        engine.go_on.set()
        await sending
        assert run.seen[-1]["reason"] == "hangup"
        assert not run.of("audio.gap")


async def test_a_server_that_slept_blames_no_sender(tmp_path: Path, matcher: Matcher) -> None:
    """What came meanwhile lies unread: a look that is late is put off, once, and the next finds who is really quiet."""
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        looks: list[float] = []
        for late_s in (0.0, 6.0, 0.5, 6.0, 6.0, 6.0):
            live.check = lambda late_s=late_s: looks.append(late_s)  # type: ignore[method-assign, misc]
            run.live.check(late_s)
        assert looks == [0.0, 0.5, 6.0]


async def test_a_packet_that_crosses_the_end_waits_for_the_last_word(tmp_path: Path, matcher: Matcher) -> None:
    async with running(tmp_path, matcher) as run:
        live = await run.live.open(ROW)
        line = await live.connect()
        live.hang_up(Side.UNKNOWN, "stalled")
        with pytest.raises(SessionOver, match="CALL-001"):
            await line.hear([])
        assert run.seen[-1]["kind"] == "call.ended"


async def test_a_call_is_over_when_its_recording_is_whole(
    tmp_path: Path, matcher: Matcher, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder, disk = Recorder(tmp_path / "recordings"), threading.Event()
    write = os.pwrite

    def slow(file: int, data: bytes, offset: int) -> int:
        disk.wait()
        return write(file, data, offset)

    monkeypatch.setattr("monitor.sinks.recordings.os.pwrite", slow)
    monkeypatch.setattr("monitor.live_call.KEPT_S", 600.0)
    call = scene(rate_hz=8000).say(A, 500, 1500, "您好").until(2000)
    async with running(tmp_path, matcher, call.engine(), recorder=recorder) as run:
        live = await run.live.open(ROW, rate_hz=8000)
        playing = asyncio.create_task(play(live, call))
        await run.until(kind="call.ended")
        await run.store.change(lambda _: None)
        assert not live.over.is_set()
        disk.set()
        await playing
        recording = {**recorder.open("c1", ("agent", "customer"), 8000), "sides": ["agent"]}
        assert Stretch(tmp_path / "recordings", recording).samples == 16_000


class Held:
    """An engine that answers nothing until it is told to."""

    def __init__(self, engine: ScriptedEngine) -> None:
        self.engine, self.go_on = engine, asyncio.Event()

    async def decode(self, wanted: DecodeWanted) -> Hypothesis | None:
        await self.go_on.wait()
        return self.engine.decode([wanted])[0]

    async def verify(self, wanted: VerifyWanted) -> Verdict:
        await self.go_on.wait()
        return self.engine.verify([wanted])[0]


async def test_a_recording_is_gone_on_with_after_a_restart(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene(rate_hz=8000).say(A, 500, 2500, "您好").until(3000)
    for first, last in ((0, 1000), (2000, 3000)):
        recorder = Recorder(tmp_path / "recordings")
        async with running(tmp_path, matcher, call.engine(), recorder=recorder) as run:
            live = await run.live.open(ROW, rate_hz=8000)
            line = await live.connect(at_ms=first)
            for frame in call.inputs():
                if isinstance(frame, AudioFrame) and first <= frame.from_ms < last:
                    await line.hear([frame])
            if last == 3000:
                await line.hang_up()
            else:
                await run.until(kind="call.started")
    recording = {"file": recorder.open("c1", ("agent", "customer"), 8000)["file"], "rate_hz": 8000, "sides": ["agent"]}
    wav = Stretch(tmp_path / "recordings", recording)
    assert wav.cut(44, wav.size) == call.pcm(A)[:16_000] + bytes(16_000) + call.pcm(A)[32_000:]


async def test_new_rules_hold_from_the_next_utterance_on(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    few = tmp_path / "rules"
    few.mkdir()
    for name in ("already-told-you.yaml",):
        (few / name).write_bytes((RULES / name).read_bytes())
    call = scene().say(A, 500, 2500, "这事不归我做").say(A, 5000, 7000, "这事不归我做").until(9000)
    async with running(tmp_path, Matcher(parse.load([few])), call.engine()) as run:
        live = await run.live.open(ROW)
        await play(live, call, to_ms=4000)
        await run.until(kind="transcript", status="final")
        run.live.use_rules(matcher)
        line = await live.connect(at_ms=4000)
        for frame in call.inputs():
            if isinstance(frame, AudioFrame) and frame.from_ms >= 4000:
                await line.hear([frame])
        await line.hang_up()
        warnings = [event for event in run.of("warning") if event["status"] == "confirmed"]
        assert [(event["rule_id"], event["from_ms"] >= 4000) for event in warnings] == [("not-my-job", True)]
        assert warnings[0]["rules_version"] == matcher.ruleset.version


async def test_a_call_goes_on_after_a_restart(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(A, 500, 4500, GREETING).say(A, 8000, 9500, "这事不归我做").until(11_000)
    async with running(tmp_path, matcher, call.engine()) as run:
        live = await run.live.open(ROW)
        await play(live, call, to_ms=6000)
        await run.until(kind="measure", at_ms=6000)
        before = run.seen
    async with running(tmp_path, matcher, call.engine()) as run:
        assert list(run.live.calls) == ["c1"]
        live = await run.live.open(ROW)
        line = await live.connect(at_ms=7000)
        for frame in call.inputs():
            if isinstance(frame, AudioFrame) and frame.from_ms >= 7000:
                await line.hear([frame])
        await line.hang_up()
        after = run.seen
    events = before + after
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["kind"] for event in events].count("call.started") == 1
    gaps = {(gap["side"], gap["from_ms"], gap["to_ms"]) for gap in after if gap["kind"] == "audio.gap"}
    assert gaps == {("agent", 6000, 7000), ("customer", 6000, 7000)}
    assert not [event for event in after if event["kind"] == "measure" and event["at_ms"] <= 7000]
    assert not [
        event
        for event in after
        if event["kind"] == "requirement"
        and event["status"] == "missed"
        and event["rule_id"] in {e["rule_id"] for e in before if e["kind"] == "requirement"}
    ]
    warning = next(event for event in after if event["kind"] == "warning")
    assert 8000 <= warning["from_ms"] <= 9500
    assert after[-1]["summary"]["resumed"] is True
    assert after[-1]["summary"]["warnings"]["major"] >= 1


async def test_a_call_nobody_comes_back_to_ends_after_the_restart(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    call = scene().say(A, 500, 2500, "这事不归我做").until(4000)
    async with running(tmp_path, matcher, call.engine()) as run:
        await play(await run.live.open(ROW), call, to_ms=4000)
        await run.until(kind="measure", at_ms=4000)
        await run.until(kind="warning", status="confirmed")
    async with running(tmp_path, matcher, reconnect_s=0.05) as run:
        ended = await run.until(kind="call.ended")
        assert (ended["reason"], ended["at_ms"]) == ("lost", 4000)
        assert ended["summary"]["warnings"]["major"] == 1
        assert (await run.store.read(find_call, "c1")).ended  # type: ignore[union-attr]


async def test_a_recording_lies_where_media_time_puts_it(tmp_path: Path, matcher: Matcher, scene: Any) -> None:
    recorder = Recorder(tmp_path / "recordings")
    call = scene(rate_hz=8000).say(A, 500, 2500, "您好").until(3000)
    async with running(tmp_path, matcher, call.engine(), recorder=recorder) as run:
        live = await run.live.open(ROW, rate_hz=8000)
        await play(live, call, to_ms=1000)
        line = await live.connect(at_ms=2000)
        for frame in call.inputs():
            if isinstance(frame, AudioFrame) and frame.from_ms >= 2000:
                await line.hear([frame])
        await line.hang_up()
        from monitor.sinks.calls import recording_of

        recording = await run.store.read(recording_of, "c1")
        assert recording is not None
    agent = call.pcm(A)
    stretch = Stretch(tmp_path / "recordings", recording, "agent")
    wav = stretch.cut(0, stretch.size)
    assert wav[44:] == agent[: 8000 * 2] + bytes(8000 * 2) + agent[16_000 * 2 :]


def _plain(event: Any) -> dict[str, Any]:
    from monitor.events import to_json

    return to_json(event)
