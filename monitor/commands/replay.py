"""``monitor replay``: one recording through the live path."""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from monitor import wiring
from monitor.audit import report
from monitor.config import Settings
from monitor.engines.batcher import Batcher
from monitor.errors import InputError, StoreError
from monitor.events import from_json
from monitor.frames import Side
from monitor.live import Line, Live, Surroundings
from monitor.sinks.calls import CallRow
from monitor.sinks.entry import Stored
from monitor.sinks.metrics import Metrics
from monitor.sinks.store import Store
from monitor.sources.files import Recording, open_recording
from monitor.web.server import live_policy


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "replay",
        help="让一个录音走一遍现场流程",
        description="把一个录音按真实速度（或更快）送进现场监测的流程，每个事件一行 JSON。",
        epilog="例：monitor replay samples/calls/several-banned.flac --speed 0",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="录音文件")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="几倍速；0：能多快就多快（默认 1）")
    parser.add_argument("--side", choices=["agent", "customer"], help="单声道录音里是谁的声音（默认：未知）")
    parser.add_argument("--layout", default="agent,customer", metavar="LEFT,RIGHT", help="立体声左右各是谁")
    wiring.add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every event as it is published; the exit status says whether anything was found."""
    if args.speed < 0:
        raise InputError(f"倍速不能是负数：{args.speed}", code="INP-004")
    settings = wiring.settings(args)
    layout = wiring.layout(args.layout)
    mono = Side(args.side) if args.side else Side.UNKNOWN
    with open_recording(args.file, layout=layout, mono_side=mono) as recording:
        lines = asyncio.run(_replay(settings, recording, args.file.stem, args.speed))
    call = report.summarise([from_json(json.loads(line)) for line in lines])
    return 1 if report.found([call]) else 0


async def _replay(settings: Settings, recording: Recording, call_id: str, speed: float) -> list[str]:
    """Through :mod:`monitor.live` with a store of its own; what was stored is what is printed."""
    printed: list[str] = []

    def show(stored: Sequence[Stored]) -> None:
        for entry in stored:
            printed.append(entry.text)
            print(entry.text, flush=True)

    engine = await asyncio.to_thread(wiring.engine, settings)
    matcher = wiring.matcher(settings)
    with tempfile.TemporaryDirectory(prefix="monitor-replay-") as folder:
        store, batcher = Store(Path(folder)), Batcher(engine, max_batch=settings.engine.max_batch)
        around = Surroundings(
            store=store,
            decoder=batcher,
            metrics=Metrics(),
            policy=live_policy(settings),
            session=wiring.policy(settings),
            model=engine.name,
        )
        await store.start(show)
        try:
            await batcher.start()
            live = Live(matcher, around)
            await live.start()
            try:
                call = await live.open(
                    CallRow(call_id=call_id, agent_id="", direction="inbound", sides=tuple(recording.sides))
                )
                await _pace(await call.connect(), recording, speed)
            finally:
                await live.stop()
                await batcher.stop()
        finally:
            await store.stop()
    if not printed or json.loads(printed[-1])["kind"] != "call.ended":
        raise StoreError("the call did not come to its end", where=call_id)
    return printed


async def _pace(line: Line, recording: Recording, speed: float) -> None:
    """Send audio as a line would: each frame when its last sample has been spoken."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for frame in recording:
        if speed:
            wait_s = began + frame.to_ms / 1000 / speed - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
        await line.hear([frame])
    await line.hang_up(reason="end of recording")
