"""Running figures of a call for the eye: talk, silence, overlap, rate of speech, interruptions.

They come from voice activity alone, block by block, so that the sidebar moves while people speak.
What a rule judges (speech rate, dead air) is judged on the settled timeline, not here.
"""

from collections import deque

from monitor.audio.level import Level
from monitor.events import Measure
from monitor.frames import Side
from monitor.timeline import BLOCK_MS, Ms

RATE_WINDOW_MS = 60_000
"""Speech rate is taken over this much of a side's own most recent speech."""
INTERRUPTION_MS = 600
"""A start counts as an interruption when the other has by then been speaking for this long …"""
INTERRUPTED_MS = 200
"""… and both go on together for this long; less is a backchannel («嗯», «对»)."""


class SideFigures:
    """What one side has done so far."""

    def __init__(self) -> None:
        self.talk_ms = 0
        self.silence_ms = 0
        self.overlap_ms = 0
        self.interruptions = 0
        self.run_ms = 0
        self.into_ms = -1
        """Overlap since this side began to speak into the other's speech; -1 when it did not."""
        self._rate: deque[tuple[int, int]] = deque()

    def words(self, chars: int, speech_ms: int) -> None:
        """A final utterance: so many characters in so much speech."""
        if chars and speech_ms > 0:
            self._rate.append((chars, speech_ms))
            while len(self._rate) > 1 and sum(ms for _, ms in self._rate) > RATE_WINDOW_MS:
                self._rate.popleft()

    @property
    def chars_per_min(self) -> int | None:
        """None until something was said."""
        speech_ms = sum(ms for _, ms in self._rate)
        return sum(chars for chars, _ in self._rate) * 60_000 // speech_ms if speech_ms else None


class Figures:
    """All sides of one call."""

    def __init__(self, sides: tuple[Side, ...]) -> None:
        self.sides = {side: SideFigures() for side in sides}
        self.dead_air_ms = 0

    def block(self, voiced: dict[Side, bool]) -> None:
        """Count one block."""
        talking = [side for side, is_voiced in voiced.items() if is_voiced]
        self.dead_air_ms = 0 if talking else self.dead_air_ms + BLOCK_MS
        for side, figures in self.sides.items():
            if not voiced[side]:
                figures.silence_ms += BLOCK_MS
                figures.run_ms, figures.into_ms = 0, -1
                continue
            others = [self.sides[other] for other in talking if other is not side]
            if figures.run_ms == 0 and any(other.run_ms >= INTERRUPTION_MS for other in others):
                figures.into_ms = 0
            figures.talk_ms += BLOCK_MS
            figures.run_ms += BLOCK_MS
            figures.silence_ms = 0
            if others:
                figures.overlap_ms += BLOCK_MS
                if figures.into_ms >= 0:
                    figures.into_ms += BLOCK_MS
                    if figures.into_ms == INTERRUPTED_MS:
                        figures.interruptions += 1

    def event(self, call_id: str, at_ms: Ms, levels: dict[Side, Level]) -> Measure:
        """The figures as they stand."""
        return Measure(
            call_id=call_id,
            at_ms=at_ms,
            talk_ms={side: it.talk_ms for side, it in self.sides.items()},
            silence_ms={side: it.silence_ms for side, it in self.sides.items()},
            overlap_ms={side: it.overlap_ms for side, it in self.sides.items()},
            chars_per_min={side: it.chars_per_min for side, it in self.sides.items()},
            level_dbfs={side: _tenth(level.level_dbfs) for side, level in levels.items()},
            snr_db={side: _tenth(level.snr_db) for side, level in levels.items()},
            interruptions={side: it.interruptions for side, it in self.sides.items()},
            dead_air_ms=self.dead_air_ms,
        )


def _tenth(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
