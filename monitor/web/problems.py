"""How errors leave the server: one JSON shape, the right HTTP status, the right websocket close code."""

import logging
from typing import Final

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from monitor.errors import (
    AccessError,
    ConfigError,
    EngineError,
    InputError,
    MonitorError,
    RuleErrors,
    SessionOver,
    StoreError,
)
from monitor.web.parts import parts_of

log = logging.getLogger(__name__)

STATUS: Final = {
    "ACC-001": 401,
    "ACC-003": 429,
    "API-002": 404,
    "API-003": 413,
    "API-004": 409,
    "API-005": 405,
    "CALL-001": 409,
    "CALL-002": 409,
    "CALL-003": 503,
    "CALL-004": 409,
}
"""HTTP status by code; other codes by the kind of error."""

CLOSE: Final = {
    "ACC-001": 4401,
    "ACC-003": 4429,
    "API-002": 4404,
    "API-003": 4413,
    "CALL-001": 4410,
    "CALL-002": 4409,
    "CALL-003": 1013,
    "CALL-004": 4409,
}
"""Websocket close code by error code; other codes by the kind of error."""

_REASON_BYTES: Final = 123
"""RFC 6455 §5.5: a control frame holds 125 bytes, two of which are the close code."""


def status_of(error: MonitorError) -> int:
    """The HTTP status that says who must act."""
    if error.code in STATUS:
        return STATUS[error.code]
    match error:
        case AccessError():
            return 403
        case SessionOver():
            return 409
        case InputError() | RuleErrors():
            return 400
        case StoreError() | EngineError() | ConfigError():
            return 503
    return 500


def body_of(error: MonitorError) -> dict[str, str]:
    """``{"code", "message", "hint"}``; the place, where there is one, leads the message."""
    where = f"{error.where}: " if error.where else ""
    return {"code": error.code, "message": f"{where}{error.what}", "hint": error.hint}


def close_of(error: MonitorError) -> tuple[int, str]:
    """Close code and reason; the reason begins with the error's code and fits its frame."""
    if error.code in CLOSE:
        code = CLOSE[error.code]
    else:
        code = {400: 4400, 401: 4401, 403: 4403, 409: 4409}.get(status_of(error), 1011)
    reason = str(error).encode()[:_REASON_BYTES].decode(errors="ignore")
    return code, reason


async def close_with(socket: WebSocket, error: MonitorError) -> None:
    """End a websocket with an error its client can read."""
    count(socket, error.code)
    code, reason = close_of(error)
    await socket.close(code, reason)


def count(connection: Request | WebSocket, code: str) -> None:
    """An error was told to somebody."""
    parts_of(connection).metrics.errors.labels(code).inc()


def handle(app: FastAPI) -> None:
    """Make the application answer errors this way."""

    @app.exception_handler(MonitorError)
    async def expected(request: Request, error: MonitorError) -> JSONResponse:
        count(request, error.code)
        status = status_of(error)
        if status >= 500:
            log.error("%s %s: %s", request.method, request.url.path, error)
        headers = {}
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if status == 429:
            headers["Retry-After"] = error.hint.split()[0] if error.hint[:1].isdigit() else "1"
        return JSONResponse(body_of(error), status, headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'][1:]) or item['loc'][0]}: {item['msg']}"
            for item in error.errors()
        )
        return await expected(request, InputError(faults[:2_000], code="API-001"))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> JSONResponse:
        code = {404: "API-002", 405: "API-005", 413: "API-003"}.get(error.status_code, "API-001")
        count(request, code)
        body = {"code": code, "message": str(error.detail), "hint": "docs/api.md"}
        return JSONResponse(body, error.status_code, error.headers)

    @app.exception_handler(Exception)
    async def ours(request: Request, error: Exception) -> JSONResponse:
        log.error("%s %s", request.method, request.url.path, exc_info=error)
        count(request, MonitorError.code)
        body = {"code": MonitorError.code, "message": "the server made a mistake", "hint": "its log says which"}
        return JSONResponse(body, 500)
