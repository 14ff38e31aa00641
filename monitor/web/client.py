"""The other end of the sockets: sending a call to a server, following what it says.

What ``monitor demo`` and ``monitor listen`` use, and a model for integrators.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from monitor.errors import InputError

_PASSING = {1001, 1006, 1011, 1012, 1013}
"""Close codes after which the same may be tried again: the server stops, starts, is full, made a mistake."""


def socket_url(server: str, path: str, query: Mapping[str, object] | None = None) -> str:
    """``http://host:port`` and a path as a websocket address."""
    base = server.rstrip("/").replace("http://", "ws://", 1).replace("https://", "wss://", 1)
    return f"{base}{path}" + (f"?{urlencode(query)}" if query else "")


def call_path(call_id: str, what: str) -> str:
    """The path of a call's socket."""
    return f"/v1/calls/{quote(call_id, safe='')}/{what}"


@asynccontextmanager
async def opened(url: str, token: str) -> AsyncIterator[ClientConnection]:
    """A connection with the token in its header, where no log shows it.

    Raises:
        InputError: ``NET-001``, the server cannot be reached; ``NET-002``, the connection broke, another may
            do better; ``NET-003``, the server refuses, with its reason.
    """
    place = url.split("?")[0]
    try:
        async with connect(
            url, additional_headers={"Authorization": f"Bearer {token}"}, compression=None, max_size=None
        ) as socket:
            yield socket
    except ConnectionClosed as closed:
        told = closed.rcvd
        if told is not None and told.code == 1000:
            return
        if told is None or told.code in _PASSING:
            reason = f"{told.code} {told.reason}".strip() if told else "nothing was said"
            raise InputError(f"the connection broke: {reason}", where=place, code="NET-002") from None
        raise InputError(f"the server refuses: {told.code} {told.reason}", where=place, code="NET-003") from None
    except (OSError, InvalidHandshake, InvalidURI, TimeoutError) as error:
        raise InputError(
            f"cannot reach the server: {error}", where=place, code="NET-001", hint="is it running? monitor serve"
        ) from None


async def follow(
    server: str, path: str, token: str, *, after: int | None = None, until_ended: bool = False
) -> AsyncIterator[dict[str, Any]]:
    """Events of a socket, as the contract's objects; with ``until_ended`` up to ``call.ended``."""
    query = {} if after is None else {"after": after}
    async with opened(socket_url(server, path, query), token) as socket:
        async for text in socket:
            event: dict[str, Any] = json.loads(text)
            yield event
            if until_ended and event["kind"] == "call.ended":
                return


async def hang_up(socket: ClientConnection, by: str = "") -> None:
    """End a call and wait until the server has said everything about it."""
    await socket.send(json.dumps({"type": "hangup", **({"by": by} if by else {})}))
    await socket.wait_closed()
