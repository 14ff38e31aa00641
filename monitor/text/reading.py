"""One utterance as matching sees it: its words, its sound, and the way back to what was heard."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from monitor.text import pinyin, words
from monitor.text.normalise import QUESTION, STRONG, WEAK, normalise

HESITATION: Final = frozenset("嗯呃啊呢哦呀呐哎诶唉噢欸嗳哟咯嘞喽唔")
SAME: Final = {
    "您": "你",
    "咱": "我",
    "俺": "我",
    "她": "他",
    "它": "他",
    "啦": "了",
    "甭": "别",
    "啥": "什么",
    "咋": "怎么",
}
"""What lean text does not tell apart."""
RHOTIC: Final = frozenset("事这那活会哪点块样法招门劲头词味份玩数边")
"""After these 儿 is only a way of speaking: 事儿, 这儿, 一会儿; after others (女儿) it is a word."""
_STUTTER: Final = frozenset("我你这那就不没是他有")
_STUTTER_PAIRS: Final = frozenset({"这个", "那个", "我们", "你们", "就是", "然后", "不是"})


class Syllable(NamedTuple):
    """One syllable without tone, the usual confusions folded (zh/z, n/l, -ng/-n …)."""

    folded: str
    at: int
    """Index into ``Reading.plain``."""


class Clause(NamedTuple):
    """A stretch of ``Reading.plain`` between two marks of punctuation."""

    start: int
    end: int
    mark: str
    """What stands behind it: ``，`` pause, ``。`` end of sentence, ``？`` question, or empty."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One utterance, read once. Every index counts characters of ``plain``.

    ``plain`` is Simplified, half-width, lower case, without spaces and punctuation, and has numbers
    as they are read out: «24小时» is «二十四小时», «100%» «百分之百».

    ``lean`` goes a step further, for finding phrases: hesitations (嗯, 啊, 呢 …) and stutters are
    left out, 您 is 你, 咱 is 我, 她 and 它 are 他. ``marked`` is ``lean`` with punctuation as ``，。？``,
    ``sound`` is ``lean`` with each character replaced by the symbol of its folded syllable.
    """

    raw: str
    plain: str
    origin: tuple[int, ...]
    """``origin[i]``: index into ``raw`` of the character behind ``plain[i]``."""
    words: tuple[tuple[int, int], ...]
    """Word spans by jieba."""
    syllables: tuple[Syllable, ...]
    clauses: tuple[Clause, ...]
    lean: str
    lean_at: tuple[int, ...]
    """``lean_at[i]``: index into ``plain`` of ``lean[i]``."""
    marked: str
    marked_at: tuple[int, ...]
    """``marked_at[i]``: index into ``plain`` of ``marked[i]``; for a mark, of what follows it."""
    sound: str
    _stops: tuple[int, ...]

    def crosses_end(self, start: int, end: int) -> bool:
        """Whether ``plain[start:end]`` runs over the end of a sentence."""
        return any(start < clause.end < end and clause.mark in (STRONG, QUESTION) for clause in self.clauses)

    def crosses_mark(self, start: int, end: int) -> bool:
        """Whether ``plain[start:end]`` runs over any punctuation."""
        return any(start < clause.end < end for clause in self.clauses)

    def quote(self, start: int, end: int) -> str:
        """The raw words behind ``plain[start:end]``, punctuation between them included."""
        if start >= min(end, len(self.plain)):
            return ""
        return self.raw[self.origin[start] : self._stops[min(end, len(self._stops)) - 1]]


@lru_cache(maxsize=1024)
def read(text: str) -> Reading:
    """Read one utterance. Any string is taken; one without words gives an empty reading."""
    plain = normalise(text)
    spans = words.cut(plain.text)
    folded = pinyin.syllables(plain.text, spans)
    lean, lean_at, marked, marked_at = _lean(plain.text, plain.marks)
    return Reading(
        raw=text,
        plain=plain.text,
        origin=plain.starts,
        words=spans,
        syllables=tuple(Syllable(syllable, at) for at, syllable in enumerate(folded)),
        clauses=_clauses(len(plain.text), plain.marks),
        lean=lean,
        lean_at=lean_at,
        marked=marked,
        marked_at=marked_at,
        sound=pinyin.symbols(
            folded[at] if character == plain.text[at] else pinyin.of_character(character)
            for character, at in zip(lean, lean_at, strict=True)
        ),
        _stops=plain.stops,
    )


def lean(text: str) -> str:
    """The lean form of a rule's own wording."""
    return read(text).lean


def _clauses(length: int, marks: tuple[tuple[int, str], ...]) -> tuple[Clause, ...]:
    found: list[Clause] = []
    start = 0
    for at, mark in marks:
        if at > start:
            found.append(Clause(start, at, mark))
            start = at
    if start < length:
        found.append(Clause(start, length, ""))
    return tuple(found)


def _hesitation(plain: str, at: int) -> bool:
    character = plain[at]
    if character in HESITATION:
        return True
    if character == "儿":
        return plain[at - 1 : at] in RHOTIC
    if character == "嘛":
        return plain[at - 1 : at] != "干"
    return character == "哈" and plain[at - 1 : at] != "哈" and plain[at + 1 : at + 2] != "哈"


def _lean(plain: str, marks: tuple[tuple[int, str], ...]) -> tuple[str, tuple[int, ...], str, tuple[int, ...]]:
    """(lean, its plain indices, marked, its plain indices)."""
    pauses = dict(marks)
    out: list[str] = []
    at: list[int] = []
    marked: list[str] = []
    marked_at: list[int] = []
    for index, character in enumerate(plain):
        if index in pauses:
            _mark(marked, marked_at, pauses[index], index)
        if _hesitation(plain, index):
            continue
        for part in SAME.get(character, character):
            if part in _STUTTER and out[-1:] == [part] and len(SAME.get(character, "")) < 2:
                continue
            out.append(part)
            at.append(index)
            marked.append(part)
            marked_at.append(index)
            if marked[-4:-2] == marked[-2:] and "".join(marked[-2:]) in _STUTTER_PAIRS:
                del out[-2:], at[-2:], marked[-2:], marked_at[-2:]
    if len(plain) in pauses:
        _mark(marked, marked_at, pauses[len(plain)], len(plain))
    return "".join(out), tuple(at), "".join(marked), tuple(marked_at)


def _mark(marked: list[str], marked_at: list[int], mark: str, index: int) -> None:
    """Add a mark; two with nothing but hesitation between them become the stronger."""
    order = WEAK + STRONG + QUESTION
    if not marked:
        return
    if marked[-1] in order:
        if order.index(mark) > order.index(marked[-1]):
            marked[-1] = mark
        return
    marked.append(mark)
    marked_at.append(index)
