"""What the wall costs a browser: a hundred live calls for some minutes, main-thread work and memory as they go.

::

    python bench/pages.py --minutes 10 --calls 100 --speed 2

The sample calls are judged once with the scripted engine; their events are then published, call after call on a
hundred lines, through the real store, hub and socket of a server, at ``speed`` times the pace of speech. Chromium has
the supervisor page open and is asked through its DevTools protocol what it has done. Main-thread figures are CPU time,
so a machine that is busy with other things changes them little.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from machine import load, machine, today
from playwright.sync_api import CDPSession, Page, sync_playwright

from monitor import config, wiring
from monitor.audit.drive import drive
from monitor.commands.serve import load_rules
from monitor.config import Settings
from monitor.engines.scripted import ScriptedEngine
from monitor.events import CallStarted, Published, Warning
from monitor.frames import Hangup, Side
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession
from monitor.sinks.accounts import create_token
from monitor.sinks.calls import CallRow, open_call
from monitor.sinks.database import connect, upgrade, url_of, writing
from monitor.sinks.entry import Entry
from monitor.sinks.store import Store
from monitor.sources.files import open_recording
from monitor.web.server import Given, create_app, listening_socket, uvicorn_server

SAMPLES = config.home() / "samples"
ASK_S = 15.0
"""How often the browser is asked."""


def judged(name: str, matcher: Matcher, settings: Settings) -> list[Published]:
    """Every event of a sample call, partial captions included."""
    script = json.loads((SAMPLES / "scripts" / f"{name}.json").read_text(encoding="utf-8"))
    with open_recording(SAMPLES / "calls" / f"{name}.flac") as recording:
        sides = tuple(Side(side) for side in recording.sides)
        session = CallSession(CallInfo(call_id=name, sides=sides, model="scripted"), matcher, wiring.policy(settings))
        return list(drive(session, [*recording, Hangup()], ScriptedEngine(script)))


class Floor:
    """A server in a thread of its own, with that many calls on it."""

    def __init__(self, folder: Path, calls: int, speed: float) -> None:
        self._settings = config.load({"data": folder, "port": 0})
        self._matcher, _ = load_rules(self._settings)
        names = sorted(file.stem for file in (SAMPLES / "scripts").glob("*.json") if file.stem != "mono-unknown")
        self._tapes = [judged(name, self._matcher, self._settings) for name in names]
        self._calls, self._speed = calls, speed
        self._ready, self._thread = threading.Event(), threading.Thread(target=lambda: asyncio.run(self._run()))
        self.url, self.token, self.published = "", "", 0

    def start(self) -> None:
        database = connect(url_of("", self._settings.data))
        upgrade(database)
        with writing(database) as connection, connection.begin():
            self.token = create_token(connection, "supervisor")[1]
        database.dispose()
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        matcher = self._matcher
        given = Given(
            engine=ScriptedEngine([]), load_rules=lambda: (matcher, []), matcher=matcher,
            session=wiring.policy(self._settings),
        )  # fmt: skip
        app = create_app(self._settings, given)
        listening = listening_socket("127.0.0.1", 0)
        server = uvicorn_server(app, self._settings)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.05)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        desks = [asyncio.create_task(self._desk(number, app.state.parts.store)) for number in range(self._calls)]
        self._ready.set()
        await self._over.wait()
        for desk in desks:
            desk.cancel()
        await asyncio.gather(*desks, return_exceptions=True)
        server.should_exit = True
        await serving

    async def _desk(self, number: int, store: Store) -> None:
        """Call after call, each event when its media time has come."""
        agent_id = f"{('huadong', 'huanan', 'beifang')[number % 3]}-{1001 + number}"
        await asyncio.sleep(number * 0.15)
        for turn in range(10_000):
            call_id = f"bench-{number}-{turn}"
            row = CallRow(call_id=call_id, agent_id=agent_id, direction="inbound", sides=("agent", "customer"))
            await store.change(open_call, row)
            began = self._loop.time()
            for seq, event in enumerate(self._tapes[(number * 7 + turn) % len(self._tapes)], 1):
                await asyncio.sleep(max(0.0, began + event.at_ms / 1000 / self._speed - self._loop.time()))
                await store.append([Entry(renamed(event, call_id, agent_id, seq), agent_id)])
                self.published += 1
            await asyncio.sleep(1.5 / self._speed)


def renamed(event: Published, call_id: str, agent_id: str, seq: int) -> Published:
    """The event as another call's."""
    named: dict[str, Any] = {"call_id": call_id, "seq": seq, "seen_at": ""}
    if isinstance(event, Warning):
        named["warning_id"] = f"{call_id}:{event.warning_id}"
    if isinstance(event, CallStarted):
        named["agent_id"] = agent_id
    return replace(event, **named)


def asked(devtools: CDPSession) -> dict[str, float]:
    """What the page's renderer has done since it was opened; memory after a collection."""
    devtools.send("HeapProfiler.collectGarbage")
    found = {item["name"]: item["value"] for item in devtools.send("Performance.getMetrics")["metrics"]}
    return {name: found[name] for name in METRICS}


IN_PAGE = """
window.longTasks = [];
new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
window.frameTimes = [];
let last = performance.now();
const tick = (now) => {
  window.frameTimes.push(now - last);
  last = now;
  requestAnimationFrame(tick);
};
requestAnimationFrame(tick);
"""
METRICS = (
    "Timestamp",
    "TaskDuration",
    "ScriptDuration",
    "LayoutDuration",
    "RecalcStyleDuration",
    "JSHeapUsedSize",
    "Nodes",
)


def watched(page: Page, minutes: float) -> list[dict[str, float]]:
    """Figures every :data:`ASK_S` seconds."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    rows = [asked(devtools)]
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until:
        page.wait_for_timeout(ASK_S * 1000)
        rows.append(asked(devtools) | {"tiles": page.locator("cm-call-tile").count()})
    return rows


def table(rows: list[dict[str, float]], page: Page, events: int) -> list[str]:
    """Markdown: what a minute cost, and how it grew."""
    first, last = rows[1], rows[-1]
    seconds = last["Timestamp"] - first["Timestamp"]
    share = {name: (last[name] - first[name]) / seconds for name in METRICS[1:5]}
    heaps = [row["JSHeapUsedSize"] / 1e6 for row in rows[1:]]
    quarter = max(1, len(heaps) // 4)
    long_tasks = page.evaluate("window.longTasks")
    frames = sorted(page.evaluate("window.frameTimes"))
    return [
        "| | |",
        "|---|---|",
        f"| events taken, a second | {events / seconds:.0f} |",
        f"| tiles, smallest and largest number | {min(row['tiles'] for row in rows[1:]):.0f} – {max(row['tiles'] for row in rows[1:]):.0f} |",
        f"| main thread busy | {share['TaskDuration']:.1%} of the time |",
        f"| … script, layout, style | {share['ScriptDuration']:.1%}, {share['LayoutDuration']:.1%}, {share['RecalcStyleDuration']:.1%} |",
        f"| tasks over 50 ms | {len(long_tasks)}, the longest {max(long_tasks, default=0):.0f} ms |",
        f"| time between frames, p50 / p99 | {frames[len(frames) // 2]:.0f} / {frames[len(frames) * 99 // 100]:.0f} ms |",
        f"| JS heap after collection, first and last quarter | {statistics.mean(heaps[:quarter]):.1f} – {statistics.mean(heaps[-quarter:]):.1f} MB |",
        f"| DOM nodes, first and last | {rows[1]['Nodes']:.0f} – {rows[-1]['Nodes']:.0f} |",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--speed", type=float, default=1.0)
    given = parser.parse_args()
    before = load()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        floor = Floor(Path(folder), given.calls, given.speed)
        floor.start()
        chromium = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1920, "height": 1080})
        context.request.post(f"{floor.url}/v1/session", data={"token": floor.token})
        context.add_init_script(IN_PAGE)
        page = context.new_page()
        page.goto(f"{floor.url}/supervisor")
        page.locator("cm-call-tile").nth(given.calls * 8 // 10).wait_for(state="attached", timeout=180_000)
        page.evaluate("window.longTasks.length = window.frameTimes.length = 0")
        seen = floor.published
        rows = watched(page, given.minutes)
        told = table(rows, page, floor.published - seen)
        version = browser.version
        browser.close()
        floor.stop()
    print(f"{today()}, {machine()}, {before}; Chromium {version}, 1920 × 1080")
    print(f"`python bench/pages.py --minutes {given.minutes:g} --calls {given.calls} --speed {given.speed:g}`\n")
    print("\n".join(told))


if __name__ == "__main__":
    main()
