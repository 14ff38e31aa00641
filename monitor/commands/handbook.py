"""``monitor handbook``: where every row of the source handbooks went."""

import argparse
import sys
from pathlib import Path

from monitor.errors import ConfigError
from monitor.rules import handbook
from monitor.rules.parse import load

ROWS = Path("docs/handbook.yaml")
PAGE = Path("docs/handbook.md")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "handbook",
        help="手册对照表：每一条落到哪条规则",
        description="由规则文件和 docs/handbook.yaml 生成 docs/handbook.md；有条款既无规则又无原因时返回 1。",
        epilog="例：monitor handbook    只检查是否最新：monitor handbook --check",
    )
    parser.add_argument("--rules", type=Path, default=Path("rules"), metavar="DIR", help="规则文件夹（默认 rules）")
    parser.add_argument("--rows", type=Path, default=ROWS, metavar="FILE", help=f"手册条款（默认 {ROWS}）")
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE", help=f"写到哪里（默认 {PAGE}；- 为标准输出）")
    parser.add_argument("--check", action="store_true", help="只检查是否最新，不写")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the page, or check it; 1 when a row is homeless or the page is old."""
    ruleset = load([args.rules])
    try:
        rows = handbook.parse(args.rows.read_text(encoding="utf-8"), str(args.rows))
    except OSError as error:
        raise ConfigError(f"读不了：{error.strerror}", where=str(args.rows), code="HBK-002") from None
    page = handbook.render(rows, ruleset)
    lost = [f"{home.number} #{home.row.number} {home.row.text}" for home in handbook.homes(rows, ruleset) if home.empty]
    lost += handbook.homeless(rows, ruleset) + handbook.unknown(rows, ruleset)
    for line in lost:
        print(f"无处安放：{line}", file=sys.stderr)
    if str(args.out) == "-":
        print(page, end="")
    elif args.check:
        old = not args.out.exists() or args.out.read_text(encoding="utf-8") != page
        if old:
            print(f"{args.out} 不是最新的，请运行 monitor handbook", file=sys.stderr)
        return 1 if old or lost else 0
    else:
        args.out.write_text(page, encoding="utf-8")
        print(f"已写 {args.out}", file=sys.stderr)
    return 1 if lost else 0
