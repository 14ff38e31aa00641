"""Warnings about what was said in one utterance: raised, confirmed, taken back.

A hit on a partial is a *provisional* warning; the final confirms or retracts it under the same
``warning_id``. A hit on sound alone that is close to its threshold waits for the audio's verdict.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from monitor.events import Output, VerifyWanted, Warning
from monitor.frames import Side, Verdict
from monitor.rules.hit import Hit
from monitor.rules.match import Matcher
from monitor.text.reading import Reading
from monitor.timeline import Ms


@dataclass(frozen=True, slots=True)
class Finding:
    """A hit with its place in the call."""

    hit: Hit
    quote: str
    from_ms: Ms
    to_ms: Ms


@dataclass(frozen=True, slots=True)
class Heard:
    """What the findings were found in."""

    revision: int
    final: bool
    reading: Reading
    pcm: bytes
    """Audio of the revision, for the verdict; empty where it is not to be asked for."""


class Ledger:
    """The warnings of one utterance."""

    def __init__(self, call_id: str, utterance_id: str, side: Side, matcher: Matcher) -> None:
        self._call_id, self._utterance_id, self._side = call_id, utterance_id, side
        self._matcher = matcher
        self._shown: dict[str, Warning] = {}
        self._asked: dict[str, tuple[str, Finding, int]] = {}
        """request_id → (warning_id, finding, revision)."""
        self._final = False

    @property
    def waiting(self) -> bool:
        """A verdict is still to come."""
        return bool(self._asked)

    def enter(self, findings: Iterable[Finding], heard: Heard) -> Iterator[Output]:
        """What was found in a newer hypothesis replaces what was found before."""
        if heard.final:
            self._final = True
        known: dict[str, Finding] = {}
        for finding in findings:
            known[self._name(finding.hit, known)] = finding
        carried = {
            name: request
            for request, (name, _, revision) in self._asked.items()
            if revision == heard.revision and name in known
        }
        self._asked = {request: self._asked[request] for request in carried.values()}
        for name in [name for name in self._shown if name not in known]:
            yield self._retract(name)
        for name, finding in known.items():
            if not finding.hit.needs_audio:
                yield from self._raise(name, finding)
            elif heard.pcm and name not in carried:
                yield self._ask(name, finding, heard)

    def confirm(self) -> Iterator[Output]:
        """The newest hypothesis has become the final one: its findings stand."""
        self._final = True
        for warning_id, shown in list(self._shown.items()):
            self._shown[warning_id] = replace(shown, status="confirmed")
            yield self._shown[warning_id]

    def judge(self, verdict: Verdict) -> Iterator[Output]:
        """The audio has spoken."""
        if verdict.request_id not in self._asked:
            return
        name, finding, _ = self._asked.pop(verdict.request_id)
        hit = self._matcher.judge(finding.hit, verdict.llr)
        if hit is not None:
            yield from self._raise(name, replace(finding, hit=hit))
        elif name in self._shown:
            yield self._retract(name)

    def _name(self, hit: Hit, taken: dict[str, Finding]) -> str:
        """One id a rule and utterance; a second hit of the rule elsewhere in it gets a number."""
        stem = f"{self._utterance_id}:{hit.rule.id}"
        name, number = stem, 1
        while name in taken:
            number += 1
            name = f"{stem}.{number}"
        return name

    def _ask(self, name: str, finding: Finding, heard: Heard) -> VerifyWanted:
        request_id = f"{name}/{heard.revision}"
        self._asked[request_id] = (name, finding, heard.revision)
        start, end = raw_span(heard.reading, finding.hit)
        return VerifyWanted(
            call_id=self._call_id,
            request_id=request_id,
            utterance_id=self._utterance_id,
            revision=heard.revision,
            pcm=heard.pcm,
            text=heard.reading.raw,
            start=start,
            end=end,
            candidate=finding.hit.candidate or finding.hit.phrase,
        )

    def _raise(self, name: str, finding: Finding) -> Iterator[Warning]:
        hit, rule = finding.hit, finding.hit.rule
        status: Literal["confirmed", "provisional"] = "confirmed" if self._final else "provisional"
        warning = Warning(
            call_id=self._call_id,
            at_ms=finding.to_ms,
            warning_id=name,
            status=status,
            rule_id=rule.id,
            title=rule.title,
            category=rule.category,
            severity=rule.severity,
            side=self._side,
            quote=finding.quote,
            phrase=hit.phrase,
            match=hit.match,
            score=round(hit.score, 3),
            from_ms=finding.from_ms,
            to_ms=finding.to_ms,
            rewrite=hit.rewrite or rule.rewrite,
            advice=rule.advice,
            basis=rule.basis,
            utterance_id=self._utterance_id,
            also=hit.also,
            trial=rule.status == "trial",
            rules_version=self._matcher.ruleset.version,
        )
        if self._shown.get(name) != warning:
            self._shown[name] = warning
            yield warning

    def _retract(self, name: str) -> Warning:
        return replace(self._shown.pop(name), status="retracted")


def raw_span(reading: Reading, hit: Hit) -> tuple[int, int]:
    """Where the hit's words stand in ``reading.raw``."""
    start = reading.origin[hit.start]
    return start, start + len(reading.quote(hit.start, hit.end))
