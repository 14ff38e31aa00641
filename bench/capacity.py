"""How many calls one machine carries: lag against calls, and hours at the number found.

    .venv/bin/python bench/capacity.py                         # 1 2 4 8 12 16 24 32 calls, then the most in between
    .venv/bin/python bench/capacity.py --quick                 # 1 and 4 calls, 3 utterances
    .venv/bin/python bench/capacity.py --hours 2 --soak-calls 8

Calls and lags as in ``bench/latency.py``, our server alone. A number of calls is carried when the 95th
percentile of the lag to the first warning stays under ``--limit``, every final was decoded (nothing but
partials is given up), no call broke and no audio was lost. The most calls carried are then looked for by
halving between the last that held and the first that did not. With ``--hours``: so many calls at once, one
after the other on each line, and lag, memory, CPU and what was given up for every minute, which should be
flat. Writes ``capacity.md``, ``.json``, ``.svg`` (or ``soak.*``) into ``--out``.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from latency import provisions
from live.figures import Figures, cost_table, figures, lag_table
from live.lag import CONFIRMED, FIRST
from live.line import calls
from live.material import Utterance, material
from live.ours import Ours
from live.run import end_on_sigterm, run_calls
from live.soak import Minute, minute_table, soak, trend
from plots import curves
from written import heading, put, write


def main() -> int:
    """Measure and write."""
    args = _arguments()
    end_on_sigterm()
    spoken = material(args.corpus)
    return _soak(args, spoken) if args.hours else _grow(args, spoken)


def _grow(args: argparse.Namespace, spoken: Sequence[Utterance]) -> int:
    found: dict[int, Figures] = {}

    def carried(count: int) -> bool:
        if count not in found:
            found[count] = _measure(args, spoken, count)
        return not _why_not(found[count], args.limit)

    least_bad = 0
    for count in args.calls:
        if not carried(count):
            least_bad = least_bad or count
            if not args.all:
                break
    most = max((count for count in found if carried(count) and (not least_bad or count < least_bad)), default=0)
    while least_bad - most > 1 and not args.quick:
        middle = (most + least_bad) // 2
        if carried(middle):
            most = middle
        else:
            least_bad = middle
    ordered = [found[count] for count in sorted(found)]
    verdicts = [f"- {it.calls}: {_why_not(it, args.limit) or 'carried'}" for it in ordered]
    head = f"Most calls carried with p95 of the first warning under {args.limit:g} s: **{most}**."
    text = "\n\n".join([heading(), head, lag_table(ordered), cost_table(ordered), "\n".join(verdicts)])
    write(args.out, "capacity", text, {"about": heading(), "most": most, "figures": [it.as_json() for it in ordered]})
    lines: dict[str, list[tuple[float, float]]] = {}
    for it in ordered:
        for what in (FIRST, CONFIRMED):
            for share, name in ((0.5, "p50"), (0.95, "p95")):
                if (lag_s := it.lag(what).at(share)) is not None:
                    lines.setdefault(f"{what}, {name}", []).append((it.calls, lag_s))
    curves(args.out / "capacity.svg", lines, x="calls at once", y="lag, s", limit=args.limit, log_x=True)
    if args.write:
        put(args.write, "capacity", text)
    return 0


def _measure(args: argparse.Namespace, spoken: Sequence[Utterance], count: int) -> Figures:
    lot = calls(spoken, count, args.utterances)
    seconds = max(call.offset_s + call.seconds for call in lot)
    print(f"{count} calls, {seconds:.0f} s", file=sys.stderr)
    ours = Ours(rules=args.rules or (), settings=args.set or (), frame_s=args.frame_ms / 1000)
    it = figures(asyncio.run(run_calls(ours, lot)), provisions(args.rules or [Path("rules")]))
    print(lag_table([it]).splitlines()[2], _why_not(it, args.limit) or "carried", file=sys.stderr)
    return it


def _why_not(it: Figures, limit_s: float) -> str:
    """Why so many calls are too many; empty if they are not."""
    first = it.lag(FIRST)
    high = first.at(0.95)
    if it.faults:
        return f"calls broke: {it.faults[0]}"
    if it.failures or it.gaps:
        return f"{it.failures} decodes failed, {it.gaps} gaps"
    if high is None:
        return "nothing was warned of"
    return "" if high <= limit_s else f"p95 {high:.2f} s"


def _soak(args: argparse.Namespace, spoken: Sequence[Utterance]) -> int:
    ours = Ours(rules=args.rules or (), settings=args.set or (), frame_s=args.frame_ms / 1000)
    minutes: list[Minute] = asyncio.run(
        soak(ours, spoken, args.soak_calls, args.hours * 3600, provisions(args.rules or [Path("rules")]))
    )
    text = "\n\n".join([heading(), trend(minutes), minute_table(minutes, every=max(1, len(minutes) // 24))])
    write(args.out, "soak", text, {"about": heading(), "minutes": [asdict(it) for it in minutes]})
    lines = {
        "p50 lag, s": [(it.minute, it.p50) for it in minutes if it.p50 is not None],
        "p95 lag, s": [(it.minute, it.p95) for it in minutes if it.p95 is not None],
        "memory, GB": [(it.minute, it.rss_mb / 1000) for it in minutes],
        "cores busy": [(it.minute, it.cores) for it in minutes],
    }
    curves(args.out / "soak.svg", lines, x="minute", y="", title=f"{args.soak_calls} calls at once")
    if args.write:
        put(args.write, "soak", text)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("samples"), help="samples/ or a corpus folder")
    parser.add_argument("--calls", default="1,2,4,8,12,16,24,32")
    parser.add_argument("--utterances", type=int, default=8, help="measured utterances a call")
    parser.add_argument("--limit", type=float, default=2.0, help="seconds, p95 of the first warning")
    parser.add_argument("--all", action="store_true", help="go on with more calls after the first that were too many")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--hours", type=float, default=0.0, help="a soak of so many hours instead")
    parser.add_argument("--soak-calls", type=int, default=4)
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument("--set", action="append", metavar="NAME=VALUE", help="a setting of ours: SPEECH__…, ENGINE__…")
    parser.add_argument("--frame-ms", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", type=Path, help="put the result into this page («capacity» or «soak»)")
    args = parser.parse_args()
    if args.quick:
        args.calls, args.utterances = "1,4", 3
    args.calls = [int(count) for count in args.calls.split(",")]
    if not all(1 <= count <= 200 for count in [*args.calls, args.soak_calls]):
        parser.error("1 to 200 calls")
    return args


if __name__ == "__main__":
    sys.exit(main())
