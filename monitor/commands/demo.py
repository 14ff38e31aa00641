"""``monitor demo``: the whole thing, on sample calls, without anything set up."""

import argparse
import asyncio
import contextlib
import logging
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from monitor import config, wiring
from monitor.commands.serve import given, server_settings
from monitor.config import Settings
from monitor.errors import ConfigError, InputError
from monitor.frames import AudioFrame
from monitor.narrate import SEVERITIES, Narrator
from monitor.sinks.accounts import create_token
from monitor.sinks.database import connect, upgrade, url_of, writing
from monitor.sources.files import open_recording, recordings
from monitor.web.client import call_path, follow, hang_up, opened, socket_url
from monitor.web.pace import Sample, interleaved
from monitor.web.server import Background

PORTS_TRIED = 20


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "demo",
        help="演示：启动服务，实时播放示例通话",
        description="启动服务，按真实速度播放示例通话，打印字幕、警告与改说、提示，并给出网页地址。",
        epilog="例：monitor demo --once",
    )
    parser.add_argument(
        "calls", nargs="*", type=Path, metavar="FILE", help="播放哪些录音（默认 samples/calls 里的全部）"
    )
    parser.add_argument("--once", action="store_true", help="播放一遍就结束")
    parser.add_argument("--at-once", type=int, default=4, metavar="N", help="同时几通（默认 4）")
    parser.add_argument("--host", metavar="ADDRESS", help="监听地址（默认 127.0.0.1）")
    parser.add_argument("--port", type=int, metavar="N", help="端口（默认 8000，被占用时取下一个空闲的）")
    parser.add_argument("--data", type=Path, metavar="DIR", help="数据文件夹（默认临时文件夹，结束后删除）")
    wiring.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the calls through a server of our own, over its real sockets."""
    logging.basicConfig(level="ERROR", stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    if args.at_once < 1:
        raise InputError("--at-once must be at least 1", code="INP-002")
    files = recordings(args.calls or [config.home() / "samples" / "calls"])
    with contextlib.ExitStack() as stack:
        if args.data is None:
            args.data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-demo-")))
        settings = server_settings(args)
        _tell("正在载入规则与语音模型 …")
        background = _started(settings, given(settings))
        stack.callback(background.stop)
        show = _Show(background.url, files, args.at_once, *_tokens(settings, files))
        show.addresses()
        try:
            asyncio.run(show.play(once=args.once))
        except KeyboardInterrupt:
            _tell("已停止。")
        show.summary()
    return 0


def _started(settings: Settings, made_from: object) -> Background:
    """On the port that was asked for, else on the next free one."""
    for offset in range(PORTS_TRIED):
        port = settings.port + offset if settings.port else 0
        try:
            background = Background(settings.model_copy(update={"port": port}), made_from)  # type: ignore[arg-type]
        except ConfigError as error:
            if error.code != "CFG-005" or offset == PORTS_TRIED - 1:
                raise
        else:
            background.start()
            return background
    raise AssertionError("unreachable")


def _tokens(settings: Settings, files: list[Path]) -> tuple[str, dict[str, str]]:
    """An administrator's token for this run, and one for each agent of the calls."""
    engine = connect(url_of(settings.store.url, settings.data))
    upgrade(engine)
    with writing(engine) as connection, connection.begin():
        admin = create_token(connection, "admin", name="demo", days=1)[1]
        agents = {agent: create_token(connection, "agent", agent_id=agent, days=1)[1] for agent in _agents(len(files))}
    engine.dispose()
    return admin, agents


def local_token(settings: Settings) -> str:
    """An administrator's token for a server that this process runs for itself."""
    return _tokens(settings, [])[0]


def _agents(calls: int) -> list[str]:
    return [f"a{1001 + number}" for number in range(min(calls, 6))]


def _directions() -> dict[str, str]:
    """Which sample calls go out; all others come in."""
    with contextlib.suppress(OSError, tomllib.TOMLDecodeError):
        lines = tomllib.loads((config.home() / "samples" / "lines.toml").read_text(encoding="utf-8"))
        return {name: line.get("direction", "inbound") for name, line in lines.items() if isinstance(line, dict)}
    return {}


@dataclass
class _Show:
    """The calls of one run and what is printed of them."""

    url: str
    files: list[Path]
    at_once: int
    admin: str
    agents: dict[str, str]
    directions: dict[str, str] = field(default_factory=_directions)
    calls: int = 0
    warned: set[str] = field(default_factory=set)
    lags_ms: list[int] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    scores: dict[str, float | None] = field(default_factory=dict)

    def addresses(self) -> None:
        """Where to look."""
        _tell(f"主管页面：{self.url}/supervisor?token={self.admin}")
        _tell(f"录音质检：{self.url}/audit?token={self.admin}")
        for agent, token in list(self.agents.items())[: self.at_once]:
            _tell(f"坐席页面：{self.url}/agent/{agent}?token={token}")
        _tell("按 Ctrl-C 结束。\n")

    async def play(self, *, once: bool) -> None:
        """All calls, a few at a time, each by an agent who is free; again and again unless once."""
        free: asyncio.Queue[str] = asyncio.Queue()
        for agent in list(self.agents)[: self.at_once]:
            free.put_nowait(agent)
        round_ = 0
        while True:
            round_ += 1
            async with asyncio.TaskGroup() as calls:
                for file in self.files:
                    agent = await free.get()
                    calls.create_task(self._call(file, f"{file.stem}-{round_}", agent, free))
                    await asyncio.sleep(2)  # calls do not begin in step
            if once:
                return

    async def _call(self, file: Path, call_id: str, agent: str, free: "asyncio.Queue[str]") -> None:
        try:
            with open_recording(file) as recording:
                sample = interleaved(file, recording.sides, (it for it in recording if isinstance(it, AudioFrame)))
            async with asyncio.TaskGroup() as both:
                both.create_task(self._print(call_id))
                both.create_task(self._send(sample, call_id, agent))
        finally:
            free.put_nowait(agent)

    async def _send(self, sample: Sample, call_id: str, agent: str) -> None:
        query = {
            "agent_id": agent, "direction": self.directions.get(sample.file.stem, "inbound"),
            "format": "pcm16", "rate": sample.rate_hz, "layout": ",".join(sample.sides),
        }  # fmt: skip
        async with opened(socket_url(self.url, call_path(call_id, "audio"), query), self.admin) as socket:
            async for piece in sample.in_real_time():
                await socket.send(piece)
            await hang_up(socket)

    async def _print(self, call_id: str) -> None:
        narrator = Narrator()
        path = call_path(call_id, "events")
        async for event in follow(self.url, path, self.admin, after=0, until_ended=True):
            for line in narrator.lines(event):
                print(f"[{call_id}] {line}", flush=True)
            if event["kind"] == "warning" and event["quote"] and event["warning_id"] not in self.warned:
                self.warned.add(event["warning_id"])  # its first showing is when the agent is told
                self.lags_ms.append(event["lag_ms"] or 0)
            if event["kind"] == "call.ended":
                self.calls += 1
                self.scores[call_id] = event["summary"].get("score")
                self.found.update(event["summary"].get("warnings", {}))

    def summary(self) -> None:
        """What the calls came to."""
        found = "，".join(f"{SEVERITIES[name]} {self.found[name]}" for name in SEVERITIES if self.found[name])
        _tell(f"\n共 {self.calls} 通；警告：{found or '没有'}。")
        if self.lags_ms:
            lags = sorted(self.lags_ms)
            p50, p95 = lags[len(lags) // 2], lags[min(len(lags) - 1, len(lags) * 95 // 100)]
            _tell(f"从说完到警告：中位 {p50} 毫秒，95% 在 {p95} 毫秒内。")
        for call_id, score in sorted(self.scores.items(), key=lambda item: (item[1] is None, item[1] or 0)):
            _tell(f"  {'—' if score is None else f'{score:5.0f}'}  {call_id}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
