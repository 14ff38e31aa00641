"""What can be measured in a call: each gauge turns cues into one running figure.

A gauge gives *values* (speech rate, loudness, shares, counts) as they become known, or it is a *stop
watch* that says since when something lasts (silence, a monologue, the call).
"""

from collections import deque
from collections.abc import Sequence
from statistics import fmean, pstdev
from typing import Final, NamedTuple

from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Hole, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.scene import Scene, backchannel
from monitor.rules.wording import Wordings
from monitor.timeline import Ms

_OTHER: Final = {Side.AGENT: Side.CUSTOMER, Side.CUSTOMER: Side.AGENT}
_BREATH_MS: Final = 2_000
"""A monologue goes on across a shorter pause."""


class Setting(NamedTuple):
    """What a measure rule sets for its gauge."""

    side: Side
    window_ms: int
    least_ms: int
    least_count: int
    overlap_ms: int
    words: Wordings
    against: Wordings
    terms: Sequence[tuple[str, Wordings]]


class Reading(NamedTuple):
    """One value and the stretch it is about."""

    value: float
    from_ms: Ms


class Gauge:
    """A figure of one call. ``hears`` names the cues it wants."""

    hears: tuple[type, ...] = ()

    def __init__(self, setting: Setting, scene: Scene) -> None:
        self.setting, self.scene = setting, scene

    def take(self, cue: Cue) -> Reading | None:
        """The new value, or None when this cue changes nothing."""
        return None

    def reset(self) -> None:
        """Begin anew; what this means is the gauge's."""

    def since_ms(self) -> Ms | None:
        """For a stop watch: since when it runs; None while it stands."""
        return None

    def final(self) -> Reading | None:
        """The value of the whole call, for limits that are judged at its end."""
        return None


class SpeechRate(Gauge):
    """Characters per minute of the side's own speech, over its last ``window_ms`` of speech."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._said: deque[tuple[Ms, int, int]] = deque()

    def take(self, cue: Cue) -> Reading | None:
        """A value as soon as the window is full."""
        if not isinstance(cue, Spoke) or cue.side is not self.setting.side or cue.to_ms <= cue.from_ms:
            return None
        self._said.append((cue.from_ms, len(cue.reading.plain), cue.to_ms - cue.from_ms))
        while len(self._said) > 1 and sum(ms for _, _, ms in self._said) - self._said[0][2] >= self.setting.window_ms:
            self._said.popleft()
        speech_ms = sum(ms for _, _, ms in self._said)
        if speech_ms < self.setting.window_ms:
            return None
        return Reading(sum(chars for _, chars, _ in self._said) * 60_000 / speech_ms, self._said[0][0])


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


class TalkShare(Gauge):
    """Share of all speech that is the side's, 0–1, once both have talked for ``least_ms`` together."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._talk = {Side.AGENT: 0, Side.CUSTOMER: 0}

    def take(self, cue: Cue) -> Reading | None:
        """A value after every utterance."""
        if not isinstance(cue, Spoke) or cue.side not in self._talk:
            return None
        self._talk[cue.side] += max(0, cue.to_ms - cue.from_ms)
        total = sum(self._talk.values())
        if total < self.setting.least_ms or not total:
            return None
        return Reading(self._talk[self.setting.side] / total, Ms(0))


class Interruptions(Gauge):
    """How often the side has spoken into the other's sentence for ``overlap_ms`` and more."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._recent: deque[Spoke] = deque(maxlen=8)
        self._counted: deque[str] = deque(maxlen=8)
        self._count = 0

    def take(self, cue: Cue) -> Reading | None:
        """Counted when both sentences are known; a backchannel or an excused wording is none."""
        if not isinstance(cue, Spoke):
            return None
        found = None
        for other in self._recent:
            if other.side is cue.side:
                continue
            mine, theirs = (cue, other) if cue.side is self.setting.side else (other, cue)
            if self._interrupts(mine, theirs):
                self._counted.append(mine.utterance_id)
                self._count += 1
                found = Reading(self._count, mine.from_ms)
        self._recent.append(cue)
        return found

    def _interrupts(self, mine: Spoke, theirs: Spoke) -> bool:
        overlap_ms = min(mine.to_ms, theirs.to_ms) - mine.from_ms
        begun_ms = mine.from_ms - theirs.from_ms
        return (
            mine.utterance_id not in self._counted
            and begun_ms >= self.setting.least_ms
            and overlap_ms >= self.setting.overlap_ms
            and not backchannel(mine.reading)
            and not backchannel(theirs.reading)
            and self.setting.against.find(mine.reading) is None
        )


class WordShare(Gauge):
    """``words`` among ``words`` and ``against`` that the side has said, 0–1, counted by the letter."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._wanted = self._all = 0

    def take(self, cue: Cue) -> Reading | None:
        """Only counts; the value is that of the whole call."""
        if isinstance(cue, Spoke) and cue.side is self.setting.side:
            wanted = self.setting.words.count(cue.reading.plain)
            self._wanted += wanted
            self._all += wanted + self.setting.against.count(cue.reading.plain)
        return None

    def final(self) -> Reading | None:
        """None when there were too few to say anything."""
        if self._all < max(1, self.setting.least_count):
            return None
        return Reading(self._wanted / self._all, Ms(0))


class WordsPerTurn(Gauge):
    """Share of the side's utterances that hold one of ``words``."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._with = self._all = 0

    def take(self, cue: Cue) -> Reading | None:
        """Only counts; the value is that of the whole call."""
        if isinstance(cue, Spoke) and cue.side is self.setting.side and not backchannel(cue.reading):
            self._all += 1
            self._with += self.setting.words.count(cue.reading.plain) > 0
        return None

    def final(self) -> Reading | None:
        """None when there were too few to say anything."""
        return Reading(self._with / self._all, Ms(0)) if self._all >= max(1, self.setting.least_count) else None


class WordRate(Gauge):
    """``words`` per hundred characters of the side, over its last ``window_ms`` of speech."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._said: deque[tuple[Ms, int, int, int]] = deque()

    def take(self, cue: Cue) -> Reading | None:
        """A value as soon as ``least_count`` of the words were said."""
        if not isinstance(cue, Spoke) or cue.side is not self.setting.side:
            return None
        count = self.setting.words.count(cue.reading.plain)
        self._said.append((cue.from_ms, count, len(cue.reading.plain), max(0, cue.to_ms - cue.from_ms)))
        while len(self._said) > 1 and sum(it[3] for it in self._said) - self._said[0][3] >= self.setting.window_ms:
            self._said.popleft()
        words, chars = sum(it[1] for it in self._said), sum(it[2] for it in self._said)
        if words < self.setting.least_count or not chars or not count:
            return None
        return Reading(words * 100 / chars, self._said[0][0])


class AskedAgain(Gauge):
    """How often the side has asked for the same thing again after it was answered."""

    hears = (Spoke,)

    def __init__(self, setting: Setting, scene: Scene) -> None:
        super().__init__(setting, scene)
        self._asked: dict[str, int] = {}
        """Term → the turn of the side in which it was last asked for."""
        self._excused = False
        self._count = 0

    def take(self, cue: Cue) -> Reading | None:
        """Counted once a turn; not when the other side asked for it («什么？», «我说错了»)."""
        if not isinstance(cue, Spoke):
            return None
        if cue.side is not self.setting.side:
            self._excused = self.setting.against.find(cue.reading) is not None
            return None
        turn = self.scene.turn_count[cue.side]
        again = False
        for name, wordings in self.setting.terms:
            if wordings.find(cue.reading):
                again = again or (self._asked.get(name, turn) < turn and not self._excused)
                self._asked[name] = turn
        if not again:
            return None
        self._count += 1
        return Reading(self._count, cue.from_ms)


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


GAUGES: Final[dict[str, type[Gauge]]] = {
    "speech_rate": SpeechRate,
    "level_dbfs": Level,
    "snr_db": SignalToNoise,
    "level_gap_db": LevelGap,
    "level_spread_db": LevelSpread,
    "level_change_db": LevelChange,
    "talk_share": TalkShare,
    "interruptions": Interruptions,
    "word_share": WordShare,
    "words_per_turn": WordsPerTurn,
    "word_rate": WordRate,
    "asked_again": AskedAgain,
    "call_ms": CallTime,
    "dead_air_ms": DeadAir,
    "reaction_ms": Reaction,
    "first_word_ms": FirstWord,
    "monologue_ms": Monologue,
    "clock_h": ClockTime,
}
"""Every measure that a rule may name."""

STOP_WATCHES: Final = frozenset({"call_ms", "dead_air_ms", "reaction_ms", "first_word_ms", "monologue_ms"})
AT_END: Final = frozenset({"word_share", "words_per_turn"})
