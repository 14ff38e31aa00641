"""From what arrived to lags: how long after the phrase was spoken did each system say so?"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from live.heard import holds
from live.line import Placed
from live.run import Run
from live.system import CallRun
from speech_corpus import LINE_HZ

SAID = ("literal", "word", "pattern", "pinyin", "acoustic", "meaning")
"""Ways of matching words; the other warnings are about silence, order and measures."""
SLACK_MS = 300
"""How far the middle of a warning's words may lie outside the phrase: endpointing has margins, and where the
phrase begins is known by its share of the characters only."""


@dataclass(slots=True)
class Lags:
    """Lags of one kind of answer, in seconds; what never came is counted."""

    what: str
    lags: list[float] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    """The utterances that got no such answer."""

    @property
    def count(self) -> int:
        """All that were waited for."""
        return len(self.lags) + len(self.never)

    def at(self, share: float) -> float | None:
        """The lag that this share of those that came stayed within (nearest rank); None if none came."""
        if not self.lags:
            return None
        ordered = sorted(self.lags)
        return ordered[min(len(ordered) - 1, max(0, -(-round(share * 1000) * len(ordered) // 1000) - 1))]

    def note(self, name: str, lag_s: float | None) -> None:
        """One utterance's answer, or that there was none."""
        if lag_s is None:
            self.never.append(name)
        else:
            self.lags.append(lag_s)


def measured(run: CallRun) -> Iterable[Placed]:
    """The utterances that count: all but the one that warms up."""
    return run.call.placed[1:]


def text_lags(run: Run) -> Lags:
    """To the first text that holds the phrase, confirmed or not."""
    found = Lags("text")
    for call in run.calls:
        for placed in measured(call):
            end_s = call.sending.spoken_s(placed.end / LINE_HZ)
            begin_s = call.sending.spoken_s(placed.start / LINE_HZ)
            phrase = placed.utterance.phrase
            at_s = next((it.at_s for it in call.texts if it.at_s >= begin_s and holds(it.text, phrase)), None)
            found.note(placed.utterance.name, None if at_s is None else at_s - end_s)
    return found


def warning_lags(run: Run, rules: Mapping[str, Sequence[str]]) -> tuple[Lags, Lags, int]:
    """To the first warning about the phrase, to the confirmed one, and how many came under another rule alone.

    Args:
        run: of our own server.
        rules: rule id → ids of the provisions it is about.

    A phrase counts as warned of whichever rule of matching by words it was charged under: what the agent
    said was named. How many were not charged under the rule that the material names is told beside it.
    """
    first, confirmed, other = Lags("first warning"), Lags("confirmed warning"), 0
    for call in run.calls:
        warnings = [it for it in call.events if it.body["kind"] == "warning" and it.body["match"] in SAID]
        for placed in measured(call):
            about = [it for it in warnings if it.body["side"] == "agent" and _is_about(it.body, placed)]
            end_s = call.sending.spoken_s(placed.end / LINE_HZ)
            standing = {it.body["warning_id"]: it.body["status"] for it in about}
            kept = [it for it in about if standing[it.body["warning_id"]] == "confirmed"]
            first.note(placed.utterance.name, _since(kept, end_s, lambda body: True))
            confirmed.note(placed.utterance.name, _since(kept, end_s, lambda body: body["status"] == "confirmed"))
            charged = {rule for it in kept for rule in (it.body["rule_id"], *it.body["also"])}
            named = charged.union(*(rules.get(rule, ()) for rule in charged))
            other += bool(kept) and not named.intersection(placed.utterance.rules)
    return first, confirmed, other


def _is_about(body: dict, placed: Placed) -> bool:  # type: ignore[type-arg]
    """The quoted words are the phrase at the end, not the harmless sentence before it."""
    end_ms = placed.end * 1000 // LINE_HZ
    begin_ms = end_ms - placed.utterance.phrase_s * 1000
    middle_ms = (body["from_ms"] + body["to_ms"]) / 2
    return begin_ms - SLACK_MS < middle_ms < end_ms + SLACK_MS


def _since(warnings: Sequence, end_s: float, wanted: Callable[[dict], bool]) -> float | None:  # type: ignore[type-arg]
    return next((it.at_s - end_s for it in warnings if wanted(it.body)), None)
