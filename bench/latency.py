"""Lag from the end of a phrase to the warning, beside other programs on the same audio, in one run.

    .venv/bin/python bench/latency.py                          # ours and every installed peer, 1 2 4 8 calls
    .venv/bin/python bench/latency.py --quick                  # a few minutes: ours and the plain loop, 1 and 2 calls
    .venv/bin/python bench/latency.py --corpus DIR --system ours --calls 1,4,16

Every call is a mu-law telephone stream at 8 kHz in real time: sentences that end in a banned phrase, quiet with
faint noise between them. Ours gets it over its real websocket and must answer with warnings on its event sockets;
peers (``make bench-peers``) get the same side as 16 kHz PCM and need only show a text that holds the phrase. Lag
runs from when the last sample of the phrase was due to be sent (so a server that stops reading gains nothing) to
the arrival of the answer. The first utterance of each call is warm-up. For each number of calls the systems take
turns on the same audio; ours comes first and, with ``--again``, last once more, to show how much the machine
wandered meanwhile. Writes ``latency.md``, ``.json``, ``.svg`` into ``--out``.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from live.figures import Figures, cost_table, figures, lag_table
from live.line import calls
from live.material import material
from live.ours import Ours
from live.peers import PEERS, installed
from live.run import end_on_sigterm, run_calls
from live.system import System
from plots import curves
from written import heading, keep, put

from monitor.rules.parse import load_lenient


def main() -> int:
    """Measure and write."""
    args = _arguments()
    end_on_sigterm()
    spoken = material(args.corpus)
    found: list[Figures] = []
    text = ""
    plan = [(count, name) for count in args.calls for name in args.system + ["ours"] * args.again]
    rules = provisions(args.rules or [Path("rules")])
    for number, (count, name) in enumerate(plan, 1):
        lot = calls(spoken, count, args.utterances)
        seconds = max(call.offset_s + call.seconds for call in lot)
        print(f"[{number}/{len(plan)}] {name}, {count} calls, {seconds:.0f} s", file=sys.stderr)
        run = asyncio.run(run_calls(_system(name, args), lot))
        found.append(figures(run, rules if name == "ours" else None))
        print(lag_table(found[-1:]).splitlines()[-1], found[-1].faults or "", file=sys.stderr)
        text = _keep(args, found)
    print(text)
    if args.write:
        put(args.write, "lag", text)
    return 0


def _keep(args: argparse.Namespace, found: Sequence[Figures]) -> str:
    """What there is, written anew after every system: a run that is cut short leaves what it had."""
    text = "\n\n".join([heading(), _told(args), lag_table(found), cost_table(found)])
    keep(args.out, "latency", text, {"figures": [it.as_json() for it in found], "about": heading()})
    if lines := lag_curves(found):
        curves(args.out / "latency.svg", lines, x="calls at once", y="p95 lag, s", log_x=True, log_y=True)
    return text


def provisions(paths: Sequence[Path]) -> Mapping[str, tuple[str, ...]]:
    """Rule id → provisions of the handbook that it is about."""
    return {rule.id: rule.provision for rule in load_lenient(paths)[0].rules.values()}


def lag_curves(found: Sequence[Figures]) -> dict[str, list[tuple[float, float]]]:
    """p95 against calls, a line a system and kind of answer."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for it in found:
        for lags in it.lags:
            high = lags.at(0.95)
            if high is not None:
                lines.setdefault(f"{it.system}, {lags.what}", []).append((it.calls, max(high, 0.01)))
    return lines


def _system(name: str, args: argparse.Namespace) -> System:
    if name == "ours":
        return Ours(rules=args.rules or (), settings=args.set or (), frame_s=args.frame_ms / 1000)
    return PEERS[name](args.model, args.peer_frame_ms / 1000)


def _told(args: argparse.Namespace) -> str:
    return (
        f"Material: {args.corpus.name}, {args.utterances} measured utterances a call. Whisper base, int8, for all. "
        f"Frames of {args.frame_ms} ms for ours, {args.peer_frame_ms} ms for peers (cheaper for them, and the lag "
        "counts from the frame)."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("samples"), help="samples/ or a corpus folder")
    parser.add_argument("--system", action="append", choices=["ours", *PEERS], help="default: ours, installed peers")
    parser.add_argument("--calls", default="1,2,4,8", help="numbers of calls at once, 1 to 32")
    parser.add_argument("--utterances", type=int, default=8, help="measured utterances a call")
    parser.add_argument("--again", action="store_true", help="ours once more after the peers")
    parser.add_argument("--quick", action="store_true", help="1 and 2 calls, 3 utterances, ours and the plain loop")
    parser.add_argument("--model", type=Path, default=Path("models/base"), help="Whisper weights for the peers")
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument(
        "--set", action="append", metavar="NAME=VALUE", help="a setting of ours, SPEECH__… or ENGINE__…"
    )
    parser.add_argument("--frame-ms", type=int, default=20)
    parser.add_argument("--peer-frame-ms", type=int, default=100)
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", type=Path, help="put the result into this page, between its marks «lag»")
    args = parser.parse_args()
    if args.quick:
        args.calls, args.utterances = "1,2", 3
        args.system = args.system or ["ours", *(name for name in ("plain",) if installed(name))]
    args.calls = [int(count) for count in args.calls.split(",")]
    if not all(1 <= count <= 32 for count in args.calls):
        parser.error("1 to 32 calls")
    args.system = args.system or ["ours", *filter(installed, PEERS)]
    return args


if __name__ == "__main__":
    sys.exit(main())
