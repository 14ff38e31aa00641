"""What is past its time goes, with all that belongs to it; what is not stays."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, func, insert, select

from monitor.sinks import retention
from monitor.sinks.database import connect, upgrade, writing
from monitor.sinks.tables import access_log, audits, calls, events, reviews, warnings

OLD, NEW = "2026-01-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"
BETWEEN = "2026-02-01T00:00:00.000Z"


@pytest.fixture
def db(url: str) -> Iterator[Connection]:
    engine = connect(url)
    upgrade(engine)
    with writing(engine) as connection, connection.begin():
        yield connection
    engine.dispose()


def put_call(db: Connection, call_id: str, ended_at: str | None, recording: object = None) -> None:
    """A call with an event, a warning and a review of it."""
    status = "ended" if ended_at else "live"
    row = {"call_id": call_id, "agent_id": "a1", "direction": "inbound", "sides": "agent", "status": status}
    kept = json.dumps(recording) if recording else ""
    db.execute(insert(calls).values(**row, started_at=OLD, ended_at=ended_at, recording=kept))
    cursor = db.execute(select(func.count()).select_from(events)).scalar_one() + 1
    said = {"call_id": call_id, "agent_id": "a1", "cursor": cursor, "at_ms": 0, "seen_at": OLD, "body": "{}"}
    db.execute(insert(events).values(**said, seq=1, kind="note"))
    warning = {"warning_id": f"{call_id}:w", "rule_id": "r", "category": "c", "severity": "minor"}
    db.execute(insert(warnings).values(**said, **warning, status="confirmed", trial=False, updated_at=OLD))
    db.execute(insert(reviews).values(review_id=cursor, warning_id=f"{call_id}:w", kind="review", by="s", at=OLD))


def ids(db: Connection) -> list[str]:
    return sorted(db.execute(select(calls.c.call_id)).scalars())


def test_old_calls_go_with_all_that_belongs_to_them(db: Connection) -> None:
    """Events, warnings and reviews too; calls that last are never old."""
    put_call(db, "old", OLD)
    put_call(db, "new", NEW)
    put_call(db, "live", None)
    assert retention.forget_calls(db, BETWEEN) == 1
    assert ids(db) == ["live", "new"]
    for table in (events, warnings):
        assert sorted(db.execute(select(table.c.call_id)).scalars()) == ["live", "new"]
    assert sorted(db.execute(select(reviews.c.warning_id)).scalars()) == ["live:w", "new:w"]
    assert retention.forget_calls(db, BETWEEN) == 0


def test_calls_go_so_many_at_a_time(db: Connection) -> None:
    """A year of calls does not hold up the writer."""
    for number in range(5):
        put_call(db, f"c{number}", OLD)
    assert [retention.forget_calls(db, BETWEEN, limit=2) for _ in range(4)] == [2, 2, 1, 0]


def test_recordings_go_and_their_calls_stay(db: Connection) -> None:
    """The caller is told which files to delete, once."""
    put_call(db, "old", OLD, {"file": "one"})
    put_call(db, "older", OLD)
    put_call(db, "new", NEW, {"file": "two"})
    put_call(db, "live", None, {"file": "three"})
    assert retention.forget_recordings(db, BETWEEN) == [{"file": "one"}]
    assert retention.forget_recordings(db, BETWEEN) == []
    assert ids(db) == ["live", "new", "old", "older"]
    kept = db.execute(select(calls.c.call_id).where(calls.c.recording != "")).scalars()
    assert sorted(kept) == ["live", "new"]


def test_audits_that_finished_before(db: Connection) -> None:
    for audit_id, finished_at in (("old", OLD), ("new", NEW), ("running", None)):
        row = {"audit_id": audit_id, "by": "a", "created_at": OLD, "status": "done", "options": "{}", "files": "[]"}
        db.execute(insert(audits).values(**row, finished_at=finished_at))
    assert retention.old_audits(db, BETWEEN) == ["old"]


def test_the_access_log_is_kept_for_half_a_year(db: Connection) -> None:
    for days in (retention.ACCESS_DAYS + 1, retention.ACCESS_DAYS - 1):
        entry = {"who": f"{days}", "role": "", "address": "", "action": "", "target": "", "code": ""}
        db.execute(insert(access_log).values(**entry, at=retention.ago(days)))
    retention.forget_access(db)
    assert list(db.execute(select(access_log.c.who)).scalars()) == [str(retention.ACCESS_DAYS - 1)]
