"""What comes out of a call. One JSON object each; the contract's every kind.

``DecodeWanted`` and ``VerifyWanted`` are addressed to the driver and never leave it. All others
are published: the driver stamps ``seq`` and ``seen_at``, nothing else. The same ``warning_id``
(or ``prompt_id``, or ``rule_id`` of a requirement) sent again replaces what was sent before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from monitor.errors import InputError
from monitor.frames import Hypothesis, Pass, Side, Word
from monitor.timeline import Ms

Direction = Literal["inbound", "outbound"]
Severity = Literal["critical", "major", "minor", "hint"]
SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor", "hint")
Match = Literal["literal", "word", "pinyin", "pattern", "meaning", "acoustic", "absence", "measure", "protocol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Fields that every published event has."""

    call_id: str
    at_ms: Ms
    """When it became true, in media time (not when it was noticed)."""
    seq: int = 0
    """1, 2, 3 … in the call; 0 until the driver has stamped it."""
    seen_at: str = ""
    """RFC 3339 wall time of publication; empty until the driver has stamped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """A call is being listened to."""

    kind: Literal["call.started"] = "call.started"
    agent_id: str = ""
    direction: Direction = "inbound"
    sides: tuple[Side, ...] = ()
    rules_version: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptWord:
    """One word of a final transcript."""

    text: str
    from_ms: Ms
    to_ms: Ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(Event):
    """Words of one utterance. A partial is replaced by the next of the same utterance."""

    kind: Literal["transcript"] = "transcript"
    status: Literal["partial", "final"]
    utterance_id: str
    side: Side
    from_ms: Ms
    to_ms: Ms
    text: str
    """Empty in a final that takes back its partials: it was not speech after all."""
    stable_chars: int = 0
    """How many leading characters of a partial two decodes in a row agreed on."""
    words: tuple[TranscriptWord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Warning(Event):  # noqa: A001 - the contract's word
    """Something the agent said, or failed to say or do."""

    kind: Literal["warning"] = "warning"
    warning_id: str
    status: Literal["provisional", "confirmed", "retracted"]
    rule_id: str
    title: str
    category: str = ""
    severity: Severity
    side: Side
    quote: str = ""
    """The words as heard, before normalisation."""
    phrase: str = ""
    """The rule's own wording that was matched."""
    match: Match
    score: float = 1.0
    """0–1: share of hits like this one that were right on the rules' own examples."""
    from_ms: Ms
    to_ms: Ms
    rewrite: str = ""
    advice: str = ""
    basis: str = ""
    lag_ms: int | None = None
    """Wall time from the arrival of the quote's last sample to publication (the driver's)."""
    utterance_id: str = ""
    also: tuple[str, ...] = ()
    """Other rules that the same words broke; charged once, under this one."""
    trial: bool = False
    """A rule on trial: shown, not scored."""
    rules_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt(Event):
    """A sentence the agent should say now."""

    kind: Literal["prompt"] = "prompt"
    prompt_id: str
    status: Literal["shown", "done", "cleared", "missed"]
    protocol: str
    step: str
    title: str = ""
    say: str = ""
    due_ms: Ms | None = None
    """When it should be said at the latest."""
    next_ms: Ms | None = None
    """When the protocol's next step falls due if nothing happens."""
    may_end: bool = False
    """The protocol now permits the agent to hang up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement(Event):
    """Something that must be said in this call, and whether it has been."""

    kind: Literal["requirement"] = "requirement"
    rule_id: str
    status: Literal["pending", "met", "missed"]
    title: str
    severity: Severity = "minor"
    say: str = ""
    """The wording to offer while it is pending."""
    due_ms: Ms | None = None
    quote: str = ""
    occasion: int = 1
    """1, 2 … for rules that one call can call for more than once (each hold, each complaint)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Event):
    """A wording the handbook offers for what the customer has just said."""

    kind: Literal["reply"] = "reply"
    reply_id: str
    rule_id: str
    title: str
    say: str
    trigger: str = ""
    """The customer's words that called for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure(Event):
    """Running figures of each side, once a second of media time."""

    kind: Literal["measure"] = "measure"
    talk_ms: dict[Side, int] = field(default_factory=dict)
    """Speech so far."""
    silence_ms: dict[Side, int] = field(default_factory=dict)
    """Length of the silence that lasts now; 0 while the side speaks."""
    overlap_ms: dict[Side, int] = field(default_factory=dict)
    """Speech so far that ran over the other side's."""
    chars_per_min: dict[Side, int | None] = field(default_factory=dict)
    """Characters per minute of the side's own speech, over its last minute that held words."""
    level_dbfs: dict[Side, float | None] = field(default_factory=dict)
    """RMS of voiced blocks, smoothed; dB relative to full scale."""
    snr_db: dict[Side, float | None] = field(default_factory=dict)
    interruptions: dict[Side, int] = field(default_factory=dict)
    """How often this side began to speak into the other's speech."""
    dead_air_ms: int = 0
    """How long nobody has spoken, up to now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallState(Event):
    """What the call is in: for the tile on the wall and the top of the sidebar."""

    kind: Literal["state"] = "state"
    state: Literal["talking", "silent", "hold", "complaint", "abusive"]
    since_ms: Ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Event):
    """A supervisor's word to the agent. In JSON the author is ``from``."""

    kind: Literal["note"] = "note"
    author: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioGap(Event):
    """Sound that never arrived; nothing is said about this stretch."""

    kind: Literal["audio.gap"] = "audio.gap"
    side: Side
    from_ms: Ms
    to_ms: Ms
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The call is over; nothing follows but reviews."""

    kind: Literal["call.ended"] = "call.ended"
    reason: str
    summary: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeWanted:
    """To the driver: turn this stretch into words and feed the ``Hypothesis`` back."""

    call_id: str
    utterance_id: str
    revision: int
    """1, 2 … within the utterance; an answer to an older one than the newest is still welcome."""
    decode: Pass
    side: Side
    from_ms: Ms
    to_ms: Ms
    pcm: bytes
    """16 kHz mono int16 little-endian, the whole utterance so far."""
    agreed: str = ""
    """Words two partial decodes agreed on, for engines that can start behind them."""
    brief: bool = False
    """Others wait: hear it as cheaply as a partial, in the shortest window that will do."""

    def answer(
        self,
        text: str,
        words: tuple[Word, ...] = (),
        *,
        others: tuple[str, ...] = (),
        confidence: float = 1.0,
        dropped: str = "",
    ) -> Hypothesis:
        """The ``Hypothesis`` that answers this, with what was heard."""
        return Hypothesis(
            utterance_id=self.utterance_id,
            revision=self.revision,
            decode=self.decode,
            side=self.side,
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            text=text,
            words=words,
            others=others,
            confidence=confidence,
            dropped=dropped,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyWanted:
    """To the driver: does the audio of this utterance hold ``candidate`` where ``heard`` stands?"""

    call_id: str
    request_id: str
    utterance_id: str
    revision: int
    pcm: bytes
    text: str
    """The whole transcript, as heard."""
    start: int
    end: int
    """``text[start:end]`` is what the candidate would replace."""
    candidate: str


Published = (
    CallStarted
    | Transcript
    | Warning
    | Prompt
    | Requirement
    | Reply
    | Measure
    | CallState
    | Note
    | AudioGap
    | CallEnded
)
Output = Published | DecodeWanted | VerifyWanted


@cache
def _adapter() -> TypeAdapter[Published]:
    return TypeAdapter(Annotated[Published, Field(discriminator="kind")])


def to_json(event: Published) -> dict[str, Any]:
    """The event as the contract's JSON object (a ``dict`` ready for ``json.dumps``)."""
    data: dict[str, Any] = _adapter().dump_python(event, mode="json")
    if "author" in data:
        data["from"] = data.pop("author")
    return data


def from_json(data: Mapping[str, Any]) -> Published:
    """The event that :func:`to_json` wrote.

    Raises:
        InputError: ``EVT-001``, not an event of the contract.
    """
    data = dict(data)
    if data.get("kind") == "note" and "from" in data:
        data["author"] = data.pop("from")
    try:
        return _adapter().validate_python(data)
    except ValueError as error:
        raise InputError(f"not an event: {error}", code="EVT-001") from None


def schema() -> dict[str, Any]:
    """JSON Schema of every kind, keyed by kind."""
    full = _adapter().json_schema(mode="serialization")
    definitions = full.get("$defs", {})
    note = definitions.get("Note", {}).get("properties", {})
    if "author" in note:
        note["from"] = note.pop("author")
        required = definitions["Note"].get("required", [])
        definitions["Note"]["required"] = ["from" if name == "author" else name for name in required]
    return full
