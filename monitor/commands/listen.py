"""``monitor listen``: this computer's microphone, and what its owner hears, as a live call."""

import argparse
import asyncio
import contextlib
import json
import logging
import signal
import sys
import tempfile
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from monitor import wiring
from monitor.commands.demo import local_token
from monitor.commands.serve import given, server_settings
from monitor.errors import InputError, MonitorError
from monitor.events import Direction
from monitor.narrate import Narrator
from monitor.sources.microphone import Microphone, devices, open_microphone
from monitor.web.client import call_path, follow
from monitor.web.desk import DeskLine, Interleaver
from monitor.web.server import Background


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "listen",
        conflict_handler="resolve",  # here --device is a sound device, not where to compute
        help="用这台电脑的麦克风实时监测",
        description="麦克风是坐席；给了回放设备（loopback），它是客户。"
        "本机判定，或送到中心服务（--server）。按 Ctrl-C 挂断。",
        epilog="例：monitor listen --loopback 'Monitor of'；"
        "monitor listen --server http://127.0.0.1:8000 --token TOKEN --agent a1001",
    )
    wiring.add_options(parser)
    parser.add_argument("--devices", action="store_true", help="列出可以收音的设备，每行一个 JSON")
    parser.add_argument("--device", dest="microphone", metavar="N", help="麦克风：编号或名称的一部分（默认系统选定的）")
    parser.add_argument("--loopback", metavar="N", help="回放设备：编号或名称的一部分")
    parser.add_argument("--server", metavar="URL", help="送到这个服务，不在本机判定")
    parser.add_argument("--token", help="服务的令牌（角色 ingest）")
    parser.add_argument("--agent", default="desk", metavar="ID", help="坐席工号（默认 desk）")
    parser.add_argument("--call", metavar="ID", help="通话编号（默认随机）")
    parser.add_argument("--direction", choices=get_args(Direction), default="inbound", help="呼入或呼出（默认呼入）")
    parser.add_argument("--data", type=Path, metavar="DIR", help="本机判定时的数据文件夹（默认临时，结束后删除）")
    parser.set_defaults(run=run, host="127.0.0.1", port=0, device=None)


def run(args: argparse.Namespace) -> int:
    """Listen until Ctrl-C; 1 when anything was found."""
    logging.basicConfig(level="ERROR", stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    if args.devices:
        for device in devices():
            print(json.dumps(asdict(device), ensure_ascii=False))
        return 0
    if bool(args.server) != bool(args.token):
        raise InputError("--server 与 --token 要一起给", code="INP-005")
    microphone = open_microphone(args.microphone, args.loopback)  # before anything slow is loaded
    call_id = args.call or f"desk-{uuid.uuid4().hex[:12]}"
    with contextlib.ExitStack() as stack:
        server, token = (args.server, args.token) if args.server else _own_server(args, stack)
        return asyncio.run(_listen(args, microphone, server, token, call_id))


def _own_server(args: argparse.Namespace, stack: contextlib.ExitStack) -> tuple[str, str]:
    if args.data is None:
        args.data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-listen-")))
    settings = server_settings(args)
    print("正在载入规则与语音模型 …", file=sys.stderr, flush=True)
    background = Background(settings, given(settings))
    background.start()
    stack.callback(background.stop)
    token = local_token(settings)
    print(f"坐席页面：{background.url}/agent/{args.agent}?token={token}", file=sys.stderr, flush=True)
    return background.url, token


async def _listen(args: argparse.Namespace, microphone: Microphone, server: str, token: str, call_id: str) -> int:
    query = {
        "agent_id": args.agent, "direction": args.direction, "format": "pcm16",
        "rate": microphone.rate_hz, "layout": ",".join(microphone.sides),
    }  # fmt: skip
    line = DeskLine(server, token, call_id, query)
    async with microphone:
        print("正在听，按 Ctrl-C 挂断。", file=sys.stderr, flush=True)
        listening = asyncio.create_task(line.listen(microphone, Interleaver(microphone.sides, microphone.rate_hz)))
        sending = asyncio.create_task(line.send(lambda error: print(f"线路断开，正在重连：{error}", file=sys.stderr)))
        telling = asyncio.create_task(_tell(server, token, call_id, line))
        loop = asyncio.get_running_loop()

        def interrupted() -> None:
            """The first time: hang up and hear the rest. The second time: enough."""
            if line.finished:
                sending.cancel()
            line.finish()

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, interrupted)
        try:
            await asyncio.wait([listening, sending], return_when=asyncio.FIRST_COMPLETED)
            if listening.done():  # the microphone is gone: what was heard is still a call
                line.finish()
                await asyncio.wait([sending])
                listening.result()
            if sending.cancelled():
                raise KeyboardInterrupt
            sending.result()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            listening.cancel()
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, MonitorError):
                await listening
        return await telling


async def _tell(server: str, token: str, call_id: str, line: DeskLine) -> int:
    """Print what the server says of the call; a token that may only send hears nothing back."""
    await line.connected.wait()
    narrator, found, after = Narrator(), 0, 0
    path = call_path(call_id, "events")
    while True:
        try:
            async for event in follow(server, path, token, after=after, until_ended=True):
                after = event["seq"]
                for text in narrator.lines(event):
                    print(text, flush=True)
                if event["kind"] == "warning" and event["status"] == "confirmed" and event["severity"] != "hint":
                    found = 1
                if event["kind"] == "call.ended":
                    return found
        except InputError as error:
            if error.code == "NET-003":
                print("这个令牌只能送音频，判定结果请看服务的页面。", file=sys.stderr)
                return 0
            await asyncio.sleep(1.0)
