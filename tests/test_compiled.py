import subprocess
import sys
from pathlib import Path

import numpy as np

from monitor.compiled import compiled

MODULE = """
import numpy as np
from monitor.compiled import compiled

@compiled
def total(values):
    found = 0.0
    for one in values:
        found += one
    return found

print(total(np.array([1.0, 2.0])), sum(total.stats.cache_hits.values()))
"""


def test_a_function_without_a_file_is_compiled_too() -> None:
    """There is nowhere to keep its machine code: it is compiled at every start, and works."""
    names: dict[str, object] = {}
    exec("def double(values):\n    return values * 2\n", names)
    double = compiled(names["double"])  # type: ignore[type-var]
    assert double(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert double.signatures


def test_machine_code_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """Beside the source."""
    (tmp_path / "loops.py").write_text(MODULE)
    said = [
        subprocess.run(
            [sys.executable, "-c", "import loops"], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(2)
    ]
    assert said == [["3.0", "0"], ["3.0", "1"]]
    assert list(tmp_path.rglob("*.nbc"))
