"""Every sample call by three ways: a recording audited, replayed, and sent to a real server over its socket.

Real Whisper base throughout. What is found is what a person expects of the call (``samples/expected``), and it is
the same three times: the same warnings with the same words at the same times, prompts and requirements too.
``GOLDEN=all`` replays every call; without it the shorter half: replay and server share all but the socket.
"""

import argparse
import asyncio
import contextlib
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from monitor import config, wiring
from monitor.audit.run import AuditPlan, audit, read_events
from monitor.commands import replay
from monitor.commands.serve import given
from monitor.events import Prompt, Published, Requirement, from_json
from monitor.frames import AudioFrame
from monitor.sinks import accounts
from monitor.sinks.database import connect, upgrade, url_of, writing
from monitor.sources.files import open_recording
from monitor.web.client import call_path, follow, hang_up, opened, socket_url
from monitor.web.pace import interleaved
from monitor.web.server import Background

pytestmark = pytest.mark.whisper

LONG_S = 40
"""Calls longer than this are replayed only where all are asked for."""

AT_ONCE = 4
"""Calls that the server hears at the same time, so that batches hold sentences of different calls."""

Found = dict[str, list[Published]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    # Calls come as fast as the server takes them: what is heard must not depend on how busy that makes it.
    return config.load({"port": 0, "data": tmp_path_factory.mktemp("data"), "engine": {"brief_when_busy": False}})


@pytest.fixture(scope="module")
def engine(settings):
    return wiring.engine(settings)


@pytest.fixture(scope="module")
def audited(settings, engine, calls, tmp_path_factory) -> Found:
    plan = AuditPlan(out=tmp_path_factory.mktemp("audit"), policy=wiring.policy(settings, finals_only=True))
    outcomes = audit([call.path for call in calls], plan, wiring.matcher(settings), engine)
    return {it.file.stem: list(read_events(it.events)) for it in outcomes}


@pytest.fixture(scope="module")
def replayed(engine, calls) -> Found:
    """``monitor replay --speed 0`` of each, with the engine that is loaded already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "engine", lambda _: engine)
        return {call.name: _replay(call.path) for call in calls if _is_replayed(call)}


def _is_replayed(call: Any) -> bool:
    every = os.environ.get("GOLDEN") == "all"
    return call.direction == "inbound" and (every or call.turns[-1]["to_ms"] < LONG_S * 1000)


def _replay(path: Path) -> list[Published]:
    parser = argparse.ArgumentParser()
    replay.register(parser.add_subparsers())
    args = parser.parse_args(["replay", str(path), "--speed", "0"])
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        args.run(args)
    return [from_json(json.loads(line)) for line in printed.getvalue().splitlines()]


@pytest.fixture(scope="module")
def sent(settings, engine, calls) -> Found:
    """Over the contract's sockets, some calls at the same time, as fast as the server takes them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "engine", lambda _: engine)
        background = Background(settings, given(settings))
    background.start()
    try:
        token = _token(settings)
        return asyncio.run(_send_all(background.url, token, calls))
    finally:
        background.stop()


def _token(settings: config.Settings) -> str:
    database = connect(url_of(settings.store.url, settings.data))
    upgrade(database)
    with writing(database) as connection, connection.begin():
        _, token = accounts.create_token(connection, "admin", name="golden")
    database.dispose()
    return token


async def _send_all(url: str, token: str, calls: Sequence[Any]) -> Found:
    room = asyncio.Semaphore(AT_ONCE)

    async def one(call: Any) -> tuple[str, list[Published]]:
        async with room:
            sending = asyncio.create_task(_send(url, token, call))
            path = call_path(call.name, "events")
            events = [from_json(it) async for it in follow(url, path, token, after=0, until_ended=True)]
            await sending
            return call.name, events

    return dict(await asyncio.gather(*map(one, calls)))


async def _send(url: str, token: str, call: Any) -> None:
    with open_recording(call.path) as recording:
        sound = interleaved(call.path, recording.sides, (it for it in recording if isinstance(it, AudioFrame)))
    query = {"agent_id": "a1", "direction": call.direction, "format": "pcm16", "rate": sound.rate_hz}
    query["layout"] = ",".join(sound.sides)
    async with opened(socket_url(url, call_path(call.name, "audio"), query), token) as socket:
        for piece in sound.pieces():
            await socket.send(piece)
        await hang_up(socket)


def test_an_audit_finds_what_a_person_expects(sample, audited, differences):
    if sample.direction == "outbound":
        pytest.skip("an audit takes every recording as an incoming call")
    assert differences(sample, audited[sample.name]) == []


def test_a_live_call_finds_what_a_person_expects(sample, sent, differences):
    assert differences(sample, sent[sample.name]) == []


def test_audit_replay_and_live_socket_agree(sample, audited, replayed, sent, standing):
    ways = [sent[sample.name]]
    if sample.direction == "inbound":  # audit and replay take every recording as an incoming call
        ways.append(audited[sample.name])
    if sample.name in replayed:
        ways.append(replayed[sample.name])
    warnings, prompts, requirements = zip(*(_judgement(way, standing) for way in ways), strict=True)
    assert all(it == warnings[0] for it in warnings)
    assert all(it == prompts[0] for it in prompts)
    assert all(it == requirements[0] for it in requirements)


def _judgement(events: Iterable[Published], standing: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """Everything an agent is shown or charged with, without what depends on the clock on the wall."""
    events = list(events)
    warnings = [(it.warning_id, it.rule_id, it.quote, it.from_ms, it.to_ms, it.match) for it in standing(events)]
    prompts = [(it.protocol, it.step, it.status, it.at_ms) for it in events if isinstance(it, Prompt)]
    requirements = [(it.rule_id, it.occasion, it.status, it.at_ms) for it in events if isinstance(it, Requirement)]
    return warnings, prompts, sorted(requirements)
