"""Figures over many calls, for the board beside the wall."""

from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, distinct, func, select

from monitor.events import SEVERITIES
from monitor.sinks.tables import calls, prompts, warnings

SAMPLE = 50_000
"""Medians are taken over at most so many of the newest values."""


def stats(connection: Connection, since: str) -> dict[str, Any]:
    """Calls, warnings and medians since a moment; retracted warnings are left out."""
    began = calls.c.started_at >= since
    raised = (warnings.c.seen_at >= since) & (warnings.c.status != "retracted")
    by_status: dict[str, int] = dict(
        connection.execute(select(calls.c.status, func.count()).where(began).group_by(calls.c.status)).tuples().all()
    )
    severities: dict[str, int] = dict(
        connection.execute(select(warnings.c.severity, func.count()).where(raised).group_by(warnings.c.severity))
        .tuples()
        .all()
    )
    mean = connection.execute(select(func.avg(calls.c.score)).where(began)).scalar()
    lags = connection.execute(
        select(warnings.c.lag_ms)
        .where(raised, warnings.c.lag_ms.is_not(None))
        .order_by(warnings.c.cursor.desc())
        .limit(SAMPLE)
    ).scalars()
    reactions = connection.execute(
        select(prompts.c.done_ms - prompts.c.shown_ms)
        .where(prompts.c.seen_at >= since, prompts.c.done_ms.is_not(None))
        .order_by(prompts.c.seen_at.desc())
        .limit(SAMPLE)
    ).scalars()
    return {
        "since": since,
        "calls": {
            "total": sum(by_status.values()),
            "live": connection.execute(
                select(func.count()).select_from(calls).where(calls.c.status == "live")
            ).scalar_one(),
            "ended": by_status.get("ended", 0),
            "mean_score": None if mean is None else round(float(mean), 1),
        },
        "warnings": {"total": sum(severities.values()), **{name: severities.get(name, 0) for name in SEVERITIES}},
        "by_rule": _by_rule(connection, raised),
        "by_agent": _by_agent(connection, began, raised),
        "by_hour": _by_hour(connection, began, raised),
        "median_lag_ms": _median(list(lags)),
        "median_reaction_ms": _median(list(reactions)),
        "appeals_open": connection.execute(
            select(func.count()).select_from(warnings).where(warnings.c.appeal == "open")
        ).scalar_one(),
    }


def _by_rule(connection: Connection, raised: Any) -> list[dict[str, Any]]:
    query = (
        select(
            warnings.c.rule_id,
            warnings.c.severity,
            func.count().label("warnings"),
            func.count(distinct(warnings.c.call_id)).label("calls"),
        )
        .where(raised)
        .group_by(warnings.c.rule_id, warnings.c.severity)
        .order_by(func.count().desc(), warnings.c.rule_id)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _by_agent(connection: Connection, began: Any, raised: Any) -> list[dict[str, Any]]:
    agents: dict[str, dict[str, Any]] = {}
    query = select(calls.c.agent_id, func.count(), func.avg(calls.c.score)).where(began).group_by(calls.c.agent_id)
    for agent_id, count, mean in connection.execute(query):
        mean_score = None if mean is None else round(float(mean), 1)
        agents[agent_id] = {"agent_id": agent_id, "calls": count, "warnings": 0, "mean_score": mean_score}
    query = select(warnings.c.agent_id, func.count()).where(raised).group_by(warnings.c.agent_id)
    for agent_id, count in connection.execute(query):
        unseen = {"agent_id": agent_id, "calls": 0, "warnings": 0, "mean_score": None}
        agents.setdefault(agent_id, unseen)["warnings"] = count
    return sorted(agents.values(), key=lambda agent: (-agent["warnings"], agent["agent_id"]))


def _by_hour(connection: Connection, began: Any, raised: Any) -> list[dict[str, Any]]:
    """Hours are those of the server's own zone; the store's are UTC, so whole UTC hours are turned over."""
    hours: dict[str, dict[str, Any]] = {}
    for name, column, where in (("calls", calls.c.started_at, began), ("warnings", warnings.c.seen_at, raised)):
        hour = func.substr(column, 1, 13)
        for stamp, count in connection.execute(select(hour, func.count()).where(where).group_by(hour)):
            local = datetime.fromisoformat(f"{stamp}:00:00+00:00").astimezone().isoformat(timespec="minutes")
            hours.setdefault(local, {"hour": local, "calls": 0, "warnings": 0})[name] = count
    return [hours[hour] for hour in sorted(hours)]


def _median(values: list[int]) -> int | None:
    return round(median(values)) if values else None
