import asyncio
import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from monitor.errors import InputError, StoreError
from monitor.events import CallEnded, CallStarted, CallState, Note, Published
from monitor.events import Warning as WarningEvent
from monitor.frames import Side
from monitor.sinks import writer
from monitor.sinks.calls import CallFilter, CallRow, find_call, get_call, list_calls, open_call, open_calls
from monitor.sinks.database import connect
from monitor.sinks.entry import Entry, Stored
from monitor.sinks.feed import Scope, read_events
from monitor.sinks.findings import WarningFilter, appeal, get_warning, list_warnings, review, rule_figures
from monitor.sinks.store import Store
from monitor.timeline import Ms

pytestmark = pytest.mark.anyio


def call(call_id: str = "c1", agent_id: str = "a1") -> CallRow:
    return CallRow(call_id=call_id, agent_id=agent_id, direction="inbound", sides=("agent", "customer"))


def note(seq: int, call_id: str = "c1", text: str = "好") -> Note:
    return Note(call_id=call_id, at_ms=Ms(seq * 10), seq=seq, author="组长", text=text)


def warning(seq: int, status: str = "confirmed", call_id: str = "c1", rule_id: str = "not-my-job") -> WarningEvent:
    return WarningEvent(
        call_id=call_id,
        at_ms=Ms(seq * 10),
        seq=seq,
        warning_id=f"{call_id}:agent-0:{rule_id}",
        status=status,  # type: ignore[arg-type]
        rule_id=rule_id,
        title="推诿",
        severity="critical",
        side=Side.AGENT,
        quote="这事不归我做",
        match="literal",
        from_ms=Ms(0),
        to_ms=Ms(1000),
    )


class Running:
    """A started store, and what it published."""

    def __init__(self, url: str) -> None:
        self.store = Store(Path("unused"), url)
        self.seen: list[Stored] = []
        self._more = asyncio.Event()

    async def __aenter__(self) -> "Running":
        await self.store.start(self._take)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.store.stop()

    def _take(self, stored: Sequence[Stored]) -> None:
        self.seen += stored
        self._more.set()

    async def append(self, *events: Published, agent_id: str = "a1", arrived: float | None = None) -> None:
        await self.store.append([Entry(event, agent_id, arrived) for event in events])
        await self.until(events[-1].call_id, events[-1].seq)

    async def until(self, call_id: str, seq: int) -> None:
        while not any(item.call_id == call_id and item.seq == seq for item in self.seen):
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 120)


async def test_an_event_is_on_disk_before_it_is_published(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        found: list[list[Stored]] = []
        other = Store(Path("unused"), url)
        await other.start()

        def published(stored: Sequence[Stored]) -> None:
            with other._engine.connect() as connection:
                found.append(read_events(connection, Scope(call_id="c1")))
            running._take(stored)

        running.store._published = published
        await running.append(note(1))
        assert found == [running.seen]
        await other.stop()


async def test_events_come_out_as_they_went_in_with_wall_times(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(note(1, text="请道歉 'quotes\" ünï 😀"), warning(2), arrived=0.0)
        stored = await running.store.read(read_events, Scope(call_id="c1"))
        assert stored == running.seen
        first, second = (json.loads(item.text) for item in stored)
        assert first["text"] == "请道歉 'quotes\" ünï 😀"
        assert first["from"] == "组长"
        assert [json.loads(item.text_with_cursor) for item in stored] == [first | {"cursor": 1}, second | {"cursor": 2}]
        assert first["seen_at"].endswith("Z")
        assert second["lag_ms"] > 0
        assert "lag_ms" not in first


async def test_cursor_goes_on_after_a_restart(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(note(1), note(2))
    async with Running(url) as running:
        assert running.store.cursor == 2
        await running.append(note(3))
        assert [item.cursor for item in await running.store.read(read_events, Scope())] == [1, 2, 3]


async def test_a_call_is_found_again_with_how_far_it_came(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(note(1), note(7))
        again = await running.store.change(open_call, call())
        assert (again.last_seq, again.last_ms, again.ended) == (7, 70, False)
        assert [item.call_id for item in await running.store.read(open_calls)] == ["c1"]


async def test_a_call_id_of_another_agent_is_refused(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        with pytest.raises(InputError, match=r"CALL-002.*a1.*a2"):
            await running.store.change(open_call, call(agent_id="a2"))


async def test_the_call_row_follows_its_events(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(
            CallStarted(call_id="c1", at_ms=Ms(0), seq=1, agent_id="a1", rules_version="v1", model="m"),
            CallState(call_id="c1", at_ms=Ms(10), seq=2, state="hold", since_ms=Ms(5)),
            warning(3),
            CallEnded(call_id="c1", at_ms=Ms(900), seq=4, reason="hangup", summary={"score": 75}),
        )
        found = await running.store.read(get_call, "c1")
        assert found is not None
        assert (found["status"], found["state"], found["state_since_ms"]) == ("ended", "hold", 5)
        assert (found["score"], found["reason"], found["last_ms"], found["last_seq"]) == (75, "hangup", 900, 4)
        assert (found["rules_version"], found["model"], found["sides"]) == ("v1", "m", ["agent", "customer"])
        assert found["warnings"] == {"critical": 1}
        assert await running.store.read(open_calls) == []
        assert (await running.store.read(find_call, "c1")).ended  # type: ignore[union-attr]


async def test_calls_are_listed_newest_first_page_by_page(url: str) -> None:
    async with Running(url) as running:
        for number in range(7):
            await running.store.change(open_call, call(f"c{number}"))
        seen, before = [], ""
        while page := await running.store.read(list_calls, CallFilter(limit=3, before=before)):
            seen += [row["call_id"] for row in page]
            before = f"{page[-1]['started_at']}/{page[-1]['call_id']}"
        assert seen == [f"c{number}" for number in reversed(range(7))]


async def test_a_warning_is_kept_as_its_newest_event(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(warning(1, "provisional"), warning(2, "confirmed"))  # one commit
        await running.append(warning(3, "retracted"))  # and another
        (found,) = await running.store.read(list_warnings, WarningFilter(call_id="c1"))
        assert (found["status"], found["seq"], found["cursor"]) == ("retracted", 3, 1)
        assert await running.store.read(list_warnings, WarningFilter(status="confirmed")) == []


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"rule_id": "r1"}, 1),
        ({"agent_id": "a1"}, 2),
        ({"agent_id": "a2"}, 0),
        ({"severity": "minor"}, 0),
        ({"until": "2000"}, 0),
        ({"since": "2000"}, 2),
    ],
)
async def test_warnings_are_filtered(url: str, asked: dict[str, str], count: int) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(warning(1, rule_id="r1"), warning(2, rule_id="r2"))
        assert len(await running.store.read(list_warnings, WarningFilter(**asked))) == count  # type: ignore[arg-type]


async def test_an_appeal_leads_to_a_verdict_and_the_verdict_to_precision(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(warning(1, rule_id="r1"), warning(2, rule_id="r2"))
        one, two = "c1:agent-0:r1", "c1:agent-0:r2"
        await running.store.change(appeal, one, "我没有说", "a1")
        with pytest.raises(InputError, match="API-004"):
            await running.store.change(appeal, one, "再来", "a1")
        (open_one,) = await running.store.read(list_warnings, WarningFilter(appeal="open"))
        assert open_one["warning_id"] == one
        await running.store.change(review, one, "overturned", "听错了", "组长")
        await running.store.change(review, two, "upheld", "", "组长")
        assert await running.store.read(list_warnings, WarningFilter(appeal="open")) == []
        found = await running.store.read(get_warning, one)
        assert found is not None
        assert [(entry["kind"], entry["by"]) for entry in found["history"]] == [("appeal", "a1"), ("review", "组长")]
        figures = await running.store.read(rule_figures, "2000")
        assert (figures["r1"]["precision"], figures["r2"]["precision"], figures["r2"]["warnings"]) == (0.0, 1.0, 1)
        with pytest.raises(InputError, match="API-004"):
            await running.store.change(appeal, two, "晚了", "a1")


async def test_a_refused_event_costs_itself_alone(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.append(note(1))
        await running.append(note(1), note(2), note(3))  # the number 1 is taken
        assert [item.seq for item in await running.store.read(read_events, Scope(call_id="c1"))] == [1, 2, 3]
        assert running.store.backlog == 0


async def test_a_database_that_fails_for_a_while_loses_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "RETRY_S", (0.001,))
    async with Running(url) as running:
        await running.store.change(open_call, call())
        await running.store.change(_rename, "events", "elsewhere")
        await running.store.append([Entry(note(1), "a1"), Entry(note(2), "a1")])
        while not running.store.failing:
            await asyncio.sleep(0)
        engine = running.store._engine
        with engine.begin() as connection:
            _rename(connection, "elsewhere", "events")
        await running.until("c1", 2)
        assert [item.seq for item in await running.store.read(read_events, Scope())] == [1, 2]
        assert not running.store.failing


async def test_what_cannot_be_written_to_the_last_is_spooled(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "RETRY_S", (0.001,))
    store = Store(tmp_path, url)
    await store.start()
    await store.change(open_call, call())
    await store.change(_rename, "events", "elsewhere")
    await store.append([Entry(note(1), "a1"), Entry(warning(2), "a1")])
    await store.append([Entry(note(3, text="最后"), "a1")])
    with pytest.raises(StoreError, match=r"STO-005.*spool.*3 events"):
        await store.stop()
    (path,) = (tmp_path / "spool").iterdir()
    path.write_text(path.read_text(encoding="utf-8") + '{"broken', encoding="utf-8")
    engine = connect(url)
    with engine.begin() as connection:
        _rename(connection, "elsewhere", "events")
    engine.dispose()
    store = Store(tmp_path, url)
    await store.start()
    kept = [json.loads(item.text) for item in await store.read(read_events, Scope(call_id="c1"))]
    assert [(event["seq"], event["kind"]) for event in kept] == [(1, "note"), (2, "warning"), (3, "note")]
    assert (kept[2]["text"], "agent_id" in kept[2]) == ("最后", False)
    assert not list((tmp_path / "spool").iterdir())
    await store.stop()


async def test_questions_to_a_broken_database_say_so(url: str) -> None:
    async with Running(url) as running:
        await running.store.change(_rename, "warnings", "elsewhere")
        with pytest.raises(StoreError, match="STO-001"):
            await running.store.read(list_warnings, WarningFilter())


async def test_a_change_that_raises_changes_nothing(url: str) -> None:
    def half(connection: Connection) -> None:
        open_call(connection, call())
        raise InputError("no")

    async with Running(url) as running:
        with pytest.raises(InputError, match="no"):
            await running.store.change(half)
        assert await running.store.read(find_call, "c1") is None


def test_a_killed_process_loses_nothing_that_was_seen(tmp_path: Path) -> None:
    """A child publishes events on stdout as they are committed; it is killed in the middle."""
    program = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from monitor.events import Note
        from monitor.sinks.calls import CallRow, open_call
        from monitor.sinks.entry import Entry
        from monitor.sinks.store import Store

        async def main():
            store = Store(Path(sys.argv[1]))
            await store.start(lambda stored: print(*[item.seq for item in stored], flush=True))
            await store.change(open_call, CallRow(call_id="c", agent_id="a", direction="inbound", sides=()))
            seq = 0
            while True:
                seq += 1
                await store.append([Entry(Note(call_id="c", at_ms=seq, seq=seq, author="x", text="y" * 200), "a")])
                await asyncio.sleep(0)

        asyncio.run(main())
        """
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen: list[int] = []
    for line in child.stdout:
        seen += map(int, line.split())
        if len(seen) > 300:
            child.kill()
            break
    seen += [int(word) for line in child.stdout if line.endswith("\n") for word in line.split()]
    child.wait()

    async def read() -> list[int]:
        store = Store(tmp_path)
        await store.start()
        try:
            return [item.seq for item in await store.read(read_events, Scope(call_id="c"), limit=10**6)]
        finally:
            await store.stop()

    kept = asyncio.run(read())
    assert kept == list(range(1, len(kept) + 1))
    assert kept[-1] >= max(seen)


def _rename(connection: Connection, table: str, name: str) -> None:
    connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")
