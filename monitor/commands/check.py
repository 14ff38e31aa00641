"""``monitor check``: the rules on text alone."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from monitor import wiring
from monitor.errors import InputError
from monitor.frames import Side
from monitor.rules.hit import Hit
from monitor.rules.ledger import raw_span
from monitor.rules.match import Matcher
from monitor.text.reading import Reading, read


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "check",
        help="检查文字：这句话违反了哪条规则",
        description="用规则检查一句话；不给文字时逐行读标准输入。需要听录音才能断定的，这里不报。",
        epilog="例：monitor check 这事不归我管    批量：monitor check --jsonl < sentences.jsonl",
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="要检查的话")
    parser.add_argument("--side", choices=[side.value for side in Side], default="agent", help="谁说的（默认 agent）")
    parser.add_argument("--jsonl", action="store_true", help='读 {"id","side","text"} 行，每行写一个 {"id","warnings"}')
    parser.add_argument("--rules", action="append", metavar="PATH", help="规则文件或文件夹（可多次给）")
    parser.set_defaults(run=run, config=None, model=None, device=None)


def run(args: argparse.Namespace) -> int:
    """Write one JSON object a warning, or one a line of input with ``--jsonl``; 1 when anything fired."""
    matcher = wiring.matcher(wiring.settings(args))
    if args.jsonl:
        if args.text is not None:
            raise InputError("--jsonl 从标准输入读，不再给文字", code="INP-002")
        return _many(matcher, sys.stdin, Side(args.side))
    found = False
    for text in [args.text] if args.text is not None else _lines(sys.stdin):
        for warning in warnings(matcher, text, Side(args.side)):
            found = True
            print(json.dumps(warning, ensure_ascii=False))
    if not found:
        print("没有发现违规。", file=sys.stderr)
    return 1 if found else 0


def warnings(matcher: Matcher, text: str, side: Side) -> list[dict[str, Any]]:
    """What ``text`` is charged with, each as the contract's warning without times."""
    reading = read(text)
    return [_warning(reading, side, hit) for hit in matcher.find(reading, side) if not hit.needs_audio]


def _warning(reading: Reading, side: Side, hit: Hit) -> dict[str, Any]:
    start, end = raw_span(reading, hit)
    rule = hit.rule
    return {
        "rule_id": rule.id,
        "title": rule.title,
        "category": rule.category,
        "severity": rule.severity,
        "side": side.value,
        "quote": reading.raw[start:end],
        "phrase": hit.phrase,
        "match": hit.match,
        "score": round(hit.score, 3),
        "rewrite": hit.rewrite or rule.rewrite,
        "advice": rule.advice,
        "basis": rule.basis,
        "also": list(hit.also),
        "trial": rule.status == "trial",
    }


def _many(matcher: Matcher, lines: TextIO, default: Side) -> int:
    found = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        name, side, text = _entry(line, number, default)
        told = warnings(matcher, text, side)
        found = found or bool(told)
        print(json.dumps({"id": name, "warnings": told}, ensure_ascii=False), flush=True)
    return 1 if found else 0


def _entry(line: str, number: int, default: Side) -> tuple[Any, Side, str]:
    """(id, side, text) of one input line.

    Raises:
        InputError: ``INP-010``, not such an object; it names the line.
    """
    try:
        entry = json.loads(line)
        text, side = entry["text"], Side(entry.get("side") or default)
    except (ValueError, KeyError, TypeError, AttributeError):
        text = None
    if not isinstance(text, str):
        hint = '{"id": …, "side": "agent|customer|unknown", "text": "…"}'
        raise InputError("这一行看不懂", where=f"stdin:{number}", hint=hint, code="INP-010")
    return entry.get("id", number), side, text


def _lines(stream: TextIO) -> Iterator[str]:
    if stream.isatty():
        print("请输入要检查的话，一行一句，Ctrl-D 结束：", file=sys.stderr)
    return (line.strip() for line in stream if line.strip())
