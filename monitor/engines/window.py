"""How much silence an utterance is given behind it before it is encoded.

Whisper was trained on windows of 30 s. Encoding costs in proportion to the window, so an utterance
is padded only to its own length plus a margin. The margin is not waste: the decoder learns from it
that speech is over, and without it runs on. Windows come in steps so that utterances of similar
length have the same window and can share a batch; the window depends on the utterance alone and
on whether it is heard briefly, so the answer does not depend on the company.
"""

from dataclasses import dataclass

from monitor.errors import ConfigError

FULL_MS = 30_000
FRAME_MS = 10
STATE_MS = 2 * FRAME_MS
"""One encoder state stands for two mel frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowPolicy:
    """``window = steps up to max(floor, audio + margin)``, never above 30 s.

    What is heard briefly has a lower floor and more of a margin, and never a longer window than an answer of final
    quality. The defaults were chosen by measurement (docs/performance.md, Recognition).

    Raises:
        ConfigError: ``ENG-011``, a value out of range.

    """

    floor_ms: int = 12_000
    """Of answers of final quality. Short sentences lose the most in short windows."""
    brief_floor_ms: int = 8_000
    """Of partials, which are heard once more anyway, and of everything while the engine cannot keep up."""
    margin_ms: int = 4_000
    brief_margin_ms: int = 6_000
    """In windows this short the decoder needs more silence behind the speech, or leaves its last words out."""
    step_ms: int = 2_000

    def __post_init__(self) -> None:
        floors_fit = all(0 < floor <= FULL_MS for floor in (self.floor_ms, self.brief_floor_ms))
        margins_fit = all(0 <= margin <= FULL_MS for margin in (self.margin_ms, self.brief_margin_ms))
        if not (floors_fit and margins_fit and 20 <= self.step_ms <= FULL_MS):
            raise ConfigError(f"an encoder window must lie between 20 ms and 30 s: {self}", code="ENG-011")

    def window_ms(self, audio_ms: int, *, brief: bool = False) -> int:
        """The window for this much audio; 30 s is also the most audio that is encoded."""
        wanted = max(self.floor_ms, audio_ms + self.margin_ms)
        if brief:
            wanted = min(wanted, max(self.brief_floor_ms, audio_ms + self.brief_margin_ms))
        return min(FULL_MS, -(-wanted // self.step_ms) * self.step_ms)
