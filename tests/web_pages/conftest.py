"""A real server with a scripted engine, calls spoken into its real sockets, and Debian's Chromium in front of it."""

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from websockets.sync.client import ClientConnection, connect

from monitor import config, wiring
from monitor.commands.serve import load_rules
from monitor.engines.scripted import Line, ScriptedEngine
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Side, Verdict
from monitor.sinks.accounts import create_token
from monitor.sinks.database import connect as connect_database
from monitor.sinks.database import upgrade, url_of, writing
from monitor.timeline import Ms, samples_at
from monitor.web.client import socket_url
from monitor.web.server import Background, Given

RULES = (Path(__file__).parent / "rules", config.home() / "rules" / "protocols" / "silent-call-inbound.yaml")
"""A handful of rules of our own, and the handbook's silent call: what is shipped otherwise may change freely."""
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
RATE_HZ = 8_000
PIECE_MS = 100
MS_PER_CHAR = 210
PAUSE_MS = 1_000
"""Long enough for an utterance to be over."""
WAIT_MS = 60_000
"""How long a page may take before a test gives up; nothing waits for it when all is well."""

expect.set_options(timeout=WAIT_MS)


class Book:
    """A scripted engine whose script is written while the calls go on; each call has its own lines."""

    name = "scripted"
    lanes = 1

    def __init__(self) -> None:
        self._scripts: dict[str, list[Line]] = {}
        self._misheard: dict[str, str] = {}
        self._lock = threading.Lock()

    def mishear(self, call_id: str, text: str) -> None:
        """Whatever is said in this call, partial decodes make ``text`` of it; finals get it right. Empty: no more."""
        self._misheard[call_id] = text

    def add(self, call_id: str, lines: Sequence[Line]) -> None:
        with self._lock:
            self._scripts.setdefault(call_id, []).extend(lines)

    def shape(self, wanted: DecodeWanted) -> int:
        return 0

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        return [self._hear(wanted) for wanted in batch]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        return [self._of(wanted.call_id).verify([wanted])[0] for wanted in batch]

    def _hear(self, wanted: DecodeWanted) -> Hypothesis:
        [heard] = self._of(wanted.call_id).decode([wanted])
        wrong = self._misheard.get(wanted.call_id, "")
        return replace(heard, text=wrong, words=()) if wrong and heard.text and wanted.decode is Pass.PARTIAL else heard

    def _of(self, call_id: str) -> ScriptedEngine:
        with self._lock:
            return ScriptedEngine(self._scripts.get(call_id, ()))


@dataclass
class Caller:
    """One call as a switch would send it: what is said here is heard there, as fast as the server takes it."""

    call_id: str
    agent_id: str
    book: Book
    voice: Callable[..., bytes]
    socket: ClientConnection
    at_ms: int = 0
    spoken: int = field(default=0)

    def say(self, side: str, text: str, ms: int = 0, *, pause_ms: int = PAUSE_MS) -> "Caller":
        """``side`` says ``text``; the other side is quiet meanwhile, and both are for ``pause_ms`` after it."""
        length_ms = ms or max(700, MS_PER_CHAR * len(text))
        line = Line(side=Side(side), from_ms=Ms(self.at_ms), to_ms=Ms(self.at_ms + length_ms), text=text)
        self.book.add(self.call_id, [line])
        self.spoken += 1
        self._send(length_ms, {side: self.voice(length_ms, RATE_HZ, self.spoken % 5)})
        return self.quiet(pause_ms)

    def play(self, script: Sequence[dict[str, Any]]) -> "Caller":
        """Speak where the lines of a script lie; their words are the server's to know."""
        for number, line in enumerate(script):
            self.quiet(line["from_ms"] - self.at_ms)
            length_ms = line["to_ms"] - line["from_ms"]
            self._send(length_ms, {line["side"]: self.voice(length_ms, RATE_HZ, number % 5)})
        return self.quiet(PAUSE_MS)

    def quiet(self, ms: int) -> "Caller":
        self._send(ms, {})
        return self

    def hang_up(self, by: str = "") -> None:
        """Returns when everything about the call has been published."""
        self.socket.send(json.dumps({"type": "hangup", **({"by": by} if by else {})}))
        for _ in self.socket:
            pass

    def drop(self) -> None:
        """The line is cut."""
        self.socket.close()

    def _send(self, ms: int, spoken: dict[str, bytes]) -> None:
        count = samples_at(ms, RATE_HZ)
        sound = np.random.default_rng(self.at_ms).standard_normal((count, 2)) * 8
        for column, side in enumerate(("agent", "customer")):
            if side in spoken:
                own = np.frombuffer(spoken[side], "<i2")[:count]
                sound[: len(own), column] += own
        pcm = np.clip(sound, -32768, 32767).astype("<i2").tobytes()
        step = samples_at(PIECE_MS, RATE_HZ) * 4
        for at in range(0, len(pcm), step):
            self.socket.send(pcm[at : at + step])
        self.at_ms += ms


@dataclass
class Floor:
    """The server, its tokens, the calls into it."""

    server: Any
    """Has a ``url``; a :class:`Background`, or a process."""
    book: Book
    data: Path
    voice: Callable[..., bytes]
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    lines: list[ClientConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url

    def token(self, role: str, agent_id: str = "") -> str:
        if (role, agent_id) not in self.tokens:
            self.tokens[role, agent_id] = make_token(self.data, role, agent_id)
        return self.tokens[role, agent_id]

    def call(self, call_id: str, agent_id: str = "huadong-1007", direction: str = "inbound", **query: Any) -> Caller:
        asked = {
            "agent_id": agent_id, "direction": direction, "format": "pcm16", "rate": RATE_HZ,
            "layout": "agent,customer", "token": self.token("ingest"), **query,
        }  # fmt: skip
        line = connect(socket_url(self.url, f"/v1/calls/{call_id}/audio", asked), compression=None)
        self.lines.append(line)
        return Caller(call_id, agent_id, self.book, self.voice, line)

    def api(self, role: str = "supervisor", agent_id: str = "") -> httpx.Client:
        """A client of the API with a token of that role."""
        headers = {"Authorization": f"Bearer {self.token(role, agent_id)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=WAIT_MS / 1000)

    def stop(self) -> None:
        for line in self.lines:
            line.close()
        self.server.stop()


def make_token(data: Path, role: str, agent_id: str = "") -> str:
    engine = connect_database(url_of("", data))
    upgrade(engine)
    with writing(engine) as connection, connection.begin():
        token = create_token(connection, role, agent_id=agent_id, name="王主管" if role == "supervisor" else "")[1]
    engine.dispose()
    return token


def open_floor(
    data: Path, voice: Callable[..., bytes], port: int = 0, book: Book | None = None, **settings: Any
) -> Floor:
    # A call stands still while a test looks at the page, and that is no hole in its sound.
    live = {"stall_s": 900.0, **settings.pop("live", {})}
    chosen = config.load(
        {"data": data, "port": port, "rules": RULES, "recordings": {"keep": True}, "live": live, **settings}
    )
    matcher, faults = load_rules(chosen)
    book = book or Book()
    given = Given(
        engine=book, load_rules=lambda: load_rules(chosen), matcher=matcher, faults=tuple(faults),
        session=wiring.policy(chosen),
    )  # fmt: skip
    server = Background(chosen, given)
    server.start()
    return Floor(server, book, data, voice)


@pytest.fixture
def open_at(voice: Callable[..., bytes]) -> Iterator[Callable[..., Floor]]:
    """``open_at(data, port=0, book=None, **settings)``: a running server; all are stopped at the end."""
    opened: list[Floor] = []

    def open_one(data: Path, **options: Any) -> Floor:
        opened.append(open_floor(data, voice, **options))
        return opened[-1]

    yield open_one
    for floor in opened:
        floor.stop()


@pytest.fixture
def floor(tmp_path: Path, open_at: Callable[..., Floor]) -> Floor:
    return open_at(tmp_path / "data")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Per module, not per session: while it is open no other test may run an event loop.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def rules_of_tests() -> tuple[Path, ...]:
    return RULES


@pytest.fixture
def floor_of(voice: Callable[..., bytes]) -> Iterator[Callable[..., Floor]]:
    """``floor_of(server, data)``: tokens for, and calls into, a server that somebody else runs."""
    floors: list[Floor] = []

    def make(server: Any, data: Path) -> Floor:
        floors.append(Floor(server, Book(), data, voice))
        return floors[-1]

    yield make
    for floor in floors:
        for line in floor.lines:
            line.close()


@dataclass
class Desk:
    """A browser of one person, signed in."""

    context: BrowserContext
    floor: Floor
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on(
            "console", lambda said: self.faults.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.goto(self.floor.url + path)
        return page

    def sidebar(self, agent_id: str = "huadong-1007") -> Page:
        """The agent's page, following."""
        page = self.open(f"/agent/{agent_id}")
        expect(page.locator("cm-link-state")).to_have_attribute("data-phase", "live")
        return page


@pytest.fixture
def desk_of(browser: Browser) -> Iterator[Callable[..., Desk]]:
    """``desk_of(floor, role, agent_id="", **context)``: a signed-in browser.

    Scripts that throw or break the Content-Security-Policy fail the test.
    """
    desks: list[Desk] = []

    def make(floor: Floor, role: str, agent_id: str = "", **options: Any) -> Desk:
        context = browser.new_context(**{"viewport": {"width": 360, "height": 860}, "locale": "zh-CN", **options})
        if role:
            answer = context.request.post(f"{floor.url}/v1/session", data={"token": floor.token(role, agent_id)})
            assert answer.ok, answer.text()
        desks.append(Desk(context, floor))
        return desks[-1]

    yield make
    faults = [fault for desk in desks for fault in desk.faults]
    for desk in desks:
        desk.context.close()
    assert faults == []


@pytest.fixture
def desk(desk_of: Callable[..., Desk], floor: Floor) -> Callable[..., Desk]:
    """``desk(role, agent_id="", **context)``: a signed-in browser on ``floor``; role "" is nobody."""
    return partial(desk_of, floor)
