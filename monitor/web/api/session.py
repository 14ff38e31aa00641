"""Signing in and out of a browser."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from monitor.errors import AccessError
from monitor.sinks.accounts import Principal, close_session, open_session
from monitor.web.auth import COOKIE, address_of, by_token, identify, note
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/session", tags=["session"])


class SignIn(BaseModel):
    """A token, as it was printed."""

    model_config = ConfigDict(extra="ignore")

    token: str = Field(min_length=1, max_length=200)


@router.post("")
async def sign_in(request: Request, response: Response, body: SignIn) -> dict[str, Any]:
    """Open a browser session for the owner of a token.

    Even a right token has to wait after many wrong ones: else a guesser would learn by being let in.
    """
    throttle = parts_of(request).throttle
    if wait_s := throttle.wait_s(address_of(request)):
        raise AccessError("too many wrong tokens", code="ACC-003", hint=f"{int(wait_s) + 1} s until the next try")
    principal = await by_token(request, body.token.strip())
    await begin(request, response, principal)
    return describe(principal)


@router.get("")
async def who(request: Request) -> dict[str, Any]:
    """Who is signed in."""
    return describe(await identify(request))


@router.delete("", status_code=204)
async def sign_out(request: Request, response: Response) -> None:
    """End the browser session."""
    if cookie := request.cookies.get(COOKIE):
        await parts_of(request).store.change(close_session, cookie)
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


async def begin(request: Request, response: Response, principal: Principal) -> None:
    """Open a session and give its cookie."""
    parts = parts_of(request)
    hours = parts.settings.access.session_hours
    secret = await parts.store.change(open_session, principal.token_id, hours)
    secure = parts.settings.access.secure_cookie or request.url.scheme == "https"
    response.set_cookie(COOKIE, secret, max_age=int(hours * 3600), httponly=True, samesite="lax", secure=secure)
    note(request, principal, "signed in")


def describe(principal: Principal) -> dict[str, Any]:
    """What a page may know of its user."""
    return {
        "role": principal.role,
        "agent_id": principal.agent_id,
        "name": principal.name,
        "expires_at": principal.expires_at or None,
        "home": home(principal),
    }


def home(principal: Principal) -> str:
    """The page that this user wants most."""
    match principal.role:
        case "agent":
            return f"/agent/{quote(principal.agent_id, safe='')}"
        case "auditor":
            return "/audit"
        case "ingest":
            return "/login"
    return "/supervisor"
