"""Our own server, started as its users start it, on a data folder of its own."""

import asyncio
import json
import os
import re
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from live.pace import send_paced
from live.system import CallRun, Event, Text
from speech_corpus import LINE_HZ
from websockets.asyncio.client import connect

START_S = 180.0
END_S = 60.0
FOLLOWED = "call.started,transcript,warning,call.ended"
_ADDRESS = re.compile(r"http://[\w.\[\]:]+:\d+")
_METRIC = re.compile(r"^(\w+)(\{[^}]*\})? ([0-9.eE+-]+|NaN)$", re.MULTILINE)
MONITOR = Path(sys.executable).with_name("monitor")


class Ours:
    """``monitor serve`` with its real rules and model; every call's events are followed on a socket of its own."""

    name = "call-monitor"

    def __init__(
        self,
        *,
        rules: Sequence[Path] = (),
        settings: Sequence[str] = (),
        frame_s: float = 0.02,
        warnings: bool = True,
    ) -> None:
        """``settings``: ``NAME=VALUE`` as in the environment, e.g. ``SPEECH__PARTIAL_EVERY_MS=400``."""
        self.frame_s = frame_s
        self.warnings = warnings
        self._options = [option for path in rules for option in ("--rules", str(path))]
        self._settings = dict(item.split("=", 1) for item in settings)
        self._address = self._send_token = self._read_token = ""
        self.log: Path | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            data = Path(folder) / "data"
            self._send_token = await self._token("ingest", data)
            self._read_token = await self._token("supervisor", data)
            self.log = Path(folder) / "server.log"
            with self.log.open("wb") as log:
                process = await asyncio.create_subprocess_exec(
                    *(str(MONITOR), "serve", "--host", "127.0.0.1", "--port", "0", "--data", str(data)),
                    *self._options,
                    env=self._environment(),
                    stdout=log,
                    stderr=log,
                )
            try:
                await self._until_ready(process)
                yield process.pid
            finally:
                if process.returncode is None:
                    process.terminate()
                    try:
                        await asyncio.wait_for(process.wait(), 30)
                    except TimeoutError:
                        process.kill()
                        await process.wait()

    async def serve(self, run: CallRun) -> None:
        call = run.call
        base = self._address.replace("http://", "ws://") + f"/v1/calls/{call.call_id}"
        form = f"agent_id={call.call_id}&format=mulaw&rate={LINE_HZ}&layout=agent,customer"
        listening = asyncio.create_task(self._listen(f"{base}/events?after=0&kinds={FOLLOWED}", run))
        try:
            headers = {"Authorization": f"Bearer {self._send_token}"}
            async with connect(f"{base}/audio?{form}", additional_headers=headers, compression=None) as socket:
                await send_paced(call.stereo(), 2 * LINE_HZ, run.sending, socket.send)
                await socket.send('{"type":"hangup","by":"customer"}')
                await asyncio.wait_for(socket.wait_closed(), END_S)
            await asyncio.wait_for(listening, END_S)
        finally:
            listening.cancel()

    async def counters(self) -> dict[str, float]:
        def read() -> str:
            with urllib.request.urlopen(f"{self._address}/metrics", timeout=10) as answer:
                return str(answer.read(), "utf-8")

        found = {}
        for name, labels, value in _METRIC.findall(await asyncio.to_thread(read)):
            found[name + labels] = float(value)
        return found

    async def _listen(self, url: str, run: CallRun) -> None:
        headers = {"Authorization": f"Bearer {self._read_token}"}
        async with connect(url, additional_headers=headers, compression=None) as socket:
            async for message in socket:
                at_s = time.monotonic()
                body = json.loads(message)
                run.events.append(Event(at_s, body))
                if body["kind"] == "transcript" and body["side"] == "agent":
                    run.texts.append(Text(at_s, body["text"], body["status"] == "final"))
                if body["kind"] == "call.ended":
                    if body["reason"] != "hangup":
                        run.fault = body["reason"]
                    return

    async def _token(self, role: str, data: Path) -> str:
        process = await asyncio.create_subprocess_exec(
            *(str(MONITOR), "token", "create", "--role", role, "--data", str(data)),
            env=self._environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        token, talk = await process.communicate()
        if process.returncode:
            raise SystemExit(f"monitor token create: {talk.decode()}")
        return token.decode().strip()

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **{f"MONITOR_{name}": value for name, value in self._settings.items()}}

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        assert self.log is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if process.returncode is not None:
                raise SystemExit(f"monitor serve ended:\n{self.log.read_text(encoding='utf-8')[-2000:]}")
            found = _ADDRESS.search(self.log.read_text(encoding="utf-8"))
            if found:
                self._address = found.group()
                try:
                    await asyncio.to_thread(urllib.request.urlopen, f"{self._address}/readyz", timeout=5)
                except OSError:
                    pass
                else:
                    return
            await asyncio.sleep(0.2)
        raise SystemExit("monitor serve is not ready after three minutes")
