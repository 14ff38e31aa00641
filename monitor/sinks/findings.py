"""Warnings as people work with them: lists, verdicts, appeals, and what the verdicts say of a rule."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, distinct, func, insert, select, update

from monitor.errors import InputError
from monitor.sinks.tables import reviews, timestamp, warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningFilter:
    """What ``GET /v1/warnings`` may ask for."""

    warning_id: str = ""
    call_id: str = ""
    agent_id: str = ""
    rule_id: str = ""
    severity: str = ""
    status: str = ""
    category: str = ""
    appeal: str = ""
    verdict: str = ""
    since: str = ""
    until: str = ""
    before: int = 0
    """Only warnings with a smaller ``cursor``: the next page. 0: from the newest."""
    limit: int = 100


def list_warnings(connection: Connection, asked: WarningFilter) -> list[dict[str, Any]]:
    """Warnings as they stand, newest first.

    Each is its newest event, with ``agent_id``, ``first_seen_at``, ``verdict``, ``appeal`` and its
    ``history`` of reviews and appeals; ``cursor`` is its place in the list.
    """
    query = select(warnings)
    for name in ("warning_id", "call_id", "agent_id", "rule_id", "severity", "status", "category", "appeal", "verdict"):
        if value := getattr(asked, name):
            query = query.where(warnings.c[name] == value)
    if asked.since:
        query = query.where(warnings.c.seen_at >= asked.since)
    if asked.until:
        query = query.where(warnings.c.seen_at < asked.until)
    if asked.before:
        query = query.where(warnings.c.cursor < asked.before)
    query = query.order_by(warnings.c.cursor.desc()).limit(asked.limit)
    found = []
    for row in connection.execute(query).mappings():
        warning: dict[str, Any] = json.loads(row["body"])
        warning |= {name: row[name] for name in ("agent_id", "cursor", "verdict", "appeal", "status")}
        warning["first_seen_at"] = row["seen_at"]
        warning["history"] = []
        found.append(warning)
    by_id = {warning["warning_id"]: warning for warning in found}
    history = select(reviews).where(reviews.c.warning_id.in_(list(by_id))).order_by(reviews.c.review_id)
    for entry in connection.execute(history).mappings():
        by_id[entry["warning_id"]]["history"].append({k: entry[k] for k in ("kind", "verdict", "comment", "by", "at")})
    return found


def get_warning(connection: Connection, warning_id: str) -> dict[str, Any] | None:
    """One warning as :func:`list_warnings` gives it."""
    found = list_warnings(connection, WarningFilter(warning_id=warning_id, limit=1))
    return found[0] if found else None


def appeal(connection: Connection, warning_id: str, comment: str, by: str) -> None:
    """The agent contests a warning.

    Raises:
        InputError: ``API-004``, it is retracted, under appeal or has been decided.

    """
    state = connection.execute(
        select(warnings.c.status, warnings.c.appeal, warnings.c.verdict).where(warnings.c.warning_id == warning_id)
    ).one()
    if state.status == "retracted":
        raise InputError("this warning has been taken back", where=warning_id, code="API-004")
    if state.appeal == "open":
        raise InputError("this warning is under appeal already", where=warning_id, code="API-004")
    if state.verdict:
        raise InputError("this warning has been decided", where=warning_id, code="API-004")
    _enter(connection, warning_id, kind="appeal", verdict="", comment=comment, by=by)
    connection.execute(update(warnings).where(warnings.c.warning_id == warning_id).values(appeal="open"))


def review(connection: Connection, warning_id: str, verdict: str, comment: str, by: str) -> None:
    """A supervisor decides: ``upheld`` or ``overturned``. A later verdict replaces an earlier one.

    Raises:
        InputError: ``API-004``, the warning has been retracted.

    """
    state = connection.execute(
        select(warnings.c.status, warnings.c.appeal).where(warnings.c.warning_id == warning_id)
    ).one()
    if state.status == "retracted":
        raise InputError("this warning has been taken back", where=warning_id, code="API-004")
    _enter(connection, warning_id, kind="review", verdict=verdict, comment=comment, by=by)
    connection.execute(
        update(warnings)
        .where(warnings.c.warning_id == warning_id)
        .values(verdict=verdict, appeal="closed" if state.appeal else "")
    )


def rule_figures(connection: Connection, since: str) -> dict[str, dict[str, Any]]:
    """What is known of each rule, by id.

    ``warnings`` raised and ``calls`` touched since then; of all time ``upheld``, ``overturned`` and
    ``precision`` (upheld verdicts to all verdicts; None without a verdict).
    """
    figures: dict[str, dict[str, Any]] = {}
    recent = (warnings.c.seen_at >= since) & (warnings.c.status != "retracted")
    query = select(
        warnings.c.rule_id,
        func.sum(case((recent, 1), else_=0)),
        func.count(distinct(case((recent, warnings.c.call_id)))),
        func.sum(case((warnings.c.verdict == "upheld", 1), else_=0)),
        func.sum(case((warnings.c.verdict == "overturned", 1), else_=0)),
    ).group_by(warnings.c.rule_id)
    for rule_id, raised, in_calls, upheld, overturned in connection.execute(query):
        judged = upheld + overturned
        figures[rule_id] = {
            "warnings": int(raised),
            "calls": int(in_calls),
            "upheld": int(upheld),
            "overturned": int(overturned),
            "precision": round(upheld / judged, 4) if judged else None,
        }
    return figures


def _enter(connection: Connection, warning_id: str, **values: str) -> None:
    connection.execute(insert(reviews).values(warning_id=warning_id, at=timestamp(), **values))
