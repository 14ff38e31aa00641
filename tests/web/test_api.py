"""Reads, notes, appeals, rules, figures, and how bad questions are answered."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio

FEW = Path(__file__).parents[1] / "few_rules"


async def test_calls_and_their_events_can_be_read(desk: Any, sample: Any, admin: httpx.AsyncClient, take: Any) -> None:
    await desk.play("read-1", sample, "r1", team="一组")
    call = (await admin.get("/v1/calls/read-1")).json()
    assert (call["agent_id"], call["team"], call["status"], call["reason"]) == ("r1", "一组", "ended", "hangup")
    assert (call["last_ms"], call["sides"], call["model"]) == (8500, ["agent", "customer"], "scripted")
    assert call["warnings"] == {"major": 1}
    assert call["score"] == 90
    assert call["recorded"] is True
    events = (await admin.get("/v1/calls/read-1/events")).json()
    async with desk.events("read-1") as socket:
        assert events["events"] == await take(socket, kind="call.ended")
    assert events["next"] is None
    page = (await admin.get("/v1/calls/read-1/events", params={"after": 2, "limit": 3})).json()
    assert ([event["seq"] for event in page["events"]], page["next"]) == ([3, 4, 5], 5)
    kinds = (await admin.get("/v1/calls/read-1/events", params={"kinds": "warning"})).json()["events"]
    assert {event["kind"] for event in kinds} == {"warning"}


async def test_calls_are_filtered_and_paged(serve: Any, sample: Any) -> None:
    desk = serve()
    for number in range(5):
        await desk.play(f"f-{number}", sample, f"a{number % 2}", team="甲" if number < 2 else "乙")
    async with desk.http("supervisor") as http:

        async def ids(**query: Any) -> list[str]:
            return [call["call_id"] for call in (await http.get("/v1/calls", params=query)).json()["calls"]]

        assert await ids() == ["f-4", "f-3", "f-2", "f-1", "f-0"]
        assert await ids(agent_id="a1") == ["f-3", "f-1"]
        assert await ids(agent="a1") == ["f-3", "f-1"]
        assert await ids(team="甲") == ["f-1", "f-0"]
        assert await ids(live=True) == []
        assert await ids(status="ended", limit=1) == ["f-4"]
        assert await ids(max_score=50) == []
        assert len(await ids(since=datetime.now().date().isoformat())) == 5
        assert await ids(until=(datetime.now() - timedelta(days=1)).isoformat()) == []
        first = (await http.get("/v1/calls", params={"limit": 2})).json()
        assert await ids(limit=2, before=first["next"]) == ["f-2", "f-1"]


async def test_a_note_reaches_the_agent(desk: Any, sample: Any, take: Any) -> None:
    async with desk.line("note-1", "n1") as line, desk.open("/v1/agents/n1/events", "agent", "n1") as events:
        await line.send(next(iter(sample.pieces())))
        await take(events, kind="call.started")
        async with desk.http("supervisor") as http:
            answer = await http.post("/v1/calls/note-1/notes", json={"text": "  语速慢一点 "})
            assert answer.status_code == 201
            note = (await take(events, kind="note"))[-1]
            assert (note["text"], note["call_id"]) == ("语速慢一点", "note-1")
            for bad in ({"text": ""}, {"text": "   "}, {"text": "长" * 501}, {}, {"text": 5}):
                assert (await http.post("/v1/calls/note-1/notes", json=bad)).status_code == 400
            await line.send('{"type":"hangup"}')
            await take(events, kind="call.ended")
            answer = await http.post("/v1/calls/note-1/notes", json={"text": "晚了"})
            assert (answer.status_code, answer.json()["code"]) == (409, "CALL-001")


async def test_from_appeal_to_verdict_to_precision(serve: Any, sample: Any) -> None:
    desk = serve()
    await desk.play("appeal-1", sample, "p1")
    await desk.play("appeal-2", sample, "p1")
    async with desk.http("agent", "p1") as agent, desk.http("supervisor") as supervisor:
        mine = (await agent.get("/v1/warnings")).json()["warnings"]
        assert [warning["call_id"] for warning in mine] == ["appeal-2", "appeal-1"]
        path = f"/v1/warnings/{mine[0]['warning_id']}"
        answer = await agent.post(f"{path}/appeal", json={"call_id": "appeal-2", "comment": "客户说的"})
        assert (answer.status_code, answer.json()["appeal"]) == (201, "open")
        assert (await agent.post(f"{path}/appeal", json={})).json()["code"] == "API-004"
        assert (await agent.post(f"{path}/review", json={"verdict": "overturned"})).status_code == 403
        waiting = (await supervisor.get("/v1/warnings", params={"appeal": "open"})).json()["warnings"]
        assert [warning["warning_id"] for warning in waiting] == [mine[0]["warning_id"]]
        assert (await supervisor.get("/v1/stats")).json()["appeals_open"] == 1
        assert (await supervisor.post(f"{path}/review", json={"verdict": "perhaps"})).status_code == 400
        answer = await supervisor.post(f"{path}/review", json={"verdict": "overturned", "comment": "听错"})
        last = answer.json()["history"][-1]
        assert (last["kind"], last["verdict"], last["comment"]) == ("review", "overturned", "听错")
        other = f"/v1/warnings/{mine[1]['warning_id']}"
        await supervisor.post(f"{other}/review", json={"verdict": "upheld"})
        rule = (await supervisor.get("/v1/rules/not-my-job")).json()
        assert rule["figures"] == {"warnings": 2, "calls": 2, "upheld": 1, "overturned": 1, "precision": 0.5}
        assert (await agent.get(path)).json()["verdict"] == "overturned"
        assert (await agent.get("/v1/rules/not-my-job")).json()["figures"]["precision"] is None


async def test_warnings_are_filtered(desk: Any, sample: Any, admin: httpx.AsyncClient) -> None:
    await desk.play("w-1", sample, "w1")
    for query, count in (
        ({"agent": "w1"}, 1),
        ({"agent_id": "w1", "rule": "not-my-job"}, 1),
        ({"agent_id": "w1", "rule_id": "other"}, 0),
        ({"call": "w-1", "severity": "major"}, 1),
        ({"call_id": "w-1", "severity": "minor"}, 0),
        ({"call_id": "w-1", "status": "confirmed"}, 1),
        ({"call_id": "w-1", "status": "retracted"}, 0),
        ({"call_id": "w-1", "since": "2000-01-01T00:00:00Z"}, 1),
        ({"call_id": "w-1", "since": "2999-01-01"}, 0),
    ):
        found = (await admin.get("/v1/warnings", params=query)).json()["warnings"]
        assert len(found) == count, query


@pytest.mark.parametrize(
    "path",
    [
        "/v1/calls?limit=0",
        "/v1/calls?limit=many",
        "/v1/calls?status=asleep",
        "/v1/calls?since=yesterday",
        "/v1/calls?since=" + "1" * 100,
        "/v1/calls?min_score=high",
        "/v1/warnings?severity=huge",
        "/v1/warnings?before=-1",
        "/v1/stats?since=9999-99-99",
    ],
)
async def test_a_bad_question_is_a_400_that_says_what_is_wrong(admin: httpx.AsyncClient, path: str) -> None:
    answer = await admin.get(path)
    assert answer.status_code == 400
    assert set(answer.json()) == {"code", "message", "hint"}
    assert answer.json()["code"] == "API-001"
    assert path.split("?")[1].split("=")[0] in answer.json()["message"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/calls/none", 404, "API-002"),
        ("GET", "/v1/calls/none/events", 404, "API-002"),
        ("GET", "/v1/warnings/none", 404, "API-002"),
        ("POST", "/v1/warnings/none/appeal", 404, "API-002"),
        ("GET", "/v1/rules/none", 404, "API-002"),
        ("GET", "/v1/audits/none", 404, "API-002"),
        ("GET", "/nowhere", 404, "API-002"),
        ("DELETE", "/v1/calls", 405, "API-005"),
        ("GET", "/static/../app.py", 404, "API-002"),
    ],
)
async def test_what_is_not_there_is_told_so(
    admin: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await admin.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_body_that_is_too_large_or_no_json_is_refused(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/rules/try", content=b"x" * 300_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "API-003")

    async def endless() -> Any:
        for _ in range(40):
            yield b'{"text":"' + b"x" * 10_000

    answer = await admin.post("/v1/rules/try", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "API-003")
    answer = await admin.post("/v1/rules/try", content=b"{no", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "API-001")


async def test_a_sentence_can_be_tried(admin: httpx.AsyncClient) -> None:
    text = "那个，这事不归我做！"
    found = (await admin.post("/v1/rules/try", json={"text": text})).json()
    (hit,) = found["hits"]
    assert (hit["rule_id"], hit["quote"], text[hit["start"] : hit["end"]]) == (
        "not-my-job",
        "这事不归我做",
        "这事不归我做",
    )
    assert found["reading"]["plain"] == "那个这事不归我做"
    assert (await admin.post("/v1/rules/try", json={"text": text, "side": "customer"})).json()["hits"] == []
    for bad in ({}, {"text": ""}, {"text": "好", "side": "robot"}, {"text": "好" * 3000}):
        assert (await admin.post("/v1/rules/try", json=bad)).status_code == 400


async def test_rules_are_taken_anew_and_a_broken_file_is_named(
    serve: Any, sample: Any, tmp_path: Path, take: Any
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "already-told-you.yaml").write_bytes((FEW / "already-told-you.yaml").read_bytes())
    desk = serve(rules=rules)
    async with desk.http("supervisor") as http, desk.line("new-1") as line, desk.events("new-1") as events:
        pieces = list(sample.pieces())
        for piece in pieces[:50]:
            await line.send(piece)
        await take(events, kind="measure", at_ms=4000)
        (rules / "not-my-job.yaml").write_bytes((FEW / "not-my-job.yaml").read_bytes())
        (rules / "broken.yaml").write_text("id: broken\nkind: banned\n")
        answer = (await http.post("/v1/rules/reload")).json()
        assert answer["rules"] == 2
        assert all("broken.yaml" in fault["where"] for fault in answer["faults"])
        assert answer["faults"]
        for piece in pieces[50:]:
            await line.send(piece)
        warning = (await take(events, kind="warning", status="confirmed"))[-1]
        assert (warning["rule_id"], warning["rules_version"]) == ("not-my-job", answer["version"])
        await line.send('{"type":"hangup"}')
        listed = (await http.get("/v1/rules")).json()
        assert (listed["version"], [rule["id"] for rule in listed["rules"]]) == (
            answer["version"], ["already-told-you", "not-my-job"],
        )  # fmt: skip
        assert listed["rules"][1]["phrases"] == ["这事不归我做", "不归我负责"]


async def test_the_board_has_todays_figures(serve: Any, sample: Any) -> None:
    desk = serve()
    await desk.play("s-1", sample, "s1")
    await desk.play("s-2", sample, "s2")
    async with desk.http("supervisor") as http:
        board = (await http.get("/v1/stats")).json()
        assert board["calls"] == {"total": 2, "live": 0, "ended": 2, "mean_score": 90.0}
        assert (board["warnings"]["total"], board["warnings"]["major"]) == (2, 2)
        assert board["by_rule"] == [{"rule_id": "not-my-job", "severity": "major", "warnings": 2, "calls": 2}]
        assert [(row["agent_id"], row["calls"], row["warnings"]) for row in board["by_agent"]] == [
            ("s1", 1, 1),
            ("s2", 1, 1),
        ]
        assert sum(row["warnings"] for row in board["by_hour"]) == 2
        assert board["median_lag_ms"] >= 0
        assert (await http.get("/v1/stats", params={"since": "2999-01-01"})).json()["warnings"]["total"] == 0


async def test_metrics_count_what_happened(serve: Any, sample: Any) -> None:
    desk = serve()
    await desk.play("m-1", sample)
    async with desk.http() as http:
        await http.get("/v1/calls/none")
        text = (await http.get("/metrics")).text
    for line in (
        "monitor_calls_live 0.0",
        'monitor_calls_total{reason="hangup"} 1.0',
        'monitor_events_total{kind="call.ended"} 1.0',
        "monitor_audio_seconds_total 1",
        'monitor_errors_total{code="API-002"} 1.0',
        "monitor_store_backlog 0.0",
    ):
        assert line in text, line
    for name in (
        "monitor_warning_lag_seconds_bucket",
        'monitor_stage_seconds_count{stage="store"}',
        "monitor_engine_queue",
        "monitor_engine_batches_total",
        'monitor_warnings_total{rule_id="not-my-job",severity="major"',
    ):
        assert name in text, name


async def test_readiness_names_what_does_not_work(serve: Any, sample: Any) -> None:
    from monitor.engines.scripted import ScriptedEngine
    from monitor.errors import EngineError

    class Dying(ScriptedEngine):
        def decode(self, batch: Any) -> Any:
            raise EngineError("the device is gone", code="ENG-003")

    desk = serve(engine=Dying([]))
    async with desk.http() as http:
        assert (await http.get("/readyz")).json()["ready"] is True
        await desk.play("dying-1", sample)
        answer = await http.get("/readyz")
        assert answer.status_code == 503
        assert "ENG-003" in answer.json()["faults"]["engine"]
        assert (await http.get("/healthz")).status_code == 200


async def test_the_api_describes_itself(admin: httpx.AsyncClient) -> None:
    paths = (await admin.get("/openapi.json")).json()["paths"]
    assert {"/v1/calls", "/v1/warnings", "/v1/rules", "/v1/audits", "/v1/stats"} <= set(paths)
    assert json.dumps(paths)
