"""How people talk: how fast, how much, into each other's sentences, and with which words."""

from collections import deque

from monitor.frames import Side
from monitor.rules.cues import Cue, Spoke
from monitor.rules.gauge import Gauge, Reading, Setting
from monitor.rules.scene import Scene, backchannel
from monitor.timeline import Ms


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
