"""What only a person can judge: an item of the scorecard."""

from typing import Literal

from monitor.events import Severity
from monitor.rules.model import Rule, Text, kind


@kind("manual")
class ManualRule(Rule):
    """Never fires; stands on the scorecard for a person to tick."""

    kind: Literal["manual"]
    severity: Severity = "hint"
    look_for: Text
    """What the person looks or listens for."""
    why_manual: Text
    """Why no machine can tell."""
