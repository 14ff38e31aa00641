"""Audio of live calls on disk, where the operator has chosen to keep it.

Each side is a file of bare 16-bit samples, written at the place that media time gives them, so a hole
in the stream is a hole in the file and a line that comes back goes on where it belongs. Reading makes
a WAV of any stretch, and of any bytes of it, without holding it in memory.
"""

import hashlib
import logging
import os
import struct
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any, Final

import numpy as np

from monitor.errors import InputError
from monitor.frames import AudioFrame
from monitor.timeline import samples_at

log = logging.getLogger(__name__)

WAITING: Final = 20_000
"""Frames not yet written beyond which a slow disk loses audio (never calls)."""

HEADER_BYTES: Final = 44


@dataclass(frozen=True, slots=True)
class _Write:
    path: Path
    offset: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class _Close:
    paths: tuple[Path, ...]
    done: "Future[None]"


class Recorder:
    """One thread that writes for every call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lost = 0
        """Frames that a slow or full disk could not take."""
        self._queue: Queue[_Write | _Close | None] = Queue()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Make the folder and begin."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits and end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def open(self, call_id: str, sides: tuple[str, ...], rate_hz: int) -> dict[str, Any]:
        """What the store should remember of the recording."""
        return {"file": hashlib.sha256(call_id.encode()).hexdigest()[:24], "rate_hz": rate_hz, "sides": list(sides)}

    def write(self, recording: Mapping[str, Any], frame: AudioFrame) -> None:
        """Keep a frame. Never waits: what a slow disk cannot take is counted as lost."""
        if frame.rate_hz != recording["rate_hz"] or self._queue.qsize() >= WAITING:
            self.lost += 1
            return
        self._queue.put(_Write(side_path(self.folder, recording, frame.side), 2 * frame.start, frame.pcm))

    def close(self, recording: Mapping[str, Any]) -> "Future[None]":
        """The call is over. Never waits; the future is done when everything of it is in its files."""
        done: Future[None] = Future()
        self._queue.put(_Close(tuple(side_path(self.folder, recording, side) for side in recording["sides"]), done))
        return done

    def _run(self) -> None:
        files: dict[Path, int] = {}
        while (item := self._queue.get()) is not None:
            try:
                if isinstance(item, _Write):
                    if item.path not in files:
                        files[item.path] = os.open(item.path, os.O_WRONLY | os.O_CREAT, 0o600)
                    os.pwrite(files[item.path], item.pcm, item.offset)
                else:
                    for path in item.paths:
                        if path in files:
                            os.close(files.pop(path))
            except OSError as error:
                self.lost += 1
                log.error("REC-001 cannot write a recording: %s", error)
            if isinstance(item, _Close):
                item.done.set_result(None)
        for descriptor in files.values():
            os.close(descriptor)


def side_path(folder: Path, recording: Mapping[str, Any], side: str) -> Path:
    """The file of one side."""
    return folder / f"{recording['file']}.{side}.pcm"


def delete(folder: Path, recording: Mapping[str, Any]) -> None:
    """Remove a recording; what is gone already is fine."""
    for side in recording["sides"]:
        with suppress(FileNotFoundError):
            side_path(folder, recording, side).unlink()


class Stretch:
    """A stretch of a recording as a WAV file that is made while it is read."""

    def __init__(
        self, folder: Path, recording: Mapping[str, Any], side: str = "", from_ms: int = 0, to_ms: int | None = None
    ) -> None:
        """``side`` empty: all of them, a channel each.

        Raises:
            InputError: ``API-002``, nothing of it is kept; ``API-001``, no such side or stretch.
        """
        if side and side not in recording["sides"]:
            raise InputError(f"the call has no side {side}", code="API-001", hint=", ".join(recording["sides"]))
        self._paths = [side_path(folder, recording, name) for name in ([side] if side else recording["sides"])]
        self.rate_hz: int = recording["rate_hz"]
        self.channels = len(self._paths)
        try:
            length = max(path.stat().st_size for path in self._paths) // 2
        except FileNotFoundError:
            raise InputError("the recording is no longer kept", code="API-002") from None
        self._first = min(samples_at(from_ms, self.rate_hz), length)
        self._last = length if to_ms is None else min(samples_at(to_ms, self.rate_hz), length)
        if self._last < self._first or from_ms < 0:
            raise InputError("the stretch ends before it begins", code="API-001", hint="from_ms < to_ms")

    @property
    def samples(self) -> int:
        """Samples of each channel."""
        return self._last - self._first

    @property
    def size(self) -> int:
        """Bytes of the whole WAV file."""
        return HEADER_BYTES + 2 * self.channels * self.samples

    def cut(self, start: int, end: int) -> bytes:
        """Bytes ``start`` to ``end`` (exclusive) of the WAV file."""
        head = self._header()[start : min(end, HEADER_BYTES)]
        if end <= HEADER_BYTES:
            return head
        width = 2 * self.channels
        begin = max(start, HEADER_BYTES) - HEADER_BYTES
        first, last = begin // width, -(-(end - HEADER_BYTES) // width)
        body = self.pcm(first, last).astype("<i2").tobytes()
        skip = begin - first * width
        return head + body[skip : skip + (end - HEADER_BYTES - begin)]

    def pcm(self, first: int, last: int) -> "np.ndarray[Any, np.dtype[np.int16]]":
        """Samples ``first`` to ``last`` of the stretch, shape (samples, channels); holes are zero."""
        out = np.zeros((last - first, self.channels), dtype="<i2")
        for channel, path in enumerate(self._paths):
            with suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(2 * (self._first + first))
                data = np.frombuffer(file.read(2 * (last - first)), dtype="<i2")
                out[: len(data), channel] = data
        return out

    def peaks(self, points: int) -> list[list[float]]:
        """The loudest sample of each of ``points`` equal pieces, 0–1, a list for each channel."""
        points = max(1, min(points, self.samples))
        out: list[list[float]] = [[] for _ in range(self.channels)]
        for index in range(points):
            first, last = (self.samples * at // points for at in (index, index + 1))
            loud = np.abs(self.pcm(first, last).astype(np.int32)).max(axis=0, initial=0)
            for channel in range(self.channels):
                out[channel].append(round(float(loud[channel]) / 32_768, 4))
        return out

    def _header(self) -> bytes:
        """RIFF/WAVE, format 1 (PCM), as Microsoft's "Multimedia Programming Interface" of 1991 has it."""
        data, width = self.size - HEADER_BYTES, 2 * self.channels
        return struct.pack(
            "<4sI4s4sIHHIIHH4sI",
            b"RIFF", 36 + data, b"WAVE", b"fmt ", 16, 1, self.channels,
            self.rate_hz, self.rate_hz * width, width, 16, b"data", data,
        )  # fmt: skip
