import asyncio
import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.anyio

HANGUP = '{"type":"hangup"}'


async def closed(socket: Any) -> tuple[int, str]:
    """How the server closed it."""
    async with asyncio.timeout(120):
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
        await socket.wait_closed()
    return socket.close_code, socket.close_reason


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"format": "mp3"}, 4400),
        ({"rate": "1"}, 4400),
        ({"rate": "many"}, 4400),
        ({"layout": "agent,robot"}, 4400),
        ({"layout": ""}, 4400),
        ({"layout": "agent,agent"}, 4400),
        ({"direction": "sideways"}, 4400),
        ({"agent_id": ""}, 4400),
        ({"agent_id": "a b"}, 4400),
        ({"agent_id": "a" * 200}, 4400),
        ({"from_ms": "-5"}, 4400),
        ({"from_ms": "1" * 50}, 4400),
        ({"team": "t" * 200}, 4400),
    ],
)
async def test_a_line_that_cannot_be_is_closed_with_its_reason(desk: Any, query: dict[str, str], code: int) -> None:
    async with desk.line("bad-1", **query) as socket:
        got, reason = await closed(socket)
    assert got == code, reason
    assert reason[:4] in ("ING-", "AUD-", "STR-"), reason
    async with desk.http() as http:
        assert (await http.get("/healthz")).json() == {"status": "ok"}
        assert (await http.get("/v1/calls/bad-1")).status_code == 404


@pytest.mark.parametrize(
    "text",
    ["hello", "{", "[]", "null", '{"type":"dance"}', '{"type":"hangup","by":"robot"}', '{"type":"hangup","reason":5}',
     "[" * 100_000, '{"type":"hangup","by":["agent"]}'],
)  # fmt: skip
async def test_a_message_that_is_none_is_refused_and_the_call_goes_on(desk: Any, sample: Any, text: str) -> None:
    call_id = f"text-{abs(hash(text))}"
    async with desk.line(call_id) as socket:
        await socket.send(next(iter(sample.pieces())))
        await socket.send(text)
        code, reason = await closed(socket)
    assert (code, reason[:7]) == (4400, "ING-002")
    async with desk.line(call_id) as socket:  # it may come back
        await socket.send(HANGUP)
        assert (await closed(socket))[0] == 1000


async def test_a_frame_that_is_too_large_is_refused(desk: Any) -> None:
    async with desk.line("large-1") as socket:
        # Its head alone: a socket that is closed with unread data in it is reset, and the reason may be lost.
        socket.transport.write(struct.pack("!BBQ", 0x82, 0xFF, (1 << 20) + 1) + bytes(4))
        assert (await closed(socket))[0] == 1009


@pytest.mark.parametrize("size", [1, 3, 37, 333, 4096, 65_537])
async def test_frames_of_any_size_give_the_same_call(desk: Any, sample: Any, take: Any, size: int) -> None:
    call_id = f"size-{size}"
    pcm = sample.pcm if size > 30 else sample.pcm[: 8000 * 4]  # byte by byte for a second only
    async with desk.line(call_id) as socket:
        for at in range(0, len(pcm), size):
            await socket.send(pcm[at : at + size])
        await socket.send(HANGUP)
        assert (await closed(socket))[0] == 1000
    async with desk.events(call_id) as events:
        got = await take(events, kind="call.ended")
    assert got[-1]["at_ms"] == len(pcm) // 32
    if size > 30:
        confirmed = {event["rule_id"]: event["quote"] for event in got if event.get("status") == "confirmed"}
        assert confirmed == {"not-my-job": "这事不归我做"}


async def test_mulaw_and_alaw_are_heard_as_what_they_are(desk: Any, sample: Any, take: Any) -> None:
    from monitor.audio import g711

    for name, encode in (("mulaw", g711.encode_mulaw), ("alaw", g711.encode_alaw)):
        async with desk.line(f"g711-{name}", format=name) as socket:
            for piece in sample.pieces():
                await socket.send(encode(piece))
            await socket.send(HANGUP)
            await closed(socket)
        async with desk.events(f"g711-{name}") as events:
            got = await take(events, kind="call.ended")
        assert "not-my-job" in {event.get("rule_id") for event in got}


async def test_a_broken_line_comes_back_and_the_hole_is_a_gap(desk: Any, sample: Any, take: Any) -> None:
    pieces = list(sample.pieces())
    async with desk.events("back-1") as events:
        async with desk.line("back-1") as socket:
            for piece in pieces[:30]:
                await socket.send(piece)
            await take(events, kind="measure", at_ms=2000)
            await desk.heard("back-1", 3000)
            socket.transport.abort()  # as a pulled cable
        async with desk.line("back-1", from_ms=3600) as socket:
            for piece in pieces[36:]:
                await socket.send(piece)
            await socket.send(HANGUP)
            assert (await closed(socket))[0] == 1000
        got = await take(events, kind="call.ended")
    gaps = {(event["side"], event["from_ms"], event["to_ms"]) for event in got if event["kind"] == "audio.gap"}
    assert gaps == {("agent", 3000, 3600), ("customer", 3000, 3600)}
    assert got[-1]["at_ms"] == 8500


async def test_a_second_line_replaces_the_first(desk: Any, sample: Any) -> None:
    async with desk.line("two-1") as old:
        await old.send(next(iter(sample.pieces())))
        async with desk.events("two-1") as events:
            await events.recv()
        async with desk.line("two-1") as new:
            code, reason = await closed(old)
            assert (code, reason[:8]) == (4409, "CALL-004")
            await new.send(HANGUP)
            assert (await closed(new))[0] == 1000


async def test_an_ended_call_takes_no_more_audio(desk: Any, sample: Any) -> None:
    await desk.play("over-1", sample)
    async with desk.line("over-1") as socket:
        code, reason = await closed(socket)
    assert (code, reason[:8]) == (4410, "CALL-001")


async def test_a_call_id_of_another_agent_is_refused(desk: Any, sample: Any) -> None:
    await desk.play("mine-1", sample, "a1")
    async with desk.line("mine-1", "a2") as socket:
        code, reason = await closed(socket)
    assert (code, reason[:8]) == (4409, "CALL-002")


async def test_a_stalled_line_is_ended_and_says_so(serve: Any, sample: Any, take: Any) -> None:
    desk = serve(live={"stall_s": 0.1, "give_up_s": 0.4})
    async with desk.events("stall-1") as events, desk.line("stall-1") as socket:
        with suppress(ConnectionClosed):  # on a busy machine its time is up before the first packet
            await socket.send(next(iter(sample.pieces())))
        got = await take(events, kind="call.ended")
        assert got[-1]["reason"] == "stalled"
        assert "stalled" in {event.get("reason") for event in got if event["kind"] == "audio.gap"}
        assert (await closed(socket))[0] == 1000


async def test_too_many_calls_are_refused_and_the_others_go_on(serve: Any, sample: Any) -> None:
    desk = serve(live={"max_calls": 1})
    async with desk.line("full-1") as first:
        await first.send(next(iter(sample.pieces())))
        async with desk.events("full-1") as events:
            await events.recv()
        async with desk.line("full-2") as second:
            code, reason = await closed(second)
        assert (code, reason[:8]) == (1013, "CALL-003")
        await first.send(HANGUP)
        assert (await closed(first))[0] == 1000


async def test_chinese_and_odd_names_are_names(desk: Any, sample: Any, take: Any) -> None:
    call_id = "呼叫-1@10.0.0.1;tag=a+b&c=d%20"
    await desk.play(call_id, sample, "王芳")
    async with desk.http("agent", "王芳") as http:
        calls = (await http.get("/v1/calls")).json()["calls"]
    assert [call["call_id"] for call in calls] == [call_id]
    async with desk.events(call_id) as events:
        assert (await take(events, kind="call.ended"))[0]["agent_id"] == "王芳"


async def test_a_plain_http_request_on_a_socket_path_is_told_no(desk: Any, admin: Any) -> None:
    answer = await admin.get("/v1/calls/x/audio")
    assert answer.status_code == 404
    assert answer.json()["code"] == "API-002"


def wav(pcm: bytes, channels: int) -> bytes:
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, channels,
        8000, 8000 * 2 * channels, 2 * channels, 16, b"data", len(pcm),
    )  # fmt: skip
    return head + pcm


async def test_a_kept_recording_is_the_audio_that_came(desk: Any, sample: Any) -> None:
    await desk.play("rec-1", sample)
    async with desk.http("supervisor") as http:
        whole = await http.get("/v1/calls/rec-1/audio")
        assert whole.content == wav(sample.pcm, 2)
        part = await http.get("/v1/calls/rec-1/audio", params={"from_ms": 1000, "to_ms": 2000, "side": "customer"})
        assert part.content == wav(_channel(sample.pcm, 1)[16_000:32_000], 1)
        for first, last in ((0, 0), (10, 50), (43, 46), (45, 9_999), (100_001, 100_010)):
            answer = await http.get("/v1/calls/rec-1/audio", headers={"Range": f"bytes={first}-{last}"})
            assert answer.status_code == 206
            assert answer.content == whole.content[first : last + 1]
        assert (await http.get("/v1/calls/rec-1/audio", headers={"Range": "bytes=-10"})).content == whole.content[-10:]
        assert (await http.get("/v1/calls/rec-1/audio", headers={"Range": "bytes=99999999-"})).status_code == 400
        shape = (await http.get("/v1/calls/rec-1/waveform", params={"points": 85})).json()
        assert (shape["source"], shape["duration_ms"], len(shape["sides"]["agent"])) == ("audio", 8500, 85)
        assert max(shape["sides"]["agent"][:4]) < 0.01 < max(shape["sides"]["agent"][10:20])


def _channel(pcm: bytes, index: int) -> bytes:
    import numpy as np

    return np.frombuffer(pcm, "<i2").reshape(-1, 2)[:, index].tobytes()


async def test_levels_stand_in_for_a_recording_that_is_not_kept(serve: Any, sample: Any) -> None:
    desk = serve()
    await desk.play("norec-1", sample)
    async with desk.http("supervisor") as http:
        assert (await http.get("/v1/calls/norec-1/audio")).json()["code"] == "API-002"
        shape = (await http.get("/v1/calls/norec-1/waveform")).json()
    assert (shape["source"], shape["step_ms"]) == ("level", 1000)
    assert len(shape["sides"]["agent"]) == 8
    assert json.dumps(shape)
