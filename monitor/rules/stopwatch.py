"""How long things last: the call, silence, a monologue; and when the call began."""

from typing import Final

from monitor.rules.cues import Cue, Ended, Hole, Spoke, VoiceOff, VoiceOn
from monitor.rules.gauge import Gauge, Reading, Setting
from monitor.rules.scene import Scene, backchannel
from monitor.timeline import Ms

_BREATH_MS: Final = 2_000
"""A monologue goes on across a shorter pause."""


class CallTime(Gauge):
    """The call itself."""

    def since_ms(self) -> Ms | None:
        """Since the first sample."""
        return Ms(0)


class DeadAir(Gauge):
    """Nobody speaks, after the first word."""

    hears = (VoiceOn, VoiceOff, Hole)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._since: Ms | None = None

    def take(self, cue: Cue) -> Reading | None:
        """Starts at the end of a voice; lost sound proves no silence."""
        if isinstance(cue, VoiceOff) and self.scene.quiet:
            self._since = cue.at_ms
        elif not isinstance(cue, VoiceOff):
            self._since = None
        return None

    def since_ms(self) -> Ms | None:
        """Since the end of the last voice."""
        return self._since


class Reaction(Gauge):
    """The other side has finished, with ``words`` where they are given, and this side says nothing."""

    hears = (VoiceOn, VoiceOff, Spoke, Hole)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._since: Ms | None = None
        self._asks = False

    def take(self, cue: Cue) -> Reading | None:
        """Starts when the other side's words have ended in quiet."""
        match cue:
            case Spoke(side=side) if side is not self.setting.side:
                words = self.setting.words
                self._asks = not backchannel(cue.reading) and (not words or words.find(cue.reading) is not None)
            case VoiceOff(side=side, at_ms=at_ms) if side is not self.setting.side and self._asks and self.scene.quiet:
                self._since = at_ms
            case VoiceOn() | Hole():
                self._since, self._asks = None, False
        return None

    def reset(self) -> None:
        """What was said wants no answer."""
        self._since, self._asks = None, False

    def since_ms(self) -> Ms | None:
        """Since the end of the other side's words."""
        return self._since


class FirstWord(Gauge):
    """The agent has not said a word yet."""

    hears = (VoiceOn,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._since: Ms | None = Ms(0)

    def take(self, cue: Cue) -> Reading | None:
        """Stands from the first voice on, whoever's it is: then somebody talks."""
        if isinstance(cue, VoiceOn):
            self._since = None
        return None

    def since_ms(self) -> Ms | None:
        """Since the first sample."""
        return self._since


class Monologue(Gauge):
    """The side speaks on and on, with no more than breaths between, and the other says nothing."""

    hears = (VoiceOn, VoiceOff, Spoke)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._since: Ms | None = None
        self._ended: Ms | None = None

    def take(self, cue: Cue) -> Reading | None:
        """Any word of the other side, even a backchannel, is an answer."""
        match cue:
            case VoiceOn(side=side, at_ms=at_ms) if side is self.setting.side:
                if self._since is None or (self._ended is not None and at_ms - self._ended > _BREATH_MS):
                    self._since = at_ms
                self._ended = None
            case VoiceOff(side=side, at_ms=at_ms) if side is self.setting.side and not self.scene.speaking[side]:
                self._ended = at_ms
            case VoiceOn():
                self._since = None
        return None

    def since_ms(self) -> Ms | None:
        """Since the first word; stands while the side is silent."""
        return self._since if self.scene.speaking[self.setting.side] else None


class ClockTime(Gauge):
    """Local time of day at the start of the call, in hours; once."""

    hears = (VoiceOn, Ended)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._told = False

    def take(self, cue: Cue) -> Reading | None:
        """At the first voice, where the time of day is known."""
        if self._told or self.scene.local_minute is None:
            return None
        self._told = True
        return Reading(self.scene.local_minute / 60, Ms(0))
