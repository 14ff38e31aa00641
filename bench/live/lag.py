"""From what arrived to lags: how long after the phrase was spoken did each system say so?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from live.heard import holds
from live.line import Placed
from live.system import CallRun, Event
from speech_corpus import LINE_HZ

SAID = ("literal", "word", "pattern", "pinyin", "acoustic", "meaning")
"""Ways of matching words; the other warnings are about silence, order and measures."""
SLACK_MS = 300
"""How far the middle of a warning's words may lie outside the phrase: endpointing has margins, and where the
phrase begins is known by its share of the characters only."""
FIRST, CONFIRMED, TEXT = "first warning", "confirmed warning", "text"


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of one phrase. Lags are seconds; None: never."""

    name: str
    call_id: str
    end_s: float
    """When its last sample was spoken, by ``time.monotonic()``."""
    text: float | None
    """To the first text that holds the phrase, confirmed or not."""
    first: float | None = None
    """To the first warning about it, provisional or confirmed, that was not taken back later."""
    confirmed: float | None = None
    other_rule: bool = False
    """Warned of, but under none of the rules that the material names."""


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


def lags(answered: Iterable[Answered], what: str) -> Lags:
    """The lags of one kind of answer."""
    found = Lags(what)
    for it in answered:
        lag_s = {FIRST: it.first, CONFIRMED: it.confirmed, TEXT: it.text}[what]
        if lag_s is None:
            found.never.append(f"{it.call_id} {it.name}")
        else:
            found.lags.append(lag_s)
    return found


def answers(run: CallRun, provisions: Mapping[str, Sequence[str]] | None) -> Iterator[Answered]:
    """What became of each phrase of a call but the first, which warms up.

    Args:
        run: one call.
        provisions: for our own server: rule id → ids of the provisions it is about. None: it does not warn.

    A phrase counts as warned of whichever rule of matching by words it was charged under: what the agent
    said was named.
    """
    for placed, warnings in about(run):
        end_s = run.sending.spoken_s(placed.end / LINE_HZ)
        begin_s = run.sending.spoken_s(placed.start / LINE_HZ)
        phrase = placed.utterance.phrase
        heard = (it.at_s - end_s for it in run.texts if it.at_s >= begin_s and holds(it.text, phrase))
        sure = (it.at_s - end_s for it in warnings if it.body["status"] == "confirmed")
        charged = {rule for it in warnings for rule in (it.body["rule_id"], *it.body["also"])}
        named = charged.union(*((provisions or {}).get(rule, ()) for rule in charged))
        yield Answered(
            name=placed.utterance.name,
            call_id=run.call.call_id,
            end_s=end_s,
            text=next(heard, None),
            first=warnings[0].at_s - end_s if warnings else None,
            confirmed=next(sure, None),
            other_rule=bool(warnings) and not named.intersection(placed.utterance.rules),
        )


def about(run: CallRun) -> Iterator[tuple[Placed, list[Event]]]:
    """Each phrase but the first, and the warnings about it that were not taken back later."""
    said = [it for it in run.events if it.body["kind"] == "warning" and it.body["match"] in SAID]
    standing = {it.body["warning_id"]: it.body["status"] for it in said}
    kept = [it for it in said if it.body["side"] == "agent" and standing[it.body["warning_id"]] == "confirmed"]
    for placed in run.call.placed[1:]:
        yield placed, [it for it in kept if _is_about(it, placed)]


def _is_about(warning: Event, placed: Placed) -> bool:
    """The quoted words are the phrase at the end, not the harmless sentence before it."""
    end_ms = placed.end * 1000 // LINE_HZ
    begin_ms = end_ms - placed.utterance.phrase_s * 1000
    middle_ms = (warning.body["from_ms"] + warning.body["to_ms"]) / 2
    return begin_ms - SLACK_MS < middle_ms < end_ms + SLACK_MS
