"""One run: some calls at once through one system, and what is measured of it."""

import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from live.line import BenchCall
from live.pace import Sending
from live.process import cpu_s, peak_mb
from live.system import CallRun, System


def end_on_sigterm() -> None:
    """Let a bench that is told to end stop what it has started, instead of leaving it behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


@dataclass(slots=True)
class Run:
    """What came of it."""

    system: System
    calls: list[CallRun]
    seconds: float
    """From the first call's begin until all were over."""
    cpu_s: float
    """Of the program in that time: what it puts off is counted too."""
    peak_mb: float
    counters: dict[str, float]
    """Growth of the system's own counters over the whole run."""

    @property
    def speech_s(self) -> float:
        """Speech of all calls."""
        return sum(placed.utterance.seconds for run in self.calls for placed in run.call.placed)

    @property
    def audio_s(self) -> float:
        """Length of all calls."""
        return sum(run.call.seconds for run in self.calls)

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
        begin_s, begin_cpu_s = time.monotonic(), cpu_s(pid)
        most_s = max(call.offset_s + call.seconds for call in calls) + slack_s
        try:
            async with asyncio.timeout(most_s):
                await asyncio.gather(*(_one(system, run) for run in runs))
        except TimeoutError:
            for run in runs:
                run.fault = run.fault or "not over in time"
        seconds, used_s = time.monotonic() - begin_s, cpu_s(pid) - begin_cpu_s
        after = await system.counters()
        peak = peak_mb(pid)
    grown = {name: value - before.get(name, 0.0) for name, value in after.items()}
    return Run(system, runs, seconds, used_s, peak, grown)


async def _one(system: System, run: CallRun) -> None:
    await asyncio.sleep(run.call.offset_s)
    try:
        await system.serve(run)
    except Exception as error:  # what a system does under load is a result, not a reason to stop
        run.fault = run.fault or f"{type(error).__name__}: {error}"
