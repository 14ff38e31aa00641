"""Whisper's byte-pair tokens as bytes, and the part of them that Mandarin calls need.

A Whisper token is a run of bytes; a Chinese character is often cut across two or three of them. The
tokenizer file spells bytes as printable characters (the GPT-2 convention: printable Latin-1 stands
for itself, every other byte is U+0100 and up in order); here they are bytes again, so that joining
tokens is joining bytes and nothing is lost at a cut.
"""

from collections.abc import Mapping
from typing import Final

SPECIALS: Final = (
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|zh|>",
    "<|en|>",
    "<|transcribe|>",
    "<|translate|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|nocaptions|>",
    "<|notimestamps|>",
)
"""Control tokens that stay; of ``nospeech`` and ``nocaptions`` a model has one."""

_PUNCTUATION: Final = frozenset("，。？！、：；“”‘’《》…—·％")


def _byte_of_char() -> dict[str, int]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {chr(byte): byte for byte in printable}
    others = (byte for byte in range(0x100) if byte not in set(printable))
    table.update({chr(0x100 + index): byte for index, byte in enumerate(others)})
    return table


_BYTE_OF_CHAR: Final = _byte_of_char()


def piece_bytes(spelling: str) -> bytes:
    """The bytes of a token as the tokenizer file spells it.

    Raises:
        KeyError: ``spelling`` has a character that stands for no byte.
    """
    return bytes(_BYTE_OF_CHAR[char] for char in spelling)


def mandarin_ids(ordinary: Mapping[int, bytes]) -> list[int]:
    """The ordinary tokens that Mandarin customer service needs, ascending.

    Kept: every single byte; Chinese characters and their cuts; Chinese punctuation; digits; Latin
    pieces of one or two letters and short capitals (VIP, APP), out of which every other Latin word
    can still be spelt. Everything else (Cyrillic, kana, Hangul, long English words) can only be
    wrong in such a call, and costs two thirds of every decoding step as columns of the last matrix.
    """
    return sorted(token for token, piece in ordinary.items() if _wanted(piece))


def _wanted(piece: bytes) -> bool:
    if len(piece) == 1:
        return True
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return _is_cut(piece.lstrip(b" "))
    if text.isascii():
        word = text.strip()
        return len(word) <= 2 or (len(word) <= 4 and (word.isdigit() or (word.isalpha() and word.isupper())))
    return all("\u4e00" <= char <= "\u9fff" or char in _PUNCTUATION or char.isascii() for char in text)


def _is_cut(piece: bytes) -> bool:
    """Whether these bytes, no whole characters, can be part of Chinese text in UTF-8."""
    lead = piece[0]
    if 0x80 <= lead < 0xC0 or 0xE4 <= lead <= 0xE9:
        return True
    return lead in (0xE2, 0xE3, 0xEF) and len(piece) <= 2
