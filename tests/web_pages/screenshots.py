"""Pictures of every page for the README: `make screenshots`, or `python -m tests.web_pages.screenshots docs/images`.

A real server with a scripted engine hears the sample calls; Chromium looks at it at three widths, light and dark.
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from monitor import config
from monitor.engines.scripted import line_of
from monitor.frames import AudioFrame
from monitor.sources.files import open_recording
from monitor.web.pace import PIECE_MS, Sample, interleaved
from tests.conftest import voice
from tests.web_pages.conftest import CHROMIUM, Floor, open_floor

SAMPLES = config.home() / "samples"
SIZES = ((360, 860), (1280, 800), (1920, 1080))
SCHEMES = ("light", "dark")
LIVE = 30
"""Calls on the wall."""
FINISHED = (
    "angry-agent", "exemplary", "several-banned", "silent-handled-badly", "complaint-without-promise",
    "hold-handled-badly", "customer-quotes", "complaint-with-promise", "silent-handled-well",
)  # fmt: skip
TEAMS, PREFIXES = ("华东", "华南", "北方"), ("huadong", "huanan", "beifang")
ON_THE_WALL = (
    "exemplary", "complaint-with-promise", "customer-quotes", "hold-handled-well", "exemplary", "customer-quotes",
    "angry-customer", "exemplary", "several-banned", "complaint-with-promise", "hold-handled-well", "silent-handled-well",
)  # fmt: skip


@dataclass
class Stage:
    """The server and the calls that are played into it."""

    floor: Floor
    samples: dict[str, Sample] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    players: list[threading.Thread] = field(default_factory=list)

    def clear(self) -> None:
        """All calls that are on end."""
        self.over.set()
        for player in self.players:
            player.join()
        self.players.clear()
        self.over.clear()

    def sample(self, name: str) -> Sample:
        if name not in self.samples:
            path = SAMPLES / "calls" / f"{name}.flac"
            with open_recording(path) as recording:
                frames = (item for item in recording if isinstance(item, AudioFrame))
                self.samples[name] = interleaved(path, recording.sides, frames)
        return self.samples[name]

    def play(
        self, name: str, call_id: str, agent_id: str, *, until_ms: int = 0, live: bool = False, team: str = ""
    ) -> None:
        """At once up to ``until_ms`` (0: to the end and hang up); with ``live`` in real time from there on."""
        sample = self.sample(name)
        script = json.loads((SAMPLES / "scripts" / f"{name}.json").read_text(encoding="utf-8"))
        self.floor.book.add(call_id, [line_of(line) for line in script])
        direction = "outbound" if "outbound" in name else "inbound"
        call = self.floor.call(
            call_id, agent_id, direction, rate=sample.rate_hz, layout=",".join(sample.sides), team=team
        )
        pieces = list(sample.pieces())
        first = until_ms // PIECE_MS if until_ms else len(pieces)
        for piece in pieces[:first]:
            call.socket.send(piece)
        if not until_ms:
            call.hang_up("agent")
        if live:
            self.players.append(threading.Thread(target=self._go_on, args=(call.socket, pieces[first:]), daemon=True))
            self.players[-1].start()

    def _go_on(self, socket, pieces: list[bytes]) -> None:
        began = time.monotonic()
        with suppress(Exception):  # the stage is torn down under it
            for number, piece in enumerate(pieces):
                if self.over.wait(max(0.0, began + number * PIECE_MS / 1000 - time.monotonic())):
                    break
                socket.send(piece)
            socket.send(json.dumps({"type": "hangup"}))


@contextmanager
def staged() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        script = SAMPLES / "scripts" / "several-banned.json"
        floor = open_floor(
            Path(folder), voice, rules=(config.home() / "rules",), live={"stall_s": 900.0},
            engine={"kind": "scripted", "script": script},
        )  # fmt: skip
        stage = Stage(floor)
        try:
            yield stage
        finally:
            stage.clear()
            floor.stop()


class Camera:
    """Opens pages at every size and in both schemes, and keeps what it sees."""

    def __init__(self, browser: Browser, stage: Stage, out: Path, only: str) -> None:
        self._browser, self._stage, self._out, self._only = browser, stage, out, only
        self.url = stage.floor.url

    def wanted(self, name: str) -> bool:
        return self._only in name

    @contextmanager
    def page(self, role: str, agent_id: str, path: str, size: tuple[int, int], scheme: str) -> Iterator[Page]:
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale="zh-CN"
        )
        if role:
            token = self._stage.floor.token(role, agent_id)
            context.request.post(f"{self.url}/v1/session", data={"token": token})
        page = context.new_page()
        page.set_default_timeout(180_000)
        page.goto(self.url + path)
        yield page
        context.close()

    def keep(self, page: Page, name: str, size: tuple[int, int], scheme: str) -> None:
        page.evaluate("() => document.fonts.ready")
        file = self._out / f"{name}-{size[0]}-{scheme}.png"
        page.screenshot(path=file, animations="disabled")
        _shrink(file)
        print(file)


def _shrink(file: Path) -> None:
    """A picture of a page has few colours: a palette makes the file a third."""
    from PIL import Image

    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def sidebar(camera: Camera, stage: Stage) -> None:
    moments = {
        "sidebar-warning": ("several-banned", 20_300, "warning", SIZES),
        "sidebar-silent-call": ("silent-handled-well", 13_900, "prompt", SIZES[:1]),
        "sidebar-calm": ("exemplary", 24_000, "", SIZES[:1]),
    }
    for name, (call, until_ms, kind, sizes) in moments.items():
        if not camera.wanted(name):
            continue
        for size in sizes:
            for scheme in SCHEMES:
                agent_id = f"huadong-{len(stage.floor.tokens) + 2000}"
                with camera.page("agent", agent_id, f"/agent/{agent_id}", size, scheme) as page:
                    expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
                    stage.play(call, f"{name}-{size[0]}-{scheme}", agent_id, until_ms=until_ms, live=True)
                    if kind:
                        expect(page.locator("cm-now-card .card")).to_have_attribute("data-kind", kind)
                    page.wait_for_timeout(1_200)
                    camera.keep(page, name, size, scheme)


def supervisor(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("supervisor"):
        return
    for size in SIZES:
        for scheme in SCHEMES:
            with camera.page("supervisor", "", "/supervisor", size, scheme) as page:
                expect(page.locator("cm-link-state").first).to_have_attribute("data-phase", "live")
                for number in range(LIVE):
                    name = ON_THE_WALL[number % len(ON_THE_WALL)]
                    until_ms = 8_000 + 3_700 * number % (stage.sample(name).duration_ms - 22_000)
                    stage.play(
                        name, f"20260309-{size[0]}-{scheme}-{number:03d}", f"{PREFIXES[number % 3]}-{1001 + number}",
                        until_ms=until_ms, live=True, team=TEAMS[number % 3],
                    )  # fmt: skip
                expect(page.locator("cm-call-tile")).to_have_count(LIVE)
                page.wait_for_timeout(4_000)
                camera.keep(page, "supervisor", size, scheme)
                if size[0] > 1000:
                    page.locator("cm-call-tile button").first.click()
                    page.wait_for_timeout(1_500)
                    camera.keep(page, "supervisor-call", size, scheme)
            stage.clear()


def appeals(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("appeals"):
        return
    with stage.floor.api("admin") as api:
        for warning in api.get("/v1/warnings", params={"limit": 3}).json()["warnings"]:
            api.post(f"/v1/warnings/{warning['warning_id']}/appeal", json={"comment": "我是在转述客户的原话。"})
    for scheme in SCHEMES:
        with camera.page("supervisor", "", "/supervisor", SIZES[1], scheme) as page:
            page.get_by_role("tab", name="申诉").click()
            expect(page.locator("cm-appeal-queue li").first).to_be_visible()
            page.wait_for_timeout(1_500)
            camera.keep(page, "appeals", SIZES[1], scheme)


def others(camera: Camera) -> None:
    for size in SIZES:
        for scheme in SCHEMES:
            if camera.wanted("login"):
                with camera.page("", "", "/login", size, scheme) as page:
                    camera.keep(page, "login", size, scheme)
            if camera.wanted("call-page"):
                with camera.page("supervisor", "", f"/calls/20260309-done-{FINISHED[0]}", size, scheme) as page:
                    expect(page.locator("cm-warning-list li").first).to_be_visible()
                    page.locator("cm-wave-form .marks button").nth(1).click(force=True)
                    page.wait_for_timeout(1_500)
                    camera.keep(page, "call-page", size, scheme)
            if camera.wanted("rules"):
                with camera.page("supervisor", "", "/rules?id=not-my-job", size, scheme) as page:
                    page.get_by_label("试一句话").fill("发票这块儿不归我管，你爱找谁找谁去")
                    expect(page.locator("cm-rule-trial li").first).to_be_visible()
                    page.evaluate("scrollTo(0, 0)")
                    camera.keep(page, "rules", size, scheme)


def audit(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("audit"):
        return
    with tempfile.TemporaryDirectory(), stage.floor.api("auditor") as api:
        files = []
        for number, name in enumerate(FINISHED[:8]):
            stamp = f"2026030{1 + number % 3}-{9 + number}1203-huadong-100{number % 4}"
            files.append(("files", (f"{stamp}.flac", (SAMPLES / "calls" / f"{name}.flac").read_bytes())))
        audit_id = api.post("/v1/audits", files=files, timeout=120).raise_for_status().json()["audit_id"]
    for size in SIZES:
        for scheme in SCHEMES:
            with camera.page("auditor", "", f"/audit?id={audit_id}", size, scheme) as page:
                expect(page.locator("cm-audit-view table")).to_be_visible(timeout=240_000)
                page.wait_for_timeout(500)
                camera.keep(page, "audit", size, scheme)


expect.set_options(timeout=90_000)


def main(out: Path, only: str = "") -> None:
    """Take the pictures whose names hold ``only``."""
    out.mkdir(parents=True, exist_ok=True)
    with staged() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        camera = Camera(browser, stage, out, only)
        for number, name in enumerate(FINISHED):
            stage.play(name, f"20260309-done-{name}", f"{('huadong', 'huanan')[number % 2]}-{1001 + number % 5}")
        appeals(camera, stage)
        others(camera)
        audit(camera, stage)
        sidebar(camera, stage)
        supervisor(camera, stage)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
