"""What a rule file may say. Every kind of rule is one strict pydantic model.

Common fields are here, and :class:`BannedRule`. Other kinds live beside their machinery and
announce themselves with :func:`kind`; :mod:`monitor.rules.kinds` imports them all.
"""

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from typing import Annotated, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from monitor.events import Severity
from monitor.text.wording import PatternError, compile_pattern

Status = Literal["draft", "trial", "stable"]
"""draft: loaded, never fires. trial: fires, is not scored. stable: fires and counts."""

Text = Annotated[str, Field(min_length=1)]

PROOF_HITS = 3
PROOF_MISSES = 3
"""How many examples of each sort a stable rule must bring."""


class Strict(BaseModel):
    """A part of a rule file: unknown keys are faults, values are not coerced, nothing changes later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Fault(NamedTuple):
    """Something wrong in a rule file that was found after the schema."""

    path: tuple[str | int, ...]
    """Keys and indices that lead to it."""
    code: str
    what: str


class Rule(Strict):
    """Fields that every kind of rule has."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    """The file's name without its ending; never reused for something else."""
    kind: str
    title: Text
    """One Chinese line, as agents and supervisors see it."""
    status: Status = "draft"
    severity: Severity
    category: str = ""
    basis: str = ""
    """Who says so: the handbook's name and section, e.g. 《淘宝客服电话标准话术方案》§一.15."""
    provision: tuple[str, ...] = ()
    """Ids of the handbook catalogue that this rule carries out."""
    advice: str = ""
    """Why, or what to do instead, in one Chinese sentence."""
    rewrite: str = ""
    """The wording to use instead, when no rewrite with slots fits."""
    note: str = ""
    """For the next author; never shown to agents."""

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """What the schema cannot see: bad patterns, a stable rule without its proof. Kinds extend it."""
        return []


def proof_faults(hits: int, misses: int) -> list[Fault]:
    """RULE-007 where a stable rule has too few examples of its own."""
    wanted = (("hit", hits, PROOF_HITS), ("miss", misses, PROOF_MISSES))
    return [
        Fault(
            ("examples", name), "RULE-007", f"a stable rule needs at least {least} examples of {name!r}, it has {have}"
        )
        for name, have, least in wanted
        if have < least
    ]


def pattern_faults(key: str, patterns: Sequence[str], classes: Mapping[str, str]) -> list[Fault]:
    """RULE-006 for every pattern under ``key`` that does not compile."""
    found = []
    for index, written in enumerate(patterns):
        if fault := _slots(written, classes)[1]:
            found.append(Fault((key, index), "RULE-006", fault))
    return found


def _slots(written: str, classes: Mapping[str, str]) -> tuple[set[str], str]:
    """(the named groups of a pattern, what is wrong with it)."""
    try:
        return set(compile_pattern(written, classes).groupindex), ""
    except PatternError as error:
        return set(), str(error)


R = TypeVar("R", bound=type[Rule])

KINDS: dict[str, type[Rule]] = {}
"""Every kind that a rule file may name in ``kind:``."""


def kind(name: str) -> Callable[[R], R]:
    """Announce a model as the one for ``kind: name``."""

    def announce(model: R) -> R:
        if name in KINDS and KINDS[name].__qualname__ != model.__qualname__:
            raise ValueError(f"two models for kind {name}")
        KINDS[name] = model
        return model

    return announce


class Lesson(Strict):
    """More wordings that the classifier of meaning learns from; unlike examples, none is proven by itself.

    The same sentences must not decide what is right: examples prove a rule, lessons only teach.
    """

    ORDINARY: ClassVar[str] = "ordinary"

    lesson: Text
    """Id of the rule that ``said`` breaks; ``ordinary``: no rule's, all of it is harmless."""
    said: tuple[Text, ...] = ()
    harmless: tuple[Text, ...] = ()
    """What resembles it in words or matter, and breaks no rule at all."""

    @model_validator(mode="after")
    def _ordinary_is_harmless(self) -> "Lesson":
        if self.said and self.lesson == self.ORDINARY:
            raise ValueError("an ordinary lesson has nothing under 'said'")
        return self


class Sentence(Strict):
    """One sentence that a rule must fire on, or must not."""

    say: str = ""
    """As it was said."""
    heard: str = ""
    """As a recogniser spelt it, where that is what is tested."""
    side: Literal["agent", "customer", "unknown"] = "agent"
    quote: str = ""
    """The words that the hit must quote, where it matters."""
    rewrite: str = ""
    """The rewrite that must be offered, where it matters."""

    @property
    def text(self) -> str:
        """The sentence, whichever way it is given."""
        return self.say or self.heard

    @model_validator(mode="after")
    def _one_text(self) -> "Sentence":
        if bool(self.say) == bool(self.heard):
            raise ValueError("give either say or heard")
        return self


class Sentences(Strict):
    """A rule's proof: sentences that break it and sentences that do not."""

    hit: tuple[Sentence, ...] = ()
    miss: tuple[Sentence, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _bare_strings(cls, value: object) -> object:
        """A bare string is short for ``{say: …}``."""
        if not isinstance(value, dict):
            return value
        return {
            key: tuple({"say": item} if isinstance(item, str) else item for item in items)
            if isinstance(items, list | tuple)
            else items
            for key, items in value.items()
        }


class Rewrite(Strict):
    """A wording for one way of breaking the rule, with slots of the pattern that matched."""

    pattern: Text
    """A pattern with named groups; the first rewrite whose pattern finds the quoted words is used."""
    say: Text
    """``{slot}`` stands for what the group matched, as it was heard."""


@kind("banned")
class BannedRule(Rule):
    """Words that may not be said."""

    kind: Literal["banned"]
    side: Literal["agent", "customer", "any"] = "agent"
    """Whose words are judged. An unknown side is judged by rules for ``any`` alone."""
    phrases: tuple[Text, ...] = ()
    """Found wherever their characters stand, and by their sound."""
    words: tuple[Text, ...] = ()
    """Found only as whole words: 保证 is not found in 质量保证书."""
    patterns: tuple[Text, ...] = ()
    """Regular expressions over the lean text, with ``{a|b}`` and classes of ``classes.yaml``."""
    unless: tuple[Text, ...] = ()
    """Patterns that make it harmless where they overlap with the words that were found."""
    sound: bool = True
    """Whether phrases and patterns are also found by sound."""
    meaning: bool = True
    """Whether sentences that mean the same as the examples are found."""
    reported: Literal["ignore", "fire"] = "ignore"
    """What to do when the words are quoted from somebody else or denied."""
    rewrites: tuple[Rewrite, ...] = ()
    examples: Sentences = Sentences()

    _evidence: ClassVar[tuple[str, ...]] = ("phrases", "words", "patterns")

    def faults(self, classes: Mapping[str, str]) -> list[Fault]:
        """Patterns and rewrites that do not compile or do not fit together, and a missing proof."""
        found = [*pattern_faults("patterns", self.patterns, classes), *pattern_faults("unless", self.unless, classes)]
        if self.status == "stable":
            found += proof_faults(len(self.examples.hit), len(self.examples.miss))
        for index, rewrite in enumerate(self.rewrites):
            slots, fault = _slots(rewrite.pattern, classes)
            if fault:
                found.append(Fault(("rewrites", index, "pattern"), "RULE-006", fault))
            elif missing := sorted({name for _, name, _, _ in Formatter().parse(rewrite.say) if name} - slots):
                what = f"slots that the pattern does not have: {', '.join(missing)}"
                found.append(Fault(("rewrites", index, "say"), "RULE-008", what))
        return found

    @model_validator(mode="after")
    def _something_to_find(self) -> "BannedRule":
        if not any(getattr(self, name) for name in self._evidence):
            raise ValueError("nothing to find: give phrases, words or patterns")
        return self
