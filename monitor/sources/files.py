"""Recordings as a call's input: any file FFmpeg reads, streamed, never held whole.

A recording that is damaged or breaks off gives what can be read and says, as ``AudioLoss``, which
time is missing; one that gives nothing at all is an ``AudioError``.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from monitor.errors import AudioError
from monitor.frames import AudioFrame, AudioLoss, Side
from monitor.sources.container import Container, Samples, fault
from monitor.timeline import BLOCK_MS, Ms, ms_at, samples_at

SUFFIXES: Final = frozenset(
    {".3gp", ".aac", ".aif", ".aiff", ".amr", ".au", ".caf", ".flac", ".gsm", ".m4a", ".mka", ".mp3", ".mp4"}
    | {".oga", ".ogg", ".opus", ".w64", ".wav", ".webm", ".wma"}
)
"""What is taken for a recording in a folder; a file that is named is tried whatever it is called."""
_SHORT_MS: Final = 250
"""A recording may be this much shorter than its header says: encoders pad."""


def open_recording(
    path: Path,
    layout: Sequence[Side] = (Side.AGENT, Side.CUSTOMER),
    mono_side: Side = Side.UNKNOWN,
    frame_ms: int = BLOCK_MS,
) -> "Recording":
    """Open one recording.

    Args:
        path: the file, whatever its name.
        layout: whose voice is left and whose is right in a stereo recording.
        mono_side: whose voice a mono recording holds.
        frame_ms: how much audio comes at a time.

    Raises:
        AudioError: see :class:`monitor.sources.container.Container`.
    """
    return Recording(Container(Path(path)), layout, mono_side, frame_ms)


class Recording:
    """One open recording: a context manager, to be iterated over once.

    Gives frames of ``frame_ms`` (the last may be shorter), the sides in turn, in order of media time, at
    :attr:`rate_hz`; and for time without sound an ``AudioLoss`` of each side, reason ``damaged`` (inside)
    or ``truncated`` (the file ends before the time its header tells).
    """

    def __init__(self, container: Container, layout: Sequence[Side], mono_side: Side, frame_ms: int) -> None:
        self._container, self._frame_ms = container, frame_ms
        self.sides: tuple[Side, ...] = tuple(layout) if container.channels == 2 else (mono_side,)
        """Whose voices it holds, in the order of the channels."""
        self.rate_hz = container.rate_hz
        self.duration_ms: Ms | None = container.declared_ms or container.told_ms
        """Length as far as the file tells, for a progress bar; None where it does not."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; closing twice is harmless."""
        self._container.close()

    def __iter__(self) -> Iterator[AudioFrame | AudioLoss]:
        step = samples_at(self._frame_ms, self.rate_hz)
        at, kept = 0, np.empty((0, len(self.sides)), np.int16)
        for start, samples in self._container:
            if start > at + len(kept):
                yield from self._frames(at, kept, step)
                yield from self._loss(at + len(kept), start, "damaged")
                at, kept = start, samples
            else:
                kept = np.concatenate((kept, samples))
            whole = len(kept) - len(kept) % step
            yield from self._frames(at, kept[:whole], step)
            at, kept = at + whole, kept[whole:]
        yield from self._frames(at, kept, step)
        at += len(kept)
        declared_ms = self._container.declared_ms
        if declared_ms is not None and ms_at(at, self.rate_hz) < declared_ms - _SHORT_MS:
            reason = "damaged" if self._container.errors else "truncated"
            yield from self._loss(at, samples_at(declared_ms, self.rate_hz), reason)

    def _frames(self, at: int, samples: Samples, step: int) -> Iterator[AudioFrame]:
        for begin in range(0, len(samples), step):
            for channel, side in enumerate(self.sides):
                pcm = samples[begin : begin + step, channel].astype("<i2").tobytes()
                yield AudioFrame(side=side, start=at + begin, pcm=pcm, rate_hz=self.rate_hz)

    def _loss(self, at: int, until: int, reason: str) -> Iterator[AudioLoss]:
        from_ms, to_ms = ms_at(at, self.rate_hz), ms_at(until, self.rate_hz)
        for side in self.sides:
            yield AudioLoss(side=side, from_ms=from_ms, to_ms=to_ms, reason=reason)


def recordings(paths: Iterable[Path]) -> list[Path]:
    """The recordings that these files and folders hold.

    Files are taken as they are named, in that order; folders with all folders below them give the files
    whose suffix is one of :data:`SUFFIXES`, sorted by path, hidden ones left out. Nothing comes twice.

    Raises:
        AudioError: ``AUD-006`` a path that is not there, ``AUD-008`` a folder that may not be read,
            ``AUD-009`` a folder without a recording in it.
    """
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        for file in _inside(path) if path.is_dir() else (path,):
            if not file.exists():
                raise fault("AUD-006", file)
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _inside(folder: Path) -> list[Path]:
    try:
        next(folder.iterdir(), None)
    except PermissionError as error:
        raise fault("AUD-008", folder, error.strerror or "") from None
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    if not files:
        hint = f"能识别的后缀：{' '.join(sorted(SUFFIXES))}"
        raise AudioError("文件夹里没有录音", where=str(folder), hint=hint, code="AUD-009")
    return files
