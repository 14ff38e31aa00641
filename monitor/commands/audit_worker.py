"""``monitor audit-worker JOB``: what the server runs for uploaded recordings. Not for people.

Says how far it is by JSON lines on stdout, each about one file: ``{"file", "done_ms", "duration_ms"}``
while it runs, ``{"file", "status": "done"|"failed", "score", "events", "error"}`` when it is through.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from monitor import config, wiring
from monitor.audit import report
from monitor.audit.run import AuditPlan, Outcome, Progress, audit
from monitor.errors import InputError, MonitorError
from monitor.frames import Side
from monitor.sources.files import recordings


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command; it stays out of the list that people see."""
    parser = subparsers.add_parser("audit-worker")
    parser.add_argument("job", type=Path)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge every upload of a job, write every kind of report."""
    job = json.loads(args.job.read_text(encoding="utf-8"))
    settings = config.load(job["settings"], Path(os.devnull))
    out = (args.job.parent / "out").resolve()
    os.chdir(args.job.parent / "uploads")  # reports name files as they were uploaded
    left, right = job["layout"].split(",")
    plan = AuditPlan(
        out=out,
        layout=(Side(left), Side(right)),
        mono_side=Side(job["side"]) if job["side"] else Side.UNKNOWN,
        policy=wiring.policy(settings, finals_only=True),
        resume=True,
    )
    out.mkdir(exist_ok=True)
    files = []
    calls = []
    for path in sorted(Path().iterdir()):
        try:
            files += recordings([path])
        except MonitorError as error:
            calls.append(report.report_call(Outcome(path, None, error)))
            _say(path, status="failed", error=_error(error))
    if files:
        matcher, engine = wiring.matcher(settings), wiring.engine(settings)
        for outcome in audit(files, plan, matcher, engine, _progress):
            call = report.report_call(outcome)
            calls.append(call)
            if outcome.error is not None:
                _say(outcome.file, status="failed", error=_error(outcome.error))
            else:
                warnings = len(call.warnings)
                _say(outcome.file, status="done", score=call.score, warnings=warnings, events=call.events)
    if not calls:
        raise InputError("there are no recordings in this job", where=str(args.job))
    report.write(calls, out, report.FORMATS)
    return 0


def _progress(at: Progress) -> None:
    _say(at.file, status="running", done_ms=at.done_ms, duration_ms=at.duration_ms)


def _say(file: Path, **what: Any) -> None:
    sys.stdout.write(json.dumps({"file": file.name, **what}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _error(error: MonitorError) -> dict[str, str]:
    return {"code": error.code, "message": error.what}
