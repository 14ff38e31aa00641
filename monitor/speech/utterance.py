"""One utterance while it is being understood: which decode counts, what is agreed, when words fell."""

from dataclasses import dataclass, field

from monitor.frames import Hypothesis, Pass, Side
from monitor.speech.agreement import Agreement
from monitor.timeline import Ms


@dataclass(slots=True)
class Utterance:
    """A stretch of speech from its first sound to its last word.

    It is *resolved* once it is closed and the hypothesis of its final revision is in; a stretch
    that the endpointer dismissed (revision 0) is resolved at once and holds no words.
    """

    side: Side
    from_ms: Ms
    to_ms: Ms | None = None
    """End of the speech; None while it goes on."""
    final_revision: int | None = None
    agreement: Agreement = field(default_factory=Agreement)
    agreed: str = ""
    newest: Hypothesis | None = None
    stable_chars: int = 0

    @property
    def id(self) -> str:
        """The same whatever the engine's speed: where the speech began."""
        return f"{self.side}-{self.from_ms}"

    @property
    def closed(self) -> bool:
        """The speech is over; what was said may not be known yet."""
        return self.final_revision is not None

    def take(self, heard: Hypothesis) -> bool:
        """Keep a hypothesis if it is news; False where it is older than what is known."""
        if self.newest is not None and heard.revision <= self.newest.revision:
            return False
        if self.closed and heard.revision != self.final_revision:
            return False
        self.newest = heard
        if heard.decode is Pass.PARTIAL:
            self.stable_chars = self.agreement.push(heard.text)
            self.agreed = heard.text[: self.stable_chars]
        return True

    @property
    def final(self) -> Hypothesis | None:
        """The hypothesis that says what was said, once it is there."""
        if self.closed and self.newest is not None and self.newest.revision == self.final_revision:
            return self.newest
        return None


class WordClock:
    """Media time of every character of a hypothesis.

    Built on the engine's word times where it gives them; characters between are spread evenly.
    """

    def __init__(self, heard: Hypothesis) -> None:
        length = len(heard.text)
        self._from: list[int] = [0] * (length + 1)
        marks: list[tuple[int, int]] = [(0, heard.from_ms)]
        at = 0
        for word in heard.words:
            start = heard.text.find(word.text.strip(), at) if word.text.strip() else -1
            if start < 0:
                continue
            at = start + len(word.text.strip())
            marks += [(start, word.from_ms), (at, word.to_ms)]
        marks.append((length, heard.to_ms))
        self._marks = marks
        place, known = 0, marks[0][1]
        for index, ms in marks:
            ms = max(ms, known)
            for char in range(place, index):
                self._from[char] = known + (ms - known) * (char - place) // (index - place)
            place, known = index, ms
        self._from[length] = known

    def at(self, char: int) -> Ms:
        """When the character begins; ``len(text)`` is the end of the last one."""
        return Ms(self._from[min(max(char, 0), len(self._from) - 1)])

    def end(self, char: int) -> Ms:
        """When what lies before ``char`` ends (a pause before ``char`` is not counted in)."""
        for index, ms in self._marks:
            if index == char:
                return Ms(max(ms, self._from[max(char - 1, 0)]))
        return self.at(char)
