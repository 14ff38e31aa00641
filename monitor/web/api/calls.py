"""Calls, their events, notes, sound and shape."""

import asyncio
import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, field_validator

from monitor.errors import InputError, SessionOver
from monitor.frames import Side
from monitor.sinks.accounts import Principal
from monitor.sinks.calls import CallFilter, get_call, list_calls, recording_of
from monitor.sinks.entry import Stored
from monitor.sinks.feed import Scope, read_events
from monitor.sinks.recordings import Stretch
from monitor.web.api.asked import Limit, Moment, Name
from monitor.web.auth import Reader, Supervisor, note, require_own
from monitor.web.parts import parts_of

router = APIRouter(prefix="/v1/calls", tags=["calls"])

PIECE_BYTES = 4 * 1024 * 1024
"""The most sound that one answer carries; a browser asks for the next piece by itself."""


class NoteText(BaseModel):
    """What a supervisor says to the agent."""

    text: str = Field(min_length=1, max_length=500)

    @field_validator("text")
    @classmethod
    def _not_blank(cls, text: str) -> str:
        if not text.strip():
            raise ValueError("a note must say something")
        return text.strip()


@router.get("")
async def calls(
    request: Request,
    principal: Reader,
    agent_id: Name = "",
    agent: Name = "",
    team: Name = "",
    status: Annotated[str, Query(pattern="^(live|ended)?$")] = "",
    live: bool | None = None,
    since: Moment = "",
    until: Moment = "",
    min_score: float | None = None,
    max_score: float | None = None,
    limit: Limit = 100,
    before: Name = "",
) -> dict[str, Any]:
    """Calls, newest first. An agent is given its own."""
    agent_id = agent_id or agent
    if principal.role == "agent":
        require_own(request, principal, agent_id or principal.agent_id)
        agent_id = principal.agent_id
    if live is not None:
        status = "live" if live else "ended"
    asked = CallFilter(
        agent_id=agent_id,
        team=team,
        status=status,
        since=since,
        until=until,
        min_score=min_score,
        max_score=max_score,
        limit=limit,
        before=before,
    )
    found = await parts_of(request).store.read(list_calls, asked)
    more = len(found) == limit
    return {"calls": found, "next": f"{found[-1]['started_at']}/{found[-1]['call_id']}" if more else None}


@router.get("/{call_id}")
async def call(request: Request, principal: Reader, call_id: str) -> dict[str, Any]:
    """One call."""
    return await _own_call(request, principal, call_id)


@router.get("/{call_id}/events")
async def events(
    request: Request,
    principal: Reader,
    call_id: str,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=20_000)] = 20_000,
    kinds: Name = "",
) -> Response:
    """A call's events from a place on, in order. ``next`` is the ``after`` of the rest, if there is one."""
    await _own_call(request, principal, call_id)
    wanted = tuple(kind for kind in kinds.split(",") if kind)
    found = await parts_of(request).store.read(
        read_events, Scope(call_id=call_id), after=after, limit=limit, kinds=wanted
    )
    return Response(_joined(found, limit), media_type="application/json")


@router.post("/{call_id}/notes", status_code=201)
async def add_note(request: Request, principal: Supervisor, call_id: str, body: NoteText) -> dict[str, Any]:
    """Say something to the agent: it becomes an event of the call."""
    await _own_call(request, principal, call_id)
    live = parts_of(request).live.calls.get(call_id)
    if live is None:
        raise SessionOver("the call has ended", where=call_id)
    await live.note(principal.who, body.text)
    return {"call_id": call_id, "from": principal.who, "text": body.text}


@router.get("/{call_id}/audio")
async def audio(
    request: Request,
    principal: Reader,
    call_id: str,
    from_ms: Annotated[int, Query(ge=0)] = 0,
    to_ms: Annotated[int | None, Query(ge=0)] = None,
    side: Side | None = None,
) -> Response:
    """The recording, or a stretch of it, as WAV; byte ranges are honoured so that players can seek."""
    await _own_call(request, principal, call_id)
    stretch = await asyncio.to_thread(_stretch, request, await _recording(request, call_id), side, from_ms, to_ms)
    start, end, partial = _range(request.headers.get("range", ""), stretch.size)
    if start == 0:
        note(request, principal, "listened")
    body = await asyncio.to_thread(stretch.cut, start, end)
    headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, no-store"}
    if partial or end < stretch.size:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{stretch.size}"
        return Response(body, 206, headers, media_type="audio/wav")
    return Response(body, 200, headers, media_type="audio/wav")


@router.get("/{call_id}/waveform")
async def waveform(
    request: Request, principal: Reader, call_id: str, points: Annotated[int, Query(ge=10, le=5_000)] = 1_000
) -> dict[str, Any]:
    """How loud each side was over the call, 0–1: from the recording, else from the levels of its measures."""
    found = await _own_call(request, principal, call_id)
    recording = await parts_of(request).store.read(recording_of, call_id)
    if recording:
        stretch = await asyncio.to_thread(_stretch, request, recording, None, 0, None)
        peaks = await asyncio.to_thread(stretch.peaks, points)
        duration_ms = stretch.samples * 1000 // stretch.rate_hz
        sides = dict(zip(recording["sides"], peaks, strict=True))
        count = max(1, len(peaks[0]))
        return {"source": "audio", "step_ms": duration_ms / count, "duration_ms": duration_ms, "sides": sides}
    measures = await parts_of(request).store.read(
        read_events, Scope(call_id=call_id), limit=100_000, kinds=("measure",)
    )
    return {"source": "level", "step_ms": 1_000, "duration_ms": found["last_ms"], "sides": _levels(measures, found)}


async def _own_call(request: Request, principal: Principal, call_id: str) -> dict[str, Any]:
    found = await parts_of(request).store.read(get_call, call_id)
    if found is None:
        raise InputError("there is no such call", where=call_id, code="API-002")
    require_own(request, principal, found["agent_id"])
    return found


async def _recording(request: Request, call_id: str) -> dict[str, Any]:
    recording = await parts_of(request).store.read(recording_of, call_id)
    if recording is None:
        raise InputError("no recording of this call is kept", where=call_id, code="API-002", hint="recordings.keep")
    return recording


def _stretch(
    request: Request, recording: dict[str, Any], side: Side | None, from_ms: int, to_ms: int | None
) -> Stretch:
    folder = parts_of(request).settings.data / "recordings"
    return Stretch(folder, recording, side.value if side else "", from_ms, to_ms)


def _range(header: str, size: int) -> tuple[int, int, bool]:
    """(first byte, end, whether a part was asked for) of one range of RFC 9110 §14.2; others are ignored."""
    unit, _, spec = header.partition("=")
    first, dash, last = spec.partition("-")
    start, end, partial = 0, size, False
    if unit.strip() == "bytes" and dash and "," not in spec:
        if first.strip().isdigit():
            start, partial = int(first), True
            end = min(size, int(last) + 1) if last.strip().isdigit() else size
        elif last.strip().isdigit():
            start, partial = max(0, size - int(last)), True
    if start >= end:
        raise InputError(f"the recording has {size} bytes", code="API-001", hint="Range")
    return start, min(end, start + PIECE_BYTES) if partial else end, partial


def _joined(found: list[Stored], limit: int) -> str:
    after = found[-1].seq if len(found) == limit else None
    return f'{{"events":[{",".join(event.text for event in found)}],"next":{json.dumps(after)}}}'


def _levels(measures: list[Stored], call: dict[str, Any]) -> dict[str, list[float]]:
    """Levels of −60 to 0 dBFS as 0–1; 0 while a side is silent."""
    out: dict[str, list[float]] = {side: [] for side in call["sides"]}
    for stored in measures:
        measure = json.loads(stored.text)
        second = measure["at_ms"] // 1000
        for side, values in out.items():
            level = measure.get("level_dbfs", {}).get(side)
            silent = measure.get("silence_ms", {}).get(side) or 0
            loud = 0.0 if level is None or silent >= 1000 else max(0.0, min(1.0, 1 + level / 60))
            values.extend([0.0] * (second - 1 - len(values)))
            values.append(round(loud, 3))
    return out
