"""``monitor serve``: the live server."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any

from monitor import config, wiring
from monitor.config import Settings
from monitor.errors import RuleFault
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.sinks.accounts import count_tokens, create_token
from monitor.sinks.database import connect, upgrade, url_of, writing
from monitor.web import server
from monitor.web.server import Given


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "serve",
        help="实时监测服务：接入通话、推送事件、网页",
        description="实时监测服务。数据库、令牌、录音等全部状态都在数据文件夹里。",
        epilog="例：monitor serve --port 8000 --data data",
    )
    parser.add_argument("--host", metavar="ADDRESS", help="监听地址（默认 127.0.0.1）")
    parser.add_argument("--port", type=int, metavar="N", help="端口（默认 8000；0 为任一空闲端口）")
    parser.add_argument("--data", type=Path, metavar="DIR", help="数据文件夹（默认 data）")
    wiring.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    settings = server_settings(args)
    signal.signal(signal.SIGTERM, _interrupt)
    log_to_stderr(settings)
    listening = server.listening_socket(settings.host, settings.port)
    token = first_token(settings)
    app = server.create_app(settings, given(settings))
    serving = server.uvicorn_server(app, settings)
    host, port = listening.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"服务地址：{address}　数据文件夹：{settings.data.resolve()}", file=sys.stderr)
    if token:
        print(f"首次启动，管理员令牌（只显示这一次，请保存）：{token}", file=sys.stderr)
        print(f"主管页面：{address}/supervisor?token={token}", file=sys.stderr)
    else:
        print(f"主管页面：{address}/supervisor（新令牌：monitor token create）", file=sys.stderr)
    sys.stderr.flush()
    try:
        with asyncio.Runner(loop_factory=serving.config.get_loop_factory()) as runner:
            runner.run(serving.serve([listening]))
    except KeyboardInterrupt:
        print("已停止。", file=sys.stderr)
    finally:
        listening.close()
    if error := server.startup_error(app, serving):
        raise error
    return 0


def server_settings(args: argparse.Namespace, **further: Any) -> Settings:
    """Settings of a command that runs a server; ``further`` are flags that win over the files."""
    flags = {
        "host": args.host,
        "port": args.port,
        "data": args.data,
        "rules": tuple(args.rules) if args.rules else None,
        "engine": {"model": args.model, "device": args.device},
    }
    return config.load(flags | further, args.config)


def given(settings: Settings) -> Given:
    """Engine, rules and policy of a server. Broken rule files are named; the others are in force.

    Raises:
        ConfigError: there is not one rule, or the engine cannot be had.
    """
    matcher, faults = load_rules(settings)
    for fault in faults:
        print(fault, file=sys.stderr)
    return Given(
        engine=wiring.engine(settings),
        load_rules=lambda: load_rules(settings),
        matcher=matcher,
        faults=tuple(faults),
        session=wiring.policy(settings),
    )


def load_rules(settings: Settings) -> tuple[Matcher, list[RuleFault]]:
    """The rules that load, and the faults of those that do not."""
    ruleset, faults = parse.load_lenient(settings.rules)
    return Matcher(ruleset, folder=settings.data / "learnt"), faults


def first_token(settings: Settings) -> str:
    """An administrator's token if there is none of any kind yet; else empty."""
    engine = connect(url_of(settings.store.url, settings.data))
    try:
        upgrade(engine)
        with writing(engine) as connection, connection.begin():
            if count_tokens(connection):
                return ""
            return create_token(connection, "admin", name="first start")[1]
    finally:
        engine.dispose()


def log_to_stderr(settings: Settings) -> None:
    """The program's own log, beside what people are told."""
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stderr
    )
    for noisy in ("alembic", "jieba", "websockets", "uvicorn.error"):
        logging.getLogger(noisy).setLevel("WARNING")


def _interrupt(*_: object) -> None:
    """SIGTERM is a wish to stop like Ctrl-C, not a crash."""
    raise KeyboardInterrupt
