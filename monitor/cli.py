"""The one entry point: finds every command in :mod:`monitor.commands` and runs the one that was asked for.

Exit status: 0 nothing found, 1 findings, 2 bad input or configuration, 3 engine or store failed.
Data goes to stdout, talk to stderr.
"""

import argparse
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Collection, Sequence
from importlib.metadata import version

import monitor.commands
from monitor.errors import MonitorError

HIDDEN = {"audit-worker"}
"""Commands for the program's own use, not listed."""


def parser(names: Collection[str] | None = None) -> argparse.ArgumentParser:
    """The command line; with ``names`` just that of these commands, so that nothing else has to be imported."""
    top = argparse.ArgumentParser(
        prog="monitor",
        description="电话客服话术合规：实时监测与录音质检。",
        epilog="例：monitor demo    每个命令的说明：monitor 命令 --help",
    )
    top.add_argument("--version", action="version", version=f"monitor {version('call-monitor')}")
    top.add_argument("--traceback", action="store_true", help="出错时打印完整的调用栈")
    subparsers = top.add_subparsers(dest="command", metavar="命令", required=True, title="命令")
    for name in sorted(commands() - HIDDEN if names is None else names):
        importlib.import_module(f"monitor.commands.{name.replace('-', '_')}").register(subparsers)
    return top


def commands() -> set[str]:
    """The names of all commands: the modules of :mod:`monitor.commands`."""
    return {module.name.replace("_", "-") for module in pkgutil.iter_modules(monitor.commands.__path__)}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status. Errors are told on stderr, each with its code."""
    _speak_utf8()
    # numpy's OpenBLAS reads this once, when numpy is first imported. What is computed here comes in pieces of
    # 20 ms, far too small to be shared: a second thread only waits for the first, and does so spinning, on the
    # core that Whisper decodes on. Whisper's own threads are a setting and not touched.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = list(sys.argv[1:] if argv is None else argv)
    asked = next((word for word in given if not word.startswith("-")), "")
    try:
        alone = "--version" in given and not asked
        args = parser(() if alone else {asked} if asked in commands() else None).parse_args(given)
    except SystemExit as end:  # argparse: 0 after --help, 2 for a wrong command line
        return end.code if isinstance(end.code, int) else 2
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except MonitorError as error:
        if args.traceback:
            traceback.print_exc()
        print(error, file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # the reader of our output has left: `monitor rules list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("已中断。", file=sys.stderr)
        return 130
    except Exception as error:  # a bug of ours: the whole stack, so that it can be reported
        traceback.print_exc()
        print(f"{MonitorError.code}: {type(error).__name__}: {error}（程序错误，请报告以上内容）", file=sys.stderr)
        return 3
    return status


def _speak_utf8() -> None:
    """Chinese goes out as UTF-8 whatever the locale of the machine is."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
