"""Other programs that turn live speech into text, each in its own environment (``bench/peers/setup.sh``).

Every one is run as its users run it and is given the agent's side as 16 kHz PCM. It need only show text:
what it would still take to find the phrase in it and to tell somebody is not counted against it.
"""

import asyncio
import json
import os
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np
import webrtcvad
from live.pace import send_paced
from live.system import CallRun, System, Text
from websockets.asyncio.client import ClientConnection, connect

HERE = Path(__file__).resolve().parent.parent / "peers"
RATE_HZ = 16_000
START_S = 240.0
_OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}


class Peer:
    """A server on a port of 127.0.0.1."""

    name = ""
    env = ""
    """Its environment under ``bench/peers/.venv``."""

    def __init__(self, model: Path, frame_s: float) -> None:
        self.model, self.frame_s = model.resolve(), frame_s
        self.port = 0

    def command(self) -> list[str]:
        """What is run by the environment's Python."""
        raise NotImplementedError

    async def serve(self, run: CallRun) -> None:
        """See :class:`live.system.System`."""
        raise NotImplementedError

    async def counters(self) -> dict[str, float]:
        """Peers have none that are asked for."""
        return {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        self.port = _free_port()
        with TemporaryFile() as log:
            process = await asyncio.create_subprocess_exec(
                str(HERE / ".venv" / self.env / "bin" / "python"),
                *self.command(),
                cwd=HERE,
                env={**os.environ, **_OFFLINE},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                await self._until_listening(process, log)
                yield process.pid
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, 15)
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, 9)
                    await process.wait()

    async def _until_listening(self, process: asyncio.subprocess.Process, log: object) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(0.3)
        log.seek(0)  # type: ignore[attr-defined]
        raise SystemExit(f"{self.name} does not start:\n{log.read()[-3000:].decode(errors='replace')}")  # type: ignore[attr-defined]

    async def _talk(
        self, url: str, run: CallRun, hear: Callable[[str], Text | None], wrap: Callable[[bytes], bytes]
    ) -> None:
        """Send the call over a websocket while its messages are read."""
        async with connect(url, compression=None, max_size=None, open_timeout=60, close_timeout=1) as line:
            await self.greet(line, run)

            async def listen() -> None:
                async for message in line:
                    text = hear(message) if isinstance(message, str) else None
                    if text is not None and (not run.texts or text.text != run.texts[-1].text):
                        run.texts.append(text)

            listening = asyncio.create_task(listen())
            await send_paced(run.call.wide(), 2 * RATE_HZ, run.sending, lambda pcm: line.send(wrap(pcm)))
            listening.cancel()

    async def greet(self, line: ClientConnection, run: CallRun) -> None:
        """What has to be said before the audio."""


class Plain(Peer):
    """webrtcvad decides when an utterance is over (0.5 s), then faster-whisper, beam 5."""

    name, env = "endpoint, then faster-whisper", "faster-whisper"
    loop = "endpoint"

    def command(self) -> list[str]:
        return ["plain.py", "--loop", self.loop, "--model", str(self.model), "--port", str(self.port)]

    async def serve(self, run: CallRun) -> None:
        await self._talk(f"ws://127.0.0.1:{self.port}", run, _plain_text, bytes)


class Agreement(Plain):
    """faster-whisper over the last seconds, every second."""

    name, loop = "LocalAgreement-2, any text", "agreement"


def _plain_text(message: str) -> Text:
    body = json.loads(message)
    return Text(time.monotonic(), body["text"], body["final"])


class WhisperLive(Peer):
    """WhisperLive with the faster-whisper backend."""

    name, env = "WhisperLive 0.10", "whisperlive"

    def command(self) -> list[str]:
        return ["whisperlive.py", "--model", str(self.model), "--port", str(self.port)]

    async def greet(self, line: ClientConnection, run: CallRun) -> None:
        options = {"uid": run.call.call_id, "language": "zh", "task": "transcribe", "model": "base", "use_vad": True}
        await line.send(json.dumps(options))
        while "SERVER_READY" not in str(await asyncio.wait_for(line.recv(), 120)):
            pass

    async def serve(self, run: CallRun) -> None:
        def as_floats(pcm: bytes) -> bytes:
            return (np.frombuffer(pcm, np.int16).astype(np.float32) / 32768).tobytes()

        def hear(message: str) -> Text | None:
            segments = json.loads(message).get("segments")
            if not segments:
                return None
            text = "".join(it["text"] for it in segments)
            return Text(time.monotonic(), text, bool(segments[-1].get("completed")))

        await self._talk(f"ws://127.0.0.1:{self.port}", run, hear, as_floats)


class WhisperLiveBatch(WhisperLive):
    """… with its batching across clients (greedy)."""

    name = "WhisperLive 0.10, batching"

    def command(self) -> list[str]:
        return [*super().command(), "--batch"]


class RealtimeStt(Peer):
    """RealtimeSTT's server for many sessions, which share the model for drafts and finals."""

    name, env = "RealtimeSTT 1.1", "realtimestt"

    def command(self) -> list[str]:
        weights = str(self.model)
        return [
            *("-m", "example_fastapi_server.server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--model", weights, "--realtime-model", weights, "--use-main-model-for-realtime", "--language", "zh"),
            *("--device", "cpu", "--compute-type", "int8", "--max-sessions", "64", "--max-active-speakers", "64"),
            *("--log-level", "warning"),
        ]

    async def greet(self, line: ClientConnection, run: CallRun) -> None:
        while json.loads(await asyncio.wait_for(line.recv(), 180)).get("type") != "ready":
            pass
        await line.send('{"type":"start"}')

    async def serve(self, run: CallRun) -> None:
        about = json.dumps({"sampleRate": RATE_HZ, "channels": 1, "format": "pcm_s16le"}).encode()

        def packed(pcm: bytes) -> bytes:
            return struct.pack("<I", len(about)) + about + pcm

        def hear(message: str) -> Text | None:
            body = json.loads(message)
            if body.get("type") not in ("realtime", "final"):
                return None
            return Text(time.monotonic(), body["text"], body["type"] == "final")

        await self._talk(f"ws://127.0.0.1:{self.port}/ws/transcribe", run, hear, packed)


class WhisperLiveKit(Peer):
    """WhisperLiveKit with the faster-whisper backend and local agreement."""

    name, env = "WhisperLiveKit 0.2.26", "whisperlivekit"

    def command(self) -> list[str]:
        return [
            *("-m", "whisperlivekit.basic_server", "--host", "127.0.0.1", "--port", str(self.port)),
            *("--backend", "faster-whisper", "--backend-policy", "localagreement", "--model_dir", str(self.model)),
            *("--lan", "zh", "--pcm-input", "--log-level", "WARNING"),
        ]

    async def serve(self, run: CallRun) -> None:
        def hear(message: str) -> Text | None:
            body = json.loads(message)
            if "lines" not in body:
                return None
            lines = "".join(it.get("text") or "" for it in body["lines"][-3:])
            return Text(time.monotonic(), lines + (body.get("buffer_transcription") or ""), False)

        await self._talk(f"ws://127.0.0.1:{self.port}/asr", run, hear, bytes)


class Wyoming(Peer):
    """wyoming-faster-whisper; its clients do the endpointing (webrtcvad, 0.5 s) and connect for each utterance."""

    name, env = "wyoming-faster-whisper 3.8", "wyoming"
    _BLOCK = RATE_HZ * 20 // 1000 * 2

    def command(self) -> list[str]:
        return [
            *("-m", "wyoming_faster_whisper", "--uri", f"tcp://127.0.0.1:{self.port}", "--language", "zh"),
            *("--model", str(self.model), "--stt-library", "faster-whisper", "--data-dir", str(self.model.parent)),
            *("--compute-type", "int8", "--cpu-threads", str(os.cpu_count() or 1), "--local-files-only"),
        ]

    async def serve(self, run: CallRun) -> None:
        vad = webrtcvad.Vad(2)
        recent: deque[tuple[bytes, bool]] = deque(maxlen=15)
        rest = bytearray()
        talking: asyncio.StreamWriter | None = None
        quiet = 0
        answers: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while (event := await _read_event(reader))["type"] != "transcript":
                pass
            run.texts.append(Text(time.monotonic(), event["data"]["text"], True))
            writer.close()

        async def take(pcm: bytes) -> None:
            nonlocal talking, quiet
            rest.extend(pcm)
            while len(rest) >= self._BLOCK:
                block = bytes(rest[: self._BLOCK])
                del rest[: self._BLOCK]
                voiced = vad.is_speech(block, RATE_HZ)
                if talking is None:
                    recent.append((block, voiced))
                    if len(recent) >= 5 and all(voice for _, voice in list(recent)[-5:]):
                        reader, talking = await asyncio.open_connection("127.0.0.1", self.port)
                        _write_event(talking, "transcribe", {"language": "zh"})
                        _write_event(talking, "audio-start", _FORM)
                        _write_event(talking, "audio-chunk", _FORM, b"".join(it for it, _ in recent))
                        answers.add(task := asyncio.create_task(answer(reader, talking)))
                        task.add_done_callback(answers.discard)
                        quiet = 0
                    continue
                _write_event(talking, "audio-chunk", _FORM, block)
                quiet = 0 if voiced else quiet + 1
                if quiet == 25:
                    _write_event(talking, "audio-stop", {})
                    talking = None
                    recent.clear()

        await send_paced(run.call.wide(), 2 * RATE_HZ, run.sending, take)
        for task in answers:
            task.cancel()


_FORM = {"rate": RATE_HZ, "width": 2, "channels": 1}


def _write_event(writer: asyncio.StreamWriter, kind: str, data: dict[str, object], payload: bytes = b"") -> None:
    """An event of the Wyoming protocol: a JSON line, then its payload."""
    head = {"type": kind, "data": data, **({"payload_length": len(payload)} if payload else {})}
    writer.write(json.dumps(head).encode() + b"\n" + payload)


async def _read_event(reader: asyncio.StreamReader) -> dict:  # type: ignore[type-arg]
    head = json.loads(await reader.readline())
    if more := head.get("data_length"):
        head["data"] = {**head.get("data", {}), **json.loads(await reader.readexactly(more))}
    if more := head.get("payload_length"):
        await reader.readexactly(more)
    return head


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


PEERS: dict[str, Callable[[Path, float], System]] = {
    "plain": Plain,
    "agreement": Agreement,
    "whisperlive": WhisperLive,
    "whisperlive-batch": WhisperLiveBatch,
    "wyoming": Wyoming,
    "realtimestt": RealtimeStt,
    "whisperlivekit": WhisperLiveKit,
}


def installed(name: str) -> bool:
    """Its environment is there."""
    return (HERE / ".venv" / PEERS[name].env / "installed.txt").exists()  # type: ignore[attr-defined]
