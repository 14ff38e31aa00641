"""Audio in over a websocket: the contract's own line into a call."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final, get_args

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.requests import HTTPConnection

from monitor.errors import InputError, MonitorError, SessionOver
from monitor.events import Direction
from monitor.frames import Side
from monitor.live import Line, LiveCall
from monitor.sinks.accounts import Principal
from monitor.sinks.calls import CallRow
from monitor.sources.stream import PacketAssembler, StreamFormat
from monitor.web.auth import identify, refusal, require
from monitor.web.parts import parts_of
from monitor.web.problems import close_with

router = APIRouter()
log = logging.getLogger(__name__)

_ID: Final = re.compile(r"[^\s/\\\x00-\x1f\x7f]{1,128}")
"""What a call or agent may be called: anything a SIP Call-ID can be, names in any script."""

_TEXT_CHARS: Final = 4_096


@router.websocket("/v1/calls/{call_id}/audio")
async def audio(socket: WebSocket, call_id: str) -> None:
    """Binary frames of interleaved samples; ``{"type":"hangup"}`` ends the call."""
    await socket.accept()
    try:
        principal = await identify(socket)
        require(socket, principal, "ingest")
        form = _format(socket)
        asked = call_row(socket, principal, call_id, form, socket.query_params)
        from_ms = _from_ms(socket)
        call = await parts_of(socket).live.open(asked, form.rate_hz)
        line = await call.connect(from_ms)
        try:
            await carry(socket, call, line, PacketAssembler(form, line.start_ms))
        finally:
            line.close()
    except WebSocketDisconnect:
        pass
    except MonitorError as error:
        log.warning("audio of %s: %s", call_id, error)
        with suppress(RuntimeError, WebSocketDisconnect):
            await close_with(socket, error)
    except Exception:
        log.exception("audio of %s", call_id)
        with suppress(RuntimeError, WebSocketDisconnect):
            await close_with(socket, MonitorError("the server made a mistake"))


async def carry(socket: WebSocket, call: LiveCall, line: Line, assembler: PacketAssembler) -> None:
    """Take messages until the call is over or the line is gone.

    Raises:
        MonitorError: the sender did something that cannot be used; the call itself goes on.
        WebSocketDisconnect: the sender has left.
    """
    watching = asyncio.create_task(_watch(socket, call, line))
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1005))
            if (sound := message.get("bytes")) is not None:
                await line.hear(assembler.push(sound))
            elif (text := message.get("text")) is not None:
                by, reason = _hangup(text)
                await line.hear(assembler.flush())
                await line.hang_up(by, reason)
                return
    except SessionOver:  # by the clock: its sender could not know
        pass
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
        if call.over.is_set():
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(1000, "the call has ended")


async def _watch(socket: WebSocket, call: LiveCall, line: Line) -> None:
    """Close the socket when something else than its sender ends it."""
    over = asyncio.create_task(call.over.wait())
    replaced = asyncio.create_task(line.replaced.wait())
    try:
        await asyncio.wait([over, replaced], return_when=asyncio.FIRST_COMPLETED)
        with suppress(RuntimeError, WebSocketDisconnect):
            if line.replaced.is_set():
                await close_with(socket, InputError("another connection brings this call's audio now", code="CALL-004"))
            else:
                await socket.close(1000, "the call has ended")
    finally:
        over.cancel()
        replaced.cancel()


def call_row(
    socket: HTTPConnection, principal: Principal, call_id: str, form: StreamFormat, query: Mapping[str, str]
) -> CallRow:
    """The call that ``query`` tells about: ``agent_id``, ``direction``, ``team``.

    Raises:
        InputError: ``ING-001``, a name or the direction is missing or cannot be.
        AccessError: ``ACC-002``, a token for one agent and a call of another.
    """
    agent_id, team = query.get("agent_id", ""), query.get("team", "")
    for name, value in (("call_id", call_id), ("agent_id", agent_id)):
        if not _ID.fullmatch(value):
            raise InputError(
                f"{name} must be 1 to 128 characters without spaces and slashes", code="ING-001", hint=repr(value[:20])
            )
    direction = query.get("direction", "inbound")
    if direction not in get_args(Direction):
        raise InputError("direction is inbound or outbound", code="ING-001", hint=repr(direction[:20]))
    if len(team) > 128:
        raise InputError("team is longer than 128 characters", code="ING-001")
    if principal.agent_id and principal.agent_id != agent_id:
        raise refusal(socket, principal, f"this token sends calls of agent {principal.agent_id} alone")
    return CallRow(
        call_id=call_id,
        agent_id=agent_id,
        team=team,
        direction=direction,
        sides=tuple(side.value for side in form.sides),
    )


def _format(socket: WebSocket) -> StreamFormat:
    query = socket.query_params
    return StreamFormat.parse(
        query.get("format", "pcm16"), query.get("rate", "8000"), query.get("layout", "agent,customer")
    )


def _from_ms(socket: WebSocket) -> int | None:
    text = socket.query_params.get("from_ms", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise InputError("from_ms is media time in whole milliseconds", code="ING-001", hint=repr(text[:20]))
    return int(text)


def _hangup(text: str) -> tuple[Side, str]:
    """Who hung up, and why.

    Raises:
        InputError: ``ING-002``, not the one message there is.
    """
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(text[:_TEXT_CHARS])
    if not isinstance(said, dict) or said.get("type") != "hangup":
        raise InputError(
            f"not a message: {text[:60]!r}", code="ING-002", hint='text frames are {"type":"hangup"}; audio is binary'
        )
    by, reason = said.get("by", "unknown"), said.get("reason", "hangup")
    if by not in ("agent", "customer", "unknown") or not isinstance(reason, str):
        raise InputError(f"not a hang-up: {text[:60]!r}", code="ING-002", hint='"by" is agent or customer')
    return Side(by), reason[:64] or "hangup"
