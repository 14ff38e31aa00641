"""Event sockets: what was missed, then what happens, to every page and program that follows."""

import asyncio
from contextlib import suppress
from typing import Final

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from monitor.errors import AccessError, InputError, MonitorError, StoreError
from monitor.events import Published
from monitor.sinks.accounts import Principal, still_valid
from monitor.sinks.calls import find_call
from monitor.sinks.feed import Scope
from monitor.sinks.hub import Follower
from monitor.web.auth import identify, require, require_own
from monitor.web.parts import Parts, parts_of
from monitor.web.problems import close_with

router = APIRouter()

CHECK_S: Final = 30.0
"""How often an open socket's token is looked at again."""

KINDS: Final = frozenset(member.__dataclass_fields__["kind"].default for member in Published.__args__)

HEARTBEAT: Final = '{"kind":"heartbeat"}'


@router.websocket("/v1/calls/{call_id}/events")
async def call_events(socket: WebSocket, call_id: str) -> None:
    """Events of one call; ``after`` counts ``seq``. The call need not exist yet."""
    try:
        principal = await identify(socket)
        require(socket, principal, "agent", "supervisor", "auditor")
        call = await parts_of(socket).store.read(find_call, call_id)
        if call is not None:
            require_own(socket, principal, call.agent_id)
        scope = Scope(call_id=call_id, agent_id=principal.agent_id if principal.role == "agent" else "")
        await _follow(socket, principal, scope)
    except MonitorError as error:
        await _refuse(socket, error)


@router.websocket("/v1/agents/{agent_id}/events")
async def agent_events(socket: WebSocket, agent_id: str) -> None:
    """Events of one agent's calls; ``after`` counts ``cursor``."""
    try:
        principal = await identify(socket)
        require_own(socket, principal, agent_id)
        await _follow(socket, principal, Scope(agent_id=agent_id))
    except MonitorError as error:
        await _refuse(socket, error)


@router.websocket("/v1/events")
async def all_events(socket: WebSocket) -> None:
    """Events of all calls; ``after`` counts ``cursor``."""
    try:
        principal = await identify(socket)
        require(socket, principal, "supervisor", "auditor")
        await _follow(socket, principal, Scope())
    except MonitorError as error:
        await _refuse(socket, error)


async def _follow(socket: WebSocket, principal: Principal, scope: Scope) -> None:
    """Send until the client leaves, its token ends, or the server stops."""
    after = _whole(socket, "after", 0, 2**62)
    heartbeat_s = _whole(socket, "heartbeat", 1, 600)
    kinds = frozenset(kind for kind in socket.query_params.get("kinds", "").split(",") if kind)
    if unknown := kinds - KINDS:
        raise InputError(f"no such kind: {', '.join(sorted(unknown))}", code="API-001", hint=", ".join(sorted(KINDS)))
    parts = parts_of(socket)
    with parts.hub.follow(scope, after) as follower:
        await socket.accept()  # only now: who sees the socket open misses nothing from here on
        sending = _Sending(socket, follower, kinds)
        tasks = [
            asyncio.create_task(sending.events()),
            asyncio.create_task(_until_left(socket)),
            asyncio.create_task(_until_invalid(parts, principal)),
        ]
        if heartbeat_s:
            tasks.append(asyncio.create_task(sending.heartbeats(heartbeat_s)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()


class _Sending:
    """One socket's way out. A write waits while the client does not read; the follower bounds what piles up."""

    def __init__(self, socket: WebSocket, follower: Follower, kinds: frozenset[str]) -> None:
        self._socket, self._follower, self._kinds = socket, follower, kinds
        self._turn = asyncio.Lock()
        self._sent_s = 0.0

    async def events(self) -> None:
        with_cursor = not self._follower.scope.call_id
        with suppress(WebSocketDisconnect):
            async for event in self._follower:
                if not self._kinds or event.kind in self._kinds:
                    await self._send(event.text_with_cursor if with_cursor else event.text)

    async def heartbeats(self, every_s: float) -> None:
        loop = asyncio.get_running_loop()
        with suppress(WebSocketDisconnect):
            while True:
                wait_s = self._sent_s + every_s - loop.time()
                if wait_s <= 0:
                    await self._send(HEARTBEAT)
                else:
                    await asyncio.sleep(wait_s)

    async def _send(self, text: str) -> None:
        async with self._turn:
            await self._socket.send_text(text)
            self._sent_s = asyncio.get_running_loop().time()


async def _until_left(socket: WebSocket) -> None:
    """Whatever a follower sends is read and dropped, so that its leaving is noticed."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _until_invalid(parts: Parts, principal: Principal) -> None:
    """Ends with an error once the token or browser session is worth nothing any more."""
    valid = True
    while valid:
        await asyncio.sleep(CHECK_S)
        with suppress(StoreError):  # a database that is away for a moment throws nobody out
            valid = await parts.store.read(still_valid, principal)
    raise AccessError("the token or session has ended", code="ACC-001", hint="sign in again")


async def _refuse(socket: WebSocket, error: MonitorError) -> None:
    with suppress(RuntimeError, WebSocketDisconnect):  # it has left already
        if socket.application_state is WebSocketState.CONNECTING:
            await socket.accept()  # a browser is told codes and reasons of open sockets alone
        await close_with(socket, error)


def _whole(socket: WebSocket, name: str, least: int, most: int) -> int | None:
    text = socket.query_params.get(name, "")
    if not text:
        return None
    if not text.isdecimal() or not text.isascii() or not least <= int(text[:20]) <= most:
        raise InputError(f"{name} must be a whole number from {least} on, not {text[:40]!r}", code="API-001")
    return int(text)
