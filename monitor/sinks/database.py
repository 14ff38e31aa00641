"""Opening a database: SQLite in a file by default, PostgreSQL by URL; bringing its schema up to date."""

import sqlite3
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from monitor.errors import ConfigError, StoreError

BUSY_MS = 5_000
"""How long one writer waits for another (a command run beside the server)."""

_MIGRATIONS = Path(__file__).parent / "migrations"


def url_of(url: str, data: Path) -> str:
    """The database URL: the given one, or ``monitor.db`` in the data folder."""
    return url or f"sqlite:///{data / 'monitor.db'}"


def connect(url: str) -> Engine:
    """An engine for ``url``. Transactions that are to write begin with :func:`writing`.

    SQLite runs in WAL mode, so readers never wait for the writer; ``synchronous=NORMAL`` keeps every
    committed event through a killed process (a power cut may take the last moment).

    Raises:
        ConfigError: ``STO-010``, not a database URL or a driver that is not installed.

    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed, connect_args={"check_same_thread": False}, pool_size=8, max_overflow=8)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        else:
            engine = create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=8)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, TypeError) as error:
        raise ConfigError(
            f"cannot use the database URL: {error}",
            code="STO-010",
            hint="sqlite:///path/monitor.db or postgresql://user:password@host/name (pip install 'psycopg[binary]')",
        ) from None
    except OSError as error:
        raise ConfigError(f"cannot make the data folder: {error}", code="STO-011", hint="see --data") from None
    return engine


def writing(engine: Engine) -> Connection:
    """A connection whose transactions take the write lock when they begin, not in their middle."""
    return engine.connect().execution_options(immediate=True)


def upgrade(engine: Engine) -> tuple[str, str]:
    """Bring the schema to the newest revision; the revisions before (empty: new) and after.

    Raises:
        StoreError: ``STO-002`` the database cannot be opened or changed; ``STO-003`` it was written
            by a newer version of this program.

    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    try:
        with writing(engine) as connection, connection.begin():
            before = MigrationContext.configure(connection).get_current_revision() or ""
            known = {script.revision for script in scripts.walk_revisions()}
            if before and before not in known:
                raise StoreError(
                    f"the database is at revision {before}, which this version does not know",
                    code="STO-003",
                    hint="it was upgraded by a newer version; install that one",
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise StoreError(
            f"cannot open or upgrade the database: {error.orig}",
            code="STO-002",
            where=engine.url.render_as_string(),
            hint="is the folder writable, the server up, the file a database?",
        ) from None
    except SQLAlchemyError as error:
        raise StoreError(f"cannot upgrade the database: {error}", code="STO-002") from None
    return before, scripts.get_current_head() or ""


def _prepare_sqlite(connection: sqlite3.Connection, _: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's "begin" event begins, not the driver
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
