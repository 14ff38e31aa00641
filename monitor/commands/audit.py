"""``monitor audit``: recordings in, reports out."""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from monitor import wiring
from monitor.audit import report
from monitor.audit.run import AuditPlan, Outcome, Progress, audit
from monitor.errors import InputError
from monitor.frames import Side
from monitor.rules.match import Matcher
from monitor.sources.files import recordings
from monitor.speech.engine import Engine


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "audit",
        help="质检录音：逐通判定并出报告",
        description="质检录音文件或文件夹，写出每通事件与总报告。",
        epilog="例：monitor audit samples --out out --format json,html",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="录音文件或文件夹")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="报告写到哪里")
    parser.add_argument("--side", choices=["agent", "customer"], help="单声道录音里是谁的声音（默认：未知，不判坐席）")
    parser.add_argument(
        "--layout", default="agent,customer", metavar="LEFT,RIGHT", help="立体声左右各是谁（默认 agent,customer）"
    )
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="同时处理几个录音（默认 2）")
    parser.add_argument(
        "--passages", action="store_true", help="前后句连着识别：错字少约五分之一到四分之一，但与实时监测不再逐字一致"
    )
    parser.add_argument("--resume", action="store_true", help="接着上次没做完的做")
    parser.add_argument("--format", default="jsonl,json", help="jsonl,json,csv,xlsx,html 中的若干个")
    wiring.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, write, print one JSON line a call on stdout and the summary on stderr."""
    formats = [name.strip() for name in args.format.split(",") if name.strip()]
    if unknown := sorted(set(formats) - set(report.FORMATS)):
        raise InputError(
            f"没有这种格式：{', '.join(unknown)}", hint=f"可选 {', '.join(report.FORMATS)}", code="INP-002"
        )
    files = recordings(args.paths)
    settings = wiring.settings(args)
    plan = AuditPlan(
        out=args.out,
        layout=wiring.layout(args.layout),
        mono_side=Side(args.side) if args.side else Side.UNKNOWN,
        policy=wiring.policy(settings, finals_only=True),
        passages=args.passages,
        jobs=args.jobs,
        resume=args.resume,
    )
    matcher, engine = wiring.matcher(settings), wiring.engine(settings)
    calls = [report.report_call(outcome) for outcome in _with_bar(files, plan, matcher, engine)]
    for call in calls:
        print(_line(call))
    written = report.write(calls, args.out, formats)
    bad = [call for call in calls if call.error]
    for call in bad:
        assert call.error is not None
        print(f"{call.file}：{call.error['message']}", file=sys.stderr)
    print(f"共 {len(calls)} 个录音，报告：{'、'.join(str(path) for path in written)}", file=sys.stderr)
    if bad:
        return 2
    return 1 if report.found(calls) else 0


def _with_bar(files: list[Path], plan: AuditPlan, matcher: Matcher, engine: Engine) -> list[Outcome]:
    reached: dict[Path, int] = {}
    outcomes: list[Outcome] = []
    with tqdm(total=0, unit="s", desc="质检", file=sys.stderr, disable=None, leave=False) as bar:

        def progress(at: Progress) -> None:
            if at.file not in reached and at.duration_ms:
                bar.total += at.duration_ms // 1000
            bar.update((at.done_ms - reached.get(at.file, 0)) // 1000)
            reached[at.file] = at.done_ms

        for outcome in audit(files, plan, matcher, engine, progress):
            outcomes.append(outcome)
            bar.set_postfix_str(f"{len(outcomes)}/{len(files)} {outcome.file.name}")
    return outcomes


def _line(call: report.CallReport) -> str:
    data = call.as_json()
    short: dict[str, object] = {
        name: data[name] for name in ("file", "events", "duration_ms", "score", "error") if name in data
    }
    short["warnings"] = [
        {name: it[name] for name in ("rule_id", "severity", "quote", "from_ms", "to_ms")} for it in call.warnings
    ]
    return json.dumps(short, ensure_ascii=False)
