"""``tests/`` mirrors ``monitor/``: a module's tests are where its name says, or here is said where else."""

from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent
TESTS = Path(__file__).parent

ELSEWHERE = {
    # Commands are tested as they are used: as processes, by their output and exit status.
    "__main__.py": "test_cli.py",
    "commands/audit.py": "test_cli.py golden/test_three_ways.py",
    "commands/audit_worker.py": "web/test_audits.py",
    "commands/check.py": "test_cli.py",
    "commands/db.py": "test_cli.py",
    "commands/handbook.py": "rules/test_handbook.py",
    "commands/listen.py": "web/test_desk.py",
    "commands/replay.py": "golden/test_three_ways.py",
    "commands/serve.py": "test_cli.py web/test_restart.py",
    "commands/token.py": "test_cli.py",
    # One live call, with whoever opens it and what it keeps on its way.
    "arrivals.py": "test_live.py",
    "live_call.py": "test_live.py",
    "resumption.py": "test_live.py web/test_restart.py",
    # A report is one thing in five formats.
    "audit/page.py": "audit/test_report.py",
    "audit/run.py": "audit/test_report.py golden/test_three_ways.py",
    "audit/workbook.py": "audit/test_report.py",
    # Timed rules are judged by what they make of a call on a tape, whichever module does what part of it.
    "rules/cues.py": "rules/test_tape.py rules/test_settled.py",
    "rules/following.py": "rules/test_protocol.py rules/test_every_protocol.py",
    "rules/gauge.py": "rules/test_measure.py",
    "rules/gauges.py": "rules/test_measure.py",
    "rules/loudness.py": "rules/test_measure.py",
    "rules/requiring.py": "rules/test_require.py",
    "rules/scene.py": "rules/test_conduct.py rules/test_require.py",
    "rules/silence.py": "rules/test_silent.py",
    "rules/stopwatch.py": "rules/test_measure.py",
    "rules/talk.py": "rules/test_measure.py",
    "rules/timed.py": "rules/test_timed_examples.py rules/test_tape.py",
    # What a rule file may say is tested by files that say it.
    "rules/kinds.py": "rules/test_parse.py",
    "rules/manual.py": "rules/test_parse.py rules/test_handbook.py",
    "rules/model.py": "rules/test_parse.py rules/test_match.py",
    "rules/hit.py": "rules/test_ledger.py rules/test_charge.py",
    # The store is one thing: what is written is read back, in the database and over HTTP.
    "sinks/audits.py": "web/test_audits.py",
    "sinks/calls.py": "sinks/test_store.py",
    "sinks/entry.py": "sinks/test_store.py",
    "sinks/feed.py": "sinks/test_store.py sinks/test_hub.py",
    "sinks/figures.py": "web/test_api.py",
    "sinks/findings.py": "sinks/test_store.py web/test_api.py",
    "sinks/metrics.py": "test_live.py web/test_api.py",
    "sinks/recordings.py": "test_live.py web/test_api.py",
    "sinks/spool.py": "sinks/test_store.py",
    "sinks/tables.py": "sinks/test_database.py",
    "sinks/views.py": "web/test_api.py",
    "sinks/writer.py": "sinks/test_store.py",
    # A protocol without code of its own; its implementations are tested.
    "speech/engine.py": "engines/test_scripted.py engines/test_whisper.py",
    # The server is asked over HTTP and sockets, as everybody asks it.
    "web/api/asked.py": "web/test_api.py",
    "web/api/audits.py": "web/test_audits.py",
    "web/api/calls.py": "web/test_api.py",
    "web/api/rules.py": "web/test_api.py",
    "web/api/session.py": "web/test_access.py",
    "web/api/status.py": "web/test_api.py",
    "web/api/warnings.py": "web/test_api.py",
    "web/app.py": "web/test_access.py web/test_api.py",
    "web/auth.py": "web/test_access.py",
    "web/client.py": "golden/test_three_ways.py golden/test_malformed.py",
    "web/pace.py": "golden/test_three_ways.py web/conftest.py",
    "web/pages.py": "web_pages/test_pages.py web_pages/test_access.py",
    "web/parts.py": "web/conftest.py",
    "web/problems.py": "web/test_api.py web/test_ingest.py",
    "web/rulebook.py": "web/test_api.py",
    "web/server.py": "web/test_restart.py web/conftest.py",
}
"""Modules without a file of tests of their own name, and where they are tested instead."""

MODULES = sorted(
    str(path.relative_to(ROOT))
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py" and "migrations" not in path.parts
)
"""All but package markers; migrations are run by ``sinks/test_database.py``."""


def mirror(module: str) -> Path:
    """``audio/vad.py`` → ``tests/audio/test_vad.py``."""
    path = TESTS / module
    return path.with_name(f"test_{path.name}")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_is_tested_where_one_looks_for_it(module: str) -> None:
    if module not in ELSEWHERE:
        assert mirror(module).is_file(), f"{module} has no tests: write {mirror(module)} or say here where they are"


@pytest.mark.parametrize("module", sorted(ELSEWHERE))
def test_an_exception_is_one(module: str) -> None:
    """The module is there, has no tests of its own name, and the files that are named exist."""
    assert module in MODULES
    assert not mirror(module).exists(), f"{module} has tests of its own now: take it off the list"
    for name in ELSEWHERE[module].split():
        assert (TESTS / name).is_file(), name
