"""Reading events back: of one call, of one agent's calls, of all calls."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, select

from monitor.sinks.entry import Stored
from monitor.sinks.tables import events


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events somebody follows. Both fields set: that call, if it is that agent's."""

    call_id: str = ""
    agent_id: str = ""

    def holds(self, event: Stored) -> bool:
        """Whether the event belongs to it."""
        return self.call_id in ("", event.call_id) and self.agent_id in ("", event.agent_id)

    def place(self, event: Stored) -> int:
        """What ``after`` counts here: ``seq`` within one call, the store's ``cursor`` over several."""
        return event.seq if self.call_id else event.cursor


def read_events(
    connection: Connection, scope: Scope, *, after: int = 0, limit: int = 500, kinds: tuple[str, ...] = ()
) -> list[Stored]:
    """Events of ``scope`` whose place is beyond ``after``, in order, at most ``limit``."""
    query: Select[tuple[int, str, str, int, str, str]] = select(
        events.c.cursor, events.c.call_id, events.c.agent_id, events.c.seq, events.c.kind, events.c.body
    )
    place: ColumnElement[int] = events.c.seq if scope.call_id else events.c.cursor
    query = query.where(place > after).order_by(place).limit(limit)
    if scope.call_id:
        query = query.where(events.c.call_id == scope.call_id)
    if scope.agent_id:
        query = query.where(events.c.agent_id == scope.agent_id)
    if kinds:
        query = query.where(events.c.kind.in_(kinds))
    return [
        Stored(row.cursor, row.call_id, row.agent_id, row.seq, row.kind, row.body) for row in connection.execute(query)
    ]
