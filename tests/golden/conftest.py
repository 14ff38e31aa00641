"""The sample calls, what is expected of them, and how what was found is compared with it.

``samples/expected/NAME.yaml`` holds a person's judgement by the handbook, in terms of the script's turns, so
that it survives a new synthesis:

``warnings``
    Every warning above hint, and no other. ``rule`` (or a list: any of them), ``turn`` (the words lie in
    it) and ``say`` (the words as said), or ``after`` (turn, or 0 for the start of the call, or ``end``) and
    ``plus_ms`` for a warning about time; neither for one about something that was never said. ``way`` where
    a rule can be broken in several ways.
``may``
    Warnings above hint that a careful judge could also give: never missed, never wrong. Same fields.
``prompts``
    Prompts that must be shown, and no others of their protocol: ``protocol``, ``step``, ``after``, ``plus_ms``.
    ``may_prompts``: others that may be; ``no_prompts``: protocols that must show none.
``requirements``
    Rule ids that must end as ``met`` or as ``missed``. Others are not looked at.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rapidfuzz.distance import LCSseq

from monitor.events import CallEnded, Prompt, Published, Requirement, Warning
from monitor.text.reading import read

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TURN_MARGIN_MS = 400
"""A word's times come from the recogniser: it may stand so far outside its turn."""
TIME_MARGIN_MS = 300
"""Voice activity ends a little after the last sound, or before a faint one."""
ABOVE_HINT = ("critical", "major", "minor")


@dataclass(frozen=True)
class SampleCall:
    """One sample call."""

    name: str
    path: Path
    turns: Sequence[Mapping[str, Any]]
    expected: Mapping[str, Any]

    @property
    def direction(self) -> str:
        return self.expected.get("direction", "inbound")

    def moment(self, item: Mapping[str, Any], end_ms: int) -> int:
        """Media time of ``after`` and ``plus_ms``."""
        after = item["after"]
        anchor = end_ms if after == "end" else 0 if after == 0 else self.turns[after - 1]["to_ms"]
        return anchor + item.get("plus_ms", 0)


def load(name: str) -> SampleCall:
    """A sample call by its name."""
    return SampleCall(
        name,
        SAMPLES / "calls" / f"{name}.flac",
        json.loads((SAMPLES / "scripts" / f"{name}.json").read_text(encoding="utf-8")),
        yaml.safe_load((SAMPLES / "expected" / f"{name}.yaml").read_text(encoding="utf-8")),
    )


NAMES = sorted(path.stem for path in (SAMPLES / "expected").glob("*.yaml"))


def standing(events: Iterable[Published]) -> list[Warning]:
    """The confirmed warnings that stand at the end of a call, in order of time."""
    newest = {event.warning_id: event for event in events if isinstance(event, Warning)}
    return sorted(
        (it for it in newest.values() if it.status == "confirmed"), key=lambda it: (it.from_ms, it.rule_id, it.to_ms)
    )


def differences(call: SampleCall, events: Sequence[Published]) -> list[str]:
    """What was found against what is expected: a line for everything that is wrong."""
    end_ms = next(int(it.summary["duration_ms"]) for it in reversed(events) if isinstance(it, CallEnded))
    return [
        *_warnings(call, [it for it in standing(events) if it.severity in ABOVE_HINT and not it.trial], end_ms),
        *_prompts(call, [it for it in events if isinstance(it, Prompt) and it.status == "shown"], end_ms),
        *_requirements(call, [it for it in events if isinstance(it, Requirement)]),
    ]


def _warnings(call: SampleCall, found: list[Warning], end_ms: int) -> list[str]:
    wrong = []
    left = list(found)
    for expected in call.expected.get("warnings", ()):
        if (match := _match(call, expected, left, end_ms)) is None:
            wrong.append(f"missing warning {dict(expected)}")
        else:
            left.remove(match)
    for expected in call.expected.get("may", ()):
        if match := _match(call, expected, left, end_ms):
            left.remove(match)
    return wrong + [
        f"unexpected warning {it.rule_id} {it.title} ({it.match}) «{it.quote}» at {it.from_ms}–{it.to_ms}"
        for it in left
    ]


def _match(call: SampleCall, expected: Mapping[str, Any], found: list[Warning], end_ms: int) -> Warning | None:
    rules = [expected["rule"]] if isinstance(expected["rule"], str) else expected["rule"]
    for warning in found:
        if not {warning.rule_id, *warning.also} & set(rules):
            continue
        if "way" in expected and f"/{expected['way']}@" not in warning.warning_id:
            continue
        if "turn" in expected:
            turn = call.turns[expected["turn"] - 1]
            inside = (
                warning.from_ms >= turn["from_ms"] - TURN_MARGIN_MS and warning.to_ms <= turn["to_ms"] + TURN_MARGIN_MS
            )
            if not inside or ("say" in expected and not alike(expected["say"], warning.quote)):
                continue
        elif "after" in expected and abs(warning.at_ms - call.moment(expected, end_ms)) > TIME_MARGIN_MS:
            continue
        return warning
    return None


def alike(said: str, heard: str) -> bool:
    """The quote is those words, or the part of them that the rule is about, as far as their sound goes."""
    left = [syllable.folded for syllable in read(said).syllables]
    right = [syllable.folded for syllable in read(heard).syllables]
    return LCSseq.similarity(left, right) >= 0.6 * min(len(left), len(right)) > 0


def _prompts(call: SampleCall, found: list[Prompt], end_ms: int) -> list[str]:
    wrong = []
    for expected in call.expected.get("prompts", ()):
        at_ms = call.moment(expected, end_ms)
        same = [it for it in found if (it.protocol, it.step) == (expected["protocol"], expected["step"])]
        if not any(abs(it.at_ms - at_ms) <= TIME_MARGIN_MS for it in same):
            wrong.append(f"missing prompt {dict(expected)} at {at_ms}, shown at {[it.at_ms for it in same]}")
    known = [(it["protocol"], it["step"]) for it in call.expected.get("prompts", ())]
    open_to_choice = {(it["protocol"], it["step"]) for it in call.expected.get("may_prompts", ())}
    for protocol in {name for name, _ in known} | set(call.expected.get("no_prompts", ())):
        shown = [it for it in found if it.protocol == protocol and (protocol, it.step) not in open_to_choice]
        if len(shown) != sum(name == protocol for name, _ in known):
            wrong.append(f"{protocol}: shown {[(it.step, it.at_ms) for it in shown]}, expected {known}")
    return wrong


def _requirements(call: SampleCall, found: list[Requirement]) -> list[str]:
    wrong = []
    last = {(it.rule_id, it.occasion): it.status for it in found}
    for status, rules in call.expected.get("requirements", {}).items():
        for rule in rules:
            ends = {value for (name, _), value in last.items() if name == rule}
            if ends != {status}:
                wrong.append(f"requirement {rule} is {sorted(ends) or 'never called for'}, expected {status}")
    return wrong


@pytest.fixture(scope="session")
def calls() -> list[SampleCall]:
    """All sample calls."""
    return [load(name) for name in NAMES]


@pytest.fixture(name="differences")
def differences_fixture() -> Any:
    return differences


@pytest.fixture(name="standing")
def standing_fixture() -> Any:
    return standing


@pytest.fixture(params=NAMES)
def sample(request: pytest.FixtureRequest) -> SampleCall:
    """Every sample call in turn."""
    return load(request.param)
