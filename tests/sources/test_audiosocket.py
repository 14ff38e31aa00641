"""AudioSocket messages: whole however they are cut, refused where the protocol does not allow them."""

from uuid import UUID

import pytest

from monitor.errors import AudioError
from monitor.sources.audiosocket import (
    DTMF,
    ERROR,
    HANGUP,
    IDENTITY,
    RATES_HZ,
    AudioSocketStream,
    Identity,
    Over,
    Sound,
    message,
)

WHO = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
HELLO = message(IDENTITY, WHO.bytes)
PCM = bytes(range(256)) + bytes(64)


def test_a_message_is_kind_length_payload() -> None:
    """The length is big-endian; the UUID is in the order it is written in."""
    assert message(0x10, PCM)[:3] == b"\x10\x01\x40"
    assert message(IDENTITY, WHO.bytes).hex() == "010010" + WHO.hex
    assert message(HANGUP) == b"\x00\x00\x00"


@pytest.mark.parametrize("size", [1, 2, 3, 7, 323, 10_000])
def test_messages_may_be_cut_anywhere(size: int) -> None:
    data = HELLO + message(0x10, PCM) + message(DTMF, b"7") + message(0x10, PCM[:2]) + message(HANGUP)
    stream = AudioSocketStream()
    got = [it for at in range(0, len(data), size) for it in stream.push(data[at : at + size])]
    assert got == [Identity(WHO), Sound(PCM, 8_000), Sound(PCM[:2], 8_000), Over()]


@pytest.mark.parametrize(("kind", "rate_hz"), sorted(RATES_HZ.items()))
def test_every_kind_of_sound_has_its_rate(kind: int, rate_hz: int) -> None:
    assert AudioSocketStream().push(HELLO + message(kind, PCM)) == [Identity(WHO), Sound(PCM, rate_hz)]


def test_an_error_of_asterisk_is_the_end() -> None:
    assert AudioSocketStream().push(HELLO + message(ERROR, b"\x02") + message(ERROR)) == [
        Identity(WHO),
        Over("02"),
        Over("unknown"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "TEL-001"),
        (message(0x10, PCM), "TEL-001"),
        (message(HANGUP), "TEL-001"),
        (message(IDENTITY, WHO.bytes[:15]), "TEL-001"),
        (message(IDENTITY, WHO.bytes + b"1")[:3], "TEL-001"),
        (HELLO + HELLO, "TEL-001"),
        (HELLO + message(0x10, PCM[:3]), "TEL-001"),
        (HELLO + message(0x42), "TEL-001"),
        (HELLO + message(0x17, PCM), "TEL-002"),
    ],
)
def test_what_the_protocol_does_not_know_is_refused(data: bytes, code: str) -> None:
    """A wrong beginning at its first three bytes: nothing more is waited for or kept."""
    with pytest.raises(AudioError, match=code):
        AudioSocketStream().push(data)
