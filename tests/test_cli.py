import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import monitor.commands
from monitor import cli
from monitor.errors import EngineError, InputError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", sorted(cli.commands() - cli.HIDDEN))
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([name, "--help"]) == 0
    said = capsys.readouterr().out
    assert f"例：monitor {name}" in said


def test_the_contracts_commands_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    wanted = {"demo", "serve", "listen", "replay", "audit", "check", "rules", "models", "db", "token"}
    assert wanted <= cli.commands()
    assert all(f"    {name} " in said for name in wanted)
    assert not any(f"    {name} " in said for name in cli.HIDDEN)


@pytest.mark.parametrize("line", [[], ["dance"], ["token"], ["token", "create"], ["serve", "--port", "many"]])
def test_a_wrong_command_line_is_status_2(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(line) == 2
    assert "usage" in capsys.readouterr().err


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A command ``made-up WHAT`` that does what it is told."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "made_up.py").write_text(
        "def register(subparsers):\n"
        "    parser = subparsers.add_parser('made-up')\n"
        "    parser.add_argument('what')\n"
        "    parser.set_defaults(run=lambda args: eval(args.what))\n"
    )
    monkeypatch.setattr(monitor.commands, "__path__", [*monitor.commands.__path__, str(folder)])
    monkeypatch.setattr("builtins.fail", _fail, raising=False)
    return "made-up"


def _fail(kind: str) -> None:
    raise {
        "input": InputError("no such thing", code="INP-009", where="here"),
        "engine": EngineError("no device", code="ENG-009"),
        "interrupt": KeyboardInterrupt(),
        "bug": ZeroDivisionError("half of nothing"),
    }[kind]


@pytest.mark.parametrize(
    ("what", "status", "said"),
    [
        ("0", 0, ""),
        ("1", 1, ""),
        ("fail('input')", 2, "INP-009 here: no such thing\n"),
        ("fail('engine')", 3, "ENG-009: no device\n"),
        ("fail('interrupt')", 130, "已中断。\n"),
    ],
)
def test_the_exit_status_says_what_happened(
    command: str, what: str, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, what]) == status
    told = capsys.readouterr()
    assert told.err == said
    assert told.out == ""


def test_a_bug_shows_where_it_is(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([command, "fail('bug')"]) == 3
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "MON-000: ZeroDivisionError: half of nothing" in told


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "monitor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
        **more,
    )  # type: ignore[call-overload]


def test_tokens_are_made_listed_and_revoked() -> None:
    made = run("token", "create", "--role", "agent", "--agent", "工号1", "--days", "30", "--data", "d")
    assert made.returncode == 0
    (token,) = made.stdout.splitlines()
    assert token.startswith("cm_")
    assert token not in made.stderr
    (listed,) = [json.loads(line) for line in run("token", "list", "--data", "d").stdout.splitlines()]
    assert (listed["role"], listed["agent_id"], listed["revoked_at"]) == ("agent", "工号1", None)
    assert token not in json.dumps(listed)
    assert run("token", "revoke", listed["token_id"], "--data", "d").returncode == 0
    assert json.loads(run("token", "list", "--data", "d").stdout)["revoked_at"]
    again = run("token", "revoke", "nobody", "--data", "d")
    assert (again.returncode, again.stderr[:7]) == (2, "ACC-011")


def test_an_agents_token_needs_its_agent() -> None:
    done = run("token", "create", "--role", "agent", "--data", "d")
    assert (done.returncode, done.stdout, done.stderr[:7]) == (2, "", "ACC-010")


def test_the_schema_is_upgraded_once() -> None:
    first, second = (json.loads(run("db", "upgrade", "--data", "d").stdout) for _ in range(2))
    assert (first["before"], second["before"]) == (None, first["after"])


def test_a_damaged_database_is_status_3() -> None:
    Path("d").mkdir()
    Path("d/monitor.db").write_bytes(b"nonsense" * 1000)
    done = run("db", "upgrade", "--data", "d")
    assert (done.returncode, done.stderr[:7]) == (3, "STO-002")


def test_chinese_comes_out_whatever_the_locale() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--help"], capture_output=True, check=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert "电话客服" in done.stdout.decode("utf-8")


@pytest.mark.parametrize(("set_by_user", "threads"), [(None, "1"), ("4", "4")])
def test_matrices_are_computed_by_one_thread_unless_told_otherwise(
    set_by_user: str | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if set_by_user:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", set_by_user)
    assert cli.main(["--version"]) == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == threads


def test_the_number_of_threads_is_set_before_numpy_reads_it() -> None:
    """OpenBLAS reads it once, on import."""
    subprocess.run([sys.executable, "-c", "import sys, monitor.cli; assert 'numpy' not in sys.modules"], check=True)


def test_the_version_is_told_without_loading_any_command() -> None:
    program = "import sys; from monitor import cli; sys.exit(cli.main(['--version']) or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("monitor ")
