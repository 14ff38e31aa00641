"""Where the time goes: from the last sample of a phrase to the warning on the socket, stage by stage.

    .venv/bin/python bench/trace.py [--calls 1] [--utterances 8] [--corpus DIR]

Runs the server in this process with a clock at every seam (``bench/live/traced.py``), real-time calls over
real sockets as in ``bench/latency.py``. The stages of one warning add up to its lag:

- ``endpoint``: from the last sample to the decode being asked for: framing, resampling, voice activity,
  the pause that has to be waited for; negative for a partial that was asked for before the phrase was over
- ``queue``: until the engine took it
- ``features``, ``encode``, ``generate``, ``words``, ``other``: in the engine, of the whole batch
- ``rules``: from the answer to the store: event loop, reading, matching, session; with ``verify`` where the
  audio had to be asked
- ``store``: until it was on disk; ``send``: until the client had it

Writes ``trace.md`` and ``.json`` into ``--out``.
"""

import argparse
import asyncio
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from live.figures import table
from live.lag import CONFIRMED, FIRST, about
from live.line import calls
from live.material import material
from live.run import end_on_sigterm, run_calls
from live.system import CallRun, Event
from live.traced import Marks, Traced
from speech_corpus import LINE_HZ
from written import heading, put, write

ENGINE = ("features", "encode", "generate", "words")
STAGES = ("endpoint", "queue", *ENGINE, "other", "rules", "verify", "store", "send")


@dataclass(frozen=True, slots=True)
class Way:
    """One warning's way."""

    what: str
    name: str
    text: str
    kind: str
    """The decode it came from: partial, eager or final."""
    batch: int
    lag: float
    stages: dict[str, float]


def main() -> int:
    """Measure and write."""
    args = _arguments()
    end_on_sigterm()
    system = Traced(rules=args.rules or ())
    run = asyncio.run(run_calls(system, calls(material(args.corpus), args.calls, args.utterances)))
    for call in run.calls:
        if call.fault:
            print(f"{call.call.call_id}: {call.fault}", file=sys.stderr)
    found = [it for call in run.calls for it in ways(call, system.marks)]
    if not found:
        raise SystemExit("no phrase was warned of")
    text = "\n\n".join(
        [heading(), f"{args.calls} calls, material: {args.corpus.name}.", _table(found), _example(found)]
    )
    write(args.out, "trace", text, {"about": heading(), "ways": [asdict(it) for it in found]})
    if args.write:
        put(args.write, "trace", text)
    return 0


def ways(run: CallRun, marks: Marks) -> list[Way]:
    """The first and the confirmed warning of every phrase, traced."""
    found = []
    for placed, warnings in about(run):
        end_s = run.sending.spoken_s(placed.end / LINE_HZ)
        sure = [it for it in warnings if it.body["status"] == "confirmed"]
        for what, event in ((FIRST, warnings[:1]), (CONFIRMED, sure[:1])):
            if event and (way := _way(event[0], end_s, marks)) is not None:
                kind, batch, stages = way
                found.append(
                    Way(what, placed.utterance.name, placed.utterance.text, kind, batch, event[0].at_s - end_s, stages)
                )
    return found


def _way(event: Event, end_s: float, marks: Marks) -> tuple[str, int, dict[str, float]] | None:
    body = event.body
    appended_s = marks.appended.get((body["call_id"], body["seq"]))
    stored_s = marks.stored.get((body["call_id"], body["seq"]))
    mine = [it for it in marks.questions if it.call_id == body["call_id"] and it.utterance_id == body["utterance_id"]]
    before = [it for it in mine if appended_s is not None and it.answered_s <= appended_s]
    decodes = [it for it in before if it.kind != "verify"]
    if appended_s is None or stored_s is None or not decodes:
        return None
    asked = max(decodes, key=lambda it: it.answered_s)
    trace = marks.traces.get((asked.call_id, asked.utterance_id, asked.revision, asked.kind))
    if trace is None:
        return None
    verify_s = sum(
        it.answered_s - it.asked_s for it in before if it.kind == "verify" and it.asked_s >= asked.answered_s
    )
    engine = {name: trace.stages.get(name, 0.0) for name in ENGINE}
    stages = {
        "endpoint": asked.asked_s - end_s,
        "queue": trace.queue_s,
        **engine,
        "other": asked.answered_s - asked.asked_s - trace.queue_s - sum(engine.values()),
        "verify": verify_s,
        "rules": appended_s - asked.answered_s - verify_s,
        "store": stored_s - appended_s,
        "send": event.at_s - stored_s,
    }
    return asked.kind, trace.batch, {name: stages[name] for name in STAGES}


def _table(found: Sequence[Way]) -> str:
    head = ["median ms (largest)", "warnings", "lag", *STAGES]
    body = []
    groups: dict[str, list[Way]] = defaultdict(list)
    for it in found:
        groups[f"{it.what}, from a {it.kind}"].append(it)
    for name, group in sorted(groups.items(), reverse=True):
        body.append([name, str(len(group)), _ms([it.lag for it in group])])
        body[-1] += [_ms([it.stages[stage] for it in group]) for stage in STAGES]
    return table(head, body)


def _ms(seconds: Sequence[float]) -> str:
    return f"{1000 * statistics.median(seconds):.0f} ({1000 * max(seconds):.0f})"


def _example(found: Sequence[Way]) -> str:
    sure = sorted((it for it in found if it.what == CONFIRMED), key=lambda it: it.lag) or list(found)
    it = sure[len(sure) // 2]
    at, lines = 0.0, []
    for stage in STAGES:
        at += it.stages[stage]
        if abs(it.stages[stage]) >= 0.0005:
            lines.append(f"{1000 * at:7.0f} ms  {stage} took {1000 * it.stages[stage]:.0f} ms")
    head = f"«{it.text}», confirmed by a {it.kind} decode in a batch of {it.batch}; 0 is the last sample:"
    return "\n".join([head, "", "```", *lines, "```"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("samples"), help="samples/ or a corpus folder")
    parser.add_argument("--calls", type=int, default=1, choices=range(1, 33), metavar="N")
    parser.add_argument("--utterances", type=int, default=8)
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", type=Path, help="put the result into this page, between its marks «trace»")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
