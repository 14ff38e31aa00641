"""The demo, on a short clip with the scripted engine, through its real server and sockets."""

import json
from pathlib import Path

import pytest

from monitor import cli

ROOT = Path(__file__).parents[2]
CLIPS = sorted((ROOT / "samples" / "clips").glob("*.flac"))


def test_a_call_is_played_told_and_summed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "script.json"
    sides = ("agent", "unknown")
    lines = [{"side": side, "from_ms": 0, "to_ms": 2_000, "text": "您好这事不归我做"} for side in sides]
    script.write_text(json.dumps(lines), encoding="utf-8")
    monkeypatch.setenv("MONITOR_ENGINE__KIND", "scripted")
    monkeypatch.setenv("MONITOR_ENGINE__SCRIPT", str(script))
    rules = str(ROOT / "tests" / "few_rules")
    assert cli.main(["demo", "--once", "--port", "0", "--rules", rules, str(CLIPS[0])]) == 0
    told = capsys.readouterr()
    name = f"[{CLIPS[0].stem}-1]"
    assert told.out.startswith(f"{name} 00:00.0 ☎ 坐席 a1001 开始（呼入）")
    assert "☎ 结束（挂断）" in told.out.splitlines()[-1]
    assert "主管页面：http://127.0.0.1:" in told.err
    assert "坐席页面：http://127.0.0.1:" in told.err
    assert "共 1 通" in told.err


@pytest.mark.parametrize(("line", "code"), [(["--at-once", "0"], "INP-002"), (["nowhere.flac"], "AUD-006")])
def test_what_cannot_be_played_is_refused_before_anything_starts(
    line: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", "--once", *line]) == 2
    assert code in capsys.readouterr().err
