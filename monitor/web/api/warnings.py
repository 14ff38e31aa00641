"""Warnings as people work with them: lists, appeals, verdicts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from monitor.errors import InputError
from monitor.sinks.accounts import Principal
from monitor.sinks.findings import WarningFilter, appeal, get_warning, list_warnings, review
from monitor.web.api.asked import Limit, Moment, Name
from monitor.web.auth import Reader, Supervisor, refusal, require_own
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/warnings", tags=["warnings"])


class Appeal(BaseModel):
    """Why the agent thinks the warning is wrong."""

    comment: str = Field("", max_length=1_000)


class Review(BaseModel):
    """A supervisor's verdict."""

    verdict: Literal["upheld", "overturned"]
    comment: str = Field("", max_length=1_000)


@router.get("")
async def warnings(
    request: Request,
    principal: Reader,
    call_id: Name = "",
    call: Name = "",
    agent_id: Name = "",
    agent: Name = "",
    rule_id: Name = "",
    rule: Name = "",
    severity: Annotated[str, Query(pattern="^(critical|major|minor|hint)?$")] = "",
    status: Annotated[str, Query(pattern="^(provisional|confirmed|retracted)?$")] = "",
    category: Name = "",
    appeal: Annotated[str, Query(pattern="^(open|closed)?$")] = "",
    verdict: Annotated[str, Query(pattern="^(upheld|overturned)?$")] = "",
    since: Moment = "",
    until: Moment = "",
    before: Annotated[int, Query(ge=0)] = 0,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Warnings as they stand, newest first. An agent is given its own."""
    agent_id = agent_id or agent
    if principal.role == "agent":
        require_own(request, principal, agent_id or principal.agent_id)
        agent_id = principal.agent_id
    asked = WarningFilter(
        call_id=call_id or call,
        agent_id=agent_id,
        rule_id=rule_id or rule,
        severity=severity,
        status=status,
        category=category,
        appeal=appeal,
        verdict=verdict,
        since=since,
        until=until,
        before=before,
        limit=limit,
    )
    found = await parts_of(request).store.read(list_warnings, asked)
    return {"warnings": found, "next": found[-1]["cursor"] if len(found) == limit else None}


@router.get("/{warning_id:path}")
async def warning(request: Request, principal: Reader, warning_id: str) -> dict[str, Any]:
    """One warning with its history."""
    return await _own_warning(request, principal, warning_id)


@router.post("/{warning_id:path}/appeal", status_code=201)
async def add_appeal(request: Request, principal: Reader, warning_id: str, body: Appeal) -> dict[str, Any]:
    """The agent contests a warning of its own; a supervisor will decide."""
    found = await _own_warning(request, principal, warning_id)
    if principal.role == "auditor":
        raise refusal(request, principal, "an appeal is the agent's")
    await parts_of(request).store.change(appeal, found["warning_id"], body.comment.strip(), principal.who)
    return await _own_warning(request, principal, warning_id)


@router.post("/{warning_id:path}/review", status_code=201)
async def add_review(request: Request, principal: Supervisor, warning_id: str, body: Review) -> dict[str, Any]:
    """A verdict: evidence for or against the rule."""
    found = await _own_warning(request, principal, warning_id)
    await parts_of(request).store.change(review, found["warning_id"], body.verdict, body.comment.strip(), principal.who)
    return await _own_warning(request, principal, warning_id)


async def _own_warning(request: Request, principal: Principal, warning_id: str) -> dict[str, Any]:
    found = await parts_of(request).store.read(get_warning, warning_id)
    if found is None:
        raise InputError("there is no such warning", where=warning_id, code="API-002")
    require_own(request, principal, found["agent_id"])
    return found
