import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.errors import ConfigError, StoreError
from monitor.sinks.database import connect, upgrade
from monitor.sinks.tables import metadata, timestamp


def test_the_migrations_make_exactly_the_tables(url: str) -> None:
    engine = connect(url)
    assert upgrade(engine) == ("", "0001")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_upgrading_twice_changes_nothing(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    assert upgrade(engine) == ("0001", "0001")
    engine.dispose()


def test_a_database_from_the_future_is_refused(url: str) -> None:
    engine = connect(url)
    upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"STO-003.*9999"):
        upgrade(engine)
    engine.dispose()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "monitor.db").write_bytes(b"not a database at all, but long enough to look" * 100)
    with pytest.raises(StoreError, match="STO-002"):
        upgrade(connect(f"sqlite:///{tmp_path / 'monitor.db'}"))


@pytest.mark.parametrize("url", ["nonsense", "nosuchdb://x/y", "sqlite+nodriver:///x"])
def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="STO-010"):
        connect(url)


def test_sqlite_keeps_a_write_ahead_log(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "monitor.db"
    engine = connect(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_timestamps_sort_as_text() -> None:
    stamps = [timestamp() for _ in range(3)]
    assert stamps == sorted(stamps)
    assert {len(stamp) for stamp in stamps} == {24}
