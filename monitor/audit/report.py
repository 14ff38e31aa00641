"""What an audit found, call by call and over all calls, in the forms people ask for."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.audit.run import Outcome, read_events
from monitor.events import SEVERITIES, CallEnded, CallStarted, Measure, Published, Requirement, Warning, to_json
from monitor.files import replacing

FORMATS = ("jsonl", "json", "csv", "xlsx", "html")


@dataclass(slots=True)
class CallReport:
    """One recording's findings."""

    file: str
    events: str = ""
    duration_ms: int = 0
    score: int | None = None
    rules_version: str = ""
    model: str = ""
    warnings: list[dict[str, Any]] = field(default_factory=list)
    requirements: list[dict[str, Any]] = field(default_factory=list)
    measures: dict[str, Any] = field(default_factory=dict)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """The contract's object; ``error`` stands where a recording could not be read."""
        data = {name: getattr(self, name) for name in self.__slots__}
        if self.error is None:
            del data["error"]
        return data


def report_call(outcome: Outcome) -> CallReport:
    """What one outcome amounts to."""
    if outcome.events is None:
        assert outcome.error is not None
        error = {"code": outcome.error.code, "message": str(outcome.error)}
        return CallReport(file=str(outcome.file), error=error)
    call = summarise(read_events(outcome.events))
    call.file, call.events = str(outcome.file), str(outcome.events.name)
    return call


def summarise(events: Iterable[Published]) -> CallReport:
    """The newest state of every warning and requirement of one call, and its last figures."""
    call = CallReport(file="")
    warnings: dict[str, Warning] = {}
    requirements: dict[tuple[str, int], Requirement] = {}
    for event in events:
        match event:
            case CallStarted():
                call.rules_version, call.model = event.rules_version, event.model
            case Warning():
                warnings[event.warning_id] = event
            case Requirement():
                requirements[event.rule_id, event.occasion] = event
            case Measure():
                call.measures = _without(to_json(event), "call_id", "seq", "seen_at", "kind")
            case CallEnded():
                call.duration_ms = int(event.summary.get("duration_ms", event.at_ms))
                call.score = event.summary.get("score")
                call.reasons = list(event.summary.get("reasons", ()))
    standing = [it for it in warnings.values() if it.status == "confirmed"]
    standing.sort(key=lambda it: (it.from_ms, SEVERITIES.index(it.severity)))
    call.warnings = [_without(to_json(it), "call_id", "seq", "seen_at", "kind", "lag_ms") for it in standing]
    call.requirements = [_without(to_json(it), "call_id", "seq", "seen_at", "kind") for it in requirements.values()]
    return call


def whole(calls: list[CallReport]) -> dict[str, Any]:
    """``report.json``: every call and the figures over all."""
    read = [call for call in calls if call.error is None]
    scores = [call.score for call in read if call.score is not None]
    by_rule = Counter(warning["rule_id"] for call in read for warning in call.warnings)
    by_severity = Counter(warning["severity"] for call in read for warning in call.warnings)
    return {
        "calls": [call.as_json() for call in calls],
        "totals": {
            "calls": len(read),
            "unreadable": len(calls) - len(read),
            "duration_ms": sum(call.duration_ms for call in read),
            "warnings": sum(by_rule.values()),
            "by_severity": {severity: by_severity[severity] for severity in SEVERITIES},
            "by_rule": dict(by_rule.most_common()),
            "score_mean": round(sum(scores) / len(scores), 1) if scores else None,
        },
    }


def found(calls: list[CallReport]) -> bool:
    """Whether there is anything an auditor should look at: a warning above hint that counts."""
    return any(warning["severity"] != "hint" and not warning["trial"] for call in calls for warning in call.warnings)


def write(calls: list[CallReport], out: Path, formats: Iterable[str]) -> list[Path]:
    """Write the report in the asked forms beside ``calls/``; ``json`` is always written."""
    written = [_put(out / "report.json", json.dumps(whole(calls), ensure_ascii=False, indent=1))]
    if "csv" in formats:
        written.append(_put(out / "report.csv", "\ufeff" + _csv(calls)))  # the mark lets spreadsheets see UTF-8
    if "html" in formats:
        from monitor.audit.page import page

        written.append(_put(out / "report.html", page(whole(calls))))
    if "xlsx" in formats:
        from monitor.audit.workbook import save

        with replacing(out / "report.xlsx") as part:
            save(calls, part)
        written.append(out / "report.xlsx")
    return written


COLUMNS = ("file", "from_ms", "to_ms", "severity", "rule_id", "title", "quote", "match", "score", "rewrite", "basis")


def rows(calls: list[CallReport]) -> Iterable[list[Any]]:
    """One row a warning, in the order of :data:`COLUMNS`."""
    for call in calls:
        for warning in call.warnings:
            yield [call.file, *(warning[name] for name in COLUMNS[1:])]


def _csv(calls: list[CallReport]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_inert(cell) for cell in row] for row in rows(calls))
    return text.getvalue()


def _inert(cell: object) -> object:
    """A cell that a spreadsheet will not run as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def _put(path: Path, text: str) -> Path:
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")
    return path


def _without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
