"""A call in one line: the notation in which timed rules prove themselves.

A tape is a row of stretches, separated by blanks, each a letter, seconds, and words after a colon::

    A2:您好，请问有什么可以帮您 Q5.5 A3:您好，请问听得到吗 Q2 C1:喂 H:agent

``A`` the agent speaks, ``C`` the customer speaks, ``Q`` nobody speaks. A stretch that begins with
``+`` begins together with the one before it, ``+2.5`` that many seconds into it
(``C4:… +2.5A1:…``). ``L:customer=-45,8`` says how loud a side is from here on (dBFS, SNR in dB),
``X2:customer`` loses two seconds of a side's sound, ``H``, ``H:agent``, ``H:customer`` ends the
call. Words hold no blanks. Without words A and C say
something that means nothing.

An expected event is its kind, what tells it apart, and when: ``prompt.ask-again@7.0``,
``prompt.ask-again.done@10.5``, ``warning@9.2``, ``warning.early@9.2`` (of a rule with several ways to
break it), ``requirement.met@3.1``, ``reply@4``, ``state.hold@12``. What is not news (a prompt that is
done, cleared or missed, a requirement that is pending) need not be listed; where it is, it must come.
Everything else must be listed, in order.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.errors import InputError
from monitor.events import CallState, Direction, Event, Prompt, Reply, Requirement, Warning
from monitor.frames import Side
from monitor.rules.callstate import CallStateRule
from monitor.rules.conduct import Conduct
from monitor.rules.cues import Clock, Cue, Ended, Hole, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.intent import IntentRule
from monitor.rules.parse import RuleSet
from monitor.rules.settled import Settled, when
from monitor.rules.timed import TapeExample, TimedRule
from monitor.text.reading import read
from monitor.timeline import Ms

_STRETCH: Final = re.compile(r"(\+(?:\d+(?:\.\d+)?)?)?([ACQXLH])(\d+(?:\.\d+)?)?(?::(\S*))?")
_SIDES: Final = {"A": Side.AGENT, "C": Side.CUSTOMER}
_NAMES: Final = {"agent": Side.AGENT, "customer": Side.CUSTOMER, "unknown": Side.UNKNOWN, "": Side.UNKNOWN}
_BABBLE: Final = "这样子的"
_STEP_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Played:
    """A tape as what Conduct is told."""

    cues: tuple[Cue, ...]
    to_ms: Ms


def cues(tape: str) -> Played:
    """The cues of a tape, in order of media time, without its clock.

    Raises:
        InputError: ``TAPE-001``, not a tape.
    """
    found: list[Cue] = []
    ended: list[Cue] = []
    levels: list[Levels] = []
    at = start = Ms(0)
    for number, written in enumerate(tape.split(), 1):
        stretch = _STRETCH.fullmatch(written)
        if stretch is None:
            raise InputError(f"not a stretch: {written!r}", where=f"stretch {number}", code="TAPE-001")
        together, letter, seconds, words = stretch.groups()
        length = Ms(round(float(seconds) * 1000)) if seconds else Ms(0)
        start = Ms(start + round(float(together[1:] or 0) * 1000)) if together else at
        end = Ms(start + length)
        for cue in _stretch(letter, start, end, words or "", number):
            if isinstance(cue, Ended):
                ended.append(cue)
            elif isinstance(cue, Levels):
                levels.append(cue)
            else:
                found.append(cue)
        at = Ms(max(at, end))
    found += _each_second(levels, at)
    settled = Settled()
    for cue in found:
        settled.hold(cue)
    return Played((*(cue for cue in settled.advance(at) if not isinstance(cue, Clock)), *ended), at)


def play(
    ruleset: RuleSet,
    tape: str,
    direction: Direction = "inbound",
    *,
    clock_ms: int = 1000,
    local_minute: int | None = None,
) -> list[Event]:
    """Everything the timed rules of ``ruleset`` say about a tape; time is told every ``clock_ms``.

    Raises:
        InputError: ``TAPE-001``, not a tape.
    """
    played = cues(tape)
    conduct = Conduct(ruleset, "tape", direction, (Side.AGENT, Side.CUSTOMER), local_minute=local_minute)
    events: list[Event] = []
    clock = Ms(0)
    for cue in played.cues:
        while clock + clock_ms < when(cue):
            clock = Ms(clock + clock_ms)
            events += conduct.feed(Clock(clock))
        events += conduct.feed(cue)
    while clock < played.to_ms:
        clock = Ms(min(clock + clock_ms, played.to_ms))
        events += conduct.feed(Clock(clock))
    return events


def alone(ruleset: RuleSet, rule: TimedRule) -> RuleSet:
    """``rule`` and what raises the signals it waits for: so that its examples prove it and nothing else."""
    timed = [other for other in ruleset.rules.values() if isinstance(other, TimedRule)]
    wanted, names = {rule.id: rule}, set(rule.listens)
    while more := [other for other in timed if other.id not in wanted and other.raises & names]:
        for other in more:
            wanted[other.id] = other
            names |= other.listens
    return replace(ruleset, rules={key: wanted[key] for key in sorted(wanted)})


def check(ruleset: RuleSet, rule: TimedRule, example: TapeExample) -> str:
    """What is wrong with an example of ``rule``; empty when it holds."""
    try:
        wanted = [_Expected.read(written) for written in example.events]
        direction = example.direction or ("outbound" if rule.direction == "outbound" else "inbound")
        events = play(alone(ruleset, rule), example.tape, direction, local_minute=example.local_minute)
    except InputError as error:
        return str(error)
    own = [event for event in events if rule.id in (getattr(event, "rule_id", ""), getattr(event, "protocol", ""))]
    if isinstance(rule, CallStateRule):
        own = [event for event in events if isinstance(event, CallState)]
    listed = {item.name for item in wanted}
    said = [_Expected(notation(event), event.at_ms) for event in own if news(event) or notation(event) in listed]
    if said == wanted:
        return ""
    return f"said {', '.join(map(str, said)) or 'nothing'}; expected {', '.join(map(str, wanted)) or 'nothing'}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example of one rule, and what came of it."""

    rule_id: str
    name: str
    """``hit-1``, ``miss-3``: its place in the file."""
    text: str
    """The tape or the sentence."""
    fault: str
    """What is wrong; empty when it holds."""


def prove(ruleset: RuleSet, rule: TimedRule) -> Iterator[Outcome]:
    """Run every example of a timed rule."""
    for sort in ("hit", "miss"):
        for number, example in enumerate(getattr(rule.examples, sort), 1):
            if isinstance(example, TapeExample):
                text, fault = example.tape, check(ruleset, rule, example)
            else:
                text = example.text
                fault = _sentence(ruleset, rule, text, sort == "hit")
            yield Outcome(rule.id, f"{sort}-{number}", text, fault)


def _sentence(ruleset: RuleSet, rule: TimedRule, text: str, hit: bool) -> str:
    """What is wrong with a sentence that an intent must, or must not, be recognised in."""
    assert isinstance(rule, IntentRule)
    found = rule.find(read(text), rule.wordings(ruleset.classes))
    if (found is not None) == hit:
        return ""
    return f"found {found.quote!r} by {found.phrase!r}" if found else "not found"


@dataclass(frozen=True, slots=True)
class _Expected:
    """One event as an example writes it."""

    name: str
    at_ms: int

    @classmethod
    def read(cls, written: str) -> "_Expected":
        name, _, seconds = written.partition("@")
        try:
            return cls(name, round(float(seconds) * 1000))
        except ValueError:
            raise InputError(f"not an event: {written!r}", code="TAPE-002") from None

    def __str__(self) -> str:
        return f"{self.name}@{self.at_ms / 1000:g}"


def notation(event: Event) -> str:
    """An event's kind and what tells it apart, as examples write it."""
    match event:
        case Prompt(step=step, status=status):
            return f"prompt.{step}" if status == "shown" else f"prompt.{step}.{status}"
        case Warning(warning_id=warning_id, rule_id=rule_id):
            name = warning_id.removeprefix(rule_id).partition("@")[0].lstrip("/")
            return f"warning.{name}" if name else "warning"
        case Requirement(status=status):
            return f"requirement.{status}"
        case Reply():
            return "reply"
        case CallState(state=state):
            return f"state.{state}"
        case _:
            return type(event).__name__.lower()


def news(event: Event) -> bool:
    """Whether an example must list the event."""
    match event:
        case Prompt(status=status):
            return status == "shown"
        case Requirement(status=status):
            return status != "pending"
        case _:
            return True


def _each_second(levels: Sequence[Levels], to_ms: Ms) -> Iterator[Levels]:
    """A level holds until the side's next one."""
    for index, level in enumerate(levels):
        until = next((later.at_ms for later in levels[index + 1 :] if later.side is level.side), Ms(to_ms + 1))
        for at_ms in range(level.at_ms, until, _STEP_MS):
            yield replace(level, at_ms=Ms(at_ms))


def _stretch(letter: str, start: Ms, end: Ms, words: str, number: int) -> Iterator[Cue]:
    match letter:
        case "A" | "C":
            side = _SIDES[letter]
            yield VoiceOn(side, start)
            yield Spoke(side, start, end, f"{side}-{start}", read(words or _BABBLE))
            yield VoiceOff(side, end)
        case "X":
            yield Hole(_side(words, number), start, end)
        case "L":
            name, _, figures = words.partition("=")
            level, _, snr = figures.partition(",")
            try:
                yield Levels(_side(name, number), start, float(level), float(snr) if snr else None)
            except ValueError:
                raise InputError(f"not a level: {words!r}", where=f"stretch {number}", code="TAPE-001") from None
        case "H":
            yield Ended(start, _side(words, number))


def _side(name: str, number: int) -> Side:
    if name not in _NAMES:
        raise InputError(f"not a side: {name!r}", where=f"stretch {number}", code="TAPE-001")
    return _NAMES[name]
