"""One spelling for what can be spelt in many ways, with the way back to the raw words.

Recognisers write Traditional or Simplified as they like, digits where numerals were spoken, and
full-width letters now and then. Rules are written once, so text is brought to one spelling:
Simplified, half-width, lower case, numbers as they are read out («24小时» → «二十四小时»,
«100%» → «百分之百»), without spaces and punctuation. Every character keeps where it came from.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final

from opencc import OpenCC

WEAK: Final = "，"
"""A pause inside a sentence: comma, colon, dash, a space between Han characters."""
STRONG: Final = "。"
"""The end of a sentence."""
QUESTION: Final = "？"
"""The end of a question."""

_SILENT: Final = frozenset("\"'·*~～_/<>")
_STRONG_MARKS: Final = frozenset("。.!！;；\n…")
_QUESTION_MARKS: Final = frozenset("?？")
_DIGITS: Final = "零一二三四五六七八九"
_NUMBER: Final = re.compile(r"(\d+)(?:([.:])(\d+))?(%)?")
_ZHE: Final = re.compile("(?<![显名原巨卓编土合])著(?![名作称录者])")
"""Traditional 等著, which OpenCC leaves alone because of 著名."""
_VARIANTS: Final = {
    "妳": "你",
    "祢": "你",
    "幺": "一",
    "壹": "一",
    "贰": "二",
    "叁": "三",
    "俩": "两",
    "牠": "它",
    "喔": "哦",
}
_NOT_COUNTED: Final = frozenset("月号日楼点时十百千万亿分零路线栋区级季")
"""After these a lone 2 is read 二; before anything else that is counted it is read 两."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Text in its one spelling."""

    text: str
    starts: tuple[int, ...]
    """``starts[i]``: raw index at which character ``i`` begins."""
    stops: tuple[int, ...]
    """``stops[i]``: raw index just behind character ``i``; a numeral's characters share one stretch."""
    marks: tuple[tuple[int, str], ...]
    """``(index, mark)``: before plain ``index`` stood punctuation: WEAK, STRONG or QUESTION."""


@cache
def _simplified() -> dict[int, str]:
    """Character table Traditional → Simplified out of OpenCC's t2s, one for one."""
    convert = OpenCC("t2s").convert
    table = {}
    for code in range(0x3400, 0xA000):
        character = chr(code)
        simple = convert(character)
        if simple != character and len(simple) == 1:
            table[code] = simple
    table.update({ord(key): value for key, value in _VARIANTS.items()})
    return table


def spoken(digits: str) -> str:
    """A whole number as it is read out; long ones, codes and those with a leading zero digit by digit.

    >>> spoken("24"), spoken("105"), spoken("12315")
    ('二十四', '一百零五', '一二三一五')
    """
    if len(digits) > 4 or (digits[0] == "0" and len(digits) > 1):
        return "".join(_DIGITS[int(digit)] for digit in digits)
    if digits == "0":
        return "零"
    out, gap = "", False
    for place, digit in zip(range(len(digits) - 1, -1, -1), digits, strict=True):
        if digit == "0":
            gap = bool(out)
            continue
        if gap:
            out, gap = out + "零", False
        out += _DIGITS[int(digit)] + ("", "十", "百", "千")[place]
    return out[1:] if out.startswith("一十") else out


def _read(number: re.Match[str], following: str) -> str:
    whole, point, fraction, percent = number.groups()
    if following == "年" and len(whole) == 4:
        out = "".join(_DIGITS[int(digit)] for digit in whole)
    elif whole == "2" and not fraction and not percent and following and following not in _NOT_COUNTED:
        out = "两"
    else:
        out = spoken(whole)
    if fraction:
        if point == ":":
            out += "点" + ("" if int(fraction) == 0 else spoken(fraction))
        else:
            out += "点" + "".join(_DIGITS[int(digit)] for digit in fraction)
    if percent:
        out = "百分之百" if out == "一百" else "百分之" + out
    return out


def _mark(character: str) -> str:
    if character in _QUESTION_MARKS:
        return QUESTION
    return STRONG if character in _STRONG_MARKS else WEAK


def normalise(raw: str) -> Plain:
    """``raw`` in its one spelling. Any string is taken; one without letters gives empty text."""
    table = _simplified()
    wide: list[str] = []
    back: list[int] = []
    for index, character in enumerate(raw):
        for part in unicodedata.normalize("NFKC", character) if not character.isascii() else character:
            wide.append(part)
            back.append(index)
    text = "".join(wide).lower()
    if len(text) != len(wide):  # a handful of letters grow when lowered (İ)
        text = "".join(part.lower()[:1] for part in wide)
    text = _ZHE.sub("着", text.translate(table))
    out: list[str] = []
    starts: list[int] = []
    stops: list[int] = []
    marks: list[tuple[int, str]] = []
    index = 0
    while index < len(text):
        character = text[index]
        number = _NUMBER.match(text, index) if character.isdecimal() and character.isascii() else None
        if number is not None:
            for part in _read(number, text[number.end() : number.end() + 1]):
                out.append(part)
                starts.append(back[index])
                stops.append(back[number.end() - 1] + 1)
            index = number.end()
            continue
        if character.isalnum():
            out.append(character)
            starts.append(back[index])
            stops.append(back[index] + 1)
        else:
            _note(marks, len(out), character, text, index)
        index += 1
    return Plain("".join(out), tuple(starts), tuple(stops), tuple(marks))


def _note(marks: list[tuple[int, str]], at: int, character: str, text: str, index: int) -> None:
    """Remember punctuation before plain ``at``; of several marks in a row the strongest stays."""
    if character.isspace() or unicodedata.category(character)[0] not in "PZSC":
        around = text[index - 1 : index] + text[index + 1 : index + 2]
        if not character.isspace() or around.isascii():
            return  # a space between Latin letters joins, it does not part
    if character not in "()" and (unicodedata.category(character) in ("Ps", "Pe", "Pi", "Pf") or character in _SILENT):
        return  # quotation marks are not pauses
    mark = _mark(character)
    if marks and marks[-1][0] == at:
        if "，。？".index(mark) > "，。？".index(marks[-1][1]):
            marks[-1] = (at, mark)
        return
    marks.append((at, mark))
