import asyncio
import json
import socket
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from monitor.web import sockets

pytestmark = pytest.mark.anyio


async def test_a_call_is_warned_about_while_it_lasts(desk: Any, sample: Any, take: Any) -> None:
    async with desk.events("live-1") as events, desk.line("live-1") as line:
        for piece in sample.pieces():
            await line.send(piece)
        got = await take(events, kind="warning", rule_id="not-my-job", status="confirmed")  # before the hang-up
        warning = got[-1]
        assert (warning["quote"], warning["rewrite"]) == ("这事不归我做", "这件事由我来跟进，好吗？")
        assert warning["lag_ms"] >= 0
        assert warning["seen_at"].endswith("Z")
        await line.send('{"type":"hangup","by":"agent"}')
        got += await take(events, kind="call.ended")
        assert [event["seq"] for event in got] == list(range(1, len(got) + 1))
        assert got[0]["agent_id"] == "a1"


async def test_every_event_is_as_the_schema_says(desk: Any, sample: Any, take: Any, admin: Any) -> None:
    await desk.play("schema-1", sample)
    schema = (await admin.get("/v1/schema")).json()
    async with desk.events("schema-1") as events:
        got = await take(events, kind="call.ended")
    for event in got:
        Draft202012Validator(schema).validate(event)
    assert {event["kind"] for event in got} >= {"call.started", "transcript", "warning", "measure", "call.ended"}


async def test_after_gives_exactly_the_rest(desk: Any, sample: Any, take: Any) -> None:
    await desk.play("after-1", sample)
    async with desk.events("after-1") as events:
        whole = await take(events, kind="call.ended")
    for after in (1, 2, len(whole) // 2, len(whole) - 1):
        async with desk.events("after-1", after) as events:
            assert await take(events, kind="call.ended") == whole[after:]


async def test_joining_in_the_middle_misses_and_repeats_nothing(desk: Any, sample: Any, take: Any) -> None:
    """Ten readers join while the call runs, each after what another has seen, and read on to its end."""
    pieces = list(sample.pieces())
    async with desk.events("join-1") as first, desk.line("join-1") as line:
        readers = []
        for number, piece in enumerate(pieces):
            await line.send(piece)
            if number % 9 == 8:
                readers.append((number // 8, asyncio.create_task(_all(desk, take, "join-1", number // 8))))
        await line.send('{"type":"hangup"}')
        whole = await take(first, kind="call.ended")
        for after, reader in readers:
            assert await reader == whole[after:]


async def _all(desk: Any, take: Any, call_id: str, after: int) -> list[dict[str, Any]]:
    async with desk.events(call_id, after) as events:
        return await take(events, kind="call.ended")


async def test_sockets_over_several_calls_count_with_a_cursor(desk: Any, sample: Any, take: Any) -> None:
    async with desk.open("/v1/events") as events:
        await asyncio.gather(desk.play("many-1", sample, "m1"), desk.play("many-2", sample, "m2"))
        got = await take(events, kind="call.ended", call_id="many-1")
        if not any(event["kind"] == "call.ended" and event["call_id"] == "many-2" for event in got):
            got += await take(events, kind="call.ended", call_id="many-2")
    cursors = [event["cursor"] for event in got]
    assert cursors == sorted(set(cursors))
    own = [event for event in got if event["call_id"] == "many-1"]
    middle = own[len(own) // 2]
    async with desk.open("/v1/agents/m1/events", after=middle["cursor"]) as events:
        rest = await take(events, kind="call.ended")
    assert rest == [event for event in own if event["cursor"] > middle["cursor"]]


async def test_an_agent_follows_its_calls_before_they_begin(desk: Any, sample: Any, take: Any) -> None:
    async with desk.open("/v1/agents/early/events", "agent", "early") as events:
        await desk.play("early-1", sample, "early")
        assert (await take(events, kind="call.ended"))[0]["kind"] == "call.started"


async def test_kinds_can_be_chosen(desk: Any, sample: Any, take: Any) -> None:
    await desk.play("kinds-1", sample)
    async with desk.events("kinds-1", kinds="call.ended,warning") as events:
        got = await take(events, kind="call.ended")
    assert {event["kind"] for event in got} == {"warning", "call.ended"}


async def test_a_heartbeat_comes_where_it_is_asked_for(desk: Any) -> None:
    async with desk.open("/v1/events", heartbeat=1) as events:
        assert json.loads(await asyncio.wait_for(events.recv(), 120)) == {"kind": "heartbeat"}


async def test_a_reader_that_does_not_read_is_bounded_and_catches_up(serve: Any, sample: Any, take: Any) -> None:
    """A reader stops reading until the server cannot send to it any more; then it reads on, and misses nothing."""
    desk = serve()
    desk.shrink_buffers()
    near = socket.socket()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    near.connect(("127.0.0.1", int(desk.url.rpartition(":")[2])))
    near.setblocking(False)
    async with desk.line("slow-1") as line, desk.http() as http:
        await line.send(next(iter(sample.pieces())))
        url = f"ws{desk.url[4:]}/v1/calls/slow-1/events?after=0&token={desk.token('supervisor')}"
        async with connect(url, sock=near, max_size=None, compression=None, ping_interval=None) as slow:
            await slow.recv()  # it follows
            slow.transport.pause_reading()
            count = 0
            while "monitor_sockets_behind 1.0" not in (await http.get("/metrics")).text:
                notes = [http.post("/v1/calls/slow-1/notes", json={"text": "慢" * 450}) for _ in range(50)]
                assert {answer.status_code for answer in await asyncio.gather(*notes)} == {201}
                count += 50
                assert count < 5_000
            slow.transport.resume_reading()
            await line.send('{"type":"hangup"}')
            got = await take(slow, kind="call.ended")
    assert [event["seq"] for event in got] == list(range(2, len(got) + 2))
    assert len([event for event in got if event["kind"] == "note"]) == count


@pytest.mark.parametrize(
    ("path", "query", "code", "error"),
    [
        ("/v1/calls/x/events", {"after": "-1"}, 4400, "API-001"),
        ("/v1/calls/x/events", {"after": "soon"}, 4400, "API-001"),
        ("/v1/events", {"after": "1e3"}, 4400, "API-001"),
        ("/v1/events", {"after": "9" * 400}, 4400, "API-001"),
        ("/v1/events", {"kinds": "warning,nonsense"}, 4400, "API-001"),
        ("/v1/events", {"heartbeat": "0"}, 4400, "API-001"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_so(
    desk: Any, path: str, query: dict[str, str], code: int, error: str
) -> None:
    async with desk.open(path, **query) as socket:
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == code
        assert socket.close_reason.startswith(error)


async def test_a_token_that_is_revoked_ends_its_sockets(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "CHECK_S", 0.02)
    desk = serve()
    from monitor.sinks import accounts
    from monitor.sinks.database import connect, url_of, writing

    async with desk.open("/v1/events", "supervisor") as socket:
        engine = connect(url_of("", desk.data))
        with writing(engine) as connection, connection.begin():
            for known in accounts.list_tokens(connection):
                accounts.revoke_token(connection, known["token_id"])
        engine.dispose()
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(socket.recv(), 120)
        assert socket.close_code == 4401
