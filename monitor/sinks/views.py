"""What is kept beside the events so that questions need not read them all: calls and warnings as they stand."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, update
from sqlalchemy.dialects import postgresql, sqlite

from monitor.events import CallEnded, CallStarted, CallState, Prompt, Published
from monitor.events import Warning as WarningEvent
from monitor.sinks.entry import Stored
from monitor.sinks.tables import calls, prompts, warnings


def upsert(connection: Connection, table: Table, rows: list[dict[str, Any]], changing: Iterable[str]) -> None:
    """Insert rows, or where the primary key is taken set only the columns in ``changing``."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: statement.excluded[name] for name in changing},
        ),
        rows,
    )


def update_views(connection: Connection, group: Iterable[tuple[Published, Stored]], seen_at: str) -> None:
    """Bring calls and warnings up to the events of one transaction, which come in order."""
    reached: dict[str, dict[str, Any]] = {}
    shown: dict[str, dict[str, Any]] = {}
    for event, stored in group:
        mark = reached.setdefault(event.call_id, {"call": event.call_id, "seq": 0, "ms": 0})
        mark["seq"] = event.seq
        mark["ms"] = max(mark["ms"], event.at_ms)
        match event:
            case WarningEvent():
                row = _warning_row(event, stored, seen_at)
                if event.warning_id in shown:  # both within one commit: its first moment stays
                    first = shown[event.warning_id]
                    row |= {"cursor": first["cursor"], "seen_at": first["seen_at"]}
                    row["lag_ms"] = row["lag_ms"] if first["lag_ms"] is None else first["lag_ms"]
                shown[event.warning_id] = row
            case Prompt():
                _prompt(connection, event, stored, seen_at)
            case CallStarted():
                connection.execute(
                    update(calls)
                    .where(calls.c.call_id == event.call_id)
                    .values(model=event.model, rules_version=event.rules_version)
                )
            case CallState():
                connection.execute(
                    update(calls)
                    .where(calls.c.call_id == event.call_id)
                    .values(state=event.state, state_since_ms=event.since_ms)
                )
            case CallEnded():
                connection.execute(
                    update(calls)
                    .where(calls.c.call_id == event.call_id)
                    .values(
                        status="ended",
                        ended_at=seen_at,
                        reason=event.reason,
                        score=event.summary.get("score"),
                        summary=json.dumps(event.summary, ensure_ascii=False),
                    )
                )
    connection.execute(
        update(calls)
        .where(calls.c.call_id == bindparam("call"))
        .values(
            last_seq=bindparam("seq"),
            last_ms=case((calls.c.last_ms < bindparam("ms"), bindparam("ms")), else_=calls.c.last_ms),
        ),
        list(reached.values()),
    )
    if shown:
        changing = ("status", "severity", "rule_id", "category", "trial", "at_ms", "updated_at", "body")
        # lag_ms stays that of the first showing: how long the agent waited to be told
        upsert(connection, warnings, list(shown.values()), changing)


def _warning_row(event: WarningEvent, stored: Stored, seen_at: str) -> dict[str, Any]:
    return {
        "warning_id": event.warning_id,
        "call_id": event.call_id,
        "agent_id": stored.agent_id,
        "cursor": stored.cursor,
        "rule_id": event.rule_id,
        "category": event.category,
        "severity": event.severity,
        "status": event.status,
        "trial": event.trial,
        "at_ms": event.at_ms,
        "seen_at": seen_at,
        "updated_at": seen_at,
        "lag_ms": event.lag_ms,
        "body": stored.text,
    }


def _prompt(connection: Connection, event: Prompt, stored: Stored, seen_at: str) -> None:
    if event.status == "shown":
        row = {
            "call_id": event.call_id,
            "prompt_id": event.prompt_id,
            "agent_id": stored.agent_id,
            "seen_at": seen_at,
            "shown_ms": event.at_ms,
            "done_ms": None,
        }
        upsert(connection, prompts, [row], ("done_ms",))
    elif event.status == "done":
        connection.execute(
            update(prompts)
            .where(prompts.c.call_id == event.call_id, prompts.c.prompt_id == event.prompt_id)
            .values(done_ms=event.at_ms)
        )
