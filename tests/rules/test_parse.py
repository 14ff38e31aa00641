from pathlib import Path

import pytest

from monitor.errors import RuleErrors
from monitor.rules import parse
from monitor.rules.model import KINDS, BannedRule

GOOD = """id: {id}
kind: banned
title: 推诿
status: trial
severity: major
phrases: [这事不归我管]
"""


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return folder


def faults(folder: Path) -> list[str]:
    return [f"{Path(f.where).name} {f.code} {f.what}" for f in parse.load_lenient([folder])[1]]


def test_every_kind_is_known() -> None:
    """The machinery of order and time has announced its kinds."""
    assert {"banned", "required", "protocol", "measure", "reply", "manual"} <= set(KINDS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("id: [", "x.yaml:1 RULE-001"),
        ("- a\n- b\n", "x.yaml:1 RULE-001 a rule file holds one mapping"),
        ("", "x.yaml:1 RULE-001 a rule file holds one mapping"),
        ("id: x\ntitle: y\n", "x.yaml:1 RULE-002 kind is missing"),
        ("id: x\nkind: nonsense\n", "x.yaml:2 RULE-002 kind 'nonsense' is unknown"),
        ("id: x\nkind: [a]\n", "x.yaml:2 RULE-002"),
        (GOOD.format(id="x") + "colour: red\n", "x.yaml:7 RULE-003 unknown key 'colour'"),
        (GOOD.format(id="x").replace("severity: major\n", ""), "x.yaml:1 RULE-003 'severity' is missing"),
        (GOOD.format(id="x").replace("major", "awful"), "x.yaml:5 RULE-003 severity"),
        (GOOD.format(id="x").replace("[这", "[3, 这"), "x.yaml:6 RULE-003 phrases.0"),
        (GOOD.format(id="x").replace("phrases: [这事不归我管]\n", ""), "x.yaml:1 RULE-003 nothing to find"),
        (GOOD.format(id="other"), "x.yaml:1 RULE-004 id 'other' is not the file's name 'x'"),
        (GOOD.format(id="x") + "patterns:\n  - a\n  - '(b'\n", "x.yaml:9 RULE-006"),
        (GOOD.format(id="x") + "unless: ['{@没有}']\n", "x.yaml:7 RULE-006 no class '没有'"),
        (GOOD.format(id="x").replace("trial", "stable"), "x.yaml:1 RULE-007 a stable rule needs at least 3"),
        (
            GOOD.format(id="x") + "rewrites:\n  - pattern: '{事=发票}'\n    say: '{事}和{物}'\n",
            "x.yaml:9 RULE-008 slots that the pattern does not have: 物",
        ),
        (GOOD.format(id="x") + "title: 再来\n", "x.yaml:7 RULE-010 key 'title' is given twice"),
        (GOOD.format(id="x") + "examples: {hit: [{say: a, heard: b}]}\n", "x.yaml:7 RULE-003"),
    ],
)
def test_fault_is_named_where_it_stands(tmp_path: Path, text: str, fault: str) -> None:
    """File, line, code and words."""
    found = faults(write(tmp_path, x=text))
    assert found
    assert found[0].startswith(fault)


def test_bytes_that_are_no_text_are_a_fault(tmp_path: Path) -> None:
    """Not an exception of the codec."""
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    assert faults(tmp_path)[0].startswith("x.yaml:1 RULE-001 cannot be read")


def test_all_faults_at_once_and_the_good_ones_load(tmp_path: Path) -> None:
    """One round of corrections is enough, and a bad file does not hide a good one."""
    bad = GOOD.format(id="bad") + "colour: red\npatterns: ['(a', '{@无}']\n"
    ruleset, found = parse.load_lenient([write(tmp_path, good=GOOD.format(id="good"), bad=bad, worse="id: [")])
    assert list(ruleset.rules) == ["good"]
    assert [f.code for f in found] == ["RULE-003", "RULE-006", "RULE-006", "RULE-001"]
    with pytest.raises(RuleErrors) as error:
        parse.load([tmp_path])
    assert len(error.value.faults) == 4
    assert "bad.yaml:7" in str(error.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    """Whatever folders the files are in."""
    (tmp_path / "more").mkdir()
    write(tmp_path, same=GOOD.format(id="same"))
    write(tmp_path / "more", same=GOOD.format(id="same"))
    ruleset, found = parse.load_lenient([tmp_path])
    assert [f.code for f in found] == ["RULE-005"]
    assert len(ruleset.rules) == 1


def test_nothing_there_is_a_fault(tmp_path: Path) -> None:
    """An empty folder, and a path that does not exist."""
    assert parse.load_lenient([tmp_path])[1][0].code == "RULE-011"
    assert parse.load_lenient([tmp_path / "nowhere"])[1][0].code == "RULE-011"


def test_classes_and_ordinary_sentences_are_shared(tmp_path: Path) -> None:
    """``classes.yaml`` and ``ordinary.yaml`` are no rules."""
    rule = GOOD.format(id="a") + "patterns: ['不归{@我}']\n"
    write(tmp_path, classes="我: [我, 我们]\n", ordinary="sentences: [您好]\n", a=rule)
    ruleset = parse.load([tmp_path])
    assert dict(ruleset.classes) == {"我": "我|我们"}
    assert ruleset.ordinary == ("您好",)
    assert list(ruleset.rules) == ["a"]


def test_lessons_lie_beside_the_rules(tmp_path: Path) -> None:
    """They are of the set and its version; a broken rule's lesson is no fault of its own."""
    write(tmp_path, a=GOOD.format(id="a"))
    before = parse.load([tmp_path]).version
    write(tmp_path, more="lesson: a\nsaid: [没门]\nharmless: [大门开着]\n", some="lesson: ordinary\nharmless: [您好]\n")
    ruleset = parse.load([tmp_path])
    assert [(it.lesson, it.said, it.harmless) for it in ruleset.lessons] == [
        ("a", ("没门",), ("大门开着",)),
        ("ordinary", (), ("您好",)),
    ]
    assert list(ruleset.rules) == ["a"]
    assert ruleset.version != before
    write(tmp_path, a="id: a\nkind: banned\n")
    assert {fault.code for fault in parse.load_lenient([tmp_path])[1]} == {"RULE-003"}


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("classes", "我: {a: b}\n", "classes.yaml:1 RULE-006 class '我' is a list"),
        ("classes", "我: ['(']\n", "classes.yaml:1 RULE-006 class '我'"),
        ("ordinary", "lines: [a]\n", "ordinary.yaml:1 RULE-003"),
        ("ordinary", "sentences:\n  - a\n  - 3\n", "ordinary.yaml:3 RULE-003"),
        ("lesson", "lesson: nobody\nsaid: [没门]\n", "lesson.yaml:1 RULE-013"),
        ("lesson", "lesson: a\nsaid:\n  - 没门\n  - 3\n", "lesson.yaml:4 RULE-003"),
        ("lesson", "lesson: ordinary\nsaid: [没门]\n", "lesson.yaml:1 RULE-003"),
    ],
)
def test_faults_of_shared_files(tmp_path: Path, name: str, text: str, fault: str) -> None:
    """They are reported like a rule's."""
    assert faults(write(tmp_path, a=GOOD.format(id="a"), **{name: text}))[0].startswith(fault)


def test_version_is_of_the_content(tmp_path: Path) -> None:
    """The same files give the same version, a changed one another."""
    write(tmp_path, a=GOOD.format(id="a"))
    first = parse.load([tmp_path]).version
    assert parse.load([tmp_path]).version == first
    write(tmp_path, a=GOOD.format(id="a").replace("推诿", "推脱"))
    assert parse.load([tmp_path]).version != first


def test_a_draft_is_loaded_and_not_in_force(tmp_path: Path) -> None:
    """It can be listed and tried, it never fires."""
    ruleset = parse.load([write(tmp_path, a=GOOD.format(id="a").replace("trial", "draft"))])
    assert "a" in ruleset.rules
    assert ruleset.of(BannedRule) == ()


def test_one_rule_from_text() -> None:
    """For trying a rule that is not in the folder."""
    assert parse.parse_rule(GOOD.format(id="a"), "a.yaml").id == "a"
    with pytest.raises(RuleErrors, match="RULE-004"):
        parse.parse_rule(GOOD.format(id="a"), "b.yaml")
