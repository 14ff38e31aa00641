"""A desk's sound on its way to a server: two voices into one stream, kept while the line is away."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from typing import Final

import numpy as np

from monitor.errors import InputError
from monitor.frames import AudioFrame, Side
from monitor.timeline import Ms, ms_at, samples_at
from monitor.web.client import call_path, hang_up, opened, socket_url

KEPT_MS: Final = 10_000
"""Sound that waits for a line that is away; older sound is given up, which the server hears as a gap."""

PIECE_MS: Final = 100
AGAIN_S: Final = (0.5, 1.0, 2.0, 5.0)
"""Waits between tries to reach the server; the last one repeats."""


class Interleaver:
    """Frames of several sides, each with its own pace, as messages of interleaved samples."""

    def __init__(self, sides: Sequence[Side], rate_hz: int) -> None:
        self._sides, self._rate_hz = tuple(sides), rate_hz
        self._pcm = {side: bytearray() for side in self._sides}
        self._at = 0
        """Samples that have gone out."""

    def push(self, frame: AudioFrame) -> list[tuple[Ms, bytes]]:
        """Take a frame; the messages that are whole with it, each with the media time of its first sample.

        What a device lost becomes quiet: the other voice must not wait for it.
        """
        pcm = self._pcm[frame.side]
        missing = frame.start - self._at - len(pcm) // 2
        pcm += bytes(2 * max(0, missing)) + frame.pcm[2 * max(0, -missing) :]
        step = samples_at(PIECE_MS, self._rate_hz)
        out = []
        while all(len(side) >= 2 * step for side in self._pcm.values()):
            channels = [np.frombuffer(bytes(side[: 2 * step]), "<i2") for side in self._pcm.values()]
            for side in self._pcm.values():
                del side[: 2 * step]
            out.append((ms_at(self._at, self._rate_hz), np.stack(channels, axis=1).tobytes()))
            self._at += step
        return out


class DeskLine:
    """One call from this computer: listens, sends, comes back when the line breaks."""

    def __init__(self, server: str, token: str, call_id: str, query: Mapping[str, object]) -> None:
        self._server, self._token, self._call_id, self._query = server, token, call_id, query
        self._waiting: deque[tuple[Ms, bytes]] = deque(maxlen=KEPT_MS // PIECE_MS)
        self._more = asyncio.Event()
        self.finished = False
        """No more is heard: what waits is sent, then comes the hang-up."""
        self.connected = asyncio.Event()
        """The server has taken the line at least once."""

    async def listen(self, frames: AsyncIterable[AudioFrame], interleaver: Interleaver) -> None:
        """Keep what is heard until it can be sent."""
        async for frame in frames:
            for piece in interleaver.push(frame):
                self._waiting.append(piece)
                self._more.set()

    def finish(self) -> None:
        """No more is heard: send what waits and hang up."""
        self.finished = True
        self._more.set()

    async def send(self, trouble: Callable[[InputError], None] = lambda error: None) -> None:
        """Send until the call is over; ``trouble(error)`` is told of every break.

        Raises:
            InputError: ``NET-003``, the server refuses the call.
        """
        tries = 0
        while True:
            try:
                await self._send_once()
            except InputError as error:
                if error.code == "NET-003" or self.finished:
                    raise
                trouble(error)
                if self.connected.is_set():
                    tries = 0
                    self.connected.clear()
                await asyncio.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
                tries += 1
            else:
                return

    async def _send_once(self) -> None:
        while not self._waiting and not self.finished:
            self._more.clear()
            await self._more.wait()
        query = dict(self._query)
        if self._waiting and self._waiting[0][0]:
            query["from_ms"] = self._waiting[0][0]
        async with opened(socket_url(self._server, call_path(self._call_id, "audio"), query), self._token) as socket:
            self.connected.set()
            while True:
                while self._waiting:
                    await socket.send(self._waiting.popleft()[1])
                if self.finished:
                    await hang_up(socket)
                    return
                self._more.clear()
                if socket.close_code is not None:
                    await socket.recv()  # says why
                closed = asyncio.ensure_future(socket.wait_closed())
                more = asyncio.ensure_future(self._more.wait())
                try:
                    await asyncio.wait([closed, more], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    closed.cancel()
                    more.cancel()
