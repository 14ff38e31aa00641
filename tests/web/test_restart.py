"""The real program, killed and started again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.anyio


class Program:
    """``monitor serve`` as its own process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[str] | None = None
        self.url = ""
        self.said: list[str] = []

    def start(self) -> None:
        """Return once it answers."""
        environment = os.environ | {
            "MONITOR_ENGINE__KIND": "scripted",
            "MONITOR_ENGINE__SCRIPT": str(self.folder / "script.json"),
            "MONITOR_LIVE__RECONNECT_S": "900",
            "MONITOR_LIVE__STALL_S": "900",
        }
        rules = Path(__file__).parents[1] / "few_rules"
        command = [sys.executable, "-m", "monitor", "serve", "--port", "0", "--data", "data", "--rules", str(rules)]
        self.process = subprocess.Popen(command, cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            if line.startswith("服务地址："):
                self.url = line.removeprefix("服务地址：").split()[0]
            if line.startswith("主管页面："):
                break
        with httpx.Client(transport=httpx.HTTPTransport(retries=5), timeout=60) as http:
            while True:
                try:
                    assert http.get(f"{self.url}/readyz").status_code == 200
                    return
                except httpx.TransportError:
                    assert self.process.poll() is None, self.said

    def end(self, how: signal.Signals) -> int:
        """Its exit status."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.communicate(timeout=120)
        return self.process.returncode

    def token(self, *arguments: str) -> str:
        """``monitor token create`` beside the running server: the token alone on stdout."""
        command = [sys.executable, "-m", "monitor", "token", "create", "--data", "data", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        (token,) = done.stdout.splitlines()
        return token


@pytest.fixture
def program(tmp_path: Path, script: list[dict[str, Any]]) -> Iterator[Program]:
    (tmp_path / "script.json").write_text(json.dumps(script), encoding="utf-8")
    made = Program(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


async def test_a_killed_server_comes_back_without_a_gap_or_a_double(program: Program, sample: Any, take: Any) -> None:
    program.start()
    ingest, reader = program.token("--role", "ingest"), program.token("--role", "supervisor")
    audio = "/v1/calls/kill-1/audio?agent_id=a1&format=pcm16&rate=8000&layout=agent,customer"
    pieces = list(sample.pieces())

    def open_(path: str, token: str) -> Any:
        url = f"ws{program.url[4:]}{path}"
        headers = {"Authorization": f"Bearer {token}"}
        return connect(url, additional_headers=headers, max_size=None, open_timeout=60, ping_interval=None)

    seen: list[dict[str, Any]] = []
    async with open_("/v1/calls/kill-1/events?after=0", reader) as events, open_(audio, ingest) as line:
        for piece in pieces[:60]:
            await line.send(piece)
        seen += await take(events, kind="measure", at_ms=5000)
        assert program.end(signal.SIGKILL) == -signal.SIGKILL
        with suppress(ConnectionClosed):
            while True:
                seen.append(json.loads(await events.recv()))
    program.start()
    async with (
        open_(f"/v1/calls/kill-1/events?after={seen[-1]['seq']}", reader) as events,
        open_(audio + "&from_ms=6500", ingest) as line,
    ):
        for piece in pieces[65:]:
            await line.send(piece)
        await line.send('{"type":"hangup"}')
        seen += await take(events, kind="call.ended")
    async with open_("/v1/calls/kill-1/events?after=0", reader) as events:
        kept = await take(events, kind="call.ended")
    assert seen == kept  # what was seen before the kill is there after it, word for word
    assert [event["seq"] for event in kept] == list(range(1, len(kept) + 1))
    gap = next(event for event in kept if event["kind"] == "audio.gap")
    assert gap["to_ms"] == 6500
    assert program.end(signal.SIGTERM) == 0


async def test_the_first_start_prints_a_token_that_works_and_later_ones_do_not(program: Program) -> None:
    program.start()
    (line,) = [line for line in program.said if "管理员令牌" in line]
    token = line.rpartition("：")[2].strip()
    answer = httpx.get(f"{program.url}/v1/session", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.json()["role"] == "admin"
    assert program.end(signal.SIGINT) == 0
    program.said.clear()
    program.start()
    assert not [line for line in program.said if "管理员令牌" in line]
    assert program.end(signal.SIGTERM) == 0
