"""What the wall costs a browser, and how soon the sidebar shows what the socket says, with a hundred live calls.

::

    python bench/pages.py --minutes 10 --calls 100 --speed 2
    python bench/pages.py --minutes 0 --sidebar-minutes 5

The sample calls are judged once with the scripted engine; their events are then published, call after call on a
hundred lines, through the real store, hub and socket of a server, at ``speed`` times the pace of speech. Chromium has
the supervisor page open and is asked through its DevTools protocol what it has done. Main-thread figures are CPU time,
so a machine that is busy with other things changes them little. Then, at the pace of speech and with the wall closed,
one agent's sidebar is open and measures itself: from the arrival of a message on its socket to the first frame in which
its words stand on the page. That is wall time, so it is measured on a machine that does nothing else.
"""

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from machine import load, machine, today
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

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
IN_SIDEBAR = """
window.delays = [];
window.unshown = [];
const waiting = [];
const seen = (node) => {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.hidden) return "";
  return [...(node.shadowRoot ?? node).childNodes].map(seen).join("");
};
const worded = {
  transcript: ({ status, text }) => status === "final" && text,
  warning: ({ status, title }) => status === "confirmed" && title,
  prompt: ({ status, say }) => status === "shown" && say,
};
window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => {
      const from = performance.now();
      const event = JSON.parse(data);
      const text = worded[event.kind]?.(event);
      // Words that stand there already tell nothing about this message.
      if (text && !seen(document.body).includes(text)) waiting.push({ kind: event.kind, text, from });
    });
  }
};
const look = () => {
  if (waiting.length) {
    const text = seen(document.body);
    const now = performance.now();
    for (const one of waiting.splice(0)) {
      if (text.includes(one.text)) window.delays.push([one.kind, now - one.from]);
      else if (now - one.from > 3000) window.unshown.push([one.kind, one.text]);
      else waiting.push(one);
    }
  }
  requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""A prompt that another one outranks is never on the card: what is not there within three seconds is counted apart."""
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


def shown(page: Page) -> list[str]:
    """Markdown: milliseconds from socket to page by kind, and what was never shown."""
    delays: dict[str, list[float]] = {}
    for kind, ms in page.evaluate("window.delays"):
        delays.setdefault(kind, []).append(ms)
    never = [kind for kind, _ in page.evaluate("window.unshown")]
    lines = ["| on the socket | seen | p50 | p95 | slowest | not shown |", "|---|---|---|---|---|---|"]
    for kind in ("transcript", "warning", "prompt"):
        found = sorted(delays.get(kind, []))
        figures = [found[len(found) // 2], found[len(found) * 95 // 100], found[-1]] if found else []
        cells = [f"{ms:.0f} ms" for ms in figures] or ["–"] * 3
        lines.append(f"| {kind} | {len(found)} | {' | '.join(cells)} | {never.count(kind)} |")
    return lines


@contextmanager
def served(calls: int, speed: float) -> Iterator[Floor]:
    """A server with that many calls on it; nothing is left of it afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        floor = Floor(Path(folder), calls, speed)
        floor.start()
        try:
            yield floor
        finally:
            floor.stop()


def opened(browser: Browser, floor: Floor, path: str, width: int, height: int, script: str) -> Page:
    context = browser.new_context(viewport={"width": width, "height": height})
    context.request.post(f"{floor.url}/v1/session", data={"token": floor.token})
    context.add_init_script(script)
    page = context.new_page()
    page.goto(f"{floor.url}{path}")
    return page


def wall(browser: Browser, calls: int, speed: float, minutes: float) -> list[str]:
    """The supervisor's page for so many minutes."""
    with served(calls, speed) as floor:
        page = opened(browser, floor, "/supervisor", 1920, 1080, IN_PAGE)
        page.locator("cm-call-tile").nth(calls * 8 // 10).wait_for(state="attached", timeout=180_000)
        page.evaluate("window.longTasks.length = window.frameTimes.length = 0")
        seen = floor.published
        rows = watched(page, minutes)
        told = table(rows, page, floor.published - seen)
        page.context.close()
    return told


def sidebar(browser: Browser, calls: int, minutes: float) -> list[str]:
    """One agent's page for so many minutes, the other calls going on beside it."""
    with served(calls, 1.0) as floor:
        page = opened(browser, floor, "/agent/huadong-1001", 360, 860, IN_SIDEBAR)
        page.locator("cm-caption-list li").first.wait_for(timeout=180_000)
        page.evaluate("window.delays.length = window.unshown.length = 0")
        page.wait_for_timeout(minutes * 60_000)
        told = shown(page)
        page.context.close()
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--sidebar-minutes", type=float, default=5)
    given = parser.parse_args()
    before = load()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        print(f"{today()}, {machine()}, {before}; Chromium {browser.version}, the wall at 1920 × 1080")
        print(
            f"`python bench/pages.py --minutes {given.minutes:g} --calls {given.calls} --speed {given.speed:g}"
            f" --sidebar-minutes {given.sidebar_minutes:g}`"
        )
        if given.minutes:
            print("\n" + "\n".join(wall(browser, given.calls, given.speed, given.minutes)), flush=True)
        if given.sidebar_minutes:
            print("\n" + "\n".join(sidebar(browser, given.calls, given.sidebar_minutes)))
        browser.close()


if __name__ == "__main__":
    main()
