"""Every gauge by the name that rule files give it."""

from typing import Final

from monitor.rules.gauge import Gauge
from monitor.rules.loudness import Level, LevelChange, LevelGap, LevelSpread, SignalToNoise
from monitor.rules.stopwatch import CallTime, ClockTime, DeadAir, FirstWord, Monologue, Reaction
from monitor.rules.talk import (
    AskedAgain,
    Interruptions,
    SpeechRate,
    TalkShare,
    WordRate,
    WordShare,
    WordsPerTurn,
)

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
