"""What goes into a call: audio, holes in it, the engine's answers, the end.

These five kinds are all that :meth:`monitor.session.CallSession.feed` takes. They are values:
a call can be written down as its inputs and run again.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitor.timeline import RATE_HZ, Ms, ms_at


class Side(StrEnum):
    """Whose voice it is. ``UNKNOWN`` is never charged to the agent."""

    AGENT = "agent"
    CUSTOMER = "customer"
    UNKNOWN = "unknown"


class Pass(StrEnum):
    """Why an utterance is decoded; the batcher serves them in this order of urgency."""

    FINAL = "final"
    """The pause is over: these words are what was said."""
    EAGER = "eager"
    """A short pause: decoded with final quality, becomes the final if the pause goes on."""
    PARTIAL = "partial"
    """Still speaking: a fast look; a newer one makes it worthless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFrame:
    """A run of mono PCM from one side of one call."""

    side: Side
    start: int
    """Index of the first sample at ``rate_hz``, counted from the start of the call."""
    pcm: bytes
    """Signed 16-bit little-endian samples."""
    rate_hz: int = RATE_HZ

    @property
    def from_ms(self) -> Ms:
        """Media time of the first sample."""
        return ms_at(self.start, self.rate_hz)

    @property
    def to_ms(self) -> Ms:
        """Media time just after the last sample."""
        return ms_at(self.start + len(self.pcm) // 2, self.rate_hz)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioLoss:
    """A hole: sound of ``side`` between these times never arrived. Media time goes on."""

    side: Side
    from_ms: Ms
    to_ms: Ms
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as the engine heard it."""

    text: str
    from_ms: Ms
    to_ms: Ms
    probability: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """The engine's answer to one ``DecodeWanted``: same ``utterance_id`` and ``revision``."""

    utterance_id: str
    revision: int
    decode: Pass
    side: Side
    from_ms: Ms
    to_ms: Ms
    text: str
    """As the engine spelt it; empty when nothing was said or the guard dropped a phantom."""
    words: tuple[Word, ...] = ()
    others: tuple[str, ...] = ()
    """Other texts that the search held, the likeliest first; only where it was thorough."""
    confidence: float = 1.0
    """Mean probability of the tokens, 0–1."""
    dropped: str = ""
    """Why the guard emptied the text (``phantom``, ``loop``), for the log; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The engine's answer to one ``VerifyWanted``: does the audio hold the phrase?"""

    request_id: str
    llr: float
    """How likely the phrase is against what was heard, over the disputed stretch alone: the difference of
    their mean log probabilities per token, in units of 5 nats. 0: as likely as what was heard; −1: as
    unlikely as a phrase that was not said usually is (see ``monitor/engines/verify.py``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup:
    """The call is over. ``by`` is ``UNKNOWN`` where the line does not tell."""

    by: Side = Side.UNKNOWN
    reason: str = "hangup"


Input = AudioFrame | AudioLoss | Hypothesis | Verdict | Hangup
