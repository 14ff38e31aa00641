"""Every row of every source handbook has a rule or a reason, and the page that says so is current."""

from pathlib import Path

import pytest

from monitor.commands import handbook as command
from monitor.errors import ConfigError
from monitor.rules import handbook
from monitor.rules.parse import load

ROOT = Path(__file__).parents[2]
RULES = load([ROOT / "rules"])
ROWS = handbook.parse((ROOT / "docs/handbook.yaml").read_text(encoding="utf-8"))
HOMES = list(handbook.homes(ROWS, RULES))


@pytest.mark.parametrize("home", HOMES, ids=[f"{home.number}-{home.row.number}" for home in HOMES])
def test_row_has_a_rule_or_a_reason(home: handbook.Home) -> None:
    """Nothing of the sources is lost."""
    assert not home.empty, home.row.text


def test_every_provision_has_a_home() -> None:
    """The catalogue's every entry is carried out by a rule, or says why not."""
    assert handbook.homeless(ROWS, RULES) == []


def test_what_a_machine_can_judge_is_judged() -> None:
    """Wordings, requirements and replies all have a rule; only what a person must judge is manual."""
    carried = handbook.carriers(RULES.rules)
    for name, item in ROWS.provisions.items():
        if item.kind in ("禁语", "必说", "流程", "话术"):
            assert name in carried, name
    manual = {name for name, rules in carried.items() if all(rule.kind == "manual" for rule in rules)}
    assert {name for name in manual if ROWS.provisions[name].kind != "不适用" and not name.startswith("f-")} == {
        "ask-questions-take-notes", "change-topic", "complaint-cause-check", "info-lookup-ready", "mood-before-call",
        "payment-refund-handling",
    }  # fmt: skip


def test_rules_name_provisions_that_exist() -> None:
    """A typing error in ``provision`` would hide a hole."""
    assert handbook.unknown(ROWS, RULES) == []


def test_rows_name_provisions_that_exist() -> None:
    """So would one in the rows."""
    assert {name for home in HOMES for name in home.row.ids} <= set(ROWS.provisions)


def test_page_is_current(monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/handbook.md is what the command writes."""
    monkeypatch.chdir(ROOT)
    assert handbook.render(ROWS, load(["rules"])) == (ROOT / "docs/handbook.md").read_text(encoding="utf-8")


def test_command_tells_a_row_that_went_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A provision without rule and reason is named, and the status is 1."""
    import argparse

    rows = tmp_path / "rows.yaml"
    rows.write_text(
        'sources: {"000": {title: 手册, rows: [{number: 1, text: 新条款, ids: [new-thing], kind: 必说}]}}\n'
        "provisions: {new-thing: {kind: 必说, source: 000 §一, text: 新条款}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(ROOT)
    args = argparse.Namespace(rules=Path("rules"), rows=rows, out=tmp_path / "page.md", check=False)
    assert command.run(args) == 1
    assert "000 #1 新条款" in capsys.readouterr().err
    assert "新条款" in (tmp_path / "page.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["sources: {}", "[]", "sources: {a: {title: x}}\nprovisions: {}", "a: [\n"])
def test_rows_that_are_no_rows(text: str) -> None:
    """A damaged file is a clear error with its code."""
    with pytest.raises(ConfigError, match="HBK-001"):
        handbook.parse(text)
