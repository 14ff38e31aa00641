import struct
from pathlib import Path

import pytest

from monitor.sources.declared import declared_ms

FMT = struct.pack("<HHIIHH", 1, 2, 8000, 32_000, 4, 16)


def wav(path: Path, *chunks: tuple[bytes, int, bytes], head: bytes = b"RIFF\0\0\0\0WAVE") -> Path:
    path.write_bytes(head + b"".join(name + struct.pack("<I", size) + data for name, size, data in chunks))
    return path


def test_a_wav_promises_its_data_chunk(tmp_path):
    """Also when the file is shorter than that, which is the point."""
    path = wav(tmp_path / "a.wav", (b"fmt ", 16, FMT), (b"data", 320_000, b"\0" * 100))
    assert declared_ms(path, "wav", None) == 10_000


def test_other_chunks_are_stepped_over(tmp_path):
    """With their padding byte where the size is odd."""
    path = wav(
        tmp_path / "a.wav", (b"LIST", 3, b"abc\0"), (b"fmt ", 16, FMT), (b"fact", 4, b"1234"), (b"data", 32_000, b"")
    )
    assert declared_ms(path, "wav", None) == 1000


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_placeholders_promise_nothing(tmp_path, size):
    """What writers put there that cannot go back."""
    path = wav(tmp_path / "a.wav", (b"fmt ", 16, FMT), (b"data", size, b"\0" * 100))
    assert declared_ms(path, "wav", 3) is None


@pytest.mark.parametrize(
    "chunks",
    [(), ((b"fmt ", 16, FMT),), ((b"data", 100, b"\0" * 100),), ((b"fmt ", 16, FMT[:5]),), ((b"junk", 0, b""),) * 80],
    ids=["nothing", "no data", "no format", "cut", "endless"],
)
def test_broken_wav_headers_promise_nothing(tmp_path, chunks):
    """And end the search."""
    assert declared_ms(wav(tmp_path / "a.wav", *chunks), "wav", 3) is None


@pytest.mark.parametrize("head", [b"RF64\xff\xff\xff\xffWAVE", b"RIFF", b""])
def test_what_is_no_riff_promises_nothing(tmp_path, head):
    """RF64 keeps its size elsewhere."""
    assert declared_ms(wav(tmp_path / "a.wav", (b"fmt ", 16, FMT), head=head), "wav", 3) is None


@pytest.mark.parametrize("mark", [b"Xing", b"Info", b"VBRI"])
@pytest.mark.parametrize("tag", [b"", b"ID3\4\0\0\0\0\2\1" + b"\xaa" * 257], ids=["bare", "tagged"])
def test_an_mp3_with_a_frame_count_is_believed(tmp_path, mark, tag):
    """Behind a tag as well as without one."""
    path = tmp_path / "a.mp3"
    path.write_bytes(tag + b"\xff\xf3\x40\xc0" + b"\0" * 30 + mark + b"\0" * 100)
    assert declared_ms(path, "mp3", 5000) == 5000


@pytest.mark.parametrize("data", [b"", b"ID3", b"\xff\xf3\x40\xc0" + b"\0" * 5000 + b"Xing", b"\0" * 5000])
def test_an_mp3_without_one_is_a_guess(tmp_path, data):
    """Its length comes from the bit rate."""
    path = tmp_path / "a.mp3"
    path.write_bytes(data)
    assert declared_ms(path, "mp3", 5000) is None


@pytest.mark.parametrize("container", ["flac", "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "aiff"])
def test_containers_that_know(container):
    """What FFmpeg tells is what stands in the file."""
    assert declared_ms(Path("unused"), container, 7000) == 7000


@pytest.mark.parametrize("container", ["ogg", "aac", "amr"])
def test_containers_that_do_not(container):
    """Their length is where the file ends."""
    assert declared_ms(Path("unused"), container, 7000) is None
