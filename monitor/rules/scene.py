"""What every timed rule may know about the call so far: who speaks, whose turn it is, since when it is quiet.

A *turn* is all that one side says until the other side says something, or until a long pause; «嗯»,
«好的» while the other one speaks are backchannels and end no turn.

A *signal* is something that rules tell each other: a customer complains, a hold has begun.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.settled import when
from monitor.text.reading import Reading, read
from monitor.timeline import Ms

_KEPT_TURNS: Final = 24
"""So many turns are remembered; a two-hour call costs no more than a two-minute one."""
_KEPT_CHARS: Final = 400
"""So much of a turn is read as one text."""

_TURN_GAP_MS: Final = 6_000
"""Who goes on after so long a pause begins a new turn."""

_CLEAR_DB: Final = 12.0
"""Below this signal-to-noise ratio of the agent, too many right sentences are misheard for their
absence to be held against anyone: of the handbook's own wordings, spoken by two synthetic voices in
telephone band and heard by Whisper base, 98 % were found in quiet, 96 % at 15 dB, 88 % at 8 dB. What
is measured while a call runs reads 16 for those 15 dB and 10 for those 8: it is of the voice alone."""
_SNR_SMOOTHING: Final = 0.2
"""Weight of the newest second."""

_BACKCHANNELS: Final = frozenset({
    "好", "好的", "好好", "好好好", "好吧", "好嘞", "行", "行行", "是", "是的", "是是", "是是是", "对", "对对",
    "对对对", "对的", "可以", "没错", "明白", "知道", "知道了", "ok",
})  # fmt: skip
"""Lean texts that only say «I am listening». Hesitations (嗯, 哦 …) are gone from lean text already."""
_HELLOS: Final = frozenset({
    "喂", "喂喂", "喂喂喂", "喂你好", "你好", "你好你好", "哈喽", "在吗", "有人吗", "听得到吗", "听得见吗",
    "你好听得到吗",
})  # fmt: skip
"""Lean texts of one who has not said yet what the call is about."""


def backchannel(reading: Reading) -> bool:
    """«嗯», «好的», «对对»: shows that one listens, takes no turn."""
    return not reading.lean or reading.lean in _BACKCHANNELS


def hello(reading: Reading) -> bool:
    """«喂», «你好»: a voice, but nothing said yet."""
    return reading.lean in _HELLOS


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that happened and that rules may wait for."""

    name: str
    at_ms: Ms
    from_ms: Ms
    side: Side | None = None
    """Whose words it was; None: nobody's."""
    quote: str = ""
    """The words as heard."""
    slots: Mapping[str, str] = field(default_factory=dict)
    """Parts of the words that have a name: ``surname``, ``digits``."""


@dataclass(slots=True)
class Turn:
    """What one side said until the other took over."""

    side: Side
    number: int
    """1, 2 … among the turns of its side."""
    from_ms: Ms
    to_ms: Ms
    raw: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    speech_ms: int = 0
    """Voice of its own, pauses left out."""

    @property
    def reading(self) -> Reading:
        """The turn read as one text (its last part, where it is long)."""
        return read("，".join(self.raw)[-_KEPT_CHARS:])


class Scene:
    """The call so far, as far as rules of order and time need it. Bounded, whatever the call's length."""

    def __init__(self, direction: str, local_minute: int | None = None) -> None:
        self.direction = direction
        self.local_minute = local_minute
        """Local time of day at the start of the call, in minutes after midnight; None: not known."""
        self.now_ms = Ms(0)
        self.speaking: dict[Side, int] = {Side.AGENT: 0, Side.CUSTOMER: 0}
        """How many utterances of the side are open; more than one where pre-rolls overlap."""
        self.quiet_since_ms = Ms(0)
        """End of the last voice of either side; meaningless while somebody speaks."""
        self.voice_ended_ms: dict[Side, Ms | None] = {Side.AGENT: None, Side.CUSTOMER: None}
        self.substance: dict[Side, bool] = {Side.AGENT: False, Side.CUSTOMER: False}
        """The side has said something that is neither a hello nor a backchannel."""
        self.turns: deque[Turn] = deque(maxlen=_KEPT_TURNS)
        self.turn_count: dict[Side, int] = {Side.AGENT: 0, Side.CUSTOMER: 0}
        self.ended = False
        self._agent_snr_db: float | None = None
        self.signals: deque[Signal] = deque()
        """Raised and not yet told to every rule; Conduct empties it."""
        self.later: deque[Signal] = deque()
        """To be told when nothing else is left to tell about this instant."""
        self.heard: dict[str, Signal] = {}
        """The last signal of each name."""
        self.missed: set[str] = set()
        """Ids of the requirements that were missed."""

    def signal(self, signal: Signal) -> None:
        """Tell every rule."""
        self.heard[signal.name] = signal
        self.signals.append(signal)

    def named(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Every slot that signals have named so far, the newest of each name; ``more`` on top."""
        known = {key: value for signal in self.heard.values() for key, value in signal.slots.items()}
        return {**known, **(more or {})}

    def fill(self, text: str, more: Mapping[str, str] | None = None) -> str:
        """``text`` with its ``{names}`` filled in, as far as they are known."""
        if "{" in text:
            for name, value in self.named(more).items():
                text = text.replace("{" + name + "}", value)
        return text

    def take(self, cue: Cue) -> None:
        """Note a cue before any rule sees it."""
        self.now_ms = max(self.now_ms, when(cue))
        match cue:
            case VoiceOn(side=side) if side in self.speaking:
                self.speaking[side] += 1
            case VoiceOff(side=side, at_ms=at_ms) if side in self.speaking:
                self.speaking[side] = max(0, self.speaking[side] - 1)
                self.voice_ended_ms[side] = at_ms
                self.quiet_since_ms = max(self.quiet_since_ms, at_ms)
            case Spoke(side=side) if side in self.speaking:
                self._spoke(cue)
            case Levels(side=Side.AGENT, snr_db=snr_db) if snr_db is not None:
                before = self._agent_snr_db if self._agent_snr_db is not None else snr_db
                self._agent_snr_db = before + _SNR_SMOOTHING * (snr_db - before)
            case Ended():
                self.ended = True

    @property
    def hard_to_hear(self) -> bool:
        """The agent's line is so noisy that nothing can be concluded from what was not heard."""
        return self._agent_snr_db is not None and self._agent_snr_db < _CLEAR_DB

    @property
    def quiet(self) -> bool:
        """Nobody is speaking."""
        return not any(self.speaking.values())

    @property
    def turn(self) -> Turn | None:
        """The turn that is, or was last."""
        return self.turns[-1] if self.turns else None

    def last_turn(self, side: Side) -> Turn | None:
        """The newest turn of ``side``."""
        return next((turn for turn in reversed(self.turns) if turn.side is side), None)

    def finished_agent_turns(self, after: int) -> Iterator[Turn]:
        """Turns of the agent with a higher number than ``after`` that will not grow any more."""
        for turn in self.turns:
            if turn.side is Side.AGENT and turn.number > after and (self.ended or turn is not self.turns[-1]):
                yield turn

    def _spoke(self, cue: Spoke) -> None:
        listening = backchannel(cue.reading) or hello(cue.reading)
        if not listening and not self.substance[cue.side]:
            self.substance[cue.side] = True
            if cue.side is Side.CUSTOMER:
                self.signal(Signal("conversation", cue.to_ms, cue.from_ms, cue.side, cue.reading.raw))
        turn = self.turn
        if turn is None or turn.side is not cue.side or cue.from_ms - turn.to_ms >= _TURN_GAP_MS:
            if listening and turn is not None:
                return
            self.turn_count[cue.side] += 1
            turn = Turn(cue.side, self.turn_count[cue.side], cue.from_ms, cue.to_ms)
            self.turns.append(turn)
        turn.to_ms = max(turn.to_ms, cue.to_ms)
        turn.speech_ms += max(0, cue.to_ms - cue.from_ms)
        turn.raw.append(cue.reading.raw)
        turn.ids.append(cue.utterance_id)
        if len(turn.raw) > 64:
            del turn.raw[:-32], turn.ids[:-32]
