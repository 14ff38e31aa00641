"""One run: some calls at once through one system, and what is measured of it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from live.line import BenchCall
from live.pace import Sending
from live.process import Gauge, peak_mb
from live.system import CallRun, System
from speech_corpus import LINE_HZ


@dataclass(slots=True)
class Run:
    """What came of it."""

    system: System
    calls: list[CallRun]
    from_s: float
    to_s: float
    """The measured stretch: every call is past its warm-up and none is over."""
    cpu_s: float
    """Of the program, in that stretch."""
    peak_mb: float
    counters: dict[str, float]
    """Growth of the system's own counters over the whole run."""

    @property
    def speech_s(self) -> float:
        """Speech of all calls within the measured stretch."""
        total = 0.0
        for run in self.calls:
            for placed in run.call.placed:
                begin = max(run.sending.spoken_s(placed.start / LINE_HZ), self.from_s)
                total += max(0.0, min(run.sending.spoken_s(placed.end / LINE_HZ), self.to_s) - begin)
        return total

    @property
    def audio_s(self) -> float:
        """Length of all calls within the measured stretch."""
        return len(self.calls) * (self.to_s - self.from_s)

    @property
    def late_s(self) -> float:
        """How late the 99th of 100 frames was sent: the bench's own delay, or a server that does not read."""
        late = sorted(late for run in self.calls for late in run.sending.late_s)
        return late[int(0.99 * (len(late) - 1))] if late else 0.0


async def run_calls(system: System, calls: Sequence[BenchCall], *, slack_s: float = 120.0) -> Run:
    """Start the system, send every call in real time, stop it. Bounded by the length of the calls and ``slack_s``."""
    runs = [CallRun(call, Sending(system.frame_s)) for call in calls]
    async with system.running() as pid:
        before = await system.counters()
        gauge = Gauge(pid)
        reading = asyncio.create_task(gauge.run())
        most_s = max(call.offset_s + call.seconds for call in calls) + slack_s
        try:
            async with asyncio.timeout(most_s):
                await asyncio.gather(*(_one(system, run) for run in runs))
        except TimeoutError:
            for run in runs:
                run.fault = run.fault or "not over in time"
        after = await system.counters()
        peak = peak_mb(pid)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    begun = [run for run in runs if run.sending.began_s]
    from_s = max((run.sending.spoken_s(run.call.placed[0].end / LINE_HZ) for run in begun), default=0.0)
    to_s = min((run.sending.spoken_s(run.call.placed[-1].end / LINE_HZ) for run in begun), default=0.0)
    to_s = max(to_s, from_s)
    grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
    return Run(system, runs, from_s, to_s, gauge.used_s(from_s, to_s) if gauge.at_s else 0.0, peak, grown)


async def _one(system: System, run: CallRun) -> None:
    await asyncio.sleep(run.call.offset_s)
    try:
        await system.serve(run)
    except Exception as error:  # what a system does under load is a result, not a reason to stop
        run.fault = run.fault or f"{type(error).__name__}: {error}"
