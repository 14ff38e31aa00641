"""The pages: static files behind the same doors as the API."""

from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from monitor.errors import AccessError
from monitor.sinks.accounts import Principal, Role
from monitor.web.api.session import begin, home
from monitor.web.auth import identify, require, require_own
from monitor.web.parts import parts_of
from monitor.web.problems import count

router = APIRouter(include_in_schema=False)

STATIC: Final = Path(__file__).parent / "static"
_OVERSEERS: Final[tuple[Role, ...]] = ("supervisor", "auditor")


@router.get("/")
async def start(request: Request) -> Response:
    """The page its user wants most."""
    try:
        principal = await identify(request)
    except AccessError:
        return RedirectResponse("/login", 303)
    return RedirectResponse(home(principal), 303)


@router.get("/login")
async def login() -> Response:
    """Where a token is pasted."""
    return FileResponse(STATIC / "login.html")


@router.get("/agent/{agent_id}")
async def agent(request: Request, agent_id: str) -> Response:
    """The sidebar of one agent."""
    return await _page(request, "agent", own=agent_id)


@router.get("/calls/{call_id}")
async def call(request: Request, call_id: str) -> Response:
    """One call. Whose it is, the API checks; an agent without this call sees an error, not the call."""
    from monitor.sinks.calls import find_call

    found = await parts_of(request).store.read(find_call, call_id)
    return await _page(request, "call", own=found.agent_id if found else None)


@router.get("/supervisor")
async def supervisor(request: Request) -> Response:
    """The wall."""
    return await _page(request, "supervisor")


@router.get("/audit")
async def audit(request: Request) -> Response:
    """Recordings."""
    return await _page(request, "audit")


@router.get("/rules")
async def rules(request: Request) -> Response:
    """The rules."""
    return await _page(request, "rules")


async def _page(request: Request, name: str, *, own: str | None = None) -> Response:
    """The page, for who may see it; others are sent to sign in, or told no."""
    try:
        principal = await identify(request)
        if own is not None:
            require_own(request, principal, own)
        else:
            require(request, principal, *_OVERSEERS)
    except AccessError as error:
        count(request, error.code)
        back = urlencode({"next": request.url.path, "code": error.code})
        if error.code == "ACC-002":
            return FileResponse(STATIC / "login.html", 403)
        return RedirectResponse(f"/login?{back}", 303)
    if "token" in request.query_params and "embed" not in request.query_params:
        return await _signed_in(request, principal)
    return FileResponse(STATIC / f"{name}.html", headers={"Cache-Control": "no-cache"})


async def _signed_in(request: Request, principal: Principal) -> Response:
    """The token becomes a session and leaves the address bar, the history and every Referer."""
    rest = urlencode([(name, value) for name, value in request.query_params.multi_items() if name != "token"])
    response = RedirectResponse(quote(request.url.path) + (f"?{rest}" if rest else ""), 303)
    await begin(request, response, principal)
    return response
