"""When speech begins and pauses: voiced blocks with the flicker taken out.

Positions count blocks from the start of the call.
"""

from collections import deque
from typing import Final

_BEGIN_OF: Final = 5
_BEGIN: Final = 3
"""Speech begins when 3 of the last 5 blocks are voiced."""
HANG: Final = 5
"""Speech has paused after 5 blocks without voice; the stops inside words are shorter."""
_ONSET: Final = 20
"""How far before the first voiced block the sound may begin that belongs to it (s, sh, f; a voice over a noise)."""
_LOUD: Final = 4.0
"""Sound is 6 dB above the quietest block of the last half second …"""
_AUDIBLE: Final = (15.0 / 32768) ** 2
"""… and has at least this power, relative to full scale: −67 dBFS."""
_NEAR: Final = 25
LOOK_BACK: Final = _ONSET + _BEGIN_OF
"""How many blocks, the newest included, speech can be dated back at most."""


class Hysteresis:
    """Speech or not, for one side."""

    def __init__(self) -> None:
        self.now = 0
        """Blocks so far."""
        self.speech = False
        """There is speech now, or was less than 0.1 s ago."""
        self.speech_to = 0
        """End of the last voiced block that belongs to speech."""
        self._sound_from = 0
        """Where the sound that lasts now began; ``now`` where there is none."""
        self._doubt: deque[tuple[bool, int]] = deque(maxlen=_BEGIN_OF)
        """Of the last blocks outside speech: voiced? and ``_sound_from``."""
        self._powers: deque[float] = deque(maxlen=_NEAR)

    @property
    def settled(self) -> int:
        """Up to here it is decided whether there is speech. Never goes back."""
        if self.speech:
            return self.speech_to
        first = self.now - len(self._doubt)
        for place, (voiced, sound_from) in enumerate(self._doubt):
            if voiced:
                return self._onset(first + place, sound_from)
        return self._onset(self.now, self._sound_from)

    def block(self, power: float, voiced: bool) -> int | None:
        """Take the power of the next block, relative to full scale, and whether there is a voice in it.

        Where speech begins or resumes with it, the place where that was.
        """
        self._follow_sound(power)
        self.now += 1
        if self.speech:
            if voiced:
                self.speech_to = self.now
            elif self.now - self.speech_to >= HANG:
                self.speech = False
            return None
        self._doubt.append((voiced, self._sound_from))
        if sum(voiced for voiced, _ in self._doubt) < _BEGIN:
            return None
        begun = self.settled
        self._doubt.clear()
        self.speech, self.speech_to = True, self.now
        return begun

    def stop(self) -> None:
        """Whatever was going on is over: the call has ended or a hole begins."""
        self.speech = False
        self._doubt.clear()
        self._sound_from = self.now

    def skip(self, to: int) -> None:
        """Go on at another place; nothing from before it counts there."""
        self.now = max(self.now, to)
        self._powers.clear()
        self.stop()

    def _follow_sound(self, power: float) -> None:
        self._powers.append(power)
        if power < max(_AUDIBLE, _LOUD * min(self._powers)):
            self._sound_from = self.now + 1

    def _onset(self, place: int, sound_from: int) -> int:
        """Where speech began whose first voiced block is ``place``."""
        return max(min(place, sound_from), place - _ONSET, self.speech_to)
