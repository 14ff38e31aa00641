"""The bytes of an ingest socket as packets of audio. Pure: no socket, no clock.

The sender declares coding, rate and layout; messages may be cut anywhere, inside a sample too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from monitor.audio import g711
from monitor.errors import AudioError
from monitor.frames import Side
from monitor.intake import Packet
from monitor.sources.plausibility import Plausibility
from monitor.timeline import BLOCK_MS, samples_at

MESSAGE_BYTES: Final = 1024 * 1024
"""The most that one message may hold: 5 s of two sides at 48 kHz, a minute at 8 kHz mu-law."""

_PCM: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "pcm16": bytes,
    "mulaw": g711.decode_mulaw,
    "alaw": g711.decode_alaw,
}
_RATE_STEP: Final = 25
"""All rates in use are multiples of this; others would cost a resampling filter each of several MB."""


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What the sender says about the bytes."""

    coding: str
    """``pcm16`` (signed, little-endian), ``mulaw`` or ``alaw`` (G.711)."""
    rate_hz: int
    sides: tuple[Side, ...]
    """Whose samples follow one another."""

    @classmethod
    def parse(cls, coding: str, rate: str, layout: str) -> Self:
        """From the query of the socket's address: ``format``, ``rate``, ``layout``.

        Raises:
            AudioError: ``AUD-010`` unknown format, ``AUD-011`` impossible rate, ``AUD-012`` impossible layout.
        """
        if coding not in _PCM:
            raise AudioError(f"format is one of {', '.join(_PCM)}", hint=repr(coding[:20]), code="AUD-010")
        rate_hz = int(rate) if rate.isascii() and rate.isdecimal() and len(rate) <= 5 else 0
        if not 8_000 <= rate_hz <= 48_000 or rate_hz % _RATE_STEP:
            raise AudioError(
                f"rate is 8000 to 48000 samples a second, a multiple of {_RATE_STEP}",
                hint=repr(rate[:20]),
                code="AUD-011",
            )
        names = layout.split(",")
        known = [side.value for side in Side]
        if len(names) > 2 or len(set(names)) != len(names) or not set(names) <= set(known):
            raise AudioError(
                f"layout is one or two different sides of {', '.join(known)}", hint=repr(layout[:40]), code="AUD-012"
            )
        return cls(coding, rate_hz, tuple(Side(name) for name in names))

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample of every side."""
        return len(self.sides) * (2 if self.coding == "pcm16" else 1)


class PacketAssembler:
    """One connection: messages in, packets of whole 20 ms of each side out.

    Args:
        form: what the sender declared.
        from_ms: media time of the connection's first sample.
    """

    def __init__(self, form: StreamFormat, from_ms: int = 0) -> None:
        self._form = form
        self._at = samples_at(from_ms, form.rate_hz)
        self._step = samples_at(BLOCK_MS, form.rate_hz) * form.sample_bytes
        self._kept = bytearray()
        self._plausibility = Plausibility(form.coding, len(form.sides))

    def push(self, data: bytes) -> list[Packet]:
        """Take one message; what is whole with it, as one packet or none. What is left waits for the next.

        Raises:
            AudioError: ``AUD-013`` a message beyond :data:`MESSAGE_BYTES`; ``AUD-014`` the stream cannot be what was
                declared (within the first seconds of speech). The connection is of no use afterwards.
        """
        if len(data) > MESSAGE_BYTES:
            raise AudioError(f"a message of {len(data)} bytes; at most {MESSAGE_BYTES}", code="AUD-013")
        other = self._plausibility.suspect(data)
        if other is not None:
            declared = f"{self._form.coding}, {len(self._form.sides)} side{'s' * (len(self._form.sides) > 1)}"
            raise AudioError(f"declared as {declared}, but it sounds like {other}", code="AUD-014")
        self._kept += data
        return self._packets(len(self._kept) // self._step * self._step)

    def flush(self) -> list[Packet]:
        """The last packet, not of whole 20 ms; a part of a sample is dropped."""
        whole = self._form.sample_bytes
        packets = self._packets(len(self._kept) // whole * whole)
        self._kept.clear()
        return packets

    def _packets(self, count: int) -> list[Packet]:
        """So many bytes, if any."""
        if not count:
            return []
        form = self._form
        data = bytes(self._kept[:count])
        packet = Packet(form.sides, self._at, form.rate_hz, data, form.sample_bytes, _PCM[form.coding])
        del self._kept[:count]
        self._at += packet.samples
        return [packet]
