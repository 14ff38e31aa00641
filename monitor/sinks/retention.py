"""What is kept for how long."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from monitor.sinks.tables import access_log, audits, calls, timestamp

ACCESS_DAYS = 180
"""The access log is kept this long, whatever else is."""


def ago(days: float) -> str:
    """The moment so many days before now."""
    return timestamp(datetime.now(UTC) - timedelta(days=days))


def forget_recordings(connection: Connection, before: str, limit: int = 200) -> list[dict[str, Any]]:
    """Recordings of calls that ended before: no longer known to the store; their files are for the caller."""
    query = (
        select(calls.c.call_id, calls.c.recording)
        .where(calls.c.recording != "", calls.c.status == "ended", calls.c.ended_at < before)
        .limit(limit)
    )
    found = connection.execute(query).all()
    connection.execute(update(calls).where(calls.c.call_id.in_([row.call_id for row in found])).values(recording=""))
    return [json.loads(row.recording) for row in found]


def forget_calls(connection: Connection, before: str, limit: int = 200) -> int:
    """Calls that ended before are deleted with their events, warnings and reviews; how many were."""
    old = select(calls.c.call_id).where(calls.c.status == "ended", calls.c.ended_at < before).limit(limit)
    found = connection.execute(old).scalars().all()
    connection.execute(delete(calls).where(calls.c.call_id.in_(found)))
    return len(found)


def old_audits(connection: Connection, before: str) -> list[str]:
    """Audits that finished before."""
    return list(connection.execute(select(audits.c.audit_id).where(audits.c.finished_at < before)).scalars())


def forget_access(connection: Connection) -> None:
    """Old lines of the access log are deleted."""
    connection.execute(delete(access_log).where(access_log.c.at < ago(ACCESS_DAYS)))
