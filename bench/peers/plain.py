"""The two loops that people write around faster-whisper, behind a websocket.

    python plain.py --loop endpoint|agreement --model DIR --port N

A connection is a call: binary messages are 16 kHz mono PCM, answers are ``{"text", "final"}``.

``endpoint``: webrtcvad decides that an utterance is over after 0.5 s of quiet; then it is transcribed.
``agreement``: every second of new audio the last seconds are transcribed again; what two transcripts in a row
agree on is committed and, once the buffer is long, cut off (the LocalAgreement-2 policy of whisper_streaming,
written anew). All text is shown at once, agreed or not.

One model for all calls, all cores for each transcription, beam 5, first come first served.
"""

import argparse
import asyncio
import json
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import webrtcvad
from faster_whisper import WhisperModel
from websockets.asyncio.server import ServerConnection, serve

RATE_HZ = 16_000
BLOCK = RATE_HZ * 30 // 1000 * 2
"""webrtcvad's longest block, 30 ms, in bytes."""
OPEN_BLOCKS, PRE_ROLL_BLOCKS, CLOSE_BLOCKS = 3, 10, 17
"""Speech after 90 ms of voice, with 300 ms before it; over after 0.5 s without."""
STEP_S, KEPT_S = 1.0, 15.0


class Recogniser:
    """The model, one transcription at a time."""

    def __init__(self, model: str, cores: int) -> None:
        self._model = WhisperModel(model, device="cpu", compute_type="int8", cpu_threads=cores)
        self._turn = ThreadPoolExecutor(1)

    async def transcribe(self, pcm: bytes, **options: object) -> list:
        """Segments of the audio."""
        wave = np.frombuffer(pcm, np.int16).astype(np.float32) / 32768
        run = partial(self._model.transcribe, wave, language="zh", beam_size=5, **options)
        return await asyncio.get_running_loop().run_in_executor(self._turn, lambda: list(run()[0]))


async def endpoint(socket: ServerConnection, recogniser: Recogniser) -> None:
    """Wait for the pause, then transcribe."""
    vad = webrtcvad.Vad(2)
    recent: deque[tuple[bytes, bool]] = deque(maxlen=PRE_ROLL_BLOCKS)
    spoken, quiet = bytearray(), 0
    tasks: set[asyncio.Task[None]] = set()

    async def answer(pcm: bytes) -> None:
        segments = await recogniser.transcribe(pcm)
        await socket.send(json.dumps({"text": "".join(it.text for it in segments), "final": True}))

    async for block in _blocks(socket):
        voiced = vad.is_speech(block, RATE_HZ)
        if spoken:
            spoken += block
            quiet = 0 if voiced else quiet + 1
            if quiet == CLOSE_BLOCKS:
                task = asyncio.create_task(answer(bytes(spoken)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                spoken.clear()
                recent.clear()
            continue
        recent.append((block, voiced))
        if len(recent) >= OPEN_BLOCKS and all(voice for _, voice in list(recent)[-OPEN_BLOCKS:]):
            spoken += b"".join(pcm for pcm, _ in recent)
            quiet = 0


async def agreement(socket: ServerConnection, recogniser: Recogniser) -> None:
    """Transcribe every second what is not committed, and compare."""
    audio, ended, arrived = bytearray(), False, asyncio.Event()

    async def receive() -> None:
        nonlocal ended
        async for block in _blocks(socket):
            audio.extend(block)
            arrived.set()
        ended = True
        arrived.set()

    receiving = asyncio.create_task(receive())
    step, before, heard = int(STEP_S * RATE_HZ) * 2, [], 0
    cut = 0
    """Bytes that were cut off in front."""
    while not ended:
        arrived.clear()
        if cut + len(audio) - heard < step:
            await arrived.wait()
            continue
        pcm = bytes(audio)
        heard = cut + len(pcm)
        segments = await recogniser.transcribe(
            pcm, word_timestamps=True, vad_filter=True, condition_on_previous_text=False
        )
        words = [word for it in segments for word in it.words or ()]
        await socket.send(json.dumps({"text": "".join(word.word for word in words), "final": False}))
        agreed = 0
        for old, new in zip(before, words, strict=False):
            if old.word != new.word:
                break
            agreed += 1
        if len(pcm) > KEPT_S * RATE_HZ * 2 or not words:
            keep_from_s = words[agreed - 1].end if agreed else max(0.0, len(pcm) / 2 / RATE_HZ - 1.0)
            drop = int(keep_from_s * RATE_HZ) * 2
            del audio[:drop]
            cut += drop
            before = []
        else:
            before = words
    await receiving


async def _blocks(socket: ServerConnection):
    rest = b""
    async for message in socket:
        rest += message
        whole = len(rest) // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            yield rest[at : at + BLOCK]
        rest = rest[whole:]


async def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--loop", choices=["endpoint", "agreement"], required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    recogniser = Recogniser(args.model, os.cpu_count() or 1)
    await recogniser.transcribe(bytes(RATE_HZ * 2))
    loop = {"endpoint": endpoint, "agreement": agreement}[args.loop]
    async with serve(lambda socket: loop(socket, recogniser), "127.0.0.1", args.port, compression=None, max_size=None):
        await asyncio.Future()


if __name__ == "__main__":
    asyncio.run(main())
