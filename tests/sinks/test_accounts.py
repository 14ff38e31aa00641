from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from monitor.errors import InputError
from monitor.sinks import accounts
from monitor.sinks.database import connect, upgrade, writing
from monitor.sinks.tables import browser_sessions, tokens


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    engine = connect(f"sqlite:///{tmp_path / 'monitor.db'}")
    upgrade(engine)
    with writing(engine) as connection, connection.begin():
        yield connection
    engine.dispose()


def test_a_token_is_known_by_its_secret_and_never_kept(db: Connection) -> None:
    token_id, secret = accounts.create_token(db, "agent", agent_id="a1", name="小王")
    principal = accounts.find_token(db, secret)
    assert principal is not None
    assert (principal.token_id, principal.role, principal.agent_id, principal.who) == (token_id, "agent", "a1", "小王")
    assert secret not in str([dict(row) for row in db.execute(tokens.select()).mappings()])
    assert accounts.find_token(db, secret + "x") is None


@pytest.mark.parametrize(
    "wrong",
    [{"role": "boss"}, {"role": "agent"}, {"role": "admin", "agent_id": "a1"}, {"role": "admin", "days": 0}],
)
def test_a_token_that_makes_no_sense_is_refused(db: Connection, wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match="ACC-010"):
        accounts.create_token(db, **wrong)  # type: ignore[arg-type]


def test_an_expired_token_is_worth_nothing(db: Connection) -> None:
    _, secret = accounts.create_token(db, "admin", days=1)
    assert accounts.find_token(db, secret) is not None
    db.execute(update(tokens).values(expires_at="2000-01-01T00:00:00.000Z"))
    assert accounts.find_token(db, secret) is None


def test_a_revoked_token_takes_its_sessions_along(db: Connection) -> None:
    token_id, secret = accounts.create_token(db, "supervisor")
    cookie = accounts.open_session(db, token_id, hours=1)
    assert accounts.find_session(db, cookie) is not None
    accounts.revoke_token(db, token_id)
    assert accounts.find_token(db, secret) is None
    assert accounts.find_session(db, cookie) is None
    with pytest.raises(InputError, match="ACC-011"):
        accounts.revoke_token(db, "nobody")


def test_a_session_ends(db: Connection) -> None:
    token_id, _ = accounts.create_token(db, "supervisor")
    cookie = accounts.open_session(db, token_id, hours=1)
    accounts.close_session(db, cookie)
    assert accounts.find_session(db, cookie) is None
    cookie = accounts.open_session(db, token_id, hours=1)
    db.execute(update(browser_sessions).values(expires_at="2000-01-01T00:00:00.000Z"))
    assert accounts.find_session(db, cookie) is None


def test_the_access_log_reads_newest_first(db: Connection) -> None:
    for action in ("one", "two"):
        accounts.log_access(
            db, {"who": "x", "role": "admin", "address": "127.0.0.1", "action": action, "target": "", "code": ""}
        )
    assert [line["action"] for line in accounts.read_access(db, 10)] == ["two", "one"]
    assert accounts.list_tokens(db) == []
    assert accounts.count_tokens(db) == 0
