"""The rules in force, and taking a newer set while calls run."""

import asyncio
from collections.abc import Callable
from typing import Any

from monitor.errors import RuleFault
from monitor.live import Live
from monitor.rules import conduct
from monitor.rules.match import Matcher

Load = Callable[[], tuple[Matcher, list[RuleFault]]]
"""Reads the rule files: what loads, and the faults of what does not."""


def warm_up(matcher: Matcher) -> None:
    """Make what is made at its first use, so that no call waits for it."""
    matcher.warm_up()
    conduct.warm_up(matcher.ruleset)


class Rulebook:
    """The current matcher, where it came from, and what was wrong with the files."""

    def __init__(self, load: Load, matcher: Matcher, faults: list[RuleFault]) -> None:
        self._load = load
        self._reloading = asyncio.Lock()
        self.matcher, self.faults = matcher, faults

    async def reload(self, live: Live) -> None:
        """Read the files again, off the loop; new calls take the new set at once, others at their next utterance."""
        async with self._reloading:
            matcher, faults = await asyncio.to_thread(self._load)
            await asyncio.to_thread(warm_up, matcher)
            self.matcher, self.faults = matcher, faults
            live.use_rules(self.matcher)

    @property
    def version(self) -> str:
        """The version of the set in force."""
        return self.matcher.ruleset.version

    def fault_list(self) -> list[dict[str, str]]:
        """The faults as the API shows them."""
        return [{"code": fault.code, "where": fault.where, "message": fault.what} for fault in self.faults]

    def rule_list(self) -> list[dict[str, Any]]:
        """Every rule as its file has it."""
        return [rule.model_dump(mode="json") for rule in self.matcher.ruleset.rules.values()]
