from pathlib import Path

import numpy as np

from monitor.compiled import compiled


def test_a_function_without_a_file_is_compiled_too() -> None:
    """There is nowhere to keep its machine code: it is compiled at every start, and works."""
    names: dict[str, object] = {}
    exec("def double(values):\n    return values * 2\n", names)
    double = compiled(names["double"])  # type: ignore[type-var]
    assert double(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert double.signatures


def test_machine_code_is_kept_beside_the_source(tmp_path: Path) -> None:
    """The next process finds it."""
    source = tmp_path / "loops.py"
    source.write_text(
        "def total(values):\n    found = 0.0\n    for one in values:\n        found += one\n    return found\n"
    )
    names: dict[str, object] = {}
    exec(compile(source.read_text(), str(source), "exec"), names)
    assert compiled(names["total"])(np.array([1.0, 2.0])) == 3.0  # type: ignore[type-var]
    assert list(tmp_path.rglob("*.nbc"))
