"""Settings become parts: the same for every command."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from monitor import config, progress, wiring
from monitor.engines.scripted import ScriptedEngine
from monitor.errors import ConfigError, InputError, WeightsError
from monitor.frames import Side

BODY = b"no Whisper model"


class Hub(ThreadingHTTPServer):
    """A hub on loopback that has one file, whatever it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Hub)
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    files = "".join(
        f'[[models.toy.files]]\nname = "{name}"\nsize = {len(BODY)}\nsha256 = "{hashlib.sha256(BODY).hexdigest()}"\n'
        for name in ("model.bin", "config.json", "tokenizer.json")
    )
    (tmp_path / "manifest.toml").write_text(
        '[models.toy]\ntitle = "toy"\nkind = "whisper"\nlicence = "MIT"\n'
        f'[models.toy.hub]\nrepository = "who/toy"\nrevision = "{"a" * 40}"\n{files}'
    )
    return tmp_path


def settings(models: Path, hub: Hub, **further: str) -> config.Settings:
    address = f"http://127.0.0.1:{hub.server_port}"
    return config.load({"engine": {"model": "toy", "models": models, "hub": address, **further}})


def test_missing_weights_come_from_the_hub_that_is_set(
    models: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a bar on stderr; what came is then refused as what it is, no model."""
    monkeypatch.setattr(progress, "SHOWN_AFTER_S", 0)
    with pytest.raises(WeightsError, match="WGT-007"):
        wiring.engine(settings(models, hub))
    assert [path.rpartition("/")[2] for path in hub.asked] == ["model.bin", "config.json", "tokenizer.json"]
    assert hub.asked[0].startswith("/who/toy/resolve/")
    assert "model.bin: 100%" in capsys.readouterr().err


def test_where_nothing_may_be_fetched_nothing_is(models: Path, hub: Hub) -> None:
    with pytest.raises(WeightsError, match="WGT-005"):
        wiring.engine(settings(models, hub, source="local"))
    assert hub.asked == []


def test_a_source_that_does_not_have_it_is_refused(models: Path, hub: Hub) -> None:
    with pytest.raises(WeightsError, match="WGT-004"):
        wiring.engine(settings(models, hub, source="pypi"))
    assert hub.asked == []


def test_a_hub_is_an_address(models: Path) -> None:
    with pytest.raises(ConfigError, match=r"engine\.hub"):
        config.load({"engine": {"hub": "hf-mirror"}})


def test_the_scripted_engine_needs_its_script(tmp_path: Path) -> None:
    (tmp_path / "script.json").write_text('[{"side": "agent", "from_ms": 0, "to_ms": 900, "text": "您好"}]')
    script = tmp_path / "script.json"
    assert isinstance(wiring.engine(config.load({"engine": {"kind": "scripted", "script": script}})), ScriptedEngine)
    for wrong in ({}, {"script": tmp_path / "none.json"}):
        with pytest.raises(ConfigError, match="ENG-010"):
            wiring.engine(config.load({"engine": {"kind": "scripted", **wrong}}))


def test_policy_takes_every_speech_setting() -> None:
    speech = {"partial_every_ms": 400, "partial_share": 0.5, "eager_pause_ms": 300, "close_pause_ms": 700}
    policy = wiring.policy(config.load({"speech": {**speech, "max_ms": 9_000}, "live": {"mask": False}}))
    assert {name: getattr(policy.endpoint, name) for name in speech} == speech
    assert (policy.endpoint.max_ms, policy.mask, policy.finals_only) == (9_000, None, False)


def test_layout() -> None:
    assert wiring.layout("customer,agent") == (Side.CUSTOMER, Side.AGENT)
    with pytest.raises(InputError, match="INP-003"):
        wiring.layout("left,right")
