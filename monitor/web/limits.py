"""Headers that every answer carries, and the largest body that is taken."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor.errors import InputError

BODY_BYTES: Final = 256 * 1024
DRAIN_BYTES: Final = 8 * 1024 * 1024
UPLOADS: Final = "/v1/audits"


class Limits:
    """Refuses bodies that are too large, before they are read where the length is given, else while."""

    def __init__(self, app: ASGIApp, upload_bytes: int) -> None:
        self._app, self._upload_bytes = app, upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._upload_bytes if scope["path"] == UPLOADS else BODY_BYTES
        body = {"code": "API-003", "message": f"the body is larger than {limit} bytes", "hint": ""}
        refusal = JSONResponse(body, 413, {"Connection": "close"})
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > limit:
            await _drain(receive)
            await refusal(scope, receive, send)
            return
        taken, ended = 0, False

        async def counted() -> Message:
            nonlocal taken, ended
            message = await receive()
            taken += len(message.get("body", b""))
            ended = not message.get("more_body")
            if taken > limit:
                raise InputError(body["message"], code="API-003")
            return message

        async def answered(message: Message) -> None:
            if taken <= limit:
                await send(message)
            elif message["type"] == "http.response.start":  # whatever the route made of the broken body
                if not ended:  # behind the last piece nothing comes any more, and waiting for it would wait for ever
                    await _drain(receive)
                await refusal(scope, receive, send)

        await self._app(scope, counted, answered)


async def _drain(receive: Receive) -> None:
    """Read on a little, so that a sender that is nearly through hears the refusal and not a broken connection."""
    taken = 0
    while taken < DRAIN_BYTES:
        message = await receive()
        taken += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            return


class SecurityHeaders:
    """A strict Content-Security-Policy: everything from here, nothing inline, no plugins, no foreign frames."""

    def __init__(self, app: ASGIApp, frames: Sequence[str] = ()) -> None:
        self._app = app
        ancestors = " ".join(["'self'", *frames])
        policy = (
            f"default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}"
        )
        self._headers = {
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    headers.setdefault("Cache-Control", "no-store")
                elif scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        await self._app(scope, receive, with_headers)
