"""The score of a call: a hundred points less what each confirmed warning and missed requirement costs.

Every deduction is kept with its reason, so that the score can be explained line by line. Rules on
trial and warnings that were taken back cost nothing.
"""

from dataclasses import dataclass, field
from typing import Any

from monitor.events import SEVERITIES, Requirement, Severity, Warning
from monitor.frames import Side


@dataclass(frozen=True, slots=True)
class ScorePolicy:
    """Points that one finding of each severity costs."""

    full: int = 100
    cost: dict[Severity, int] = field(default_factory=lambda: {"critical": 25, "major": 10, "minor": 3, "hint": 0})
    requirement_cost: dict[Severity, int] = field(
        default_factory=lambda: {"critical": 15, "major": 5, "minor": 2, "hint": 0}
    )


class Scorecard:
    """Counts what is published and knows the score at any time."""

    def __init__(self, policy: ScorePolicy | None = None) -> None:
        self._policy = policy or ScorePolicy()
        self._warnings: dict[str, Warning] = {}
        self._requirements: dict[tuple[str, int], Requirement] = {}

    def count(self, event: Warning | Requirement) -> None:
        """Take an event; the newest of each id counts."""
        if isinstance(event, Requirement):
            self._requirements[event.rule_id, event.occasion] = event
        elif event.status == "retracted":
            self._warnings.pop(event.warning_id, None)
        else:
            self._warnings[event.warning_id] = event

    def summary(self) -> dict[str, Any]:
        """``score``, ``warnings`` by severity, ``requirements`` by status, ``reasons`` for each deduction."""
        confirmed = [it for it in self._warnings.values() if it.status == "confirmed" and it.side is not Side.CUSTOMER]
        charged = [it for it in confirmed if not it.trial]
        reasons = [
            {"rule_id": it.rule_id, "title": it.title, "at_ms": it.at_ms, "points": -self._policy.cost[it.severity]}
            for it in charged
            if self._policy.cost[it.severity]
        ]
        covered = {it.rule_id for it in confirmed}
        missed = [it for it in self._requirements.values() if it.status == "missed" and it.rule_id not in covered]
        reasons += [
            {
                "rule_id": it.rule_id,
                "title": it.title,
                "at_ms": it.at_ms,
                "points": -self._policy.requirement_cost[it.severity],
            }
            for it in missed
            if self._policy.requirement_cost[it.severity]
        ]
        score = max(0, self._policy.full + sum(int(reason["points"]) for reason in reasons))  # type: ignore[call-overload]
        statuses = [it.status for it in self._requirements.values()]
        return {
            "score": score,
            "warnings": {severity: sum(it.severity == severity for it in confirmed) for severity in SEVERITIES},
            "requirements": {status: statuses.count(status) for status in ("met", "missed", "pending")},
            "reasons": reasons,
        }
