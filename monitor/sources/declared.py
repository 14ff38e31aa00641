"""How long a recording says it is, where that can be believed.

FFmpeg corrects a WAV header to the size of the file, so a copy that broke off looks whole; and for
some containers the length it tells is a guess from the bit rate. What is told here is a promise of
the header, so that less sound than this means: some is missing.
"""

import struct
from pathlib import Path
from typing import BinaryIO, Final

from monitor.timeline import Ms

_EXACT: Final = frozenset({"flac", "aiff", "mov", "mp4", "m4a", "matroska", "webm"})
_PLACEHOLDER: Final = 0x7FFF0000
"""Writers that cannot seek put 0xFFFFFFFF, 0x7FFFF000 or 0 where the size belongs."""
_CHUNKS: Final = 64
_MP3_HEAD: Final = 64 * 1024
_ID3_MOST: Final = 16 * 1024 * 1024


def declared_ms(path: Path, container: str, told_ms: Ms | None) -> Ms | None:
    """The length that the header of ``path`` promises; None where it promises none.

    Args:
        path: the file.
        container: FFmpeg's name of the format, e.g. ``mov,mp4,m4a,3gp,3g2,mj2``.
        told_ms: what FFmpeg makes of the length.
    """
    if container == "wav":
        with path.open("rb") as file:
            return _wav_ms(file)
    if container == "mp3":
        with path.open("rb") as file:
            return told_ms if _counts_frames(file) else None
    return told_ms if _EXACT & set(container.split(",")) else None


def _wav_ms(file: BinaryIO) -> Ms | None:
    """Size of the data chunk over bytes a second (RIFF/WAVE; Multimedia Programming Interface 1.0, 1991)."""
    riff, _, wave = struct.unpack("<4sI4s", file.read(12).ljust(12))
    if (riff, wave) != (b"RIFF", b"WAVE"):
        return None
    bytes_a_second = 0
    for _ in range(_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return None
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return Ms(size * 1000 // bytes_a_second) if bytes_a_second and 0 < size < _PLACEHOLDER else None
        if name == b"fmt ":
            bytes_a_second = struct.unpack("<8xI", file.read(12).ljust(12, b"\0"))[0]
            size -= 12
        file.seek(size + size % 2, 1)
    return None


def _counts_frames(file: BinaryIO) -> bool:
    """The first frame of an MP3 holds a table of contents with the number of frames (Xing, Info, VBRI)."""
    head = file.read(10)
    if head[:3] == b"ID3" and len(head) == 10:
        # The tag's size has seven bits in each of four bytes.
        size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        file.seek(min(size, _ID3_MOST), 1)
    else:
        file.seek(0)
    start = file.read(_MP3_HEAD)
    frame = start.find(b"\xff")
    return any(mark in start[max(frame, 0) : max(frame, 0) + 4096] for mark in (b"Xing", b"Info", b"VBRI"))
