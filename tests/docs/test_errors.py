"""``docs/errors.md`` names every error code of the source, and none that is gone."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"[A-Z]{2,5}-\d{3}")


def _in_source() -> set[str]:
    """Every string constant that is a code, wherever it stands."""
    found = set()
    for path in (ROOT / "monitor").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
                found.add(node.value)
    return found


@pytest.fixture(scope="module")
def page():
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rows(page):
    return re.findall(r"^\| `([A-Z]{2,5}-\d{3})` \| (.+) \| (.+) \|$", page, re.MULTILINE)


def test_every_code_is_documented_and_every_documented_code_exists(rows):
    documented = {code for code, _, _ in rows}
    assert documented - _in_source() == set(), "gone from the source"
    assert _in_source() - documented == set(), "not in docs/errors.md"


def test_each_code_has_one_row_in_order(rows):
    codes = [code for code, _, _ in rows]
    assert codes == sorted(set(codes))


def test_the_malformed_inputs_are_the_tested_ones(page):
    """The table is what the tests check, case by case."""
    tested = _cases()
    table = page.split("## Malformed inputs")[1]
    documented = dict(re.findall(r"^\| ([^|`]+?) \| (.+?) \|$", table, re.MULTILINE))
    documented.pop("input")
    documented.pop("---", None)
    assert documented == tested


def _cases() -> dict[str, str]:
    """Case → what it gives, read from the tables of the test module without running it."""
    tree = ast.parse((ROOT / "tests" / "golden" / "test_malformed.py").read_text(encoding="utf-8"))
    tables = {
        node.target.id: node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(node.value, ast.Dict)
    }
    say = {
        "FILES": lambda it: f"`{it[1].value}`, exit status 2; other files are judged",
        "GAPS": lambda it: f"an `audio.gap` ({it[1].value}); the rest is judged",
        "LINES": lambda it: f"close {it[2].value}, `{it[3].value}`",
        "OTHERS": lambda it: it.value,
    }
    return {
        key.value: say[name](value.elts if isinstance(value, ast.Tuple) else value)
        for name, table in tables.items()
        if name in say
        for key, value in zip(table.keys, table.values, strict=True)
    }
