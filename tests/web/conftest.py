"""A real server on a free port, with the scripted engine; real sockets at both ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from monitor import config
from monitor.engines.scripted import Line, ScriptedEngine
from monitor.frames import AudioFrame, Side
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.session import SessionPolicy
from monitor.sinks import accounts
from monitor.sinks.database import connect as open_database
from monitor.sinks.database import upgrade, url_of, writing
from monitor.timeline import Ms
from monitor.web.pace import Sample, interleaved
from monitor.web.server import Background, Given
from monitor.web.throttle import Throttle

RULES = Path(__file__).parents[1] / "few_rules"

SCRIPT = [
    Line(side=Side.AGENT, from_ms=Ms(500), to_ms=Ms(2500), text="您好请问有什么可以帮您"),
    Line(side=Side.CUSTOMER, from_ms=Ms(3000), to_ms=Ms(4500), text="我要退货"),
    Line(side=Side.AGENT, from_ms=Ms(5200), to_ms=Ms(7000), text="这事不归我做"),
]
"""What is said in every call of these tests."""

LENGTH_MS = 8_500

WAIT_S = 120
"""How long anything may take before a test gives up; nothing waits for it when all is well."""

PATIENT: dict[str, Any] = {"open_timeout": WAIT_S, "ping_interval": None}
"""A machine that is busy elsewhere is no broken connection."""

UNHURRIED = {"stall_s": 900.0, "give_up_s": 900.0}
"""A call stands still while a test looks at something else, and that is no hole in its sound."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Desk:
    """A server and everything to use it with."""

    url: str
    data: Path
    settings: config.Settings
    background: Background
    tokens: dict[str, str] = field(default_factory=dict)

    def shrink_buffers(self) -> None:
        """Connections made from now on hold little on the server's side, so that a slow reader is soon felt."""
        self.background._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)

    def stop_throttles_clock(self) -> None:
        """Tokens are tried within one instant, however slow the machine is."""
        self.background._app.state.parts.throttle = Throttle(lambda: 0.0)

    def token(self, role: str, agent_id: str = "", **more: Any) -> str:
        """A token of this role, made once."""
        key = f"{role}:{agent_id}:{more}"
        if key not in self.tokens:
            engine = open_database(url_of(self.settings.store.url, self.data))
            upgrade(engine)
            with writing(engine) as connection, connection.begin():
                _, self.tokens[key] = accounts.create_token(connection, role, agent_id=agent_id, **more)
            engine.dispose()
        return self.tokens[key]

    def http(self, role: str = "admin", agent_id: str = "", **more: Any) -> httpx.AsyncClient:
        """A client with a token of this role."""
        headers = {"Authorization": f"Bearer {self.token(role, agent_id)}"}
        return self.stranger(headers=headers, **more)

    def stranger(self, **more: Any) -> httpx.AsyncClient:
        """A client without a token."""
        return httpx.AsyncClient(base_url=self.url, timeout=WAIT_S, **more)

    def open(self, path: str, role: str = "admin", owner: str = "", **query: Any) -> Any:
        """A socket with a token of this role."""
        url = self.url.replace("http", "ws", 1) + path + (f"?{urlencode(query)}" if query else "")
        headers = {"Authorization": f"Bearer {self.token(role, owner)}"}
        return connect(url, additional_headers=headers, max_size=None, compression=None, **PATIENT)

    def line(self, call_id: str, agent_id: str = "a1", **query: Any) -> Any:
        """An audio line of a call."""
        asked = {"agent_id": agent_id, "format": "pcm16", "rate": 8000, "layout": "agent,customer"} | query
        return self.open(f"/v1/calls/{quote(call_id, safe='')}/audio", "ingest", **asked)

    def events(self, call_id: str, after: int | None = 0, **more: Any) -> Any:
        """The events of a call."""
        query = {} if after is None else {"after": after}
        return self.open(f"/v1/calls/{quote(call_id, safe='')}/events", **(query | more))

    async def heard(self, call_id: str, to_ms: int) -> None:
        """Returns when the server has read a call's audio up to there; what it judges is behind."""
        call = self.background._app.state.parts.live.calls[call_id]
        async with self.stranger() as http, asyncio.timeout(WAIT_S):
            while call._heard_ms < to_ms:
                await http.get("/healthz")

    async def play(self, call_id: str, sample: Sample, agent_id: str = "a1", **query: Any) -> None:
        """A whole call, as fast as it is taken."""
        async with self.line(call_id, agent_id, **query) as socket:
            for piece in sample.pieces():
                await socket.send(piece)
            await socket.send('{"type":"hangup"}')
            await socket.wait_closed()
            assert socket.close_code == 1000, (socket.close_code, socket.close_reason)


async def take(socket: ClientConnection, **until: Any) -> list[dict[str, Any]]:
    """Events up to the first with these fields."""
    got = []
    async with asyncio.timeout(WAIT_S):
        async for text in socket:
            event = json.loads(text)
            got.append(event)
            if all(event.get(name) == value for name, value in until.items()):
                return got
    raise AssertionError(f"closed: {socket.close_code} {socket.close_reason} after {len(got)} events")


@pytest.fixture(name="take")
def take_fixture() -> Callable[..., Any]:
    return take


@pytest.fixture
def script() -> list[dict[str, Any]]:
    """The scripted engine's lines as JSON."""
    return [{"side": it.side, "from_ms": it.from_ms, "to_ms": it.to_ms, "text": it.text} for it in SCRIPT]


_made: list[Sample] = []


@pytest.fixture
def sample(scene: Any) -> Sample:
    """The scripted call as a switch would send it: 8 kHz, two sides. Made once."""
    if not _made:
        call = scene(rate_hz=8000)
        for line in SCRIPT:
            call.say(line.side, line.from_ms, line.to_ms, line.text)
        frames = [item for item in call.until(LENGTH_MS).inputs() if isinstance(item, AudioFrame)]
        _made.append(interleaved(Path("scripted"), ("agent", "customer"), frames))
    return _made[0]


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return Matcher(parse.load([RULES]))


def given(matcher: Matcher, rules: Path = RULES, engine: Any = None) -> Given:
    def load() -> tuple[Matcher, list[Any]]:
        ruleset, faults = parse.load_lenient([rules])
        return Matcher(ruleset), faults

    return Given(engine=engine or ScriptedEngine(SCRIPT), load_rules=load, matcher=matcher, session=SessionPolicy())


@pytest.fixture
def serve(matcher: Matcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Desk]]:
    """``serve(**settings)`` starts a server on ``tmp_path``; given twice, the first is stopped before."""
    monkeypatch.chdir(tmp_path)
    running: list[Background] = []

    def start(*, rules: Path = RULES, engine: Any = None, engine_settings: Any = None, **settings: Any) -> Desk:
        while running:
            running.pop().stop()
        flags = {
            "port": 0, "data": tmp_path / "data", "rules": (rules,), "engine": engine_settings, "live": UNHURRIED,
        }  # fmt: skip
        chosen = config.load(flags | settings)
        background = Background(chosen, given(matcher, rules, engine))
        background.start()
        running.append(background)
        return Desk(background.url, chosen.data, chosen, background)

    yield start
    while running:
        running.pop().stop()


@pytest.fixture(scope="module")
def desk(matcher: Matcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One server for a whole module of tests."""
    data = tmp_path_factory.mktemp("data")
    settings = config.load({"port": 0, "data": data, "recordings": {"keep": True}, "live": UNHURRIED})
    background = Background(settings, given(matcher))
    background.start()
    yield Desk(background.url, data, settings, background)
    background.stop()


@pytest.fixture
async def admin(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with desk.http() as client:
        yield client
