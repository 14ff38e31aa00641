import logging
from pathlib import Path

import pytest

from monitor import config
from monitor.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MONITOR_CONFIG", raising=False)


def test_defaults_need_no_file() -> None:
    settings = config.load()
    assert (settings.host, settings.port, settings.recordings.keep) == ("127.0.0.1", 8000, False)
    assert settings.rules[0].is_dir()


def test_flags_win_over_environment_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "monitor.toml").write_text("port = 1\nhost = '127.0.0.2'\n[engine]\nmodel = 'small'\nlanes = 1\n")
    monkeypatch.setenv("MONITOR_PORT", "2")
    monkeypatch.setenv("MONITOR_ENGINE__MODEL", "medium")
    settings = config.load({"port": 3, "host": None, "engine": {"model": None, "device": "cpu"}})
    assert (settings.port, settings.host) == (3, "127.0.0.2")
    assert (settings.engine.model, settings.engine.lanes, settings.engine.device) == ("medium", 1, "cpu")


def test_every_wrong_setting_is_named_at_once() -> None:
    Path("monitor.toml").write_text("prot = 8000\n[live]\nstall_s = -1\n[recordings]\nkeep = 'perhaps'\n")
    with pytest.raises(ConfigError, match=r"CFG-001") as caught:
        config.load()
    assert all(name in str(caught.value) for name in ("prot", "live.stall_s", "recordings.keep"))


@pytest.mark.parametrize("text", [b"port = ", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_refused(text: bytes) -> None:
    Path("monitor.toml").write_bytes(text)
    with pytest.raises(ConfigError, match=r"CFG-002 monitor\.toml"):
        config.load()


def test_a_file_that_is_named_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="CFG-002"):
        config.load(file=Path("nowhere.toml"))
    monkeypatch.setenv("MONITOR_CONFIG", "elsewhere.toml")
    with pytest.raises(ConfigError, match=r"CFG-002 elsewhere\.toml"):
        config.load()


def test_an_unknown_variable_is_mentioned(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("MONITOR_PROT", "8000")
    monkeypatch.setenv("MONITOR_PORT", "8001")
    with caplog.at_level(logging.WARNING):
        config.load()
    assert "MONITOR_PROT" in caplog.text
    assert "MONITOR_PORT" not in caplog.text


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.load().port = 9  # type: ignore[misc]
