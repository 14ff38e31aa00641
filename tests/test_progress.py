"""The bar: nothing for what is quick, one line a file for what is not."""

import pytest

from monitor import progress
from monitor.progress import Bar


def test_what_is_quick_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar("model.bin", 10, 100)
        bar("model.bin", 100, 100)
    assert capsys.readouterr().err == ""


def test_each_file_has_its_own_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0)
    with Bar() as bar:
        bar("model.bin", 50, 100)
        bar("model.bin", 100, 100)
        bar("tokenizer.json", 7, None)
    said = capsys.readouterr()
    assert "model.bin: 100%" in said.err
    assert "tokenizer.json: 7.00" in said.err
    assert said.out == ""
