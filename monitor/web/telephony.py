"""Lines of telephone systems, each in its own language: Twilio Media Streams, FreeSWITCH's mod_audio_stream.

Both bring a call that exists elsewhere, so the end of their stream is the end of the call; a connection
that breaks without it is waited for as ever.
"""

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from monitor.errors import InputError, MonitorError, SessionOver
from monitor.frames import AudioFrame, Side
from monitor.sinks.accounts import Principal
from monitor.sources.stream import PacketAssembler, StreamFormat
from monitor.sources.twilio import RATE_HZ, Start, Stop, TwilioStream
from monitor.web.auth import by_token, identify, require
from monitor.web.ingest import call_row
from monitor.web.parts import parts_of
from monitor.web.problems import close_with

router = APIRouter()
log = logging.getLogger(__name__)

_CLEAN: Final = {1000, 1001}
"""Close codes of a sender that has said all it had to say."""


@router.websocket("/v1/twilio")
async def twilio(socket: WebSocket) -> None:
    """``<Stream url="wss://…/v1/twilio" track="both_tracks">`` with ``<Parameter>``.

    Parameters: ``token`` (Twilio sends no headers and no query), ``agent_id``; optionally ``call_id`` (else the
    call's SID), ``direction``, ``team``, and ``inbound``: whose voice the inbound track is (default ``customer``).
    """
    await socket.accept()
    await _guarded(socket, _twilio(socket))


@router.websocket("/v1/freeswitch")
async def freeswitch(socket: WebSocket) -> None:
    """``uuid_audio_stream UUID start wss://…/v1/freeswitch?… stereo 8k``.

    What our own audio socket takes in its query may be in the query here or in the metadata, a JSON object that
    mod_audio_stream sends first. A stereo stream has the channel's own party left: ``layout`` is ``customer,agent``
    unless told otherwise.
    """
    await socket.accept()
    await _guarded(socket, _freeswitch(socket))


async def _guarded(socket: WebSocket, work: Any) -> None:
    try:
        await work
    except WebSocketDisconnect:
        pass
    except MonitorError as error:
        log.warning("%s: %s", socket.url.path, error)
        with suppress(RuntimeError, WebSocketDisconnect):
            await close_with(socket, error)
    except Exception:
        log.exception("%s", socket.url.path)
        with suppress(RuntimeError, WebSocketDisconnect):
            await close_with(socket, MonitorError("the server made a mistake"))


async def _twilio(socket: WebSocket) -> None:
    stream = TwilioStream()
    start: Start | AudioFrame | Stop | None = None
    while start is None:
        start = stream.take(await socket.receive_text())
    if not isinstance(start, Start):
        raise InputError("the stream did not begin with start", code="TEL-001")
    said = start.parameters
    principal = await by_token(socket, said["token"]) if "token" in said else await identify(socket)
    require(socket, principal, "ingest")
    inbound = said.get("inbound", "customer")
    if inbound not in ("agent", "customer"):
        raise InputError("inbound is agent or customer", hint=repr(inbound[:20]), code="TEL-001")
    sides = {"inbound": Side(inbound), "outbound": Side.AGENT if inbound == "customer" else Side.CUSTOMER}
    sides = {track: sides[track] for track in start.tracks if track in sides}
    if not sides:
        raise InputError("the stream has neither an inbound nor an outbound track", code="TEL-001")
    form = StreamFormat("mulaw", RATE_HZ, tuple(sides.values()))
    row = call_row(socket, principal, said.get("call_id") or start.call_sid, form, said)
    call = await parts_of(socket).live.open(row, RATE_HZ)
    line = await call.connect()
    stream.begin(sides, line.start_ms)
    try:
        while True:
            taken = stream.take(await socket.receive_text())
            if isinstance(taken, AudioFrame):
                await line.hear([taken])
            elif isinstance(taken, Stop):
                await line.hang_up()
                await socket.close(1000, "the call has ended")
                return
    except SessionOver:  # by the clock: its sender could not know
        await socket.close(1000, "the call has ended")
    finally:
        line.close()


async def _freeswitch(socket: WebSocket) -> None:
    said: dict[str, str] = dict(socket.query_params)
    first = await socket.receive()
    if first.get("text"):
        said = {**_metadata(first["text"]), **said}
        first = {"type": "websocket.receive", "bytes": b""}
    principal: Principal = await by_token(socket, said["token"]) if "token" in said else await identify(socket)
    require(socket, principal, "ingest")
    form = StreamFormat.parse("pcm16", said.get("rate", "8000"), said.get("layout", "customer,agent"))
    row = call_row(socket, principal, said.get("call_id") or said.get("uuid", ""), form, said)
    call = await parts_of(socket).live.open(row, form.rate_hz)
    line = await call.connect()
    assembler = PacketAssembler(form, line.start_ms)
    message: Any = first
    try:
        while message["type"] != "websocket.disconnect":
            if sound := message.get("bytes"):
                await line.hear(assembler.push(sound))
            message = await socket.receive()
        if message.get("code") in _CLEAN:
            await line.hear(assembler.flush())
            await line.hang_up()
    except SessionOver:  # by the clock: its sender could not know
        await socket.close(1000, "the call has ended")
    finally:
        line.close()


def _metadata(text: str) -> Mapping[str, str]:
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(text[:8_192])
    if not isinstance(said, dict):
        raise InputError("the metadata is not a JSON object", hint=repr(text[:60]), code="TEL-001")
    return {str(name): str(value) for name, value in said.items()}
