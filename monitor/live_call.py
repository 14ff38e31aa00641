"""One live call: audio in as it comes, questions to the engine, events to the store.

One task owns the call's session, so a session is never entered twice. Everything that waits is
bounded: a sender that is faster than the call can be judged is made to wait, and a call whose engine is
behind takes no more audio until answers come.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from monitor.arrivals import Arrivals
from monitor.errors import EngineError, InputError, MonitorError, SessionOver
from monitor.events import CallEnded, DecodeWanted, Note, Published, Transcript, VerifyWanted
from monitor.events import Warning as WarningEvent
from monitor.frames import AudioFrame, AudioLoss, Hangup, Hypothesis, Input, Pass, Side, Verdict
from monitor.intake import GATHER_MS, QUIET_GATHER_MS, Intake, Packet
from monitor.resumption import Resumption
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession, SessionPolicy
from monitor.sinks.calls import CallRow
from monitor.sinks.entry import Entry
from monitor.sinks.metrics import Metrics
from monitor.sinks.recordings import Recorder
from monitor.sinks.store import Store
from monitor.text.reading import read
from monitor.timeline import BLOCK_MS, Ms
from monitor.turns import Turns

log = logging.getLogger(__name__)

UNANSWERED: Final = 8
"""Finals and verifications a call may be waiting for before it takes more audio."""

LONGEST_HOLE_MS: Final = 6 * 3600 * 1000
"""A line that says it begins later than this is wrong about its clock."""

CASE_LINES: Final = 6
"""Sentences that a language model is shown of the call."""

SPEAKERS: Final = {Side.AGENT: "坐席", Side.CUSTOMER: "客户", Side.UNKNOWN: "对话"}

KEPT_S: Final = 5.0
"""A disk that is slower than this at the end of a call is not waited for."""

NO_EVIDENCE_LLR: Final = -99.0
"""The verdict where the engine cannot give one: the audio does not speak against the agent."""


class Decoder(Protocol):
    """What turns speech into words for all calls: :class:`monitor.engines.batcher.Batcher`."""

    async def decode(self, wanted: DecodeWanted) -> Hypothesis | None:
        """The words; None for what was given up, as no final ever is. Raises EngineError."""
        ...

    async def verify(self, wanted: VerifyWanted) -> Verdict:
        """The audio's verdict. Raises EngineError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePolicy:
    """Limits of live calls, in seconds of wall time unless named otherwise."""

    max_calls: int = 200
    stall_s: float = 5.0
    """An open line without audio for so long: an ``audio.gap``, and again after as much more."""
    give_up_s: float = 60.0
    """… for so long: the call ends, reason ``stalled``."""
    reconnect_s: float = 30.0
    """A call without a line for so long ends, reason ``lost``."""
    drain_s: float = 30.0
    """An engine that nothing has been heard of for so long is not waited for, after the hang-up or before."""
    ahead_ms: int = 10_000
    """Audio that may wait in front of a call; beyond it the sender waits."""


class Wording(Protocol):
    """What is asked for a rewrite that fits the case (:class:`monitor.engines.wording.Wording`)."""

    async def offer(self, warning: WarningEvent, lines: Sequence[str]) -> str:
        """One sentence, or nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every call is given."""

    store: Store
    decoder: Decoder
    metrics: Metrics
    policy: LivePolicy
    session: SessionPolicy
    model: str
    recorder: Recorder | None = None
    wording: Wording | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Line:
    """One connection that brings a call's audio. A newer one of the same call replaces it."""

    def __init__(self, call: "LiveCall", start_ms: Ms, turns: Turns) -> None:
        self._call, self._turns = call, turns
        self.start_ms = start_ms
        """Media time of its first sample."""
        self.replaced = asyncio.Event()

    async def hear(self, audio: Sequence[Packet | AudioFrame | AudioLoss]) -> None:
        """Audio has arrived, or word that some never will; returns when more is worth reading.

        Raises:
            InputError: ``CALL-004``, a newer line has taken over.
            SessionOver: the call has ended meanwhile.
        """
        if self.replaced.is_set():
            raise InputError("another connection brings this call's audio now", code="CALL-004")
        await self._call.hear(audio, self._turns)

    async def hang_up(self, by: Side = Side.UNKNOWN, reason: str = "hangup") -> None:
        """The call is over; returns when everything about it has been published."""
        self._call.hang_up(by, reason)
        await self._call.over.wait()

    def close(self) -> None:
        """The connection is gone; the call waits for another."""
        self._call.line_lost(self)


class LiveCall:
    """One call while it lasts."""

    def __init__(
        self, row: CallRow, matcher: Matcher, around: Surroundings, said: Iterable[Published] | None = None
    ) -> None:
        """``said``: what the store holds of a call that was begun by an earlier process."""
        self.row = row
        self.over = asyncio.Event()
        self._around = around
        info = CallInfo(
            call_id=row.call_id,
            agent_id=row.agent_id,
            direction="outbound" if row.direction == "outbound" else "inbound",
            sides=tuple(Side(side) for side in row.sides),
            model=around.model,
        )
        self._session = CallSession(info, matcher, around.session)
        self._matcher = matcher
        self._lines: deque[str] = deque(maxlen=CASE_LINES)
        self._standing: dict[str, WarningEvent] = {}
        """Warnings about words, as they were last published; only where rewrites are asked for."""
        self._resumption = None if said is None else Resumption(said, row.last_ms)
        self._fresh = True  # nothing has been fed
        self._seq = row.last_seq
        self._arrivals = {side: Arrivals() for side in info.sides}
        self._intake = Intake()
        self._holding = False
        """The line is not read just now: it is we who keep the sender waiting."""
        self._answers: deque[Hypothesis | Verdict] = deque()
        self._asked: dict[tuple[str, ...], DecodeWanted | VerifyWanted] = {}
        self._asking: set[asyncio.Task[None]] = set()
        self._wake, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._line: Line | None = None
        self._heard_ms = Ms(0)
        self._accounted_s = self._heard_s = self._line_lost_s = around.clock()
        self._hung_up = False
        self._recording: dict[str, Any] | None = None

    @property
    def at_ms(self) -> Ms:
        """Media time up to which the call has been judged."""
        return self._session.at_ms

    # ── lines and audio ──────────────────────────────────────────────────────────────────────────

    async def connect(self, at_ms: int | None = None) -> Line:
        """A line begins. What was missed since the last one becomes a hole.

        Args:
            at_ms: where the line's first sample lies, if its sender knows; else wall time tells. What has been
                heard already may be sent again: it is dropped.

        Raises:
            InputError: ``CALL-005``, ``at_ms`` lies hours ahead of what has been heard.
        """
        heard_ms = max(self._heard_ms, self.row.last_ms)
        if at_ms is not None and at_ms > heard_ms + LONGEST_HOLE_MS:
            raise InputError(f"the call has been heard up to {heard_ms} ms, {at_ms} is not near", code="CALL-005")
        now = self._around.clock()
        if self._fresh and self._resumption is not None:
            resume_ms = at_ms if at_ms is not None else self.row.last_ms + self._missed_ms(now)
            self._resumption.resume_ms = max(resume_ms, self.row.last_ms)
            self._lose(self._resumption.resume_ms, "restart")
        elif not self._fresh or at_ms:
            missed = max(BLOCK_MS, round((now - self._accounted_s) * 1000))
            self._lose(at_ms if at_ms is not None else self._heard_ms + missed, "reconnect")
        if self._line is not None:
            self._line.replaced.set()
        self._fresh = False
        self._heard_s = self._accounted_s = now
        start_ms = self._heard_ms if at_ms is None else Ms(min(at_ms, self._heard_ms))
        self._line = Line(self, start_ms, Turns(now))
        return self._line

    def _missed_ms(self, now: float) -> int:
        """How long nobody has listened to a call of an earlier process: by the wall clock, since its last event."""
        since_start_s = now - self._line_lost_s
        try:
            last = datetime.fromisoformat(self.row.last_seen_at)
        except ValueError:
            return max(BLOCK_MS, round(since_start_s * 1000))
        away_s = (datetime.now(UTC) - last).total_seconds()
        return max(BLOCK_MS, round(max(away_s, since_start_s) * 1000))

    def line_lost(self, line: Line) -> None:
        """A line is gone; if it was the newest, the call waits for another."""
        if line is self._line:
            self._line = None
            self._line_lost_s = self._around.clock()
            self._take_all()

    async def hear(self, audio: Sequence[Packet | AudioFrame | AudioLoss], turns: Turns) -> None:
        """Queue what a line brings; waits while too much is queued, and until more of it is worth reading."""
        if self._hung_up or self.over.is_set():
            await self.over.wait()  # by the clock, while this was on its way: a line closes when all has been said
            raise SessionOver("the call has ended", where=self.row.call_id)
        now = self._around.clock()
        items = [Packet.of(item) if isinstance(item, AudioFrame) else item for item in audio]
        for item in items:
            to_ms = item.to_ms
            self._heard_ms = max(self._heard_ms, to_ms)
            if isinstance(item, AudioLoss):
                continue
            came_s = turns.read(to_ms, now)
            for side in item.sides:
                self._arrivals[side].note(to_ms, came_s)
            if self._recording is not None and self._around.recorder is not None:
                for frame in item.frames():
                    self._around.recorder.write(self._recording, frame)
        self._heard_s = self._accounted_s = now
        gather_ms = QUIET_GATHER_MS if self._session.quiet else GATHER_MS
        rest_s = 0.0
        if self._intake.put(items, gather_ms):
            self._wake.set()
            rest_s = turns.rest_s(self._heard_ms, gather_ms, now)
        if self._intake.waiting_ms > self._around.policy.ahead_ms * max(1, len(self._arrivals)):
            self._room.clear()
            await self._hold(self._room.wait())
            self._heard_s = self._accounted_s = self._around.clock()
        elif rest_s:
            await self._hold(self._around.sleep(rest_s))
        turns.wait(self._around.clock())

    async def _hold(self, wait: Awaitable[object]) -> None:
        """Leave the line alone until ``wait`` is over."""
        self._holding = True
        try:
            await wait
        finally:
            self._holding = False

    @property
    def recorded(self) -> bool:
        """Its audio is being kept."""
        return self._recording is not None

    def record(self, recording: dict[str, Any]) -> None:
        """Keep this call's audio from here on."""
        self._recording = recording

    def _take_all(self) -> None:
        """Judge what has been gathered without waiting for more."""
        self._intake.release()
        if self._intake:
            self._wake.set()

    def _lose(self, to_ms: int, reason: str) -> None:
        to_ms = -(-to_ms // BLOCK_MS) * BLOCK_MS  # up to whole blocks: a hole has no part of one
        if to_ms <= self._heard_ms:
            return
        for side in self._arrivals:
            self._intake.put_last(AudioLoss(side=side, from_ms=self._heard_ms, to_ms=Ms(to_ms), reason=reason))
        self._heard_ms = Ms(to_ms)
        self._wake.set()

    def hang_up(self, by: Side, reason: str) -> None:
        """No more audio comes. Saying it twice changes nothing."""
        if not self._hung_up:
            self._hung_up = True
            self._intake.put_last(Hangup(by=by, reason=reason))
            self._wake.set()

    def check(self) -> None:
        """Look at the clock: has the line stalled, has nobody come back?"""
        now, policy = self._around.clock(), self._around.policy
        if self._hung_up:
            return
        self._take_all()
        if self._line is None:
            if now - self._line_lost_s >= policy.reconnect_s:
                self.hang_up(Side.UNKNOWN, "lost")
        elif now - self._accounted_s >= policy.stall_s and not self._holding:
            self._lose(self._heard_ms + round((now - self._accounted_s) * 1000), "stalled")
            self._accounted_s = now
            if now - self._heard_s >= policy.give_up_s:
                self.hang_up(Side.UNKNOWN, "stalled")

    # ── judging ──────────────────────────────────────────────────────────────────────────────────

    async def run(self) -> None:
        """Own the session until everything about the call has been said."""
        try:
            while not self._session.over:
                item = await self._next()
                if isinstance(item, Hangup) and self._resumption is not None and self._fresh:
                    await self._end_unheard(item, self._resumption)
                    break
                await self._feed(item)
                await asyncio.sleep(0)
            await self._settle()
        except Exception as error:  # whatever it is, it is this call's alone
            log.exception("%s the call broke", self.row.call_id)
            self._around.metrics.errors.labels(getattr(error, "code", MonitorError.code)).inc()
            with suppress(MonitorError):
                await self._publish([CallEnded(call_id=self.row.call_id, at_ms=self.at_ms, reason="fault")])
                await self._settle()
        finally:
            for task in self._asking:
                task.cancel()
            kept: Future[None] | None = None
            if self._recording is not None and self._around.recorder is not None:
                kept = self._around.recorder.close(self._recording)
            self._room.set()
        if kept is not None:  # whoever asks for the audio of a call that is over gets all of it
            await asyncio.wait([asyncio.wrap_future(kept)], timeout=KEPT_S)

    def use_rules(self, matcher: Matcher) -> None:
        """Judge by another rule set from the next utterance on."""
        self._matcher = matcher
        self._session.use_rules(matcher)

    async def note(self, author: str, text: str) -> None:
        """A supervisor's word to the agent.

        Raises:
            SessionOver: the call has ended.
        """
        if self._hung_up or self.over.is_set():
            raise SessionOver("the call has ended", where=self.row.call_id)
        await self._publish([Note(call_id=self.row.call_id, at_ms=self.at_ms, author=author, text=text)])

    async def _next(self) -> Input:
        """Answers first; audio as long as not too much waits for the engine."""
        while True:
            if self._answers:
                return self._answers.popleft()
            if self._intake and len(self._asked) < UNANSWERED:
                return self._take()
            self._wake.clear()
            engine_due = self._session.hung_up or len(self._asked) >= UNANSWERED
            try:
                await asyncio.wait_for(self._wake.wait(), self._around.policy.drain_s if engine_due else None)
            except TimeoutError:
                log.error("%s the engine has not answered in time, going on without", self.row.call_id)
                for wanted in list(self._asked.values()):
                    self._answer(wanted, _no_answer(wanted, "engine ENG-004"))

    def _take(self) -> Input:
        item = self._intake.take()
        if isinstance(item, AudioFrame):
            self._around.metrics.audio.inc(len(item.pcm) / 2 / item.rate_hz)
        if not self._room.is_set() and self._intake.waiting_ms <= self._around.policy.ahead_ms // 2:
            self._room.set()
        return item

    async def _feed(self, item: Input) -> None:
        began = time.perf_counter()
        out = self._session.feed(item)
        if isinstance(item, Hypothesis):
            self._around.metrics.observe("rules", time.perf_counter() - began)
        published: list[Published] = []
        for event in out:
            if isinstance(event, DecodeWanted | VerifyWanted):
                self._ask(event)
                continue
            admitted = event if self._resumption is None else self._resumption.admit(event)
            if admitted is not None:
                published.append(admitted)
        if published:
            await self._publish(published)

    async def _publish(self, events: Sequence[Published]) -> None:
        entries = []
        for event in events:
            self._seq += 1
            event = replace(event, seq=self._seq)
            arrived = None
            if isinstance(event, WarningEvent) and event.status != "retracted":
                arrivals = self._arrivals.get(event.side) or next(iter(self._arrivals.values()))
                arrived = arrivals.of(event.to_ms)
            entries.append(Entry(event, self.row.agent_id, arrived))
            self._around.metrics.count(event)
            if isinstance(event, CallEnded):
                self._around.metrics.calls.labels(event.reason).inc()
        await self._around.store.append(entries)
        if self._around.wording is not None:
            for entry in entries:
                self._consider(entry.event, self._around.wording)

    # ── a rewrite that fits the case ─────────────────────────────────────────────────────────────

    def _consider(self, event: Published, wording: Wording) -> None:
        """Ask for a rewrite of what the agent is known to have said; keep what the question needs."""
        if isinstance(event, Transcript) and event.status == "final" and event.text:
            self._lines.append(f"{SPEAKERS[event.side]}：{event.text}")
        if not isinstance(event, WarningEvent) or not event.utterance_id or event.side is not Side.AGENT:
            return
        before = self._standing.get(event.warning_id)
        self._standing[event.warning_id] = event
        if event.status == "confirmed" and (before is None or before.status != "confirmed"):
            task = asyncio.get_running_loop().create_task(self._word(event, wording, tuple(self._lines)))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)

    async def _word(self, event: WarningEvent, wording: Wording, lines: tuple[str, ...]) -> None:
        text = await wording.offer(event, lines)
        stands = self._standing.get(event.warning_id)
        if not text or stands is None or stands.status != "confirmed" or self.over.is_set() or self._session.over:
            return
        if self._matcher.find(read(text), Side.AGENT, ask=False):
            log.info("%s a wording that breaks the rules itself is not shown", self.row.call_id)
            return
        await self._publish([replace(stands, rewrite=text, seq=0)])

    async def _settle(self) -> None:
        """Return when everything that was published is on disk: jobs come after events."""
        await self._around.store.change(lambda _: None)

    async def _end_unheard(self, hangup: Hangup, resumption: Resumption) -> None:
        """A call of an earlier process that nobody came back to."""
        summary = {"duration_ms": self.row.last_ms, **resumption.summary()}
        at_ms = Ms(self.row.last_ms)
        await self._publish([CallEnded(call_id=self.row.call_id, at_ms=at_ms, reason=hangup.reason, summary=summary)])

    # ── the engine ───────────────────────────────────────────────────────────────────────────────

    def _ask(self, wanted: DecodeWanted | VerifyWanted) -> None:
        if not (isinstance(wanted, DecodeWanted) and wanted.decode is Pass.PARTIAL):
            self._asked[_key(wanted)] = wanted
        task = asyncio.get_running_loop().create_task(self._decode(wanted))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _decode(self, wanted: DecodeWanted | VerifyWanted) -> None:
        answer: Hypothesis | Verdict | None
        try:
            if isinstance(wanted, VerifyWanted):
                answer = await self._around.decoder.verify(wanted)
            else:
                answer = await self._around.decoder.decode(wanted)
        except EngineError as error:
            log.error("%s %s", self.row.call_id, error)
            self._around.metrics.errors.labels(error.code).inc()
            answer = _no_answer(wanted, f"engine {error.code}")
        except Exception:  # the engine's bug; the call goes on, with a gap
            log.exception("%s the engine broke", self.row.call_id)
            self._around.metrics.errors.labels(MonitorError.code).inc()
            answer = _no_answer(wanted, f"engine {MonitorError.code}")
        self._answer(wanted, answer)

    def _answer(self, wanted: DecodeWanted | VerifyWanted, answer: Hypothesis | Verdict | None) -> None:
        self._asked.pop(_key(wanted), None)
        if answer is not None:
            self._answers.append(answer)
        self._wake.set()


def _key(wanted: DecodeWanted | VerifyWanted) -> tuple[str, ...]:
    if isinstance(wanted, VerifyWanted):
        return ("verify", wanted.request_id)
    return (wanted.decode.value, wanted.utterance_id, str(wanted.revision))


def _no_answer(wanted: DecodeWanted | VerifyWanted, why: str) -> Hypothesis | Verdict | None:
    """What the session is told where the engine failed: a gap, never a guess."""
    if isinstance(wanted, VerifyWanted):
        return Verdict(request_id=wanted.request_id, llr=NO_EVIDENCE_LLR)
    if wanted.decode is Pass.PARTIAL:
        return None
    return wanted.answer(
        text="",
        dropped=why,
    )
