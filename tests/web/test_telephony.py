"""Twilio's and FreeSWITCH's sockets, spoken to as they speak."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from monitor.audio import g711

pytestmark = pytest.mark.anyio


def channel(pcm: bytes, index: int) -> bytes:
    return np.frombuffer(pcm, "<i2").reshape(-1, 2)[:, index].tobytes()


def start(**parameters: str) -> str:
    said = {
        "callSid": "CA-sid",
        "tracks": ["inbound", "outbound"],
        "customParameters": parameters,
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    return json.dumps({"event": "start", "start": said})


def medias(sample: Any) -> list[str]:
    """The sample as Twilio sends it: 20 ms of mu-law, track by track."""
    tracks = {
        "outbound": g711.encode_mulaw(channel(sample.pcm, 0)),
        "inbound": g711.encode_mulaw(channel(sample.pcm, 1)),
    }
    out = []
    for number in range(len(tracks["inbound"]) // 160):
        for track, data in tracks.items():
            payload = base64.b64encode(data[160 * number : 160 * (number + 1)]).decode()
            media = {"track": track, "timestamp": str(20 * number), "payload": payload}
            out.append(json.dumps({"event": "media", "media": media}))
    return out


async def test_twilio_brings_a_call(desk: Any, sample: Any, take: Any) -> None:
    async with connect(f"ws{desk.url[4:]}/v1/twilio") as socket:
        await socket.send('{"event":"connected","protocol":"Call"}')
        await socket.send(start(token=desk.token("ingest"), agent_id="t1", direction="inbound"))
        for text in medias(sample):
            await socket.send(text)
        await socket.send('{"event":"stop"}')
        await socket.wait_closed()
        assert socket.close_code == 1000
    async with desk.events("CA-sid") as events:
        got = await take(events, kind="call.ended")
    assert (got[0]["agent_id"], got[0]["sides"]) == ("t1", ["customer", "agent"])
    assert {event["rule_id"] for event in got if event["kind"] == "warning"} == {"not-my-job"}
    assert not [event for event in got if event["kind"] == "audio.gap"]
    assert got[-1]["at_ms"] == 8500


@pytest.mark.parametrize(
    ("messages", "code", "reason"),
    [
        (["hello"], 4400, "TEL-001"),
        (['{"event":"stop"}'], 4400, "TEL-001"),
        ([start(agent_id="t1")], 4401, "ACC-001"),
        ([start(agent_id="t1", token="cm_wrong")], 4401, "ACC-001"),
        ([start(token="TOKEN")], 4400, "ING-001"),
        ([start(token="TOKEN", agent_id="t1", inbound="robot")], 4400, "TEL-001"),
        ([start(token="TOKEN", agent_id="t1", call_id="x-1"), '{"event":"media","media":{}}'], 4400, "TEL-001"),
    ],
)
async def test_a_stream_that_cannot_be_is_closed_with_its_reason(
    serve: Any, messages: list[str], code: int, reason: str
) -> None:
    desk = serve()
    async with connect(f"ws{desk.url[4:]}/v1/twilio") as socket:
        for text in messages:
            await socket.send(text.replace("TOKEN", desk.token("ingest")))
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert (socket.close_code, socket.close_reason[:7]) == (code, reason)


async def test_freeswitch_brings_a_call_and_its_close_ends_it(desk: Any, sample: Any, take: Any) -> None:
    metadata = json.dumps({"call_id": "fs-1", "agent_id": "f1", "direction": "outbound", "layout": "agent,customer"})
    async with desk.open("/v1/freeswitch", "ingest", rate=8000) as socket:
        await socket.send(metadata)
        for piece in sample.pieces():
            await socket.send(piece)
    async with desk.events("fs-1") as events:
        got = await take(events, kind="call.ended")
    assert (got[0]["agent_id"], got[0]["direction"]) == ("f1", "outbound")
    assert (got[-1]["reason"], got[-1]["at_ms"]) == ("hangup", 8500)
    assert {event["rule_id"] for event in got if event["kind"] == "warning"} == {"not-my-job"}


@pytest.mark.parametrize("first", ["not json", "[1]", "{}"])
async def test_freeswitch_without_a_call_is_told_so(desk: Any, first: str) -> None:
    async with desk.open("/v1/freeswitch", "ingest") as socket:
        await socket.send(first)
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 4400
