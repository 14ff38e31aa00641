"""How loud people are: levels, noise, gaps, changes."""

from collections import deque
from statistics import fmean, pstdev

from monitor.rules.cues import Cue, Levels, Spoke, VoiceOn
from monitor.rules.gauge import Gauge, Reading, Setting
from monitor.rules.scene import Scene
from monitor.timeline import Ms


class Level(Gauge):
    """Loudness of the side in dBFS, each second in which it spoke."""

    hears = (Levels, Spoke, VoiceOn)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._voiced = False

    def take(self, cue: Cue) -> Reading | None:
        """Only seconds with voice count: in silence the level is that of the last words."""
        if isinstance(cue, VoiceOn) and cue.side is self.setting.side:
            self._voiced = True
        if not isinstance(cue, Levels) or cue.side is not self.setting.side or not self._voiced:
            return None
        self._voiced = self.scene.speaking[self.setting.side] > 0
        figure = self.figure(cue)
        return Reading(figure, cue.at_ms) if figure is not None else None

    def figure(self, cue: Levels) -> float | None:
        """Which of the levels is meant."""
        return cue.level_dbfs


class SignalToNoise(Level):
    """Speech over noise of the side in dB, each second in which it spoke."""

    def figure(self, cue: Levels) -> float | None:
        """The signal-to-noise ratio."""
        return cue.snr_db


class LevelGap(Gauge):
    """How much louder the side is than the other, in dB, each second in which it spoke."""

    hears = (Levels,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._other: float | None = None

    def take(self, cue: Cue) -> Reading | None:
        """A value once both have been heard."""
        if not isinstance(cue, Levels) or cue.level_dbfs is None:
            return None
        if cue.side is not self.setting.side:
            self._other = cue.level_dbfs
            return None
        if self._other is None or not self.scene.speaking[cue.side]:
            return None
        return Reading(cue.level_dbfs - self._other, cue.at_ms)


class LevelSpread(Gauge):
    """Standard deviation, in dB, of the side's loudness over its last ``window_ms`` of speech."""

    hears = (Levels,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._levels: deque[tuple[Ms, float]] = deque(maxlen=max(2, setting.window_ms // 1000))

    def take(self, cue: Cue) -> Reading | None:
        """A value as soon as the window is full."""
        if not isinstance(cue, Levels) or cue.side is not self.setting.side or cue.level_dbfs is None:
            return None
        if not self.scene.speaking[cue.side]:
            return None
        self._levels.append((cue.at_ms, cue.level_dbfs))
        if len(self._levels) < (self._levels.maxlen or 0):
            return None
        return Reading(pstdev(level for _, level in self._levels), self._levels[0][0])


class LevelChange(Gauge):
    """How much louder the side has become, in dB, since a signal: ``window_ms`` of speech before and after."""

    hears = (Levels,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        count = max(1, setting.window_ms // 1000)
        self._before: deque[float] = deque(maxlen=count)
        self._after: list[float] = []
        self._count = count
        self._from_ms: Ms | None = None

    def begin(self, at_ms: Ms) -> None:
        """The signal has come: what follows is compared with what was before."""
        if self._from_ms is None and self._before:
            self._from_ms, self._after = at_ms, []

    def take(self, cue: Cue) -> Reading | None:
        """One value per signal, when enough has been said after it."""
        if not isinstance(cue, Levels) or cue.side is not self.setting.side or cue.level_dbfs is None:
            return None
        if not self.scene.speaking[cue.side]:
            return None
        if self._from_ms is None:
            self._before.append(cue.level_dbfs)
            return None
        self._after.append(cue.level_dbfs)
        if len(self._after) < self._count:
            return None
        reading = Reading(fmean(self._after) - fmean(self._before), self._from_ms)
        self._before.extend(self._after)
        self._from_ms = None
        return reading
