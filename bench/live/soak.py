"""Hours of calls: on every line one after the other, and how each minute was."""

import asyncio
import random
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise

from live.figures import table
from live.lag import Answered, Lags, answers
from live.line import calls
from live.material import Utterance
from live.ours import Ours
from live.pace import Sending
from live.process import cpu_s, resident_mb
from live.system import CallRun

UTTERANCES = 8
SETTLED_MIN = 10
"""Before that, caches and pools still fill."""


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the run."""

    minute: int
    phrases: int
    never: int
    p50: float | None
    """Of the lag to the first warning, s."""
    p95: float | None
    rss_mb: float
    cores: float
    """CPU seconds of the server for each second."""
    ended: int
    """Calls."""
    faults: int
    partials_dropped: int
    failures: int
    """Finals and verifications that the engine did not answer."""


@dataclass(slots=True)
class _Reading:
    at_s: float
    cpu_s: float
    rss_mb: float
    dropped: int
    failures: int


async def soak(
    ours: Ours,
    material: Sequence[Utterance],
    lines: int,
    seconds: float,
    provisions: Mapping[str, Sequence[str]],
) -> list[Minute]:
    """Keep ``lines`` calls going for so long. A call has eight measured utterances; then the next begins."""
    answered: list[Answered] = []
    ended: list[tuple[float, str]] = []
    readings: list[_Reading] = []
    async with ours.running() as pid:
        begin_s = time.monotonic()
        reading = asyncio.create_task(_read(ours, pid, readings))

        async def line(number: int) -> None:
            order = random.Random(number)
            await asyncio.sleep(number * 5.0 / lines)
            turn = 0
            while time.monotonic() - begin_s < seconds:
                lot = order.sample(list(material), len(material))
                (call,) = calls(lot, 1, UTTERANCES, tail_s=3.0)
                call = replace(call, call_id=f"soak-{number:03d}-{turn:05d}")
                run = CallRun(call, Sending(ours.frame_s))
                try:
                    await asyncio.wait_for(ours.serve(run), call.seconds + 120)
                except Exception as error:  # a call that breaks is a figure, not a reason to stop
                    run.fault = run.fault or f"{type(error).__name__}: {error}"
                answered.extend(answers(run, provisions))
                ended.append((time.monotonic(), run.fault))
                if run.fault:
                    print(f"{call.call_id}: {run.fault}", file=sys.stderr)
                    await asyncio.sleep(1)
                turn += 1

        await asyncio.gather(*(line(number) for number in range(lines)))
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
    return _minutes(begin_s, answered, ended, readings)


async def _read(ours: Ours, pid: int, readings: list[_Reading]) -> None:
    while True:
        counters = await ours.counters()
        dropped = sum(value for name, value in counters.items() if name.startswith("monitor_engine_dropped_total"))
        failures = counters.get("monitor_engine_failures_total", 0)
        readings.append(_Reading(time.monotonic(), cpu_s(pid), resident_mb(pid), int(dropped), int(failures)))
        if len(readings) % 10 == 1:
            it = readings[-1]
            print(f"minute {len(readings) - 1}: {it.rss_mb:.0f} MB, {it.dropped} partials dropped", file=sys.stderr)
        await asyncio.sleep(60 - (time.monotonic() - readings[0].at_s) % 60)


def _minutes(
    begin_s: float, answered: Sequence[Answered], ended: Sequence[tuple[float, str]], readings: Sequence[_Reading]
) -> list[Minute]:
    found = []
    for number, (before, after) in enumerate(pairwise(readings)):
        mine = [it for it in answered if before.at_s <= it.end_s < after.at_s]
        lags = Lags("", [it.first for it in mine if it.first is not None])
        over = [fault for at_s, fault in ended if before.at_s <= at_s < after.at_s]
        found.append(
            Minute(
                minute=number,
                phrases=len(mine),
                never=sum(it.first is None for it in mine),
                p50=lags.at(0.5),
                p95=lags.at(0.95),
                rss_mb=after.rss_mb,
                cores=(after.cpu_s - before.cpu_s) / (after.at_s - before.at_s),
                ended=len(over),
                faults=sum(bool(fault) for fault in over),
                partials_dropped=after.dropped - before.dropped,
                failures=after.failures - before.failures,
            )
        )
    return found


def trend(minutes: Sequence[Minute]) -> str:
    """In one sentence: did anything grow?"""
    settled = [it for it in minutes if it.minute >= SETTLED_MIN] or list(minutes)
    if len(settled) < 2:
        return "Too short to tell a trend."
    hours = (settled[-1].minute - settled[0].minute) / 60
    half = len(settled) // 2
    first, last = (_median_lag(part) for part in (settled[:half], settled[half:]))
    phrases, never = sum(it.phrases for it in minutes), sum(it.never for it in minutes)
    return (
        f"{len(minutes)} minutes, {sum(it.ended for it in minutes)} calls, {phrases} phrases ({never} never warned "
        f"of), {sum(it.faults for it in minutes)} broken calls, {sum(it.failures for it in minutes)} finals lost. "
        f"After the first {settled[0].minute} minutes memory grew by "
        f"{(settled[-1].rss_mb - settled[0].rss_mb) / hours:+.1f} MB an hour; the median of the minutes' median lag "
        f"was {first:.2f} s in the first half, {last:.2f} s in the second."
    )


def _median_lag(minutes: Sequence[Minute]) -> float:
    medians = sorted(it.p50 for it in minutes if it.p50 is not None)
    return medians[len(medians) // 2] if medians else float("nan")


def minute_table(minutes: Sequence[Minute], *, every: int = 1) -> str:
    """A row for every so many minutes."""
    head = [
        "minute",
        "phrases (never)",
        "p50 s",
        "p95 s",
        "MB",
        "cores",
        "calls ended",
        "partials dropped",
        "finals lost",
    ]
    body = [
        [
            *(str(it.minute), f"{it.phrases} ({it.never})", _seconds(it.p50), _seconds(it.p95), f"{it.rss_mb:.0f}"),
            *(f"{it.cores:.2f}", str(it.ended), str(it.partials_dropped), str(it.failures)),
        ]
        for it in minutes[::every]
    ]
    return table(head, body)


def _seconds(lag_s: float | None) -> str:
    return "–" if lag_s is None else f"{lag_s:.2f}"
