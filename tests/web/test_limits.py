"""The largest body that is taken, piece by piece as the web server hands it on."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from monitor.errors import InputError
from monitor.web.limits import BODY_BYTES, DRAIN_BYTES, Limits

pytestmark = pytest.mark.anyio


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body and says how long it was; of one that breaks off it makes an answer of its own."""
    status, length, more = 200, 0, True
    try:
        while more:
            message = await receive()
            length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    except InputError:
        status = 418
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(length).encode()})


async def _answer(
    pieces: list[int], headers: Sequence[tuple[bytes, bytes]] = (), more: bool = False
) -> tuple[int, Any, int]:
    """Status, body and the number of pieces read. ``more``: the sender would go on after the last of them."""
    waiting = [
        {"type": "http.request", "body": b"x" * size, "more_body": more or number < len(pieces)}
        for number, size in enumerate(pieces, 1)
    ]
    sent: list[Message] = []

    async def receive() -> Message:
        assert waiting, "waits for a body that has ended: nothing but the sender's leaving would wake it"
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/v1/rules/try", "headers": list(headers)}
    await Limits(_app, upload_bytes=BODY_BYTES)(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body), len(pieces) - len(waiting)


@pytest.mark.parametrize("pieces", [[0], [BODY_BYTES], [BODY_BYTES - 1, 1]])
async def test_a_body_up_to_the_limit_is_handed_on(pieces: list[int]) -> None:
    assert await _answer(pieces) == (200, sum(pieces), len(pieces))


@pytest.mark.parametrize(
    "pieces",
    [
        [BODY_BYTES + 1],  # all of it at once, as a busy server finds it
        [BODY_BYTES, 1],
        [BODY_BYTES + 1, 0],
        [BODY_BYTES, 1, 100_000, 100_000],
    ],
)
async def test_a_larger_one_is_refused_when_it_has_been_read_to_its_end_and_no_further(pieces: list[int]) -> None:
    status, body, read = await _answer(pieces)
    assert (status, body["code"], read) == (413, "API-003", len(pieces))


@pytest.mark.parametrize("declared", [False, True])
async def test_one_that_does_not_end_is_refused_all_the_same(declared: bool) -> None:
    headers = [(b"content-length", b"99999999")] if declared else []
    status, body, read = await _answer([BODY_BYTES + 1] * 100, headers, more=True)
    assert (status, body["code"]) == (413, "API-003")
    assert read <= DRAIN_BYTES // BODY_BYTES + 2
