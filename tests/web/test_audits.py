"""Recordings uploaded, judged in a process of their own, reported on."""

import asyncio
import io
import json
import struct
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio


def wav(pcm: bytes) -> bytes:
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(pcm), b"WAVE", b"fmt ", 16, 1, 2, 8000, 32_000, 4, 16, b"data", len(pcm)
    )
    return head + pcm


def start(serve: Any, script: list[dict[str, Any]], tmp_path: Path, **audits: Any) -> Any:
    """A server whose audit worker, a process of its own, hears the script too."""
    (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
    return serve(
        engine_settings={"kind": "scripted", "script": tmp_path / "script.json"},
        audits=audits,
    )


async def finished(http: httpx.AsyncClient, audit_id: str) -> dict[str, Any]:
    """The audit once it is through; asked again and again, as the page does."""
    until = time.monotonic() + 400
    while time.monotonic() < until:
        audit: dict[str, Any] = (await http.get(f"/v1/audits/{audit_id}")).json()
        if audit["status"] in ("done", "failed"):
            return audit
        await asyncio.sleep(0.05)
    raise AssertionError(audit)


async def test_uploads_are_judged_and_reported(serve: Any, script: Any, sample: Any, tmp_path: Path) -> None:
    desk = start(serve, script, tmp_path)
    files = [
        ("files", ("一号.wav", wav(sample.pcm))),
        ("files", ("一号.wav", wav(sample.pcm[: 8000 * 4 * 3]))),
        ("files", ("../../etc/passwd.wav", wav(sample.pcm[: 8000 * 4]))),
        ("files", ("notes.txt", b"not a recording")),
    ]
    async with desk.http("auditor") as http:
        answer = await http.post("/v1/audits", files=files)
        assert answer.status_code == 202, answer.text
        audit = answer.json()
        assert [file["file"] for file in audit["files"]] == ["一号.wav", "一号~2.wav", "passwd.wav", "notes.txt"]
        assert (audit["status"], audit["report"]) in (("queued", None), ("running", None))
        done = await finished(http, audit["audit_id"])
        assert (done["status"], done["progress"], done["error"]) == ("done", 1.0, "")
        states = {file["file"]: file for file in done["files"]}
        assert (states["一号.wav"]["status"], states["一号.wav"]["score"], states["一号.wav"]["warnings"]) == (
            "done",
            90,
            1,
        )
        assert states["一号~2.wav"]["warnings"] == 0
        assert (states["notes.txt"]["status"], states["notes.txt"]["error"]["code"][:4]) == ("failed", "AUD-")
        assert [warning["rule_id"] for call in done["report"]["calls"] for warning in call["warnings"]] == [
            "not-my-job"
        ]
        assert str(tmp_path) not in json.dumps(done)
        for name in done["downloads"]:
            download = await http.get(f"/v1/audits/{audit['audit_id']}/files/{name}")
            assert download.status_code == 200
            assert "attachment" in download.headers["content-disposition"]
            assert "sandbox" in download.headers["content-security-policy"]
        assert set(done["downloads"]) == {"report.json", "report.csv", "report.xlsx", "report.html"}
        events = (await http.get(f"/v1/audits/{audit['audit_id']}/calls/一号.wav")).json()["events"]
        assert [events[0]["kind"], events[-1]["kind"]] == ["call.started", "call.ended"]
        listed = (await http.get("/v1/audits")).json()["audits"]
        assert [entry["audit_id"] for entry in listed] == [audit["audit_id"]]
        for path in ("files/job.json", "files/..%2Fjob.json", "calls/..%2F..%2Fjob.json", "calls/none.wav"):
            answer = await http.get(f"/v1/audits/{audit['audit_id']}/{path}")
            assert answer.status_code in (400, 404), path
        assert (await http.delete(f"/v1/audits/{audit['audit_id']}")).status_code == 204
        assert (await http.get(f"/v1/audits/{audit['audit_id']}")).status_code == 404
        assert not (desk.data / "audits" / audit["audit_id"]).exists()


async def test_an_audit_with_nothing_readable_says_so(serve: Any, script: Any, tmp_path: Path) -> None:
    desk = start(serve, script, tmp_path)
    async with desk.http("auditor") as http:
        answer = await http.post("/v1/audits", files=[("files", ("a.wav", b"RIFF nonsense"))])
        done = await finished(http, answer.json()["audit_id"])
        assert done["status"] == "done"
        assert done["files"][0]["error"]["code"].startswith("AUD-")
        assert done["report"]["totals"]["unreadable"] == 1


async def test_an_audit_that_was_cut_off_is_taken_up_again(
    serve: Any, script: Any, sample: Any, tmp_path: Path
) -> None:
    desk = start(serve, script, tmp_path)
    async with desk.http("auditor") as http:
        answer = await http.post("/v1/audits", files=[("files", (f"{n}.wav", wav(sample.pcm))) for n in range(3)])
        audit_id = answer.json()["audit_id"]
    desk = start(serve, script, tmp_path)  # the first one is stopped, its worker with it
    async with desk.http("auditor") as http:
        done = await finished(http, audit_id)
        assert (done["status"], [file["status"] for file in done["files"]]) == ("done", ["done"] * 3)


async def test_a_broken_worker_fails_its_audit_alone(serve: Any, script: Any, sample: Any, tmp_path: Path) -> None:
    desk = start(serve, script, tmp_path)
    async with desk.http("auditor") as http:
        (tmp_path / "script.json").unlink()
        answer = await http.post("/v1/audits", files=[("files", ("a.wav", wav(sample.pcm)))])
        done = await finished(http, answer.json()["audit_id"])
        assert done["status"] == "failed"
        assert "ENG-010" in done["error"]
        (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
        answer = await http.post("/v1/audits", files=[("files", ("a.wav", wav(sample.pcm)))])
        assert (await finished(http, answer.json()["audit_id"]))["status"] == "done"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {}}, 400),
        ({"files": [("files", ("", b""))]}, 400),
        ({"data": {"layout": "agent,customer"}, "files": [("other", ("a.wav", b"x"))]}, 400),
        ({"data": {"layout": "agent,robot"}, "files": [("files", ("a.wav", b"x"))]}, 400),
        ({"data": {"side": "robot"}, "files": [("files", ("a.wav", b"x"))]}, 400),
        ({"content": b"--x\r\nbroken", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"files": [("files", (f"{n}.wav", b"x")) for n in range(6)]}, 400),
        ({"files": [("files", ("a.wav", io.BytesIO(bytes(1_100_000))))]}, 413),
    ],
)
async def test_an_upload_that_cannot_be_is_refused(
    serve: Any, script: Any, tmp_path: Path, request_: Any, status: int
) -> None:
    desk = start(serve, script, tmp_path, max_mb=1, max_files=5)
    async with desk.http("auditor") as http:
        answer = await http.post("/v1/audits", **request_)
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] in ("API-001", "API-003")
        assert (await http.get("/v1/audits")).json() == {"audits": []}
