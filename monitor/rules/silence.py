"""One silent call: its table of states, and the machine that walks it.

See :mod:`monitor.rules.silent` for what a rule file may say.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Final, Literal

from monitor.events import Event, Prompt
from monitor.frames import Side
from monitor.rules.cues import Cue, Ended, Hole, Spoke, VoiceOff, VoiceOn
from monitor.rules.scene import Scene, Signal
from monitor.rules.silent import Forbidden, Say, SilentCallRule
from monitor.rules.timed import Scribe, Violation
from monitor.rules.wording import Wordings
from monitor.text.reading import Reading, read
from monitor.timeline import Ms


class State(Enum):
    """Where a silent call stands."""

    IDLE = auto()
    """The agent has not spoken yet."""
    GREETED = auto()
    """The first wait runs."""
    ASK = auto()
    """Time to ask again."""
    ASKED = auto()
    """The wait after an enquiry runs."""
    CLOSE = auto()
    """Time for the closing sentence."""
    CLOSED = auto()
    """The last wait runs."""
    MAY_END = auto()
    """The agent may hang up."""
    TALKING = auto()
    """The customer has spoken: no silent call."""
    OVER = auto()


class Step(Enum):
    """What moves a silent call on."""

    ASKS = auto()
    """The agent said something else than the closing sentence."""
    CLOSES = auto()
    """The agent said the closing sentence."""
    LIMIT = auto()
    """The wait is over, and it has been asked often enough."""
    LIMIT_FEW = auto()
    """The wait is over, and another enquiry is wanted."""
    CUSTOMER = auto()
    """The customer says a word."""
    HANGUP = auto()


_WAITING: Final = (State.GREETED, State.ASKED, State.CLOSED)
_PROMPTING: Final[Mapping[State, str]] = {State.ASK: "ask_again", State.CLOSE: "call_back", State.MAY_END: "hang_up"}

TABLE: Final[Mapping[tuple[State, Step], State]] = {
    (State.IDLE, Step.ASKS): State.GREETED,
    (State.IDLE, Step.CLOSES): State.CLOSED,
    (State.GREETED, Step.ASKS): State.ASKED,
    (State.GREETED, Step.CLOSES): State.CLOSED,
    (State.GREETED, Step.LIMIT): State.CLOSE,
    (State.GREETED, Step.LIMIT_FEW): State.ASK,
    (State.ASK, Step.ASKS): State.ASKED,
    (State.ASK, Step.CLOSES): State.CLOSED,
    (State.ASKED, Step.ASKS): State.ASKED,
    (State.ASKED, Step.CLOSES): State.CLOSED,
    (State.ASKED, Step.LIMIT): State.CLOSE,
    (State.ASKED, Step.LIMIT_FEW): State.ASK,
    (State.CLOSE, Step.ASKS): State.ASKED,
    (State.CLOSE, Step.CLOSES): State.CLOSED,
    (State.CLOSED, Step.ASKS): State.CLOSED,
    (State.CLOSED, Step.CLOSES): State.CLOSED,
    (State.CLOSED, Step.LIMIT): State.MAY_END,
    (State.CLOSED, Step.LIMIT_FEW): State.MAY_END,
    (State.MAY_END, Step.ASKS): State.MAY_END,
    (State.MAY_END, Step.CLOSES): State.MAY_END,
    (State.TALKING, Step.ASKS): State.GREETED,
    **{(state, Step.CUSTOMER): State.TALKING for state in State if state is not State.OVER},
    **{(state, Step.HANGUP): State.OVER for state in State},
}
"""What is not in the table changes nothing. From TALKING it begins anew only while the customer has
said no more than a hello."""


class SilentCall:
    """One silent call. Timers run from the end of the last voice, and only while nobody speaks."""

    hears = (VoiceOn, VoiceOff, Spoke, Hole, Ended)
    signals: frozenset[str] = frozenset()

    def __init__(self, rule: SilentCallRule, scene: Scene, scribe: Scribe) -> None:
        self._rule, self._scene, self._scribe = rule, scene, scribe
        steps, classes = rule.steps, scribe.classes
        self._enquiry = Wordings.of(steps.ask_again.accept, steps.ask_again.patterns, classes=classes)
        self._closing = Wordings.of(steps.call_back.accept, steps.call_back.patterns, classes=classes)
        self._no_sound = Wordings.of(patterns=rule.no_sound, classes=classes)
        self._forbidden = [(item, Wordings.of(item.phrases, loose=False)) for item in rule.forbidden]
        self.state = State.IDLE
        self._anchor: Ms | None = None
        """End of the last voice; None while somebody speaks or nothing was said yet."""
        self._gap_ms = 0
        """Silence before the agent's present utterance."""
        self._begun_ms = Ms(0)
        """Start of that silence."""
        self._sentence: list[str] = []
        """Utterances of the agent that make one sentence."""
        self._before: tuple[State, int, int] = (State.IDLE, 0, 0)
        """State, enquiries and silence at the beginning of that sentence."""
        self._enquiries = 0
        self._shown: tuple[str, Ms] | None = None
        """The prompt that is on the agent's screen: step and when it was shown."""
        self._done: tuple[str, Ms, Ms] | None = None
        """The prompt that was done last and when its ring is full: step, shown, next step."""
        self._cleared: tuple[str, Ms] | None = None
        """The prompt that the sentence so far did not answer."""
        self._deaf = False
        """So much of the customer's sound was lost in this wait that silence proves nothing."""
        self._slow_said = False
        self._spoken_ms: Ms | None = None
        """When the customer last spoke into the silent call, until the agent answers."""

    # ── what comes in ────────────────────────────────────────────────────────────────────────────

    def take(self, cue: Cue | Signal) -> Iterator[Event]:
        """See :class:`Machine`."""
        match cue:
            case VoiceOn(side=Side.AGENT):
                yield from self._agent_begins(cue.at_ms)
            case VoiceOn(side=Side.CUSTOMER):
                yield from self._customer_begins(cue.at_ms)
            case Spoke(side=Side.AGENT):
                yield from self._agent_spoke(cue)
            case VoiceOff(side=Side.AGENT | Side.CUSTOMER):
                if self._scene.quiet:
                    self._anchor = cue.at_ms
                    self._slow_said = self._deaf = False
                    yield from self._ring()
            case Hole(side=Side.CUSTOMER, from_ms=from_ms, to_ms=to_ms):
                if to_ms - from_ms > self._rule.tolerance_ms:
                    self._deaf = True
            case Ended():
                yield from self._ends(cue)

    def due_ms(self) -> Ms | None:
        """See :class:`Machine`."""
        if self._anchor is None:
            return None
        if self.state in _WAITING:
            return Ms(self._anchor + self._rule.wait_ms)
        if self.state in (State.ASK, State.CLOSE) and not self._slow_said:
            return Ms(self._anchor + max(self._rule.slow_ms, self._rule.wait_ms))
        return None

    def expire(self, at_ms: Ms) -> Iterator[Event]:
        """See :class:`Machine`."""
        if self.state in _WAITING:
            enough = self._enquiries >= self._rule.min_enquiries
            self._go(Step.LIMIT if enough else Step.LIMIT_FEW)
            yield from self._show(at_ms)
            return
        self._slow_said = True
        if self.state is State.ASK and not self._deaf:
            yield self._charge(at_ms, "slow", self._rule.violations.slow, self._anchor or at_ms)

    # ── the agent ────────────────────────────────────────────────────────────────────────────────

    def _agent_begins(self, at_ms: Ms) -> Iterator[Event]:
        self._gap_ms = at_ms - self._anchor if self._anchor is not None else 0
        self._begun_ms = self._anchor if self._anchor is not None else at_ms
        self._anchor = None
        if self._gap_ms >= self._rule.same_turn_ms or self.state is State.TALKING:
            self._sentence.clear()
        yield from ()

    def _agent_spoke(self, cue: Spoke) -> Iterator[Event]:
        if len(cue.reading.lean) < 2 and not self._forbidden_in(cue.reading):
            return  # «嗯»: a voice that resets the wait, but no sentence
        fresh = not self._sentence
        if fresh:
            self._before, self._cleared = (self.state, self._enquiries, self._gap_ms), None
        self._sentence = [*self._sentence[-7:], cue.reading.raw]
        if self.state is State.TALKING:
            yield from self._agent_answers(cue)
            return
        yield from self._charge_words(cue)
        closes = self._closing.find(read("，".join(self._sentence))) is not None
        if not fresh and (not closes or self.state in (State.CLOSED, State.MAY_END)):
            return  # the same sentence goes on
        state, self._enquiries, gap_ms = self._before
        self.state = state
        wait_ms = self._rule.wait_ms - self._rule.tolerance_ms
        if state in (State.GREETED, State.ASKED) and gap_ms < wait_ms and (closes or self._enquiry.find(cue.reading)):
            yield self._charge(cue.to_ms, "early", self._rule.violations.early, self._begun_ms, cue)
        if not closes:
            self._enquiries += state not in (State.CLOSED, State.MAY_END)
        elif state not in (State.CLOSED, State.MAY_END) and self._enquiries < self._rule.min_enquiries:
            yield self._charge(cue.to_ms, "few-enquiries", self._rule.violations.few_enquiries, cue.from_ms, cue)
        self._go(Step.CLOSES if closes else Step.ASKS)
        if closes:
            self._scene.signal(Signal(f"{self._rule.id}.closed", cue.to_ms, cue.from_ms, cue.side, cue.reading.raw))
        if state in (State.ASK, State.CLOSE):
            self._shown = self._shown or self._cleared
            self._cleared = None if closes else self._shown
            yield from self._dismiss(cue.to_ms, "done" if (state is State.CLOSE) == closes else "cleared")

    def _agent_answers(self, cue: Spoke) -> Iterator[Event]:
        """The agent's first words after the customer has spoken."""
        if self._spoken_ms is not None and cue.from_ms < self._spoken_ms:
            return  # begun before the customer was heard
        if self._spoken_ms is not None:
            deaf = self._no_sound.find(cue.reading) is not None
            if deaf:
                yield self._charge(cue.to_ms, "went-on", self._rule.violations.went_on, self._spoken_ms, cue)
            yield from self._dismiss(cue.to_ms, "cleared" if deaf else "done")
            self._spoken_ms = None
        if not self._scene.substance[Side.CUSTOMER]:
            self._enquiries = 1
            self._go(Step.ASKS)

    def _charge_words(self, cue: Spoke) -> Iterator[Event]:
        item = self._forbidden_in(cue.reading)
        if item is not None and item.charged_by not in self._scribe.in_force:
            yield self._charge(cue.to_ms, "words", item.violation, cue.from_ms, cue, quote=cue.reading.raw)

    def _forbidden_in(self, reading: Reading) -> Forbidden | None:
        bare = reading.lean.removeprefix("你好").removesuffix("你好")
        for item, wordings in self._forbidden:
            if bare in item.words or wordings.find(reading):
                return item
        return None

    # ── the customer, and the end ────────────────────────────────────────────────────────────────

    def _customer_begins(self, at_ms: Ms) -> Iterator[Event]:
        self._anchor = None
        begun = self.state not in (State.IDLE, State.GREETED, State.TALKING, State.OVER)
        if self.state in (State.GREETED, State.ASK, State.ASKED, State.CLOSE, State.CLOSED, State.MAY_END):
            self._spoken_ms = at_ms
        self._go(Step.CUSTOMER)
        self._done = None
        if begun:
            yield from self._dismiss(at_ms, "cleared")
            yield from self._prompt(at_ms, "resume")

    def _ends(self, cue: Ended) -> Iterator[Event]:
        state, anchor = self.state, self._anchor
        unanswered = self._shown is not None and self._shown[0] == "resume"
        waited = cue.at_ms - anchor if anchor is not None else 0
        self._go(Step.HANGUP)
        status: Literal["done", "cleared"] = "done" if state is State.MAY_END else "cleared"
        yield from self._dismiss(cue.at_ms, status)
        self._anchor = None
        if cue.by is Side.CUSTOMER or self._deaf:
            return
        certain = cue.by is Side.AGENT
        from_ms = anchor if anchor is not None else cue.at_ms
        if state in (State.ASK, State.ASKED, State.CLOSE) or (state is State.GREETED and certain):
            yield self._charge(cue.at_ms, "no-closing", self._rule.violations.no_closing, from_ms)
        elif state is State.CLOSED and waited < self._rule.wait_ms - self._rule.tolerance_ms:
            yield self._charge(cue.at_ms, "early-hangup", self._rule.violations.early_hangup, from_ms)
        elif state is State.TALKING and certain and unanswered and self._spoken_ms is not None:
            yield self._charge(cue.at_ms, "went-on", self._rule.violations.went_on, self._spoken_ms)

    # ── what goes out ────────────────────────────────────────────────────────────────────────────

    def _go(self, step: Step) -> None:
        self.state = TABLE.get((self.state, step), self.state)

    def _charge(
        self, at_ms: Ms, name: str, violation: Violation, from_ms: Ms, cue: Spoke | None = None, *, quote: str = ""
    ) -> Event:
        return self._scribe.warning(
            at_ms,
            from_ms,
            name=name,
            violation=violation,
            quote=quote or (cue.reading.raw if cue else ""),
            utterance_id=cue.utterance_id if cue else "",
        )

    def _show(self, at_ms: Ms) -> Iterator[Event]:
        """The wait is over: what the agent should do now."""
        self._done = None
        yield from self._prompt(at_ms, _PROMPTING[self.state])

    def _prompt(self, at_ms: Ms, step: str) -> Iterator[Event]:
        if step == "ask_again":
            self._scene.signal(Signal(self._rule.id, at_ms, self._anchor or at_ms))
        self._shown = (step, at_ms)
        due_ms = None
        if step in ("ask_again", "call_back") and self._anchor is not None:
            due_ms = Ms(max(at_ms, self._anchor + self._rule.slow_ms))
        yield self._said("shown", step, at_ms, at_ms, due_ms=due_ms)

    def _dismiss(self, at_ms: Ms, status: Literal["done", "cleared"]) -> Iterator[Event]:
        if self._shown is None:
            return
        step, shown_ms = self._shown
        self._shown = None
        next_ms = None
        if status == "done" and step in ("ask_again", "call_back"):
            next_ms = Ms(at_ms + self._rule.wait_ms)
            self._done = (step, shown_ms, next_ms)
        yield self._said(status, step, shown_ms, at_ms, next_ms=next_ms)

    def _ring(self) -> Iterator[Event]:
        """The voice has ended later than the words that did the prompt: the wait runs from here."""
        if self._done is None or self._anchor is None or self.state not in _WAITING:
            return
        step, shown_ms, known_ms = self._done
        next_ms = Ms(self._anchor + self._rule.wait_ms)
        if next_ms != known_ms:
            self._done = (step, shown_ms, next_ms)
            yield self._said("done", step, shown_ms, self._anchor, next_ms=next_ms)

    def _said(
        self,
        status: Literal["shown", "done", "cleared", "missed"],
        step: str,
        shown_ms: Ms,
        at_ms: Ms,
        *,
        due_ms: Ms | None = None,
        next_ms: Ms | None = None,
    ) -> Prompt:
        words: Say = getattr(self._rule.steps, step)
        return self._scribe.prompt(
            at_ms,
            status,
            step.replace("_", "-"),
            shown_ms=shown_ms,
            title=words.title,
            say=words.say,
            due_ms=due_ms,
            next_ms=next_ms,
            may_end=step == "hang_up" and status == "shown",
        )
