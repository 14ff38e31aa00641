"""Sending audio as a telephone line does: one frame after the other, at the speed of the clock."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sending:
    """One stream while it is sent."""

    frame_s: float
    began_s: float = 0.0
    """``time.monotonic()`` at which the first sample was spoken."""
    late_s: list[float] = field(default_factory=list)
    """How much after its time each frame was handed over: the bench's own delay, or back-pressure."""

    def spoken_s(self, at_s: float) -> float:
        """When the sample at ``at_s`` of the stream left for the server: its frame's end, by the clock.

        By the clock and not by when the send returned, so that a server that stops reading is not
        measured as fast.
        """
        frames = -(-round(at_s * 1e6) // round(self.frame_s * 1e6))
        return self.began_s + frames * self.frame_s


async def send_paced(
    audio: bytes, bytes_per_s: int, sending: Sending, send: Callable[[bytes], Awaitable[None]]
) -> None:
    """Send ``audio`` in frames of ``sending.frame_s``; a frame goes out when its last sample has been spoken."""
    size = round(bytes_per_s * sending.frame_s)
    sending.began_s = time.monotonic()
    for number, at in enumerate(range(0, len(audio), size), 1):
        due_s = sending.began_s + number * sending.frame_s
        wait_s = due_s - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        await send(audio[at : at + size])
        sending.late_s.append(time.monotonic() - due_s)
