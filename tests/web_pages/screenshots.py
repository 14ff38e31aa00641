"""Pictures of every page for the README: `make screenshots`, or `python -m tests.web_pages.screenshots docs/images`.

A real server with a scripted engine hears the sample calls; Chromium looks at it at three widths, light and dark.
"""

import json
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
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
SIZES = {360: 860, 1280: 800, 1920: 1080}
"""Widths in pixels, and the heights that go with them."""
NARROW = ((360, "light"), (360, "dark"))
MIDDLE = ((1280, "light"), (1280, "dark"))
EVERY = (*NARROW, *MIDDLE, (1920, "light"), (1920, "dark"))
PAGE = ((360, "light"), *MIDDLE, (1920, "dark"))
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
        for line in self.floor.lines:
            with suppress(Exception):  # many have ended by themselves
                line.send(json.dumps({"type": "hangup"}))
        with self.floor.api() as api:
            while api.get("/v1/calls", params={"status": "live", "limit": 1}).json()["calls"]:
                time.sleep(0.3)
        for line in self.floor.lines:
            line.close()
        self.floor.lines.clear()

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
            Path(folder), voice, rules=(config.home() / "rules",),
            engine={"kind": "scripted", "script": script},
        )  # fmt: skip
        stage = Stage(floor)
        try:
            yield stage
        finally:
            stage.clear()
            floor.stop()


@dataclass(frozen=True)
class Moment:
    """What an agent sees at one place of one sample call."""

    call: str
    until_ms: int
    """Told at once up to here, then live until :attr:`sight` is there."""
    sight: str
    """A selector within the card."""
    shots: tuple[tuple[int, str], ...] = NARROW
    live: bool = True
    settled_ms: int = 400
    keys: str = ""
    """Pressed again and again once all has settled, until the sight is there."""


MOMENTS = {
    "agent": Moment("several-banned", 13_500, ".card[data-status=confirmed]:has-text('归我做')", (*NARROW, (1280, "light"))),
    "agent-provisional": Moment(
        "several-banned", 15_200, ".card[data-status=provisional]:has-text('没办法')", settled_ms=200
    ),
    "agent-silent-call": Moment("silent-handled-well", 9_300, ".card[data-kind=prompt] .next:has-text('等客户开口')"),
    "agent-may-hang-up": Moment(
        "silent-handled-well", 28_800, ".card[data-kind=prompt] .end[data-free]", live=False, settled_ms=1_000
    ),
    "agent-hold": Moment("hold-handled-badly", 34_500, ".card[data-kind=prompt]:has-text('请保持联系')"),
    "agent-complaint": Moment("complaint-with-promise", 11_000, ".card[data-kind=prompt]:has-text('接到投诉')"),
    "agent-calm": Moment("exemplary", 12_000, ".card[data-kind=calm]", settled_ms=4_500, keys="d"),
    "agent-ended": Moment("hold-handled-badly", 0, ".card[data-kind=ended]"),
}  # fmt: skip


class Camera:
    """Opens pages at every size and in both schemes, and keeps what it sees."""

    def __init__(self, browser: Browser, stage: Stage, out: Path, only: str) -> None:
        self._browser, self._stage, self._out, self._only = browser, stage, out, only
        self.url = stage.floor.url

    def wanted(self, name: str) -> bool:
        return self._only in name

    @contextmanager
    def page(self, role: str, agent_id: str, path: str, width: int, scheme: str) -> Iterator[Page]:
        context = self._browser.new_context(
            viewport={"width": width, "height": SIZES[width]}, color_scheme=scheme, locale="zh-CN"
        )
        if role:
            token = self._stage.floor.token(role, agent_id)
            context.request.post(f"{self.url}/v1/session", data={"token": token})
        page = context.new_page()
        page.set_default_timeout(180_000)
        page.goto(self.url + path)
        yield page
        context.close()

    def keep(self, page: Page, name: str, width: int, scheme: str) -> None:
        file = self._out / f"{name}-{width}-{scheme}.png"
        page.screenshot(path=file, animations="disabled")
        _shrink(file)
        print(file)


def _shrink(file: Path) -> None:
    """A picture of a page has few colours: a palette makes the file a third."""
    from PIL import Image

    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(255, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


def agent(camera: Camera, stage: Stage) -> None:
    for name, moment in MOMENTS.items():
        if not camera.wanted(name):
            continue
        for width, scheme in moment.shots:
            agent_id = f"huadong-{len(stage.floor.tokens) + 2000}"
            with camera.page("agent", agent_id, f"/agent/{agent_id}", width, scheme) as page:
                expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
                call_id = f"{name}-{width}-{scheme}"
                stage.play(moment.call, call_id, agent_id, until_ms=moment.until_ms, live=moment.live)
                sight = page.locator(f"cm-now-card {moment.sight}")
                expect(page.locator("cm-caption-list li").first).to_be_visible()
                if not moment.keys:
                    sight.wait_for()
                page.wait_for_timeout(moment.settled_ms)
                while moment.keys and not sight.count():
                    page.keyboard.press(moment.keys)
                    page.wait_for_timeout(300)
                camera.keep(page, name, width, scheme)
        stage.clear()


def supervisor(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("supervisor"):
        return
    with ExitStack() as pages:
        opened = []
        for width, scheme in EVERY:
            page = pages.enter_context(camera.page("supervisor", "", "/supervisor", width, scheme))
            expect(page.locator("cm-link-state").first).to_have_attribute("data-phase", "live")
            opened.append((page, width, scheme))
        for number in range(LIVE):
            name = ON_THE_WALL[number % len(ON_THE_WALL)]
            until_ms = 8_000 + 3_700 * number % (stage.sample(name).duration_ms - 22_000)
            stage.play(
                name, f"20260309-1652-{number:03d}", f"{PREFIXES[number % 3]}-{1001 + number}",
                until_ms=until_ms, live=True, team=TEAMS[number % 3],
            )  # fmt: skip
        for page, width, scheme in opened:
            expect(page.locator("section[data-group=act] cm-call-tile").nth(1)).to_be_visible()
            camera.keep(page, "supervisor", width, scheme)
            if width == 1280:
                page.locator("section[data-group=act] cm-call-tile button").first.click()
                expect(page.locator("cm-call-drawer cm-caption-list li").nth(2)).to_be_visible()
                page.wait_for_timeout(500)
                camera.keep(page, "supervisor-call", width, scheme)
    stage.clear()


def appeals(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("appeals"):
        return
    with stage.floor.api("admin") as api:
        found = api.get("/v1/warnings", params={"limit": 200}).json()["warnings"]
        spoken = [warning for warning in found if warning["quote"] and warning["severity"] != "hint"]
        for warning, comment in zip(spoken[:12:4], ("我是在转述客户的原话。", "后面马上解释了原因。", ""), strict=True):
            api.post(f"/v1/warnings/{warning['warning_id']}/appeal", json={"comment": comment})
    for width, scheme in MIDDLE:
        with camera.page("supervisor", "", "/supervisor", width, scheme) as page:
            page.get_by_role("tab", name="申诉").click()
            expect(page.locator("cm-appeal-queue li").first).to_be_visible()
            page.wait_for_timeout(1_500)
            camera.keep(page, "appeals", width, scheme)


def others(camera: Camera) -> None:
    for width, scheme in ((360, "light"), *MIDDLE):
        if camera.wanted("login"):
            with camera.page("", "", "/login", width, scheme) as page:
                expect(page.get_by_label("访问令牌")).to_be_visible()
                camera.keep(page, "login", width, scheme)
    for width, scheme in PAGE:
        if camera.wanted("call"):
            with camera.page("supervisor", "", f"/calls/20260309-done-{FINISHED[0]}", width, scheme) as page:
                expect(page.locator("cm-warning-list li").first).to_be_visible()
                page.locator("cm-wave-form .marks button").nth(4).click()
                page.wait_for_timeout(1_500)
                camera.keep(page, "call", width, scheme)
        if camera.wanted("rules"):
            with camera.page("supervisor", "", "/rules?id=not-my-job", width, scheme) as page:
                page.get_by_label("试一句话").fill("发票这块儿不归我管，你爱找谁找谁去")
                expect(page.locator("cm-rule-trial li").first).to_be_visible()
                page.evaluate("scrollTo(0, 0)")
                camera.keep(page, "rules", width, scheme)


def audit(camera: Camera, stage: Stage) -> None:
    if not camera.wanted("audit"):
        return
    with stage.floor.api("auditor") as api:
        files = []
        for number, name in enumerate(FINISHED[:8]):
            stamp = f"2026030{1 + number % 3}-{9 + number:02d}1203-huadong-100{number % 4}"
            files.append(("files", (f"{stamp}.flac", (SAMPLES / "calls" / f"{name}.flac").read_bytes())))
        audit_id = api.post("/v1/audits", files=files, timeout=120).raise_for_status().json()["audit_id"]
    for width, scheme in PAGE:
        with camera.page("auditor", "", f"/audit?id={audit_id}", width, scheme) as page:
            expect(page.locator("cm-audit-view table")).to_be_visible(timeout=240_000)
            expect(page.locator("cm-audit-view progress").first).to_be_hidden()
            page.wait_for_timeout(500)
            if width == 360:
                page.locator("cm-audit-view").evaluate("view => view.scrollIntoView()")
            camera.keep(page, "audit", width, scheme)


expect.set_options(timeout=90_000)


def main(out: Path, only: str = "") -> None:
    """Take the pictures whose names hold ``only``."""
    out.mkdir(parents=True, exist_ok=True)
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with staged() as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        camera = Camera(browser, stage, out, only)
        if not only.startswith("agent"):
            for number, name in enumerate(FINISHED):
                stage.play(name, f"20260309-done-{name}", f"{('huadong', 'huanan')[number % 2]}-{1001 + number % 5}")
        appeals(camera, stage)
        others(camera)
        audit(camera, stage)
        agent(camera, stage)
        supervisor(camera, stage)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
