"""What the rules of order and time are told: one thing after the other, in order of media time.

Cues come from the settled timeline (:mod:`monitor.rules.settled`), so they are certain: a cough that
turned out to hold no words never arrives, and how fast the speech engine was makes no difference.
"""

from dataclasses import dataclass

from monitor.frames import Side
from monitor.text.reading import Reading
from monitor.timeline import Ms


@dataclass(frozen=True, slots=True)
class VoiceOn:
    """``side`` begins to speak words."""

    side: Side
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class VoiceOff:
    """``side`` ends speaking; its :class:`Spoke` came just before."""

    side: Side
    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Spoke:
    """The words of one utterance; takes its place at ``to_ms``."""

    side: Side
    from_ms: Ms
    to_ms: Ms
    utterance_id: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class Levels:
    """Loudness of ``side``, once a second; None until something is known."""

    side: Side
    at_ms: Ms
    level_dbfs: float | None
    """Smoothed RMS of voiced blocks, dB relative to full scale."""
    snr_db: float | None
    """Speech level over the noise floor."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Sound of ``side`` between these times never arrived: nothing is concluded from its silence."""

    side: Side
    from_ms: Ms
    to_ms: Ms


@dataclass(frozen=True, slots=True)
class Clock:
    """Media time has come this far."""

    at_ms: Ms


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over. ``by`` is UNKNOWN where the line does not tell who hung up."""

    at_ms: Ms
    by: Side


Cue = VoiceOn | VoiceOff | Spoke | Levels | Hole | Clock | Ended
