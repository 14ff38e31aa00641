"""Uploaded audits in the store."""

import json
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from monitor.sinks.tables import audits, timestamp

OPEN = ("queued", "running")


def add_audit(
    connection: Connection, audit_id: str, by: str, options: dict[str, Any], files: list[dict[str, Any]]
) -> None:
    """A new audit, queued."""
    connection.execute(
        insert(audits).values(
            audit_id=audit_id,
            by=by,
            created_at=timestamp(),
            status="queued",
            options=json.dumps(options, ensure_ascii=False),
            files=json.dumps(files, ensure_ascii=False),
        )
    )


def set_audit(
    connection: Connection,
    audit_id: str,
    *,
    status: str | None = None,
    files: list[dict[str, Any]] | None = None,
    error: str | None = None,
) -> None:
    """What has become of it; a status that is not open stamps ``finished_at``."""
    values: dict[str, Any] = {}
    if status is not None:
        values["status"] = status
        values["finished_at"] = None if status in OPEN else timestamp()
    if files is not None:
        values["files"] = json.dumps(files, ensure_ascii=False)
    if error is not None:
        values["error"] = error
    connection.execute(update(audits).where(audits.c.audit_id == audit_id).values(**values))


def get_audit(connection: Connection, audit_id: str) -> dict[str, Any] | None:
    """One audit, its files and options as data."""
    row = connection.execute(select(audits).where(audits.c.audit_id == audit_id)).mappings().first()
    return None if row is None else _plain(row)


def list_audits(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest audits, newest first."""
    query = select(audits).order_by(audits.c.created_at.desc(), audits.c.audit_id.desc()).limit(limit)
    return [_plain(row) for row in connection.execute(query).mappings()]


def open_audits(connection: Connection) -> list[str]:
    """Audits that an earlier process left unfinished, oldest first."""
    query = select(audits.c.audit_id).where(audits.c.status.in_(OPEN)).order_by(audits.c.created_at)
    return list(connection.execute(query).scalars())


def delete_audit(connection: Connection, audit_id: str) -> None:
    """Forget it."""
    connection.execute(delete(audits).where(audits.c.audit_id == audit_id))


def _plain(row: Any) -> dict[str, Any]:
    audit = dict(row)
    return audit | {"files": json.loads(audit["files"]), "options": json.loads(audit["options"])}
