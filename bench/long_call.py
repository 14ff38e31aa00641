"""What a long call costs: memory and time, minute by minute, through the session with the scripted engine.

    .venv/bin/python bench/long_call.py [--hours 2] [--call samples/calls/exemplary.flac] [--write docs/performance.md]

A sample call is said again and again, its sound as recorded, its words from its script, for as long as
asked. Everything runs as in a live call (partials, rules, the settled timeline) but the recogniser, whose
memory is the model's and does not depend on the call. Prints a table: resident memory of the process,
memory that Python holds (``--trace``, slower), CPU seconds and events for each stretch.
"""

import argparse
import datetime
import gc
import json
import platform
import resource
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from monitor.audit.drive import drive
from monitor.engines.scripted import Line, ScriptedEngine
from monitor.frames import AudioFrame, Hangup, Input, Side
from monitor.rules.match import Matcher
from monitor.rules.parse import load
from monitor.session import CallInfo, CallSession
from monitor.timeline import Ms, samples_at

MARKS = ("<!-- long-call -->", "<!-- /long-call -->")
SIDES = (Side.AGENT, Side.CUSTOMER)
STEP_MS = 20


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cost of the call up to one point of it."""

    minute: float
    rss_mb: float
    traced_mb: float
    cpu_s: float
    events: int


def main() -> int:
    """Run the call and print what it cost."""
    args = _arguments()
    sound, rate_hz = _sound(args.call)
    length_ms = sound.shape[1] * 1000 // rate_hz
    total_ms = round(args.hours * 3_600_000)
    engine = ScriptedEngine(_script(args.call, length_ms, total_ms))
    matcher = Matcher(load(args.rules or [Path("rules")]))
    session = CallSession(CallInfo(call_id="long", sides=SIDES, model=engine.name), matcher)
    if args.trace:
        tracemalloc.start()
    stretches = list(_run(session, engine, sound, rate_hz, total_ms, round(args.every * 60_000)))
    text = _report(args, stretches, matcher.ruleset.version)
    print(text)
    if args.write:
        page = args.write.read_text(encoding="utf-8")
        before, rest = page.split(MARKS[0])
        args.write.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{rest.split(MARKS[1])[1]}", encoding="utf-8")
    return 0


def _run(
    session: CallSession, engine: ScriptedEngine, sound: np.ndarray, rate_hz: int, total_ms: int, every_ms: int
) -> Iterator[Stretch]:
    begun = time.process_time()
    due_ms, events = every_ms, 0
    for _ in drive(session, _inputs(sound, rate_hz, total_ms), engine):
        events += 1
        if session.at_ms >= due_ms:
            yield _stretch(due_ms, begun, events)
            due_ms += every_ms
    if due_ms - every_ms < total_ms:
        yield _stretch(total_ms, begun, events)


def _stretch(at_ms: int, begun: float, events: int) -> Stretch:
    cpu_s = time.process_time() - begun
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0] / 1e6 if tracemalloc.is_tracing() else 0.0
    return Stretch(at_ms / 60_000, _rss_mb(), traced, cpu_s, events)


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _inputs(sound: np.ndarray, rate_hz: int, total_ms: int) -> Iterator[Input]:
    step = samples_at(STEP_MS, rate_hz)
    length = sound.shape[1]
    for start in range(0, samples_at(total_ms, rate_hz), step):
        at = (start + np.arange(step)) % length
        for channel, side in enumerate(SIDES):
            yield AudioFrame(side=side, start=start, pcm=sound[channel, at].tobytes(), rate_hz=rate_hz)
    yield Hangup()


def _script(call: Path, length_ms: int, total_ms: int) -> list[Line]:

    turns = json.loads((call.parent.parent / "scripts" / f"{call.stem}.json").read_text(encoding="utf-8"))
    return [
        Line(
            side=Side(turn["side"]),
            from_ms=Ms(turn["from_ms"] + shift),
            to_ms=Ms(turn["to_ms"] + shift),
            text=turn["text"],
        )
        for shift in range(0, total_ms, length_ms)
        for turn in turns
    ]


def _sound(path: Path) -> tuple[np.ndarray, int]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray().reshape(-1, 2).T for frame in container.decode(stream)]
        return np.ascontiguousarray(np.concatenate(parts, axis=1)), stream.rate


def _report(args: argparse.Namespace, stretches: list[Stretch], version: str) -> str:
    settled = [it for it in stretches if it.minute >= 10] or stretches
    hours = (settled[-1].minute - settled[0].minute) / 60 or 1.0
    growth = (settled[-1].rss_mb - settled[0].rss_mb) / hours
    last = stretches[-1]
    head = ["minute", "resident MB", "CPU s", "events"]
    rows = [[f"{it.minute:.0f}", f"{it.rss_mb:.0f}", f"{it.cpu_s:.1f}", str(it.events)] for it in stretches]
    if args.trace:
        head.insert(2, "Python MB")
        for row, it in zip(rows, stretches, strict=True):
            row.insert(2, f"{it.traced_mb:.1f}")
    command = f"bench/long_call.py --hours {args.hours:g}{' --trace' if args.trace else ''}"
    return "\n".join(
        [
            f"`{command}`, {datetime.datetime.now(datetime.UTC).date()}, {platform.machine()}, "
            f"Python {platform.python_version()}, rules {version}.",
            f"A call of {last.minute / 60:g} h took {last.cpu_s:.0f} CPU s ({last.cpu_s / last.minute / 60:.4f} CPU s "
            f"a second of call, recognition not included); after the first ten minutes memory grew by "
            f"{growth:+.1f} MB an hour.",
            "",
            "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows),
        ]
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--call", type=Path, default=Path("samples/calls/exemplary.flac"))
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument("--every", type=float, default=10.0, metavar="MIN", help="minutes between two lines")
    parser.add_argument("--trace", action="store_true", help="also what Python holds (tracemalloc)")
    parser.add_argument("--write", type=Path, help="put the result between the marks in this page")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
