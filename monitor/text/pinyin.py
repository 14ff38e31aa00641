"""How words sound: toneless syllables, with what speakers and recognisers confuse folded together.

Folded: zh/z, ch/c, sh/s, n/l as initials; -ang/-an, -eng/-en, -ing/-in, -uang/-uan as finals. These
are the mergers of southern Mandarin and what narrow-band recognition mixes up. f/h and r/l are
merged by fewer speakers: they are not folded, they are cheap in :func:`distance`.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import pypinyin

_INITIALS: Final = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_FOLD_INITIAL: Final = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_FOLD_FINAL: Final = {"ang": "an", "eng": "en", "ing": "in", "uang": "uan"}
_FINALS: Final = (
    *("a", "ai", "an", "ao", "e", "ei", "en", "er", "i", "ia", "ian", "iang", "iao", "ie", "in", "iong", "iu"),
    *("o", "ong", "ou", "u", "ua", "uai", "uan", "ue", "ui", "un", "uo", "v", "van", "ve", "vn", "m"),
)
_NEAR_INITIALS: Final = {
    frozenset(pair): cost
    for pair, cost in (
        (("f", "h"), 0.35), (("r", "l"), 0.35), (("b", "p"), 0.4), (("d", "t"), 0.4), (("g", "k"), 0.4),
        (("j", "q"), 0.4), (("z", "c"), 0.4), (("j", "z"), 0.4), (("q", "c"), 0.4), (("x", "s"), 0.4),
        (("z", "s"), 0.5), (("c", "s"), 0.5), (("j", "x"), 0.5), (("q", "x"), 0.5), (("y", ""), 0.3),
        (("w", ""), 0.3), (("m", "b"), 0.5),
        (("r", "y"), 0.5), (("g", "h"), 0.5), (("k", "h"), 0.5), (("d", "l"), 0.5), (("t", "l"), 0.6),
    )
}  # fmt: skip
_NEAR_FINALS: Final = {
    frozenset(pair): cost
    for pair, cost in (
        (("an", "en"), 0.4), (("en", "in"), 0.3), (("ai", "ei"), 0.4), (("ao", "ou"), 0.4), (("uo", "ou"), 0.4),
        (("uo", "o"), 0.1), (("e", "uo"), 0.4), (("ian", "in"), 0.4), (("uan", "an"), 0.4), (("ui", "ei"), 0.4),
        (("un", "en"), 0.4), (("ong", "en"), 0.4), (("ie", "i"), 0.5), (("ia", "a"), 0.4), (("ua", "a"), 0.4),
        (("iao", "ao"), 0.4), (("iu", "ou"), 0.4), (("u", "v"), 0.3), (("i", "v"), 0.3), (("i", "in"), 0.4),
        (("e", "en"), 0.4), (("a", "an"), 0.4), (("ian", "iang"), 0.2), (("iang", "an"), 0.4), (("ve", "ie"), 0.3),
        (("ai", "an"), 0.5), (("ei", "en"), 0.5), (("e", "i"), 0.5), (("u", "ou"), 0.5), (("u", "ong"), 0.5),
        (("u", "uo"), 0.5), (("uai", "ai"), 0.4), (("van", "ian"), 0.3),
    )
}  # fmt: skip
_FAR: Final = 0.65
_INITIAL_CLASSES: Final = ("", "b p", "m", "f h", "d t", "l r", "g k", "j q x z c s", "w", "y")
_FINAL_CLASSES: Final = (
    *("a ia ua", "an ian uan van iang", "e o uo er", "en in un vn", "ong iong", "ao iao", "ou iu", "ai uai"),
    *("ei ui", "i", "u", "v ve ie ue", "m"),
)
"""Initials, and finals, that a narrow band or a slack tongue makes alike; see :func:`blurred`."""


def parts(syllable: str) -> tuple[str, str]:
    """``syllable`` as (initial, final); the initial may be empty."""
    for initial in _INITIALS:
        if syllable.startswith(initial) and len(syllable) > len(initial):
            return initial, syllable[len(initial) :]
    return "", syllable


@cache
def fold(syllable: str) -> str:
    """``syllable`` with the usual confusions folded: ``zhang`` and ``zan`` become one."""
    initial, final = parts(syllable)
    if initial in ("j", "q", "x", "y") and final.startswith("u"):
        final = "v" + final[1:]  # 居 is written ju and spoken jü
    return _FOLD_INITIAL.get(initial, initial) + _FOLD_FINAL.get(final, final)


@cache
def distance(left: str, right: str) -> float:
    """How unlike two folded syllables sound, 0 (the same) to 1."""
    if left == right:
        return 0.0
    (initial, final), (other_initial, other_final) = parts(left), parts(right)
    cost = 0.0
    if initial != other_initial:
        cost += _NEAR_INITIALS.get(frozenset((initial, other_initial)), _FAR)
    if final != other_final:
        cost += _NEAR_FINALS.get(frozenset((final, other_final)), _FAR)
    return min(1.0, cost)


_ALWAYS: Final = {"了": "le", "得": "de", "地": "di", "着": "ze", "还": "hai", "都": "dou", "没": "mei", "个": "ge"}
"""Little words that are read one way here whatever stands around them, so that patterns can rely on it."""


@lru_cache(maxsize=8192)
def of_character(character: str) -> str:
    """The folded syllable of a character by itself; what has no reading stands for itself."""
    return _ALWAYS.get(character) or _of_word(character)[0]


@lru_cache(maxsize=65_536)
def _of_word(word: str) -> tuple[str, ...]:
    found: list[str] = []
    for syllables in pypinyin.pinyin(word, style=pypinyin.Style.NORMAL, errors=list, v_to_u=False):  # type: ignore[arg-type]
        found.append(fold(syllables[0].replace("ü", "v")))
    return tuple(found) if len(found) == len(word) else tuple(word)


def syllables(plain: str, words: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    """One folded syllable per character of ``plain``; words decide between readings (银行 / 行动).

    A character without a reading (a Latin letter) stands for itself.
    """
    found: list[str] = []
    for start, end in words:
        word = plain[start:end]
        found.extend(_ALWAYS.get(character, reading) for character, reading in zip(word, _of_word(word), strict=True))
    return tuple(found)


@cache
def _symbols() -> dict[str, str]:
    """Folded syllable → one private-use character, the same in every process."""
    initials = ("", *(initial for initial in _INITIALS if initial not in _FOLD_INITIAL))
    names = [initial + final for initial in initials for final in _FINALS]
    return {name: chr(0xE000 + index) for index, name in enumerate(dict.fromkeys(names))}


@cache
def _blurs() -> dict[int, str]:
    """Symbol of a syllable → one private-use character for all the syllables that it is easily taken for."""
    initials = {name: at for at, names in enumerate(_INITIAL_CLASSES) for name in names.split() or [""]}
    finals = {name: at for at, names in enumerate(_FINAL_CLASSES) for name in names.split()}
    table = {}
    for syllable, symbol in _symbols().items():
        initial, final = parts(syllable)
        table[ord(symbol)] = chr(0xF000 + len(_FINAL_CLASSES) * initials[initial] + finals[final])
    return table


def blurred(sound: str) -> str:
    """Symbols of syllables as heard from far away: 退 and 对 and 推 become one; anything else stays itself."""
    return sound.translate(_blurs())


@lru_cache(maxsize=8192)
def symbol_of(character: str) -> str:
    """The symbol of a character by itself."""
    syllable = of_character(character)
    return _symbols().get(syllable, syllable[:1])


def symbols(found: Iterable[str]) -> str:
    """Syllables as a string, one private-use character each, so that string tools work on sound."""
    table = _symbols()
    return "".join(table.get(syllable, syllable[:1]) for syllable in found)
