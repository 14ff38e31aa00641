"""Who may do what: tokens by role, browser sessions, and a log of access.

A token is 256 random bits; the store holds its SHA-256 alone. (A slow password hash protects what
people choose; bits nobody can guess do not need it, and every request would pay.)
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, delete, func, insert, select, update

from monitor.errors import InputError
from monitor.sinks.tables import access_log, browser_sessions, timestamp, tokens

Role = Literal["ingest", "agent", "supervisor", "auditor", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Somebody who has shown a valid token."""

    token_id: str
    role: Role
    agent_id: str = ""
    """An agent's own id; for ``ingest``, the only agent whose calls it may send (empty: any)."""
    name: str = ""
    expires_at: str = ""
    session: str = ""
    """Hash of the browser session it came with; empty: it came with the token itself."""

    @property
    def who(self) -> str:
        """As the access log and reviews name them."""
        return self.name or self.agent_id or f"{self.role} {self.token_id}"


def digest(secret: str) -> str:
    """What the store keeps of a token or session."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create_token(
    connection: Connection, role: str, *, agent_id: str = "", name: str = "", days: float | None = None
) -> tuple[str, str]:
    """Make a token; its id and the token itself, which nobody can read again.

    Raises:
        InputError: ``ACC-010``, an unknown role, an agent's token without an agent, or no time to live.

    """
    if role not in ROLES:
        raise InputError(f"no such role: {role}", code="ACC-010", hint=f"one of {', '.join(ROLES)}")
    if role == "agent" and not agent_id:
        raise InputError("an agent's token needs the agent's id", code="ACC-010", hint="--agent ID")
    if agent_id and role not in ("agent", "ingest"):
        raise InputError(f"a token of role {role} is for no single agent", code="ACC-010")
    if days is not None and days <= 0:
        raise InputError("a token must live for some time", code="ACC-010", hint="--days 30")
    token_id, secret = secrets.token_hex(4), "cm_" + secrets.token_urlsafe(32)
    connection.execute(
        insert(tokens).values(
            token_id=token_id,
            hash=digest(secret),
            role=role,
            agent_id=agent_id,
            name=name,
            created_at=timestamp(),
            expires_at=None if days is None else timestamp(datetime.now(UTC) + timedelta(days=days)),
        )
    )
    return token_id, secret


def list_tokens(connection: Connection) -> list[dict[str, Any]]:
    """Every token but its secret, oldest first."""
    columns = [column for column in tokens.c if column.name != "hash"]
    return [dict(row) for row in connection.execute(select(*columns).order_by(tokens.c.created_at)).mappings()]


def revoke_token(connection: Connection, token_id: str) -> None:
    """Make a token worthless from now on, and every browser session it opened.

    Raises:
        InputError: ``ACC-011``, there is no such token.

    """
    done = connection.execute(update(tokens).where(tokens.c.token_id == token_id).values(revoked_at=timestamp()))
    if not done.rowcount:
        raise InputError(f"no such token: {token_id}", code="ACC-011", hint="monitor token list")
    connection.execute(delete(browser_sessions).where(browser_sessions.c.token_id == token_id))


def count_tokens(connection: Connection) -> int:
    """How many tokens there are; 0 at the first start."""
    return connection.execute(select(func.count()).select_from(tokens)).scalar_one()


def find_token(connection: Connection, secret: str) -> Principal | None:
    """Whose token it is; None when unknown, expired or revoked."""
    return _principal(connection, tokens.c.hash == digest(secret))


def open_session(connection: Connection, token_id: str, hours: float) -> str:
    """A browser session for a token's owner: the secret for its cookie."""
    secret = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    connection.execute(delete(browser_sessions).where(browser_sessions.c.expires_at < timestamp(now)))
    connection.execute(
        insert(browser_sessions).values(
            hash=digest(secret), token_id=token_id, expires_at=timestamp(now + timedelta(hours=hours))
        )
    )
    return secret


def find_session(connection: Connection, secret: str) -> Principal | None:
    """Whose browser session it is; None when it is unknown or over, or its token is."""
    row = connection.execute(
        select(browser_sessions.c.token_id).where(
            browser_sessions.c.hash == digest(secret), browser_sessions.c.expires_at > timestamp()
        )
    ).scalar()
    found = None if row is None else _principal(connection, tokens.c.token_id == row)
    return None if found is None else replace(found, session=digest(secret))


def still_valid(connection: Connection, principal: Principal) -> bool:
    """Neither the token nor, where there is one, the browser session has ended since."""
    if principal.session:
        alive = select(browser_sessions.c.hash).where(
            browser_sessions.c.hash == principal.session, browser_sessions.c.expires_at > timestamp()
        )
        if connection.execute(alive).first() is None:
            return False
    return _principal(connection, tokens.c.token_id == principal.token_id) is not None


def close_session(connection: Connection, secret: str) -> None:
    """Log out."""
    connection.execute(delete(browser_sessions).where(browser_sessions.c.hash == digest(secret)))


def log_access(connection: Connection, entry: dict[str, str]) -> None:
    """Keep a line of who did, or was refused, what."""
    connection.execute(insert(access_log).values(at=timestamp(), **entry))


def read_access(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest lines of the access log, newest first."""
    query = select(access_log).order_by(access_log.c.entry_id.desc()).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]


def _principal(connection: Connection, where: Any) -> Principal | None:
    row = connection.execute(select(tokens).where(where, tokens.c.revoked_at.is_(None))).mappings().first()
    if row is None or (row["expires_at"] and row["expires_at"] <= timestamp()):
        return None
    return Principal(
        token_id=row["token_id"],
        role=row["role"],
        agent_id=row["agent_id"],
        name=row["name"],
        expires_at=row["expires_at"] or "",
    )
