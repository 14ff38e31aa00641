"""One phone call as a value: feed it what happens, get back what became true.

Two speeds of knowing (docs/architecture.md): words are matched as they come, everything about order
and time is judged behind the watermark of the settled timeline.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from monitor.errors import SessionOver
from monitor.events import (
    AudioGap,
    CallEnded,
    CallStarted,
    DecodeWanted,
    Direction,
    Output,
    Published,
    Requirement,
    Transcript,
    TranscriptWord,
    Warning,
)
from monitor.frames import AudioFrame, AudioLoss, Hangup, Hypothesis, Input, Pass, Side, Verdict
from monitor.rules.conduct import Conduct
from monitor.rules.cues import Cue, Ended, Hole, Levels, Spoke, VoiceOff, VoiceOn
from monitor.rules.hit import Hit
from monitor.rules.ledger import Finding, Heard, Ledger, raw_span
from monitor.rules.match import Matcher
from monitor.rules.misheard import nearly_said
from monitor.rules.score import Scorecard
from monitor.rules.settled import Settled
from monitor.speech.ear import Ear
from monitor.speech.endpoint import Ask, Closed, EndpointPolicy, Move, Opened
from monitor.speech.figures import Figures
from monitor.speech.utterance import Utterance, WordClock
from monitor.text.reading import Reading, read
from monitor.timeline import BLOCK_MS, Ms

SKEW_MS: Final = 10_000
"""A side this far behind the other has stalled: its missing sound is counted as lost, so that the
other side's words are not held back and memory stays bounded."""

BREATH_MS: Final = 1_200
"""A phrase may go on across a pause of the same speaker up to this long («这事……不归我做»)."""

BREATH_CHARS: Final = 16
"""So much of the sentence before is read together with the next one."""

BLOCKS_PER_MEASURE: Final = 1_000 // BLOCK_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallInfo:
    """What is known of a call before its first sound."""

    call_id: str
    agent_id: str = ""
    direction: Direction = "inbound"
    sides: tuple[Side, ...] = (Side.AGENT, Side.CUSTOMER)
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """What a call's listening may be set to."""

    endpoint: EndpointPolicy = field(default_factory=EndpointPolicy)
    finals_only: bool = False
    """Ask only for decodes that will be final: for recordings, where nobody waits for a partial.
    The finals, and so everything judged, are the same."""
    mask: Callable[[str], str] | None = None
    """Applied to every text before it is published; must keep the length. Matching sees the original."""


@dataclass(slots=True)
class _Open:
    """An utterance that is not resolved, and the warnings about it."""

    utterance: Utterance
    ledger: Ledger
    matcher: Matcher
    asked: Ask | None = None
    """The newest decode of final quality that was asked for; its audio may be asked about again."""
    shown: bool = False
    """A partial of it has been published."""
    known: bool = False
    """What was said was known before it was known to be all: it was published as a partial."""
    matched_after: str = ""
    """The sentence that it was last matched with, for phrases that begin there."""

    @property
    def resolvable(self) -> bool:
        """It is over, and there is an answer about all of it or none is needed."""
        utterance = self.utterance
        return utterance.closed and (utterance.final_revision == 0 or utterance.final is not None)


@dataclass(frozen=True, slots=True)
class _Before:
    """What a side said last."""

    utterance_id: str
    text: str
    clock: WordClock
    to_ms: Ms


class CallSession:
    """One phone call: no I/O, no clock, no threads, no model.

    Every side's audio is counted from sample 0 of the call. Blocks of all sides are taken in
    lockstep, so a side that is late holds the other back by :data:`SKEW_MS` at most.
    """

    def __init__(self, call: CallInfo, matcher: Matcher, policy: SessionPolicy | None = None) -> None:
        self.call = call
        self._policy = policy or SessionPolicy()
        self._matcher = matcher
        self._conduct = Conduct(matcher.ruleset, call.call_id, call.direction, call.sides)
        self._ears = {side: Ear(side, self._policy.endpoint) for side in call.sides}
        self._open: dict[Side, deque[_Open]] = {side: deque() for side in call.sides}
        self._judging: dict[str, Ledger] = {}
        """Resolved utterances that still wait for a verdict."""
        self._before: dict[Side, _Before] = {}
        self._settled = Settled()
        self._figures = Figures(call.sides)
        self._scorecard = Scorecard()
        self._blocks = 0
        self._started = False
        self._hangup: Hangup | None = None
        self.quiet = True
        """Nobody speaks, on any side, and nobody has just now."""
        self.over = False
        """The call has ended and everything about it has been said."""

    @property
    def at_ms(self) -> Ms:
        """Media time up to which audio of every side has been taken."""
        return Ms(self._blocks * BLOCK_MS)

    @property
    def hung_up(self) -> bool:
        """No more audio will be taken; answers still are, until :attr:`over`."""
        return self._hangup is not None

    @property
    def settled_ms(self) -> Ms:
        """The watermark: up to here everything said is known and judged."""
        return self._settled.at_ms

    def use_rules(self, matcher: Matcher) -> None:
        """Judge by another rule set from the next utterance on.

        What runs in time (a silence being counted, a requirement pending) ends under the rules it
        began with; every warning names the version it was judged by.
        """
        self._matcher = matcher

    def feed(self, item: Input) -> list[Output]:
        """Take one input and return what became true because of it.

        The same inputs in the same order give the same events. Damaged audio is an event
        (``audio.gap``), never an exception; any exception but SessionOver is our bug.
        ``DecodeWanted`` and ``VerifyWanted`` are addressed to the driver, which feeds the answer
        back whenever it is ready; answers to questions that no longer matter are ignored.

        Raises:
            SessionOver: audio or a hang-up after the call has been hung up.
        """
        return [self._publishable(event) for event in self._events(item)]

    def _events(self, item: Input) -> Iterator[Output]:
        """Lazily, so that each event is counted before the next one, the call's end above all, is made."""
        if not self._started:
            self._started = True
            yield self._started_event()
        match item:
            case AudioFrame() | AudioLoss():
                self._refuse_if_hung_up()
                yield from self._on_audio(item)
            case Hypothesis():
                yield from self._on_words(item)
            case Verdict():
                yield from self._on_verdict(item)
            case Hangup():
                self._refuse_if_hung_up()
                yield from self._on_hangup(item)
        yield from self._settle()

    # ── audio ────────────────────────────────────────────────────────────────────────────────────

    def _on_audio(self, item: AudioFrame | AudioLoss) -> Iterator[Output]:
        ear = self._ears.get(item.side)
        if ear is None:
            yield self._gap(item.side, item.from_ms, item.to_ms, "unknown side")
            return
        if isinstance(item, AudioLoss):
            ear.lose(item)
            # The same loss of the other side is its next input: nobody is late yet.
        else:
            ear.push(item)
            self._catch_up()
        yield from self._whole_blocks()

    def _whole_blocks(self) -> Iterator[Output]:
        """Take every block that all sides have."""
        while all(ear.ready for ear in self._ears.values()):
            yield from self._block()

    def _catch_up(self) -> None:
        """A side that is far behind the other has lost what it did not send."""
        front = max(ear.heard_ms for ear in self._ears.values())
        for side, ear in self._ears.items():
            if front - ear.heard_ms > SKEW_MS:
                late = AudioLoss(side=side, from_ms=ear.heard_ms, to_ms=Ms(front - SKEW_MS), reason="stalled")
                ear.lose(late)

    def _block(self) -> Iterator[Output]:
        voiced: dict[Side, bool] = {}
        self._blocks += 1
        for side, ear in self._ears.items():
            heard = ear.step()
            if heard.hole:
                yield self._gap(side, heard.hole.from_ms, heard.hole.to_ms, heard.hole.reason)
                self._settled.hold(Hole(side, heard.hole.from_ms, heard.hole.to_ms))
            for move in heard.moves:
                yield from self._on_move(side, move)
            voiced[side] = ear.endpoint.voiced
        self.quiet = not any(voiced.values()) and all(ear.endpoint.open_from_ms is None for ear in self._ears.values())
        self._figures.block(voiced)
        yield from self._settle()
        if self._blocks % BLOCKS_PER_MEASURE == 0:
            levels = {side: ear.level for side, ear in self._ears.items()}
            yield self._figures.event(self.call.call_id, self.at_ms, levels)
            for side, level in levels.items():
                self._settled.hold(Levels(side, self.at_ms, level.level_dbfs, level.snr_db))

    def _gap(self, side: Side, from_ms: Ms, to_ms: Ms, reason: str) -> AudioGap:
        return AudioGap(call_id=self.call.call_id, at_ms=to_ms, side=side, from_ms=from_ms, to_ms=to_ms, reason=reason)

    # ── utterances ───────────────────────────────────────────────────────────────────────────────

    def _on_move(self, side: Side, move: Move) -> Iterator[Output]:
        match move:
            case Opened(from_ms=from_ms):
                utterance = Utterance(side, from_ms)
                ledger = Ledger(self.call.call_id, utterance.id, side, self._matcher)
                self._open[side].append(_Open(utterance, ledger, self._matcher))
            case Ask():
                entry = self._open[side][-1]
                if move.decode is not Pass.PARTIAL:
                    entry.asked = move
                if not self._policy.finals_only:
                    yield self._wanted(entry, move)
            case Closed(to_ms=to_ms, revision=revision):
                entry = self._open[side][-1]
                entry.utterance.to_ms = to_ms
                entry.utterance.final_revision = revision
                if entry.resolvable:
                    entry.known = True
                    yield from self._resolve_in_order(side)
                elif self._policy.finals_only:
                    assert entry.asked is not None and entry.asked.revision == revision
                    yield self._wanted(entry, replace(entry.asked, decode=Pass.FINAL))

    def _wanted(self, entry: _Open, ask: Ask) -> DecodeWanted:
        return DecodeWanted(
            call_id=self.call.call_id,
            utterance_id=entry.utterance.id,
            revision=ask.revision,
            decode=ask.decode,
            side=entry.utterance.side,
            from_ms=ask.from_ms,
            to_ms=ask.to_ms,
            pcm=ask.pcm,
            agreed=entry.utterance.agreed,
        )

    def _on_words(self, heard: Hypothesis) -> Iterator[Output]:
        for entry in self._open.get(heard.side, ()):
            if entry.utterance.id == heard.utterance_id:
                break
        else:
            return
        if not entry.utterance.take(heard):
            return
        if entry.resolvable:
            yield from self._resolve_in_order(heard.side)
        else:
            yield from self._partial(entry, heard)

    def _partial(self, entry: _Open, heard: Hypothesis) -> Iterator[Output]:
        if heard.text or entry.shown:
            entry.shown = True
            yield Transcript(
                call_id=self.call.call_id,
                at_ms=heard.to_ms,
                status="partial",
                utterance_id=entry.utterance.id,
                side=heard.side,
                from_ms=entry.utterance.from_ms,
                to_ms=heard.to_ms,
                text=heard.text,
                stable_chars=entry.utterance.stable_chars,
            )
        yield from self._match(entry, heard, final=False)

    def _resolve_in_order(self, side: Side) -> Iterator[Output]:
        """Answers may overtake each other; a sentence waits for the one before it, whose words it may go on with."""
        for entry in list(self._open[side]):
            if not entry.resolvable:
                break
            yield from self._resolve(entry)

    def _resolve(self, entry: _Open) -> Iterator[Output]:
        """What was said is known."""
        utterance, side = entry.utterance, entry.utterance.side
        assert utterance.to_ms is not None
        self._open[side].remove(entry)
        heard = utterance.final
        if heard is None or not heard.text:
            yield from entry.ledger.enter((), Heard(0, True, read(""), b""))
            if entry.shown:
                yield self._final(utterance, heard)
            if heard is not None and heard.dropped.startswith("engine"):
                yield self._gap(side, utterance.from_ms, utterance.to_ms, heard.dropped)
            return
        yield self._final(utterance, heard)
        if entry.known and entry.matched_after == self._sentence_before(side):
            yield from entry.ledger.confirm()
        else:
            yield from self._match(entry, heard, final=True)
        if entry.ledger.waiting:
            self._judging[utterance.id] = entry.ledger
        reading = read(heard.text)
        self._figures.sides[side].words(len(reading.plain), utterance.to_ms - utterance.from_ms)
        self._before[side] = _Before(utterance.id, heard.text, WordClock(heard), utterance.to_ms)
        self._settled.hold(VoiceOn(side, utterance.from_ms))
        self._settled.hold(Spoke(side, utterance.from_ms, utterance.to_ms, utterance.id, reading))
        self._settled.hold(VoiceOff(side, utterance.to_ms))

    def _final(self, utterance: Utterance, heard: Hypothesis | None) -> Transcript:
        assert utterance.to_ms is not None
        return Transcript(
            call_id=self.call.call_id,
            at_ms=utterance.to_ms,
            status="final",
            utterance_id=utterance.id,
            side=utterance.side,
            from_ms=utterance.from_ms,
            to_ms=utterance.to_ms,
            text=heard.text if heard else "",
            stable_chars=len(heard.text) if heard else 0,
            words=tuple(
                TranscriptWord(text=word.text, from_ms=word.from_ms, to_ms=word.to_ms)
                for word in (heard.words if heard else ())
            ),
        )

    # ── what may not be said ─────────────────────────────────────────────────────────────────────

    def _sentence_before(self, side: Side) -> str:
        before = self._before.get(side)
        return before.utterance_id if before is not None else ""

    def _match(self, entry: _Open, heard: Hypothesis, *, final: bool) -> Iterator[Output]:
        entry.matched_after = self._sentence_before(heard.side)
        reading = read(heard.text)
        clock = WordClock(heard)
        hits = entry.matcher.find(reading, heard.side)
        if heard.others and all(hit.needs_audio for hit in hits):
            asked = {hit.rule.id for hit in hits}
            others = nearly_said(entry.matcher, reading, heard.others, heard.side)
            hits += [hit for hit in others if hit.rule.id not in asked]
        findings = [self._place(hit, reading, 0, clock) for hit in hits]
        findings += self._across_the_pause(entry, heard, clock)
        ask = entry.asked
        pcm = ask.pcm if ask is not None and ask.revision == heard.revision else b""
        yield from entry.ledger.enter(findings, Heard(heard.revision, final, reading, pcm))

    def _across_the_pause(self, entry: _Open, heard: Hypothesis, clock: WordClock) -> list[Finding]:
        """Phrases that begin in the sentence before and end in this one."""
        before = self._before.get(heard.side)
        if before is None or entry.utterance.from_ms - before.to_ms > BREATH_MS or not heard.text:
            return []
        ended = before.text.rstrip("，。！？；、,.!?; ")
        tail = ended[-BREATH_CHARS:]
        reading = read(tail + heard.text)
        seam = len(read(tail).plain)
        findings = []
        for hit in entry.matcher.find(reading, heard.side):
            if hit.start < seam < hit.end and hit.match != "meaning" and not hit.needs_audio:
                found = self._place(hit, reading, len(tail), clock)
                began = len(ended) - len(tail) + raw_span(reading, hit)[0]
                findings.append(replace(found, from_ms=before.clock.at(began)))
        return findings

    def _place(self, hit: Hit, reading: Reading, shift: int, clock: WordClock) -> Finding:
        start, end = raw_span(reading, hit)
        return Finding(hit, reading.raw[start:end], clock.at(start - shift), clock.end(end - shift))

    def _on_verdict(self, verdict: Verdict) -> Iterator[Output]:
        for entries in self._open.values():
            for entry in entries:
                yield from entry.ledger.judge(verdict)
        for utterance_id, ledger in list(self._judging.items()):
            yield from ledger.judge(verdict)
            if not ledger.waiting:
                del self._judging[utterance_id]

    # ── the settled timeline ─────────────────────────────────────────────────────────────────────

    def _watermark(self) -> Ms:
        marks = [self.at_ms]
        for side, ear in self._ears.items():
            marks.append(ear.endpoint.settled_ms)
            if self._open[side]:
                marks.append(self._open[side][0].utterance.from_ms)
        return min(marks)

    def _settle(self) -> Iterator[Output]:
        if self.over:
            return
        for cue in self._settled.advance(self._watermark()):
            yield from self._conducted(cue)
        if self._hangup and not self._judging and not any(self._open.values()):
            self.over = True
            yield from self._conducted(Ended(self.at_ms, self._hangup.by))
            yield self._ended_event()

    def _conducted(self, cue: Cue) -> list[Published]:
        return cast(list[Published], self._conduct.feed(cue))

    # ── beginning and end ────────────────────────────────────────────────────────────────────────

    def _on_hangup(self, hangup: Hangup) -> Iterator[Output]:
        end_ms = max(ear.heard_ms for ear in self._ears.values())
        for ear in self._ears.values():
            ear.finish()
            end_ms = max(end_ms, ear.heard_ms)
        for side, ear in self._ears.items():
            if ear.heard_ms < end_ms:
                ear.lose(AudioLoss(side=side, from_ms=ear.heard_ms, to_ms=end_ms, reason="ended early"))
                ear.finish()
        yield from self._whole_blocks()
        for side, ear in self._ears.items():
            for move in ear.endpoint.close():
                yield from self._on_move(side, move)
        self._hangup = hangup

    def _refuse_if_hung_up(self) -> None:
        if self._hangup is not None:
            raise SessionOver("the call has ended", where=self.call.call_id)

    def _started_event(self) -> CallStarted:
        return CallStarted(
            call_id=self.call.call_id,
            at_ms=Ms(0),
            agent_id=self.call.agent_id,
            direction=self.call.direction,
            sides=self.call.sides,
            rules_version=self._matcher.ruleset.version,
            model=self.call.model,
        )

    def _ended_event(self) -> CallEnded:
        assert self._hangup is not None
        summary: dict[str, Any] = {"duration_ms": self.at_ms, **self._scorecard.summary()}
        return CallEnded(call_id=self.call.call_id, at_ms=self.at_ms, reason=self._hangup.reason, summary=summary)

    def _publishable(self, event: Output) -> Output:
        if isinstance(event, Warning):  # ids are unique over all calls: reviews refer to them
            event = replace(event, warning_id=f"{self.call.call_id}:{event.warning_id}")
        if isinstance(event, Warning | Requirement):
            self._scorecard.count(event)
        mask = self._policy.mask
        if mask is None:
            return event
        match event:
            case Transcript():
                words = _mask_words(event.words, event.text, mask)
                return replace(event, text=mask(event.text), words=words)
            case Warning() | Requirement() if event.quote:
                return replace(event, quote=mask(event.quote))
        return event


def _mask_words(words: tuple[TranscriptWord, ...], text: str, mask: Callable[[str], str]) -> tuple[TranscriptWord, ...]:
    """Mask words as the whole text is masked: a number spread over words is still a number."""
    masked, at, out = mask(text), 0, []
    for word in words:
        stem = word.text.strip()
        start = text.find(stem, at) if stem else -1
        if start < 0:
            out.append(word)
            continue
        at = start + len(stem)
        out.append(replace(word, text=masked[start:at]))
    return tuple(out)
