"""All live calls: each a task of its own, opened, found again, watched by the clock.

A call that breaks ends alone; a database that is behind holds back every call; calls that an earlier
process left open are taken up again. What one call does is in :mod:`monitor.live_call`.
"""

import asyncio
import json
from collections.abc import Mapping

from monitor.errors import InputError, SessionOver
from monitor.events import Published, from_json
from monitor.live_call import Line, LiveCall, LivePolicy, Surroundings
from monitor.rules.match import Matcher
from monitor.sinks.calls import CallRow, open_call, open_calls, recording_of, set_recording
from monitor.sinks.feed import Scope, read_events
from monitor.sinks.recordings import Recorder

__all__ = ["Line", "Live", "LiveCall", "LivePolicy", "Surroundings"]


class Live:
    """Every live call."""

    def __init__(self, matcher: Matcher, around: Surroundings) -> None:
        self._matcher = matcher
        self._around = around
        self._calls: dict[str, LiveCall] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._opening = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        policy = around.policy
        self._tick_s = min(1.0, policy.stall_s / 4, policy.give_up_s / 4, policy.reconnect_s / 4)
        self._put_off = False

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def calls(self) -> Mapping[str, LiveCall]:
        """Calls that have not ended, by id."""
        return self._calls

    @property
    def matcher(self) -> Matcher:
        """The rules that new calls are judged by."""
        return self._matcher

    async def start(self) -> None:
        """Take up the calls that an earlier process left open: each waits for its line to come back."""
        for row in await self._around.store.read(open_calls):
            self._begin(row, await self._said(row))
        self._watch = asyncio.create_task(self._look_at_the_clock())

    async def stop(self) -> None:
        """Stop judging. Calls stay open in the store, to be gone on with by the next process."""
        tasks = [*self._tasks.values(), *([self._watch] if self._watch else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def open(self, asked: CallRow, rate_hz: int = 8_000) -> LiveCall:
        """The call of this id: a new one, or the one that is there, to be gone on with.

        Raises:
            SessionOver: ``CALL-001``, it has ended.
            InputError: ``CALL-002``, the id is another call's; ``CALL-003``, too many calls at once.
            StoreError: the database does not answer.
        """
        async with self._opening:
            known = self._calls.get(asked.call_id)
            if known is None and len(self._calls) >= self._around.policy.max_calls:
                raise InputError(
                    f"{len(self._calls)} calls are being listened to, which is the limit",
                    code="CALL-003",
                    hint="live.max_calls",
                )
            row = await self._around.store.change(open_call, asked)
            if row.ended or (known is not None and known.over.is_set()):
                raise SessionOver("the call has ended", where=asked.call_id, hint="give every call an id of its own")
            if known is None:
                known = self._begin(row, await self._said(row) if row.last_seq else None)
            if self._around.recorder is not None and not known.recorded:
                await self._record(known, self._around.recorder, rate_hz)
            return known

    async def _record(self, call: LiveCall, recorder: Recorder, rate_hz: int) -> None:
        """Keep the call's audio; what an earlier process kept of it is gone on with."""
        row, store = call.row, self._around.store
        recording = await store.read(recording_of, row.call_id)
        if recording is None:
            recording = recorder.open(row.call_id, row.sides, rate_hz)
            await store.change(set_recording, row.call_id, recording)
        call.record(recording)

    def use_rules(self, matcher: Matcher) -> None:
        """Judge by another rule set: new calls at once, running ones from their next utterance on."""
        self._matcher = matcher
        for call in self._calls.values():
            call.use_rules(matcher)

    def _begin(self, row: CallRow, said: list[Published] | None) -> LiveCall:
        call = LiveCall(row, self._matcher, self._around, said)
        self._calls[row.call_id] = call
        self._tasks[row.call_id] = asyncio.create_task(self._own(call), name=f"call {row.call_id}")
        return call

    async def _own(self, call: LiveCall) -> None:
        """Run a call; whoever waits for its end finds it gone."""
        try:
            await call.run()
        finally:
            del self._calls[call.row.call_id], self._tasks[call.row.call_id]
            call.over.set()

    async def _said(self, row: CallRow) -> list[Published]:
        stored = await self._around.store.read(
            read_events, Scope(call_id=row.call_id), limit=1_000_000, kinds=("warning", "requirement")
        )
        return [from_json(json.loads(event.text)) for event in stored]

    async def _look_at_the_clock(self) -> None:
        while True:
            due_s = self._around.clock() + self._tick_s
            await asyncio.sleep(self._tick_s)
            self.check(self._around.clock() - due_s)

    def check(self, late_s: float) -> None:
        """Look at every call's clock. ``late_s``: how much later than it should.

        A look that is a whole tick late is put off, once: this process slept, what came meanwhile has not been read
        yet, and no sender is to blame. The next look finds who is really quiet.
        """
        self._put_off = late_s > self._tick_s and not self._put_off
        if not self._put_off:
            for call in list(self._calls.values()):
                call.check()
