"""Figures with limits: speech rate, loudness, talk share, silence, length of the call.

A rule names a gauge of :mod:`monitor.rules.gauge` and its limits. Crossing a limit (for ``for_ms``,
where that is set) is a warning, a prompt, a signal to other rules, or all of it; it counts again only
after the figure has been back within the limit.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from monitor.events import Event, Severity
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended
from monitor.rules.gauge import Gauge, Reading, Setting
from monitor.rules.gauges import AT_END, GAUGES, STOP_WATCHES
from monitor.rules.loudness import LevelChange
from monitor.rules.model import Fault, Strict, Text, kind, pattern_faults
from monitor.rules.scene import Scene, Signal
from monitor.rules.timed import Machine, Scribe, TimedRule
from monitor.rules.wording import Wordings
from monitor.timeline import Ms


class Limit(Strict):
    """One limit and what crossing it means."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    above: float | None = None
    below: float | None = None
    outside: tuple[tuple[float, float], ...] = ()
    """Crossed when the figure lies in none of these ranges."""
    for_ms: Annotated[int, Field(ge=0)] = 0
    """Crossed only when it lasts so long."""
    severity: Severity | None = None
    """None: no warning, only the signal or the prompt."""
    advice: str = ""
    rewrite: str = ""
    say: str = ""
    """A prompt shows these words …"""
    shows_ms: Annotated[int, Field(gt=0)] = 15_000
    """… for so long."""
    signal: str = ""
    """Told to the other rules."""
    most: Annotated[int, Field(ge=1)] = 1
    """At most so many times in a call."""

    def crossed(self, value: float) -> bool:
        """Whether ``value`` is beyond the limit."""
        if self.above is not None and value > self.above:
            return True
        if self.below is not None and value < self.below:
            return True
        return bool(self.outside) and not any(low <= value < high for low, high in self.outside)

    @model_validator(mode="after")
    def _limits_something(self) -> "Limit":
        if self.above is None and self.below is None and not self.outside:
            raise ValueError("a limit is above, below or outside something")
        if self.severity is None and not self.say and not self.signal:
            raise ValueError("crossing it means nothing: give severity, say or signal")
        return self


class Term(Strict):
    """Something that is asked for."""

    name: Text
    phrases: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()


@kind("measure")
class MeasureRule(TimedRule):
    """One figure of the call and its limits."""

    kind: Literal["measure"]
    measure: Literal[
        "speech_rate",
        "level_dbfs",
        "snr_db",
        "level_gap_db",
        "level_spread_db",
        "level_change_db",
        "talk_share",
        "interruptions",
        "word_share",
        "words_per_turn",
        "word_rate",
        "asked_again",
        "call_ms",
        "dead_air_ms",
        "reaction_ms",
        "first_word_ms",
        "monologue_ms",
        "clock_h",
    ]
    unit: str = ""
    """As the warning writes it behind the figure."""
    side: Literal["agent", "customer"] = "agent"
    window_ms: Annotated[int, Field(ge=0)] = 0
    least_ms: Annotated[int, Field(ge=0)] = 0
    """No figure before so much was said."""
    least_count: Annotated[int, Field(ge=0)] = 0
    overlap_ms: Annotated[int, Field(ge=0)] = 0
    words: tuple[Text, ...] = ()
    patterns: tuple[Text, ...] = ()
    against: tuple[Text, ...] = ()
    """What is counted against the words, or excuses."""
    terms: tuple[Term, ...] = ()
    when: tuple[Text, ...] = ()
    """Runs only after one of these signals (for ``level_change_db``: compared before and after it)."""
    unless_before: tuple[Text, ...] = ()
    """Not after one of these signals."""
    paused_by: tuple[Text, ...] = ()
    """Not between one of these signals and one of ``resumed_by``."""
    resumed_by: tuple[Text, ...] = ()
    reset_by: tuple[Text, ...] = ()
    """Signals that stop a running stop watch until it is started again."""
    limits: Annotated[tuple[Limit, ...], Field(min_length=1)]

    rank: ClassVar[int] = 1

    @property
    def listens(self) -> frozenset[str]:
        """Signals it waits for."""
        return frozenset((*self.when, *self.unless_before, *self.paused_by, *self.resumed_by, *self.reset_by))

    @property
    def raises(self) -> frozenset[str]:
        """The signals of its limits."""
        return frozenset(limit.signal for limit in self.limits if limit.signal)

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns that do not compile, and what every timed rule is checked for."""
        found = super().faults(classes) + pattern_faults("patterns", self.patterns, classes)
        for index, term in enumerate(self.terms):
            for fault in pattern_faults("patterns", term.patterns, classes):
                found.append(Fault(("terms", index, *fault.path), fault.code, fault.what))
        return found

    def machine(self, scene: Scene, scribe: Scribe) -> Machine:
        """The measure, at zero."""
        return Measuring(self, scene, scribe)

    @model_validator(mode="after")
    def _distinct_limits(self) -> "MeasureRule":
        if len({limit.name for limit in self.limits}) < len(self.limits):
            raise ValueError("two limits have the same name")
        if self.measure in STOP_WATCHES and any(limit.above is None for limit in self.limits):
            raise ValueError("a stop watch has only limits above")
        return self


class _Watch:
    """One limit in one call."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.times = 0
        self.since_ms: Ms | None = None
        """Since when it has been crossed."""
        self.told = False
        """This crossing has been told."""
        self.run_ms: Ms | None = None
        """The stop watch's run that was told."""
        self.shown_ms: Ms | None = None


class Measuring:
    """One measure at work in one call."""

    def __init__(self, rule: MeasureRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        classes = scribe.classes
        setting = Setting(
            side=Side(rule.side),
            window_ms=rule.window_ms,
            least_ms=rule.least_ms,
            least_count=rule.least_count,
            overlap_ms=rule.overlap_ms,
            words=Wordings.of(rule.words, rule.patterns, classes=classes),
            against=Wordings.of(rule.against, classes=classes),
            terms=[(it.name, Wordings.of(it.phrases, it.patterns, classes=classes)) for it in rule.terms],
        )
        self._gauge: Gauge = GAUGES[rule.measure](setting, scene)
        self.hears = tuple({*self._gauge.hears, Ended})
        self.signals = rule.listens
        self._watches = [_Watch(limit) for limit in rule.limits]
        self._paused = False

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        if isinstance(cue, Signal):
            self._paused = (self._paused or cue.name in self._rule.paused_by) and cue.name not in self._rule.resumed_by
            if cue.name in self._rule.reset_by:
                self._gauge.reset()
            if isinstance(self._gauge, LevelChange) and cue.name in self._rule.when:
                self._gauge.begin(cue.at_ms)
            return
        reading = self._gauge.take(cue) if isinstance(cue, self._gauge.hears) else None
        if reading is not None and self._runs():
            yield from self._weigh(reading, self._scene.now_ms)
        if isinstance(cue, Ended):
            final = self._gauge.final() if self._rule.measure in AT_END else None
            if final is not None and self._runs():
                yield from self._weigh(final, cue.at_ms)
            for watch in self._watches:
                yield from self._hide(watch, cue.at_ms)

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        dues = [due for watch in self._watches if (due := self._due(watch)) is not None]
        dues += [watch.shown_ms + watch.limit.shows_ms for watch in self._watches if watch.shown_ms is not None]
        return Ms(max(min(dues), self._scene.now_ms)) if dues else None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`."""
        for watch in self._watches:
            if watch.shown_ms is not None and watch.shown_ms + watch.limit.shows_ms <= at_ms:
                yield from self._hide(watch, at_ms)
            due = self._due(watch)
            if due is not None and due <= at_ms:
                since = self._gauge.since_ms()
                assert since is not None
                watch.run_ms = since
                yield from self._tell(watch, Reading(at_ms - since, since), at_ms)

    def _runs(self) -> bool:
        heard = self._scene.heard
        if self._rule.when and not any(name in heard for name in self._rule.when):
            return False
        return not self._paused and not any(name in heard for name in self._rule.unless_before)

    def _due(self, watch: _Watch) -> int | None:
        """When a stop watch crosses the limit, if it runs on."""
        since = self._gauge.since_ms() if self._rule.measure in STOP_WATCHES else None
        above = watch.limit.above
        if since is None or above is None or watch.run_ms == since or watch.times >= watch.limit.most:
            return None
        return since + int(above) if self._runs() else None

    def _weigh(self, reading: Reading, at_ms: Ms) -> Iterator[Event]:
        for watch in self._watches:
            if not watch.limit.crossed(reading.value):
                watch.since_ms, watch.told = None, False
                continue
            if watch.since_ms is None:
                watch.since_ms = at_ms
            if watch.told or watch.times >= watch.limit.most or at_ms - watch.since_ms < watch.limit.for_ms:
                continue
            watch.told = True
            from_ms = watch.since_ms if watch.limit.for_ms else reading.from_ms
            yield from self._tell(watch, Reading(reading.value, from_ms), at_ms)

    def _tell(self, watch: _Watch, reading: Reading, at_ms: Ms) -> Iterator[Event]:
        limit = watch.limit
        watch.times += 1
        if limit.signal:
            self._scene.signal(Signal(limit.signal, at_ms, reading.from_ms, Side(self._rule.side)))
        if limit.severity is not None:
            yield self._scribe.warning(
                at_ms,
                reading.from_ms,
                name=limit.name,
                title=limit.title,
                severity=limit.severity,
                phrase=self._figure(reading.value),
                match="measure",
                rewrite=limit.rewrite,
                advice=limit.advice,
            )
        if limit.say:
            watch.shown_ms = at_ms
            yield self._scribe.prompt(at_ms, "shown", limit.name, shown_ms=at_ms, title=limit.title, say=limit.say)

    def _hide(self, watch: _Watch, at_ms: Ms) -> Iterator[Event]:
        if watch.shown_ms is None:
            return
        shown_ms, watch.shown_ms = watch.shown_ms, None
        yield self._scribe.prompt(
            at_ms, "cleared", watch.limit.name, shown_ms=shown_ms, title=watch.limit.title, say=watch.limit.say
        )

    def _figure(self, value: float) -> str:
        if self._rule.unit == "秒":
            value /= 1000
        if self._rule.unit == "分钟" and self._rule.measure in STOP_WATCHES:
            value /= 60_000
        if self._rule.unit == "%":
            value *= 100
        return f"{value:.0f} {self._rule.unit}" if abs(value) >= 20 else f"{value:.1f} {self._rule.unit}"
