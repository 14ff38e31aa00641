"""Asterisk's AudioSocket: the bytes of its TCP connection as messages. Pure: no socket, no clock.

After Asterisk's documentation, «AudioSocket»: a message is one byte kind, two bytes length (big-endian), and so
many bytes payload. A connection begins with the UUID of its stream and brings the sound of one channel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from monitor.errors import AudioError

HANGUP: Final = 0x00
IDENTITY: Final = 0x01
DTMF: Final = 0x03
ERROR: Final = 0xFF
RATES_HZ: Final[Mapping[int, int]] = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
}
"""Kinds of sound: signed 16-bit little-endian, one channel. 0x17 and 0x18, 96 and 192 kHz, are not taken."""
_TOO_FAST: Final = {0x17, 0x18}
_HEAD_BYTES: Final = 3


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose sound this is: what the dialplan gave ``AudioSocket()``."""

    uuid: UUID


@dataclass(frozen=True, slots=True)
class Sound:
    """Some samples of the channel."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True, slots=True)
class Over:
    """The channel has hung up, or Asterisk reports an error of its own and is about to close."""

    error: str = ""


Message = Identity | Sound | Over


class AudioSocketStream:
    """One connection: bytes cut anywhere in, messages out, the identity first. Holds at most one message."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._known = False

    def push(self, data: bytes) -> list[Message]:
        """The messages that are whole with ``data``.

        Raises:
            AudioError: ``TEL-001``, not what the protocol allows here; ``TEL-002``, sound of a rate that is not taken.
        """
        self._kept += data
        messages: list[Message] = []
        while len(self._kept) >= _HEAD_BYTES:
            kind, end = self._kept[0], _HEAD_BYTES + int.from_bytes(self._kept[1:3], "big")
            if not self._known and (kind != IDENTITY or end != _HEAD_BYTES + 16):
                raise AudioError("an AudioSocket connection begins with its UUID", hint=f"kind {kind}", code="TEL-001")
            if len(self._kept) < end:
                break
            payload = bytes(self._kept[_HEAD_BYTES:end])
            del self._kept[:end]
            if (message := self._message(kind, payload)) is not None:
                messages.append(message)
        return messages

    def _message(self, kind: int, payload: bytes) -> Message | None:
        if kind in RATES_HZ:
            if len(payload) % 2:
                raise AudioError(f"{len(payload)} bytes of 16-bit sound", code="TEL-001")
            return Sound(payload, RATES_HZ[kind])
        if kind == HANGUP:
            return Over()
        if kind == ERROR:
            return Over(payload.hex() or "unknown")
        if kind == DTMF:
            return None  # keys are often secrets: card numbers, passwords
        if kind == IDENTITY and not self._known:
            self._known = True
            return Identity(UUID(bytes=payload))
        if kind in _TOO_FAST:
            raise AudioError("sound faster than 48 kHz", hint=f"kind {kind:#04x}", code="TEL-002")
        raise AudioError(f"a message of kind {kind:#04x}", code="TEL-001")


def message(kind: int, payload: bytes = b"") -> bytes:
    """One message as it is sent."""
    return bytes([kind]) + len(payload).to_bytes(2, "big") + payload
