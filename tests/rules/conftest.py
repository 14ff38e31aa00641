"""Rule sets from a few lines of YAML, and what they say about a tape."""

import re
from collections.abc import Callable

import pytest

from monitor.rules import tape
from monitor.rules.parse import RuleSet, parse_rule

Said = Callable[..., list[str]]


def ruleset(*texts: str) -> RuleSet:
    """The rules in ``texts``; what every file must have is added where it is missing."""
    rules = {}
    for text in texts:
        name = re.search(r"^id: (\S+)$", text, re.M)
        assert name is not None
        whole = text.strip()
        for line in ("title: 试", "status: trial", "severity: minor"):
            if line.split(":")[0] + ":" not in re.sub(r"\{.*?\}", "", whole):
                whole += "\n" + line
        rules[name[1]] = parse_rule(whole, f"{name[1]}.yaml")
    return RuleSet(rules)


@pytest.fixture
def said() -> Said:
    """``said(tape, *rules)``: every event, as ``rule:notation@seconds``."""

    def listen(
        call: str, *texts: str, direction: str = "inbound", clock_ms: int = 1000, minute: int | None = None
    ) -> list[str]:
        events = tape.play(ruleset(*texts), call, direction, clock_ms=clock_ms, local_minute=minute)  # type: ignore[arg-type]
        return [
            f"{getattr(it, 'rule_id', '') or getattr(it, 'protocol', '')}:{tape.notation(it)}@{it.at_ms / 1000:g}"
            for it in events
        ]

    return listen


@pytest.fixture
def rules() -> Callable[..., RuleSet]:
    """``rules(*texts)``: a rule set."""
    return ruleset
