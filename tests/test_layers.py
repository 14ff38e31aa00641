"""Imports point to the same package or a lower level; the core knows neither clock, thread nor network."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import monitor

ROOT = Path(monitor.__file__).parent

LEVELS = {
    "timeline": 0, "errors": 0, "frames": 0, "events": 0, "files": 0, "compiled": 0,
    "audio": 1, "speech": 1, "text": 1, "rules": 1, "privacy": 1, "session": 1, "arrivals": 1, "intake": 1,
    "turns": 1, "resumption": 1, "narrate": 1,
    "sources": 2, "engines": 2, "sinks": 2,
    "live": 3, "live_call": 3, "audit": 3,
    "progress": 4, "config": 4, "wiring": 5, "web": 6, "commands": 7, "cli": 8, "__main__": 9,
}  # fmt: skip
"""Level 4 of docs/architecture.md, the outermost, is spelt out as 4 to 9: settings, what is made of them, use."""

BARRED = {"asyncio", "threading", "socket", "subprocess", "sqlite3", "time", "os", "logging"}
"""What levels 0 and 1 do without: a call is its inputs and nothing else."""

THIRD = {"numpy", "soxr", "webrtcvad", "jieba", "pypinyin", "opencc", "ahocorasick", "rapidfuzz", "pydantic", "yaml"}
"""The third parties that levels 0 and 1 may use …"""

ALONE = {"sklearn": "rules/learn.py", "scipy": "rules/learn.py", "numba": "compiled.py"}
"""… and those that one module may use alone."""

WITHOUT_CLASHES = {"sources", "engines", "sinks"}
"""Packages of level 2 that must not know each other."""

MODULES = sorted(path for path in ROOT.rglob("*.py") if "migrations" not in path.parts)


def imports(path: Path) -> Iterator[str]:
    """Full names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield f"{node.module}" if node.module != "monitor" else f"monitor.{node.names[0].name}"
            if node.module == "monitor":
                yield from (f"monitor.{alias.name}" for alias in node.names)


# Parsed while tests are collected: Python 3.11 miscounts the depth of a tree where a thread of another test runs between
# (python/cpython#106905).
IMPORTS = {path: tuple(imports(path)) for path in MODULES}


def room(name: str) -> str:
    """``monitor.audio.vad`` → ``audio``."""
    return name.split(".")[1]


def place(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_to_the_same_package_or_lower(path: Path) -> None:
    own = place(path)
    if own == "__init__":
        assert IMPORTS[path] == ()
        return
    assert own in LEVELS, f"{own} has no level: give it one here and in docs/architecture.md"
    for name in IMPORTS[path]:
        if not name.startswith("monitor."):
            continue
        other = room(name)
        if other == own:
            continue
        assert LEVELS[other] <= LEVELS[own], f"{path} (level {LEVELS[own]}) imports {name} (level {LEVELS[other]})"
        if own in WITHOUT_CLASHES:
            assert LEVELS[other] < 2, f"{path}: {own} imports {name}, its peer"


@pytest.mark.parametrize(
    "path", [path for path in MODULES if LEVELS.get(place(path), 9) <= 1], ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_core_is_pure(path: Path) -> None:
    for name in IMPORTS[path]:
        top = name.split(".")[0]
        assert top not in BARRED, f"{path} imports {name}"
        if top in sys.stdlib_module_names or top == "monitor":
            continue
        if top in ALONE:
            assert path.relative_to(ROOT) == Path(ALONE[top]), f"{path} imports {name}"
            continue
        assert top in THIRD, f"{path} imports {name}"


def test_a_breach_is_seen(tmp_path: Path) -> None:
    """The walk finds imports inside functions and behind ``from monitor import``."""
    module = tmp_path / "x.py"
    module.write_text("from monitor import config, live\ndef f():\n    import time\n    from monitor.web import app\n")
    assert {"monitor.config", "monitor.live", "time", "monitor.web"} <= set(imports(module))
