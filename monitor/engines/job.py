"""One utterance on its way through the engine, and the answer it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from monitor.engines.encoded import Encoded, Key, key_of
from monitor.engines.simplified import simplified
from monitor.engines.tokens import Tokens
from monitor.engines.word_times import Steps, Timed
from monitor.events import DecodeWanted
from monitor.frames import Hypothesis, Pass, Word
from monitor.speech.guard import heard_once
from monitor.timeline import Ms, ms_at


@dataclass(slots=True)
class Job:
    """What was asked, what is known so far."""

    wanted: DecodeWanted
    window_ms: int
    beams: int
    encoded: Encoded | None = None
    rows: list[int] = field(default_factory=list)
    """The tokens that were decoded."""
    timed: Timed | None = None
    """When they were said."""
    confidence: float = 0.0
    text: str = ""
    others: tuple[str, ...] = ()
    """What else the search thought of, the likeliest first."""
    dropped: str = ""
    words: tuple[Word, ...] = ()

    @property
    def audio_ms(self) -> int:
        """How much audio there is."""
        return ms_at(len(self.wanted.pcm) // 2)

    @property
    def key(self) -> Key:
        """Under what the states are cached."""
        return key_of(self.wanted.pcm)

    @property
    def wants_times(self) -> bool:
        """Whether words and their times are wanted."""
        return bool(self.text) and self.wanted.decode is not Pass.PARTIAL

    def take(self, words: tuple[Word, ...]) -> None:
        """Keep the words, and of words and text what was said once and written twice only once."""
        count = heard_once(words)
        self.words = words[:count]
        if count < len(words):
            self.text = "".join(word.text for word in self.words).strip()

    def hypothesis(self) -> Hypothesis:
        """The answer."""
        return self.wanted.answer(
            text=self.text,
            words=self.words,
            others=self.others,
            confidence=self.confidence,
            dropped=self.dropped,
        )


def words_of(job: Job, tokens: Tokens, steps: Steps, probabilities: Sequence[float], state_ms: int) -> tuple[Word, ...]:
    """Words with times from the ``steps`` of ``job.rows`` through states of ``state_ms`` each.

    A word is what one or more tokens spell together: mostly one character, sometimes two. What the
    guard has cut out of the text is left out here too.
    """
    begins: dict[int, int] = {}
    for token, state in steps:
        begins.setdefault(token, state * state_ms)
    words = []
    for spelt in tokens.spell(job.rows):
        begin = min(begins.get(spelt.start, 0), job.audio_ms)
        end = min(begins.get(spelt.end, job.audio_ms), job.audio_ms)
        sure = probabilities[spelt.start : spelt.end]
        words.append(
            Word(
                text=simplified(spelt.text),
                from_ms=Ms(job.wanted.from_ms + begin),
                to_ms=Ms(job.wanted.from_ms + max(begin, end)),
                probability=sum(sure) / len(sure),
            )
        )
    return _kept(words, job.text)


def _kept(words: list[Word], text: str) -> tuple[Word, ...]:
    spoken = "".join(word.text for word in words)
    if spoken.strip() == text:
        return tuple(words)
    matcher = SequenceMatcher(None, spoken, text, autojunk=False)
    kept = {index for block in matcher.get_matching_blocks() for index in range(block.a, block.a + block.size)}
    left, at = [], 0
    for word in words:
        if kept.intersection(range(at, at + len(word.text))):
            left.append(word)
        at += len(word.text)
    return tuple(left)
