"""Media time: whole milliseconds since the first sample of the call.

All arithmetic between samples and milliseconds lives here. Time is always computed from a
*total* of samples, never as a sum of rounded chunks, so a long call does not drift.
"""

from typing import Final, NewType

Ms = NewType("Ms", int)
"""Whole milliseconds of media time, counted from the first sample of the call."""

RATE_HZ: Final = 16_000
"""The one sample rate inside the core: what Whisper and webrtcvad both take."""

BLOCK_MS: Final = Ms(20)
"""The core's frame: every decision about voice is made on whole blocks of this length."""

BLOCK_SAMPLES: Final = RATE_HZ * BLOCK_MS // 1000
BLOCK_BYTES: Final = 2 * BLOCK_SAMPLES


def ms_at(samples: int, rate_hz: int = RATE_HZ) -> Ms:
    """The media time just after ``samples`` samples, rounded down."""
    return Ms(samples * 1000 // rate_hz)


def samples_at(ms: int, rate_hz: int = RATE_HZ) -> int:
    """How many samples lie before ``ms``."""
    return ms * rate_hz // 1000


def clock(ms: int) -> str:
    """``mm:ss.t`` as people read it in a log, e.g. ``01:07.5``."""
    tenths = ms // 100
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"
