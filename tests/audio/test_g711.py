import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audio import g711

ALL = bytes(range(256))
LAWS = [
    pytest.param(g711.encode_mulaw, g711.decode_mulaw, id="mulaw"),
    pytest.param(g711.encode_alaw, g711.decode_alaw, id="alaw"),
]


def values(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(int)


@pytest.mark.parametrize(
    ("decode", "code", "value"),
    [
        (g711.decode_mulaw, 0xFF, 0),
        (g711.decode_mulaw, 0x7F, 0),
        (g711.decode_mulaw, 0x80, 32124),
        (g711.decode_mulaw, 0x00, -32124),
        (g711.decode_mulaw, 0xEF, 132),
        (g711.decode_alaw, 0xD5, 8),
        (g711.decode_alaw, 0x55, -8),
        (g711.decode_alaw, 0xAA, 32256),
        (g711.decode_alaw, 0x2A, -32256),
    ],
)
def test_codes_mean_what_the_standard_says(decode, code, value):
    """Ends and middle of both tables, from ITU-T G.711 scaled to 16 bits."""
    assert values(decode(bytes([code]))) == [value]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_both_tables_agree_with_another_implementation(law):
    """Python's old audioop, where it still ships, decodes every code the same."""
    audioop = pytest.importorskip("audioop")
    ours = g711.decode_mulaw if law == "ulaw" else g711.decode_alaw
    assert ours(ALL) == getattr(audioop, f"{law}2lin")(ALL, 2)


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_what_was_decoded_encodes_to_the_same_code(encode, decode):
    """Every code survives, but for mu-law's second name for zero."""
    there = encode(decode(ALL))
    assert [(a, b) for a, b in zip(ALL, there, strict=True) if a != b and (a, b) != (0x7F, 0xFF)] == []


@pytest.mark.parametrize(("encode", "decode"), LAWS)
@given(sample=st.integers(-32768, 32767))
def test_a_sample_becomes_the_nearest_step_or_its_neighbour(encode, decode, sample):
    """The error is at most 1/32 of the value (mu-law: of value and bias), or the smallest step, or above the loudest code."""
    back = int(values(decode(encode(np.array([sample], "<i2").tobytes())))[0])
    assert abs(back - sample) <= max(16, (abs(sample) + 132) / 31)


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_louder_in_is_never_softer_out(encode, decode):
    """Over all 65536 values."""
    everything = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert np.diff(values(decode(encode(everything)))).min() >= 0


@pytest.mark.parametrize(("encode", "decode"), LAWS)
def test_nothing_gives_nothing_and_half_a_sample_is_refused(encode, decode):
    """No bytes are no samples; an odd byte count cannot be 16-bit PCM."""
    assert encode(b"") == decode(b"") == b""
    with pytest.raises(ValueError, match="buffer size"):
        encode(b"abc")
