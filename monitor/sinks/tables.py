"""The tables of the store. Migrations (``migrations/versions``) make them; a test keeps both equal.

Wall times are RFC 3339 in UTC with milliseconds and a ``Z``: of one width, so that they sort as text
on every database. Media times are integers ending in ``_ms``.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_BIG = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's row id is an INTEGER, nothing else."""


def timestamp(at: datetime | None = None) -> str:
    """A wall time as the store writes it, e.g. ``2026-01-31T08:00:00.125Z``; now where none is given."""
    at = (at or datetime.now(UTC)).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


calls = Table(
    "calls",
    metadata,
    Column("call_id", String(128), primary_key=True),
    Column("agent_id", String(128), nullable=False),
    Column("team", String(128), nullable=False, default=""),
    Column("direction", String(16), nullable=False),
    Column("sides", String(64), nullable=False),  # comma-separated, in channel order
    Column("model", String(200), nullable=False, default=""),
    Column("rules_version", String(64), nullable=False, default=""),
    Column("status", String(8), nullable=False),  # live, ended
    Column("state", String(16), nullable=False, default=""),  # what the last `state` event said
    Column("state_since_ms", BigInteger, nullable=False, default=0),
    Column("started_at", String(24), nullable=False),
    Column("ended_at", String(24)),
    Column("last_seq", Integer, nullable=False, default=0),
    Column("last_ms", BigInteger, nullable=False, default=0),
    Column("reason", String(64), nullable=False, default=""),
    Column("score", Float),
    Column("summary", Text, nullable=False, default="{}"),
    Column("recording", Text, nullable=False, default=""),  # JSON: file, rate_hz, sides; empty: none kept
    Index(None, "agent_id", "started_at"),
    Index(None, "status", "started_at"),
    Index(None, "started_at"),
)

events = Table(
    "events",
    metadata,
    Column("cursor", _BIG, primary_key=True, autoincrement=False),
    Column("call_id", String(128), ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False),
    Column("agent_id", String(128), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("seen_at", String(24), nullable=False),
    Column("body", Text, nullable=False),  # the event's JSON, exactly as sent
    UniqueConstraint("call_id", "seq"),
    Index(None, "agent_id", "cursor"),
)

warnings = Table(
    "warnings",
    metadata,
    Column("warning_id", String(400), primary_key=True),
    Column("call_id", String(128), ForeignKey("calls.call_id", ondelete="CASCADE"), nullable=False),
    Column("agent_id", String(128), nullable=False),
    Column("cursor", _BIG, nullable=False),  # of its first event: its place in every list
    Column("rule_id", String(128), nullable=False),
    Column("category", String(128), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("trial", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("seen_at", String(24), nullable=False),  # when it was first shown
    Column("updated_at", String(24), nullable=False),
    Column("lag_ms", Integer),  # of the first event that has one
    Column("body", Text, nullable=False),  # its newest event
    Column("verdict", String(16), nullable=False, default=""),  # upheld, overturned
    Column("appeal", String(8), nullable=False, default=""),  # open, closed
    Index(None, "cursor", unique=True),
    Index(None, "call_id", "cursor"),
    Index(None, "agent_id", "cursor"),
    Index(None, "rule_id", "seen_at"),
    Index(None, "seen_at"),
    Index(None, "appeal"),
)

prompts = Table(
    "prompts",
    metadata,
    Column("call_id", String(128), ForeignKey("calls.call_id", ondelete="CASCADE"), primary_key=True),
    Column("prompt_id", String(200), primary_key=True),
    Column("agent_id", String(128), nullable=False),
    Column("seen_at", String(24), nullable=False, index=True),  # when it was first shown
    Column("shown_ms", BigInteger, nullable=False),
    Column("done_ms", BigInteger),
)

reviews = Table(
    "reviews",
    metadata,
    Column("review_id", _BIG, primary_key=True),
    Column(
        "warning_id", String(400), ForeignKey("warnings.warning_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("kind", String(8), nullable=False),  # review, appeal
    Column("verdict", String(16), nullable=False, default=""),
    Column("comment", Text, nullable=False, default=""),
    Column("by", String(128), nullable=False),
    Column("at", String(24), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", String(16), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),  # SHA-256 of 256 random bits, in hex
    Column("role", String(16), nullable=False),
    Column("agent_id", String(128), nullable=False, default=""),
    Column("name", String(128), nullable=False, default=""),
    Column("created_at", String(24), nullable=False),
    Column("expires_at", String(24)),
    Column("revoked_at", String(24)),
)

browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("token_id", String(16), ForeignKey("tokens.token_id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", String(24), nullable=False, index=True),
)

audits = Table(
    "audits",
    metadata,
    Column("audit_id", String(32), primary_key=True),
    Column("by", String(128), nullable=False),
    Column("created_at", String(24), nullable=False, index=True),
    Column("finished_at", String(24)),
    Column("status", String(16), nullable=False),  # queued, running, done, failed, cancelled
    Column("options", Text, nullable=False),
    Column("files", Text, nullable=False),  # JSON list of {file, bytes, status, progress, ...}
    Column("error", Text, nullable=False, default=""),
)

access_log = Table(
    "access_log",
    metadata,
    Column("entry_id", _BIG, primary_key=True),
    Column("at", String(24), nullable=False, index=True),
    Column("who", String(128), nullable=False, default=""),  # token id and name; empty: nobody known
    Column("role", String(16), nullable=False, default=""),
    Column("address", String(64), nullable=False, default=""),
    Column("action", String(200), nullable=False),
    Column("target", String(400), nullable=False, default=""),
    Column("code", String(16), nullable=False, default=""),  # error code of a refusal; empty: it was done
)
