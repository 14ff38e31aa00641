"""``monitor models``: one JSON line a model, faults on stderr, exit status."""

import argparse
import hashlib
import json
from pathlib import Path

import pytest

from monitor.commands import models
from monitor.errors import WeightsError

BODY = b"weights"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("one", "two"):
        (tmp_path / "manifest.toml").open("a").write(
            f'[models.{name}]\ntitle = "{name}"\nkind = "encoder"\nlicence = "MIT"\n'
            f"pulled_by_default = {'true' if name == 'one' else 'false'}\n"
            f'[models.{name}.hub]\nrepository = "who/{name}"\nrevision = "{"b" * 40}"\n'
            f'[[models.{name}.files]]\nname = "w"\nsize = {len(BODY)}\nsha256 = "{hashlib.sha256(BODY).hexdigest()}"\n'
        )
    return tmp_path


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.register(parser.add_subparsers())
    args = parser.parse_args(["models", *words])
    status: int = args.run(args)
    return status


def put(folder: Path, name: str, body: bytes = BODY) -> None:
    (folder / name).mkdir()
    (folder / name / "w").write_bytes(body)


def rows(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_list_shows_every_model_and_whether_it_is_here(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, "two")
    assert command("list", "--models", str(folder)) == 0
    assert [(row["name"], row["here"], row["sources"]) for row in rows(capsys)] == [
        ("one", False, ["hub"]),
        ("two", True, ["hub"]),
    ]


def test_verify_passes_what_is_right_and_skips_what_is_not_here(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(folder, "two")
    assert command("verify", "--models", str(folder)) == 0
    assert [(row["name"], row["verified"]) for row in rows(capsys)] == [("two", True)]


def test_verify_names_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, "two", b"damaged")
    assert command("verify", "--models", str(folder)) == 1
    said = capsys.readouterr()
    assert str(folder / "two" / "w") in said.err
    assert json.loads(said.out)["verified"] is False


def test_verify_by_name_finds_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("verify", "one", "--models", str(folder)) == 1
    assert rows(capsys)[0]["faults"] == ["w is missing"]


def test_pull_without_a_name_takes_the_default_ones(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder, "one")
    assert command("pull", "--models", str(folder)) == 0
    assert [(row["name"], row["verified"]) for row in rows(capsys)] == [("one", True)]


def test_an_unknown_name_is_an_error(folder: Path) -> None:
    with pytest.raises(WeightsError, match="WGT-002"):
        command("pull", "three", "--models", str(folder))


def test_the_bar_follows_one_file_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with models.Bar() as bar:
        for what in ("a", "b"):
            bar(what, 5, 10)
            bar(what, 10, 10)
    assert capsys.readouterr().out == ""
