"""Calls in the store: beginning one, finding it again, listing."""

import json
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from monitor.errors import InputError
from monitor.sinks.tables import calls, events, timestamp, warnings

COLUMNS = [column for column in calls.c if column.name != "recording"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """What is known of a call when it begins, and how far it has come."""

    call_id: str
    agent_id: str
    direction: str
    sides: tuple[str, ...]
    team: str = ""
    last_seq: int = 0
    last_ms: int = 0
    last_seen_at: str = ""
    """Wall time of its newest event; empty when it has none."""
    ended: bool = False


def open_call(connection: Connection, call: CallRow) -> CallRow:
    """Enter a new call; or the one that is there, to be gone on with.

    Raises:
        InputError: ``CALL-002``, the id belongs to a call of another agent, direction or layout.

    """
    found = find_call(connection, call.call_id)
    if found is None:
        connection.execute(
            insert(calls).values(
                call_id=call.call_id,
                agent_id=call.agent_id,
                team=call.team,
                direction=call.direction,
                sides=",".join(call.sides),
                status="live",
                started_at=timestamp(),
            )
        )
        return call
    for field in ("agent_id", "direction", "sides"):
        if getattr(found, field) != getattr(call, field):
            raise InputError(
                f"this call_id is a call with {field} {_plain(getattr(found, field))}, "
                f"not {_plain(getattr(call, field))}",
                where=call.call_id,
                code="CALL-002",
                hint="give every call an id of its own",
            )
    return found


def find_call(connection: Connection, call_id: str) -> CallRow | None:
    """The call, if there is one."""
    row = connection.execute(_with_last_seen().where(calls.c.call_id == call_id)).mappings().first()
    return None if row is None else _call_row(row)


def open_calls(connection: Connection) -> list[CallRow]:
    """Calls that have not ended: after a restart, those that were cut off."""
    rows = connection.execute(_with_last_seen().where(calls.c.status == "live")).mappings()
    return [_call_row(row) for row in rows]


def set_recording(connection: Connection, call_id: str, recording: dict[str, Any]) -> None:
    """Say where the recording of a call lies; an empty dictionary: it is gone."""
    connection.execute(
        update(calls)
        .where(calls.c.call_id == call_id)
        .values(recording=json.dumps(recording, ensure_ascii=False) if recording else "")
    )


def recording_of(connection: Connection, call_id: str) -> dict[str, Any] | None:
    """Where the recording lies: ``file``, ``rate_hz``, ``sides``; None when none is kept."""
    text = connection.execute(select(calls.c.recording).where(calls.c.call_id == call_id)).scalar()
    if not text:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """What ``GET /v1/calls`` may ask for."""

    call_id: str = ""
    agent_id: str = ""
    team: str = ""
    status: str = ""
    since: str = ""
    until: str = ""
    min_score: float | None = None
    max_score: float | None = None
    limit: int = 100
    before: str = ""
    """``started_at/call_id`` of the last call of the page before."""


def list_calls(connection: Connection, asked: CallFilter) -> list[dict[str, Any]]:
    """Calls, newest first, each with its warnings counted by severity (retracted ones left out)."""
    query = select(*COLUMNS, (calls.c.recording != "").label("recorded"))
    for column, value in (
        (calls.c.call_id, asked.call_id),
        (calls.c.agent_id, asked.agent_id),
        (calls.c.team, asked.team),
        (calls.c.status, asked.status),
    ):
        if value:
            query = query.where(column == value)
    if asked.since:
        query = query.where(calls.c.started_at >= asked.since)
    if asked.until:
        query = query.where(calls.c.started_at < asked.until)
    if asked.min_score is not None:
        query = query.where(calls.c.score >= asked.min_score)
    if asked.max_score is not None:
        query = query.where(calls.c.score <= asked.max_score)
    if asked.before:
        started_at, _, call_id = asked.before.partition("/")
        query = query.where(
            (calls.c.started_at < started_at) | ((calls.c.started_at == started_at) & (calls.c.call_id < call_id))
        )
    query = query.order_by(calls.c.started_at.desc(), calls.c.call_id.desc()).limit(asked.limit)
    found = [_public(row) for row in connection.execute(query).mappings()]
    counted = _count_warnings(connection, [call["call_id"] for call in found])
    for call in found:
        call["warnings"] = counted.get(call["call_id"], {})
    return found


def get_call(connection: Connection, call_id: str) -> dict[str, Any] | None:
    """One call as :func:`list_calls` gives it."""
    found = list_calls(connection, CallFilter(call_id=call_id, limit=1))
    return found[0] if found else None


def _count_warnings(connection: Connection, call_ids: list[str]) -> dict[str, dict[str, int]]:
    counted: dict[str, dict[str, int]] = {}
    query = (
        select(warnings.c.call_id, warnings.c.severity, func.count())
        .where(warnings.c.call_id.in_(call_ids), warnings.c.status != "retracted")
        .group_by(warnings.c.call_id, warnings.c.severity)
    )
    for call_id, severity, count in connection.execute(query):
        counted.setdefault(call_id, {})[severity] = count
    return counted


def _public(row: Any) -> dict[str, Any]:
    call = dict(row)
    call["sides"] = call["sides"].split(",") if call["sides"] else []
    call["summary"] = json.loads(call["summary"])
    call["recorded"] = bool(call["recorded"])
    return call


def _call_row(row: Any) -> CallRow:
    call = CallRow(
        call_id=row["call_id"],
        agent_id=row["agent_id"],
        direction=row["direction"],
        sides=tuple(row["sides"].split(",")) if row["sides"] else (),
        team=row["team"],
    )
    return replace(
        call,
        last_seq=row["last_seq"],
        last_ms=row["last_ms"],
        last_seen_at=row["last_seen_at"] or "",
        ended=row["status"] == "ended",
    )


def _with_last_seen() -> Select[Any]:
    newest = select(events.c.seen_at).where(events.c.call_id == calls.c.call_id)
    return select(calls, newest.order_by(events.c.seq.desc()).limit(1).scalar_subquery().label("last_seen_at"))


def _plain(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value}" or "(none)"
