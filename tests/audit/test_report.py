import csv
import io
import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from monitor.audit import report
from monitor.audit.page import page
from monitor.audit.report import CallReport
from monitor.audit.run import Outcome
from monitor.errors import AudioError
from monitor.events import CallEnded, CallStarted, Measure, Requirement, Warning, to_json
from monitor.frames import Side
from monitor.timeline import Ms


def warning(**more: object) -> Warning:
    fields: dict = {
        "call_id": "c",
        "at_ms": Ms(2_000),
        "warning_id": "w1",
        "status": "confirmed",
        "rule_id": "not-my-job",
        "title": "推诿",
        "severity": "major",
        "side": Side.AGENT,
        "quote": "=这事不归我做",
        "match": "literal",
        "from_ms": Ms(1_000),
        "to_ms": Ms(2_000),
        "rewrite": "我来跟进",
        "basis": "§一.15",
    }
    return Warning(**{**fields, **more})


EVENTS = [
    CallStarted(call_id="c", at_ms=Ms(0), rules_version="v1", model="base"),
    warning(status="provisional"),
    warning(),
    warning(warning_id="w2", rule_id="gone"),
    warning(warning_id="w2", rule_id="gone", status="retracted"),
    Requirement(call_id="c", at_ms=Ms(1), rule_id="closing", status="pending", title="祝福"),
    Requirement(call_id="c", at_ms=Ms(9_000), rule_id="closing", status="missed", title="祝福"),
    Measure(call_id="c", at_ms=Ms(9_000), talk_ms={Side.AGENT: 5_000}),
    CallEnded(call_id="c", at_ms=Ms(9_500), reason="hangup", summary={"duration_ms": 9_500, "score": 88}),
]


@pytest.fixture
def calls(tmp_path: Path) -> list[CallReport]:
    events = tmp_path / "a.jsonl"
    events.write_text("".join(json.dumps(to_json(event)) + "\n" for event in EVENTS), encoding="utf-8")
    return [
        report.report_call(Outcome(Path("in/a.wav"), events)),
        report.report_call(Outcome(Path("in/<b>.wav"), None, AudioError("not audio", where="b.wav", code="AUD-002"))),
    ]


def test_what_stands_at_the_end_is_reported(calls):
    call = calls[0]
    assert [it["rule_id"] for it in call.warnings] == ["not-my-job"]
    assert [it["status"] for it in call.requirements] == ["missed"]
    assert (call.score, call.duration_ms, call.measures["talk_ms"]) == (88, 9_500, {"agent": 5_000})


def test_the_whole_has_the_contracts_fields(calls):
    whole = report.whole(calls)
    good, bad = whole["calls"]
    assert {"file", "duration_ms", "score", "warnings", "requirements", "measures"} <= set(good)
    assert bad["error"]["code"] == "AUD-002"
    assert whole["totals"]["by_rule"] == {"not-my-job": 1}
    assert (whole["totals"]["calls"], whole["totals"]["unreadable"]) == (1, 1)


def test_every_form_is_written_and_can_be_read(calls, tmp_path):
    written = report.write(calls, tmp_path, report.FORMATS)
    assert {path.name for path in written} == {"report.json", "report.csv", "report.html", "report.xlsx"}
    rows = list(csv.reader(io.StringIO((tmp_path / "report.csv").read_text("utf-8-sig"))))
    assert rows[0] == list(report.COLUMNS)
    assert rows[1][6] == "'=这事不归我做"
    sheet = load_workbook(tmp_path / "report.xlsx")["预警"]
    assert sheet["G2"].value == "'=这事不归我做"
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "我来跟进" in html
    assert "<b>.wav" not in html


def test_a_report_that_cannot_be_written_leaves_the_last_one(calls, tmp_path):
    """Whoever reads it meanwhile sees the old one, whole."""
    report.write(calls, tmp_path, report.FORMATS)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("report.*")}
    calls[0].file = "\ud800.wav"  # no UTF-8 for half a pair
    with pytest.raises(UnicodeEncodeError):
        report.write(calls, tmp_path, ["csv"])
    assert {path.name: path.read_bytes() for path in tmp_path.glob("report.*")} == before


def test_findings_are_what_counts():
    assert not report.found([CallReport(file="a")])
    call = CallReport(file="a", warnings=[{"severity": "hint", "trial": False}, {"severity": "major", "trial": True}])
    assert not report.found([call])
    call.warnings.append({"severity": "minor", "trial": False})
    assert report.found([call])


def test_a_page_of_nothing_says_so():
    assert "没有发现问题" in page(report.whole([CallReport(file="a", score=100)]))
