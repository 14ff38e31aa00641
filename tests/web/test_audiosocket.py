"""Asterisk's AudioSocket, spoken to over TCP as Asterisk speaks."""

import asyncio
import socket
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from monitor.sources.audiosocket import ERROR, HANGUP, IDENTITY, message

pytestmark = pytest.mark.anyio

ON = {"enabled": True, "port": 0}
PIECE = 320


def channel(pcm: bytes, index: int) -> bytes:
    return np.frombuffer(pcm, "<i2").reshape(-1, 2)[:, index].tobytes()


async def announced(desk: Any, call_id: str, legs: dict[str, UUID], **more: str) -> Any:
    body = {"call_id": call_id, "agent_id": "k1", "legs": {side: str(uuid) for side, uuid in legs.items()}, **more}
    async with desk.http("ingest") as client:
        return await client.post("/v1/audiosocket", json=body)


class Channel:
    """One connection, as Asterisk opens it."""

    def __init__(self, port: int, uuid: UUID) -> None:
        self._port, self._uuid = port, uuid

    async def __aenter__(self) -> "Channel":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self.writer.write(message(IDENTITY, self._uuid.bytes))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def say(self, pcm: bytes, kind: int = 0x10) -> None:
        """20 ms at a time."""
        for at in range(0, len(pcm), PIECE):
            self.writer.write(message(kind, pcm[at : at + PIECE]))
        await self.writer.drain()

    async def answer(self) -> bytes:
        """What the server says before it closes."""
        async with asyncio.timeout(120):
            return await self.reader.read()


async def test_two_connections_are_one_call(serve: Any, sample: Any, take: Any) -> None:
    """The sides in turn, 100 ms at a time; the agent's hang-up ends it for both."""
    desk = serve(audiosocket=ON)
    legs = {"agent": uuid4(), "customer": uuid4()}
    said = await announced(desk, "as-1", legs, direction="outbound")
    assert said.status_code == 201
    port = said.json()["port"]
    async with Channel(port, legs["customer"]) as customer, Channel(port, legs["agent"]) as agent:
        sides = {agent: channel(sample.pcm, 0), customer: channel(sample.pcm, 1)}
        for it, pcm in sides.items():
            await it.say(pcm[:PIECE])
        async with desk.events("as-1") as events:
            await take(events, kind="call.started")  # both are there
            for at in range(PIECE, len(sides[agent]), 1600):
                for it, pcm in sides.items():
                    await it.say(pcm[at : at + 1600])
            await take(events, kind="measure", at_ms=8_000)
        agent.writer.write(message(0x03, b"5"))
        agent.writer.write(message(HANGUP))
        assert await agent.answer() == message(HANGUP)
    async with desk.events("as-1") as events:
        got = await take(events, kind="call.ended")
    assert (got[0]["agent_id"], got[0]["direction"], got[0]["sides"]) == ("k1", "outbound", ["agent", "customer"])
    assert {event["rule_id"] for event in got if event["kind"] == "warning"} == {"not-my-job"}
    assert {event["side"] for event in got if event["kind"] == "transcript"} == {"agent", "customer"}
    assert abs(got[-1]["at_ms"] - 8_500) <= 100


async def test_a_mixed_channel_is_nobodys_and_a_closed_connection_its_end(serve: Any, sample: Any, take: Any) -> None:
    desk = serve(audiosocket=ON)
    who = uuid4()
    port = (await announced(desk, "as-2", {"unknown": who})).json()["port"]
    async with Channel(port, who) as mixed:
        await mixed.say(channel(sample.pcm, 0))
    async with desk.events("as-2") as events:
        got = await take(events, kind="call.ended")
    assert (got[0]["sides"], got[-1]["reason"], got[-1]["at_ms"]) == (["unknown"], "hangup", 8_500)
    assert not [event for event in got if event["kind"] == "warning"]


async def test_a_side_that_breaks_off_comes_back_under_its_uuid(
    serve: Any, sample: Any, take: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reset is no hang-up: the call waits, and what was missed is a gap."""
    monkeypatch.setattr("monitor.web.audiosocket._PART_S", 60)  # a sender without CPU is no sender that stays
    desk = serve(audiosocket=ON)
    who = uuid4()
    port = (await announced(desk, "as-3", {"agent": who})).json()["port"]
    pcm = channel(sample.pcm, 0)
    async with Channel(port, who) as first:
        await first.say(pcm[:48_000])
        async with desk.events("as-3") as events:
            await take(events, kind="measure", at_ms=2_000)
        raw = first.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        first.writer.transport.abort()
    for _ in range(100):
        async with Channel(port, who) as again:
            await again.say(pcm[48_000:])
            again.writer.write(message(HANGUP))
            if await again.answer() == message(HANGUP):
                break  # else it was refused: the server has not seen the reset yet
    async with desk.events("as-3") as events:
        got = await take(events, kind="call.ended")
    assert [event["reason"] for event in got if event["kind"] == "audio.gap"] == ["reconnect"]
    assert got[-1]["reason"] == "hangup"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"TEL-001"),
        (message(0x10, bytes(320)), b"TEL-001"),
        (message(IDENTITY, UUID(int=7).bytes), b"TEL-003"),
        (b"UUID" + message(0x10, bytes(321)), b"TEL-001"),
        (b"UUID" + message(0x18, bytes(320)), b"TEL-002"),
        (b"UUID" + message(0x10, bytes(320)) + message(0x12, bytes(640)), b"TEL-002"),
    ],
)
async def test_what_cannot_be_is_answered_with_its_code(serve: Any, data: bytes, code: bytes) -> None:
    desk = serve(audiosocket=ON)
    who = uuid4()
    port = (await announced(desk, "as-4", {"agent": who, "customer": uuid4()})).json()["port"]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data.replace(b"UUID", message(IDENTITY, who.bytes)))
    async with asyncio.timeout(120):
        assert await reader.read() == message(ERROR, code)
    writer.close()
    assert (await announced(desk, "as-5", {"agent": uuid4()})).status_code == 201  # the server lives


async def test_a_side_connects_once(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.web.audiosocket._PART_S", 60)  # a sender without CPU is no sender that stays
    desk = serve(audiosocket=ON)
    who = uuid4()
    port = (await announced(desk, "as-6", {"agent": who})).json()["port"]
    async with Channel(port, who) as first:
        await first.say(bytes(32_000))
        async with desk.events("as-6") as events, asyncio.timeout(120):
            await anext(aiter(events))
        async with Channel(port, who) as second:
            await second.say(bytes(640_000))  # the code arrives although nobody listens to this any more
            assert await second.answer() == message(ERROR, b"TEL-003")


async def test_announcements_that_cannot_be(serve: Any) -> None:
    desk = serve(audiosocket=ON)
    one, two = uuid4(), uuid4()
    assert (await announced(desk, "as-7", {"agent": one})).status_code == 201
    wrong: list[dict[str, Any]] = [
        {"agent": one},
        {"agent": two, "customer": two},
        {"agent": two, "unknown": uuid4()},
    ]
    for legs in wrong:
        answer = await announced(desk, "as-8", legs)
        assert (answer.status_code, answer.json()["code"]) == (400, "TEL-003"), legs
    for legs, call_id in (({}, "as-9"), ({"robot": two}, "as-9"), ({"agent": two}, "a b")):
        assert (await announced(desk, call_id, legs)).status_code in (400, 422)
    async with desk.http("agent", "k1") as client:
        body = {"call_id": "as-9", "agent_id": "k1", "legs": {"agent": str(two)}}
        assert (await client.post("/v1/audiosocket", json=body)).status_code == 403


async def test_it_is_off_unless_it_is_turned_on(serve: Any) -> None:
    answer = await announced(serve(), "as-10", {"agent": uuid4()})
    assert (answer.status_code, answer.json()["code"]) == (400, "TEL-003")


async def test_a_port_that_is_taken_is_named(serve: Any) -> None:
    from monitor.errors import ConfigError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match=r"CFG-005.*audiosocket\.port"):
            serve(audiosocket={"enabled": True, "port": taken.getsockname()[1]})
