import json
from pathlib import Path

import pytest

from monitor.commands import rules
from monitor.errors import InputError

WORSE = """id: worse
kind: banned
title: 推诿
status: trial
severity: major
phrases: [这事不归我管]
examples: {hit: [这事不归我管], miss: [这事归我管]}
"""
MILD = """id: mild
kind: banned
title: 不归
severity: minor
phrases: [不归我]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A rule set of one rule, a rule to try beside it, and one stored call."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "worse.yaml").write_text(WORSE, encoding="utf-8")
    (tmp_path / "mild.yaml").write_text(MILD, encoding="utf-8")
    (tmp_path / "calls").mkdir()
    said = [("agent", "这事不归我管。"), ("customer", "不归我？"), ("agent", "那个不归我呀"), ("agent", "您好")]
    events = [
        {
            "kind": "transcript", "status": "final", "utterance_id": f"u{number}", "side": side, "text": text,
            "from_ms": number * 1000,
        }
        for number, (side, text) in enumerate(said)
    ]  # fmt: skip
    (tmp_path / "calls" / "one.jsonl").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    return tmp_path


def tried(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> list[dict[str, object]]:
    rules.try_rule([folder / "rules"], folder / name, folder / "calls")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_try_shows_what_would_have_fired(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the rule's own words, and under which rule they are charged where another is more severe."""
    found = tried(folder, capsys, "mild.yaml")
    assert [(it["change"], it["quote"], it["under"]) for it in found] == [
        ("new", "不归我", "worse"),
        ("new", "不归我", ""),
    ]


def test_try_shows_what_would_no_longer_fire(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A warning that stands in the call, and that the changed rule does not give."""
    warning = {
        "kind": "warning", "warning_id": "w1", "rule_id": "mild", "status": "confirmed", "utterance_id": "u3",
        "quote": "您好",
    }  # fmt: skip
    with (folder / "calls" / "one.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps(warning))
    assert [it["quote"] for it in tried(folder, capsys, "mild.yaml") if it["change"] == "gone"] == ["您好"]


@pytest.mark.parametrize(("name", "code"), [("nosuch.yaml", "INP-012"), ("calls/one.jsonl", "RULE-001")])
def test_what_is_no_rule_file_cannot_be_tried(folder: Path, name: str, code: str) -> None:
    """And the error says which file."""
    with pytest.raises(Exception, match=name.split("/")[-1]) as raised:
        rules.try_rule([folder / "rules"], folder / name, folder / "calls")
    assert code in str(raised.value) or getattr(raised.value, "code", "") == code


def test_a_folder_without_calls_cannot_be_tried(folder: Path) -> None:
    """Nothing would have been proved."""
    with pytest.raises(InputError) as raised:
        rules.try_rule([folder / "rules"], folder / "mild.yaml", folder / "rules")
    assert raised.value.code == "INP-012"


def test_check_names_the_line_of_an_example_that_fails(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And says that a draft's examples were not run."""
    wrong = WORSE.partition("examples:")[0] + "examples:\n  hit:\n    - 这事不归我管\n    - 您好\n"
    (folder / "rules" / "worse.yaml").write_text(wrong, encoding="utf-8")
    (folder / "rules" / "mild.yaml").write_text(MILD, encoding="utf-8")
    assert rules.check([folder / "rules"]) == 1
    told = capsys.readouterr().err
    assert "worse.yaml:10: RULE-012 您好: does not fire" in told
    assert "mild" in told
