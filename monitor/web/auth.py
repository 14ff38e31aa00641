"""Who is asking, and whether they may.

A token comes in ``Authorization: Bearer``, in ``?token=``, or stands behind a browser's session
cookie. A cookie is sent by the browser whoever made the page, so with a cookie the page's origin must
be ours; with a token the sender has shown that it knows it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import HTTPConnection

from monitor.errors import AccessError, MonitorError
from monitor.sinks.accounts import Principal, Role, digest, find_session, find_token, log_access
from monitor.web.parts import Parts, parts_of

log = logging.getLogger(__name__)

COOKIE: Final = "monitor_session"
_SAFE: Final = {"GET", "HEAD", "OPTIONS"}
_background: set[asyncio.Task[None]] = set()


async def identify(connection: HTTPConnection) -> Principal:
    """Whoever is asking.

    Raises:
        AccessError: ``ACC-001`` no token or an unknown one, ``ACC-003`` too many wrong ones,
            ``ACC-005`` a cookie sent by another origin's page.
    """
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return await by_token(connection, token.strip())
    if token := connection.query_params.get("token", ""):
        return await by_token(connection, token)
    cookie = connection.cookies.get(COOKIE, "")
    if cookie:
        principal = await parts_of(connection).store.read(find_session, cookie)
        if principal is not None:
            _own_origin(connection)
            return principal
        raise AccessError("the session is over", code="ACC-001", hint="sign in again")
    raise AccessError("no token", code="ACC-001", hint="Authorization: Bearer TOKEN, or sign in at /login")


async def by_token(connection: HTTPConnection, token: str) -> Principal:
    """Whose token it is; wrong ones are counted against the address they come from.

    Raises:
        AccessError: ``ACC-001`` or ``ACC-003``, as for :func:`identify`.
    """
    parts, address = parts_of(connection), address_of(connection)
    known = digest(token)
    wait_s = parts.throttle.wait_s(address)
    if wait_s and not parts.throttle.proven(known):
        raise AccessError("too many wrong tokens", code="ACC-003", hint=f"{int(wait_s) + 1} s until the next try")
    principal = await parts.store.read(find_token, token)
    if principal is None:
        parts.throttle.failed(address)
        note(connection, None, "token", code="ACC-001")
        raise AccessError("unknown, expired or revoked token", code="ACC-001", hint="monitor token create")
    parts.throttle.succeeded(address, known)
    return principal


def require(connection: HTTPConnection, principal: Principal, *roles: Role) -> None:
    """Only for these roles; ``admin`` may always.

    Raises:
        AccessError: ``ACC-002``; the refusal is logged.
    """
    if principal.role not in roles and principal.role != "admin":
        raise refusal(connection, principal, f"role {principal.role} may not do this")


def require_own(connection: HTTPConnection, principal: Principal, agent_id: str) -> None:
    """An agent may see only what is its own; every role that may see calls at all sees the rest.

    Raises:
        AccessError: ``ACC-002``; the refusal is logged.
    """
    require(connection, principal, "agent", "supervisor", "auditor")
    if principal.role == "agent" and principal.agent_id != agent_id:
        raise refusal(connection, principal, "this is another agent's")


def refusal(connection: HTTPConnection, principal: Principal, what: str) -> AccessError:
    """The error of a refusal, which is logged."""
    note(connection, principal, "refused", code="ACC-002")
    return AccessError(what, code="ACC-002")


def allow(*roles: Role) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """A dependency: identified, and one of these roles (or admin)."""

    async def check(connection: HTTPConnection) -> Principal:
        principal = await identify(connection)
        require(connection, principal, *roles)
        return principal

    return check


Reader = Annotated[Principal, Depends(allow("agent", "supervisor", "auditor"))]
"""May read; an agent only what is its own, which the route sees to."""
Overseer = Annotated[Principal, Depends(allow("supervisor", "auditor"))]
"""May read everything."""
Supervisor = Annotated[Principal, Depends(allow("supervisor"))]
Admin = Annotated[Principal, Depends(allow())]


def address_of(connection: HTTPConnection) -> str:
    """The address a connection comes from."""
    return connection.client.host if connection.client else ""


def note(connection: HTTPConnection, principal: Principal | None, action: str, *, code: str = "") -> None:
    """Keep a line in the access log, without waiting for it."""
    parts = parts_of(connection)
    method = connection.scope.get("method", "WS")
    entry = {
        "who": principal.who if principal else "",
        "role": principal.role if principal else "",
        "address": address_of(connection),
        "action": action,
        "target": f"{method} {connection.url.path}"[:400],
        "code": code,
    }
    log.info("access %s", " ".join(f"{name}={value!r}" for name, value in entry.items() if value))
    task = asyncio.get_running_loop().create_task(_write(parts, entry))
    _background.add(task)
    task.add_done_callback(_background.discard)


async def _write(parts: Parts, entry: dict[str, str]) -> None:
    try:
        await parts.store.change(log_access, entry)
    except MonitorError as error:
        log.error("the access log cannot be written: %s", error)


def _own_origin(connection: HTTPConnection) -> None:
    if connection.scope["type"] == "http" and connection.scope["method"] in _SAFE:
        return
    origin = connection.headers.get("origin")
    if origin is None:
        return
    allowed = {f"{scheme}://{connection.headers.get('host', '')}" for scheme in ("http", "https")}
    if origin not in allowed and origin not in parts_of(connection).settings.access.origins:
        raise AccessError(f"a page of {origin} may not use this session", code="ACC-005", hint="access.origins")
