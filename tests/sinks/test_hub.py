import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.sinks import hub as hub_module
from monitor.sinks.entry import Stored
from monitor.sinks.feed import Scope
from monitor.sinks.hub import Follower, Hub

pytestmark = pytest.mark.anyio


class Disk:
    """Events as a store keeps them, without one: appended first, published when the test says so."""

    def __init__(self) -> None:
        self.events: list[Stored] = []
        self.seqs: dict[str, int] = {}
        self.reads = 0

    def write(self, call_id: str) -> Stored:
        self.seqs[call_id] = self.seqs.get(call_id, 0) + 1
        cursor = len(self.events) + 1
        body = json.dumps({"cursor": cursor})
        self.events.append(Stored(cursor, call_id, f"agent of {call_id}", self.seqs[call_id], "note", body))
        return self.events[-1]

    async def read(self, scope: Scope, after: int, limit: int) -> list[Stored]:
        self.reads += 1
        await asyncio.sleep(0)
        found = [event for event in self.events if scope.holds(event) and scope.place(event) > after]
        await asyncio.sleep(0)
        return found[:limit]


async def take(follower: Follower, count: int) -> list[Stored]:
    got: list[Stored] = []
    async for event in follower:
        got.append(event)
        if len(got) == count:
            break
    return got


async def test_a_follower_gets_what_happens_from_now_on() -> None:
    disk = Disk()
    hub = Hub(disk.read)
    hub.publish([disk.write("c1")])
    with hub.follow(Scope()) as follower:
        later = [disk.write("c1"), disk.write("c2")]
        hub.publish(later)
        assert await take(follower, 2) == later
    assert disk.reads == 0
    assert len(hub) == 0


async def test_scopes_keep_calls_and_agents_apart() -> None:
    disk = Disk()
    hub = Hub(disk.read)
    with hub.follow(Scope(call_id="c1"), 0) as one, hub.follow(Scope(agent_id="agent of c2"), 0) as two:
        hub.publish([disk.write("c1"), disk.write("c2"), disk.write("c1")])
        assert [event.call_id for event in await take(one, 2)] == ["c1", "c1"]
        assert [event.call_id for event in await take(two, 1)] == ["c2"]


async def test_a_slow_follower_catches_up_without_gap_or_double() -> None:
    disk = Disk()
    hub = Hub(disk.read)
    total = hub_module.QUEUE * 4
    with hub.follow(Scope(call_id="c1")) as follower:
        for _ in range(total):
            hub.publish([disk.write("c1")])
            assert len(follower._queue) <= hub_module.QUEUE
        got = await take(follower, total)
        assert follower.rescues > 0
    assert [event.seq for event in got] == list(range(1, total + 1))


async def test_a_cursor_beyond_the_end_follows_from_now() -> None:
    disk = Disk()
    hub = Hub(disk.read)
    hub.publish([disk.write("c1")])
    with hub.follow(Scope(), 999) as follower:
        event = disk.write("c1")
        task = asyncio.ensure_future(take(follower, 1))
        await asyncio.sleep(0)
        hub.publish([event])
        assert await task == [event]


STEPS = st.lists(st.sampled_from(["write c1", "write c2", "publish", "read", "yield"]), max_size=60)


@settings(max_examples=150)
@example(
    steps=["write c1", "write c1", "read", "yield", "yield", "yield"],
    after=0,
    before=3,
    queue=1,
    page=2,
    one_call=False,
)
@given(
    steps=STEPS,
    after=st.one_of(st.none(), st.integers(0, 12)),
    before=st.integers(0, 12),
    queue=st.integers(1, 4),
    page=st.integers(1, 4),
    one_call=st.booleans(),
)
def test_after_n_gives_exactly_the_rest(
    steps: list[str], after: int | None, before: int, queue: int, page: int, one_call: bool
) -> None:
    """However writing, publishing, reading and switching between store and live interleave."""

    async def run() -> None:
        disk = Disk()
        hub = Hub(disk.read)
        for _ in range(before):
            hub.publish([disk.write("c1")])
        scope = Scope(call_id="c1") if one_call else Scope()
        with hub.follow(scope, after) as follower:
            floor = before if after is None else after if one_call else min(after, before)
            got: list[Stored] = []
            unpublished: list[Stored] = []
            wanted = asyncio.Semaphore(0)

            async def reader() -> None:
                async for event in follower:
                    got.append(event)
                    await wanted.acquire()

            task = asyncio.create_task(reader())
            for step in steps:
                match step.split():
                    case ["write", call_id]:
                        unpublished.append(disk.write(call_id))
                    case ["publish"]:
                        hub.publish(unpublished)
                        unpublished = []
                    case ["read"]:
                        wanted.release()
                    case _:
                        await asyncio.sleep(0)
            hub.publish(unpublished)
            expected = [e for e in disk.events if scope.holds(e) and scope.place(e) > floor]
            for _ in range(10 * len(expected) + 50):
                wanted.release()
                await asyncio.sleep(0)
            task.cancel()
            assert got == expected

    old = hub_module.QUEUE, hub_module.PAGE
    hub_module.QUEUE, hub_module.PAGE = queue, page  # type: ignore[misc]
    try:
        asyncio.run(run())
    finally:
        hub_module.QUEUE, hub_module.PAGE = old  # type: ignore[misc]
