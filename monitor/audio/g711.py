"""ITU-T G.711: eight logarithmic bits a sample, mu-law and A-law, to and from linear PCM.

Linear here is signed 16-bit little-endian. The standard's 14-bit (mu-law) and 13-bit (A-law) values
are scaled to 16 bits, so that the loudest code is 32124 (mu-law) or 32256 (A-law).
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

_BIAS: Final = 132
"""The standard's 33 in 14 bits: makes every mu-law segment begin at a power of two."""
_MULAW_LIMIT: Final = 32635
"""The loudest linear value that mu-law can name."""


def decode_mulaw(coded: bytes) -> bytes:
    """Mu-law bytes to PCM, two bytes for each."""
    return _mulaw_values()[np.frombuffer(coded, np.uint8)].tobytes()


def decode_alaw(coded: bytes) -> bytes:
    """A-law bytes to PCM, two bytes for each."""
    return _alaw_values()[np.frombuffer(coded, np.uint8)].tobytes()


def encode_mulaw(pcm: bytes) -> bytes:
    """PCM to mu-law, one byte for each sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    codes: NDArray[np.uint8] = _mulaw_codes()[np.frombuffer(pcm, "<u2")]
    return codes.tobytes()


def encode_alaw(pcm: bytes) -> bytes:
    """PCM to A-law, one byte for each sample.

    Raises:
        ValueError: an odd number of bytes.
    """
    codes: NDArray[np.uint8] = _alaw_codes()[np.frombuffer(pcm, "<u2")]
    return codes.tobytes()


@cache
def _mulaw_values() -> NDArray[np.int16]:
    """The value of each of the 256 codes. A code is the complement of sign, exponent, mantissa."""
    code = ~np.arange(256) & 0xFF
    size = ((((code & 0x0F) << 3) + _BIAS) << ((code & 0x70) >> 4)) - _BIAS
    return np.where(code & 0x80, -size, size).astype("<i2")


@cache
def _alaw_values() -> NDArray[np.int16]:
    """The value of each of the 256 codes. Even bits of a code are inverted, a set sign bit is positive."""
    code = np.arange(256) ^ 0x55
    mantissa, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    size = np.where(segment == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, size, -size).astype("<i2")


@cache
def _mulaw_codes() -> NDArray[np.uint8]:
    """The code of each of the 65536 linear values, indexed as unsigned."""
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    size = np.minimum(np.abs(value), _MULAW_LIMIT) + _BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    codes = ~(np.where(value < 0, 0x80, 0) | (exponent << 4) | mantissa) & 0xFF
    return np.asarray(codes, np.uint8)


@cache
def _alaw_codes() -> NDArray[np.uint8]:
    """The code of each of the 65536 linear values, indexed as unsigned."""
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    size = np.where(value < 0, ~value, value) >> 3  # 13 bits; the ones' complement keeps both halves alike
    segment = np.maximum(np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
    mantissa = np.where(segment < 2, size >> 1, size >> segment) & 0x0F
    codes = (np.where(value < 0, 0, 0x80) | (segment << 4) | mantissa) ^ 0x55
    return np.asarray(codes, np.uint8)
