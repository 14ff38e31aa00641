"""Which tokens a Mandarin call needs, and how they are spelt."""

import pytest

from monitor.engines.pieces import mandarin_ids, piece_bytes


def test_spelling_gives_back_bytes() -> None:
    assert piece_bytes("Ġhi") == b" hi"
    assert piece_bytes("åľº") == "场".encode()
    assert piece_bytes("Ċ") == b"\n"


def test_every_byte_has_one_spelling() -> None:
    spellings = [chr(code) for code in range(0x200)]
    known = {}
    for spelling in spellings:
        try:
            known[piece_bytes(spelling)] = spelling
        except KeyError:
            continue
    assert sorted(known) == [bytes([byte]) for byte in range(256)]


def test_a_spelling_of_no_byte_is_an_error() -> None:
    with pytest.raises(KeyError):
        piece_bytes("场")


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ("场".encode(), True),
        ("我们".encode(), True),
        ("。".encode(), True),
        ("，".encode(), True),
        (b" ", True),
        (b"\xe5\x9c", True),
        (b"\xba", True),
        (b"\x9c\xba", True),
        (b" \xe5\x9c", True),
        (b"ok", True),
        (b" a", True),
        (b"VIP", True),
        (b"2024", True),
        (b"20245", False),
        (b"hello", False),
        (b"the", False),
        (b" You", False),
        (b"HELLO", False),
        ("の".encode(), False),
        ("고".encode(), False),
        ("д".encode(), False),
        ("é".encode(), False),
        (b"\xe3\x82\x8f"[:2], True),
        (b"\xe0\xa4", False),
        (b"\xf0\x9f", False),
    ],
)
def test_what_is_kept(piece: bytes, kept: bool) -> None:
    assert mandarin_ids({7: piece}) == ([7] if kept else [])


def test_every_single_byte_is_kept_so_that_anything_can_be_spelt() -> None:
    assert mandarin_ids({byte: bytes([byte]) for byte in range(256)}) == list(range(256))
