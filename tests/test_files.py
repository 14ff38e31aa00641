"""Files that are there whole or not at all."""

from pathlib import Path

import pytest

from monitor.files import replacing


def test_what_was_written_takes_the_place(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert [(it.name, it.read_text()) for it in tmp_path.iterdir()] == [("report.json", "new")]


def test_what_went_wrong_leaves_nothing_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def fail() -> None:
        with replacing(path) as part:
            part.write_text("half")
            raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert [(it.name, it.read_text()) for it in tmp_path.iterdir()] == [("report.json", "old")]
