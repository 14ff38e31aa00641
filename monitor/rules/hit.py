"""What matching finds: :class:`Found`, one way's evidence, and :class:`Hit`, what is charged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.events import SEVERITIES, Match
from monitor.rules.model import BannedRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One place where one rule's wording was found, before context and charging are considered."""

    rule: BannedRule
    phrase: str
    """The rule's own wording: phrase, pattern or nearest example."""
    match: Match
    start: int
    end: int
    """Span in ``Reading.plain``."""
    score: float = 1.0
    """0–1, how far hits like this one can be trusted."""
    needs_audio: bool = False
    candidate: str = ""
    """The wording that the audio should be asked about."""
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One charge: these words broke this rule."""

    rule: BannedRule
    phrase: str
    """The rule's own wording that was matched."""
    match: Match
    score: float
    """0–1: share of hits like this one that were right on the rules' own examples."""
    start: int
    end: int
    """Span in ``Reading.plain``; ``Reading.quote(start, end)`` gives the words as heard."""
    needs_audio: bool = False
    """Too unsure to be shown: ask the audio, then :meth:`monitor.rules.match.Matcher.judge`."""
    candidate: str = ""
    """With ``needs_audio``: the wording to look for in the audio in place of the quote."""
    slots: Mapping[str, str] = field(default_factory=dict)
    rewrite: str = ""
    also: tuple[str, ...] = ()
    """Ids of less severe rules that the same words broke; not charged again."""


def rank(rule: BannedRule) -> tuple[bool, int]:
    """Order of charging: rules in force before rules on trial, then by severity."""
    return (rule.status == "trial", SEVERITIES.index(rule.severity))
