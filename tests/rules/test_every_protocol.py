"""Two calls with every protocol in them, and their whole timelines, to the millisecond.

``MONITOR_GOLDEN=write`` writes the timelines anew; what changed is then read in the diff.
"""

import os
from pathlib import Path

import pytest

from monitor.events import Event, Prompt, Requirement, Warning
from monitor.rules import tape
from monitor.rules.hangup import HangUpRule
from monitor.rules.hold import HoldRule
from monitor.rules.parse import load
from monitor.rules.protocol import ProtocolRule
from monitor.rules.silent import SilentCallRule

HERE = Path(__file__).parent / "calls"
RULES = load([Path(__file__).parents[2] / "rules"])
LOCAL_MINUTE = {"inbound": None, "outbound": 12 * 60 + 30}


def call(name: str) -> str:
    lines = (HERE / f"{name}.tape").read_text(encoding="utf-8").splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def play(name: str, clock_ms: int = 1000) -> list[Event]:
    direction = "outbound" if name == "outbound" else "inbound"
    return tape.play(RULES, call(name), direction, clock_ms=clock_ms, local_minute=LOCAL_MINUTE[name])  # type: ignore[arg-type]


def line(event: Event) -> str:
    """One event as the timeline shows it."""
    rule = getattr(event, "rule_id", "") or getattr(event, "protocol", "") or "-"
    seconds, millis = divmod(event.at_ms, 1000)
    more = ""
    if isinstance(event, Prompt):
        times = (("due", event.due_ms), ("next", event.next_ms))
        more = "".join(f" {name}={value / 1000:g}" for name, value in times if value is not None)
        more += " may-end" if event.may_end else ""
    elif isinstance(event, Warning):
        more = f" {event.severity} «{event.title}»"
    elif isinstance(event, Requirement) and event.status != "pending":
        more = f" {event.severity}" + (f" «{event.quote[:24]}»" if event.quote else "")
    return f"{seconds // 60:02d}:{seconds % 60:02d}.{millis:03d} {rule} {tape.notation(event)}{more}"


@pytest.mark.parametrize("name", ["inbound", "outbound"])
def test_timeline(name: str) -> None:
    """Prompts, requirements and warnings of the whole call, right to the frame."""
    timeline = "\n".join(line(event) for event in play(name)) + "\n"
    golden = HERE / f"{name}.timeline"
    if os.environ.get("MONITOR_GOLDEN") == "write":
        golden.write_text(timeline, encoding="utf-8")
    assert timeline == golden.read_text(encoding="utf-8")


def test_every_protocol_is_in_them() -> None:
    """Nothing of the handbook's protocols is missing from the two calls."""
    events = [*play("inbound"), *play("outbound")]
    begun = {event.protocol for event in events if isinstance(event, Prompt)}
    kinds = (ProtocolRule, SilentCallRule, HoldRule, HangUpRule)
    wanted = {rule.id for rule in RULES.rules.values() if isinstance(rule, kinds)}
    spoke = begun | {event.rule_id for event in events if isinstance(event, Warning)}
    # these two charge only: whoever breaks them; their own examples do
    assert wanted - spoke == {"dialect-understood", "no-unilateral-hangup"}


@pytest.mark.parametrize("clock_ms", [20, 137, 5000])
@pytest.mark.parametrize("name", ["inbound", "outbound"])
def test_how_time_is_cut_changes_nothing(name: str, clock_ms: int) -> None:
    """Told every 20 ms or every five seconds, the call is the same."""
    assert play(name, clock_ms) == play(name)
