"""Masks for numbers that belong to a person, in Chinese text as a recogniser writes it.

Phone, ID-card and bank-card numbers, verification codes and passwords, in figures («138 1234 5678») or as
they are spoken («幺三八，一二三四，五六七八»), also while they are still being said. What is no secret stays:
prices, dates, service numbers, models, order numbers. Only figures are replaced, one by one, so that
every offset into the text stays true.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

MASK: Final = "*"

_SPOKEN: Final = "〇零一幺二两三四五六七八九"
_FULL_WIDTH: Final = "０１２３４５６７８９"
_VALUE: Final = str.maketrans(_FULL_WIDTH + _SPOKEN, "0123456789" + "0011223456789")
_FIGURE: Final = f"[0-9{_FULL_WIDTH}{_SPOKEN}]"
_TIGHT: Final = r" \u00a0\u3000\-‐‑‒–—－·()（）"
"""Marks that people put inside one number."""
_LOOSE: Final = ",，、。嗯呃额啊哦杠"
"""Marks and noises that may as well lie between two numbers."""
_CHAIN: Final = re.compile(f"{_FIGURE}(?:[{_TIGHT}{_LOOSE}]{{0,3}}{_FIGURE})*")
_GROUP: Final = re.compile(f"{_FIGURE}+")
_LATIN: Final = re.compile("[A-Za-zＡ-Ｚａ-ｚ]")

_CONTEXT_CHARS: Final = 14
_TOPICS: Final = re.compile(
    "(?P<code>验证码|校验码|密码|口令)"
    "|(?P<tail>尾号|[后末]四位|[后末]几位)"
    "|(?P<thing>订单(?:号码?)?|单号码?|编号|货号|型号|款号|条码|批号|版本|价格|金额|数量|客服热线|服务热线)"
    "|(?P<person>电话|手机|号码|联系方式|微信|卡号|银行卡|信用卡|储蓄卡|身份证|证件|账号|帐号|账户|护照)"
    "|(?P<end>[。？！?!])"
)
_AMOUNT_BEFORE: Final = re.compile(f"(?:[¥￥$€] ?|{_FIGURE}[.．点])$")
_AMOUNT_AFTER: Final = re.compile(r" ?(?:[元块万亿千百十年月日点分秒%％度米斤克件个台倍次人]|公[里斤]|[.．:：]\d)")

_MOBILE: Final = re.compile(r"(?:0|86|0086)?(1[3-9]\d{9})")
_SERVICE: Final = re.compile(r"[48]00\d{0,7}|100\d{2,6}|9[56]\d{3,6}|12[0-9]{3,4}")
_DATE: Final = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_MOBILE_GROUPS: Final = ((3, 4, 4), (3, 3, 5), (4, 4, 3), (3, 8), (7, 4), (5, 6), (11,), (1,) * 11)


def mask(text: str) -> str:
    """The text with personal numbers starred out; as long as it was.

    A mobile number keeps its first three and last four figures, everything else the first three or the
    last four; codes keep nothing. Time and memory are linear in the text.
    """
    out = list(text)
    for number in _numbers(text):
        for place in _secret(number):
            out[place] = MASK
    return "".join(out)


@dataclass(frozen=True, slots=True)
class _Number:
    """A run of figures that may be one number."""

    places: list[int]
    """Of each figure in the text."""
    figures: str
    """The same as 0–9."""
    groups: tuple[int, ...]
    """How many figures stand together each time."""
    spoken: bool
    """Most are Chinese numerals."""
    topic: str
    """What the words before it are about; see ``_TOPICS``."""
    last: bool
    """The text ends with it: more may be coming."""
    glued: bool
    """A Latin letter touches it: a model, a tracking number."""
    counted: bool
    """A currency or a decimal point before it, a unit behind it: an amount."""


def _numbers(text: str) -> Iterator[_Number]:
    for chain in _CHAIN.finditer(text):
        topic = _topic(text, chain.start())
        for groups in _split([match.span() for match in _GROUP.finditer(text, *chain.span())], text, topic):
            places = [place for begin, end in groups for place in range(begin, end)]
            begin, end = places[0], places[-1] + 1
            figures = "".join(text[place] for place in places)
            glued = bool(_LATIN.match(text[begin - 1 : begin]) or _LATIN.match(text[end : end + 1]))
            if len(places) == 17 and text[end : end + 1] in ("x", "X", "Ｘ"):  # the check digit of an ID card
                places.append(end)
                figures += "0"
                glued = bool(_LATIN.match(text[begin - 1 : begin]))
                end += 1
            yield _Number(
                places=places,
                figures=figures.translate(_VALUE),
                groups=tuple(end - begin for begin, end in groups),
                spoken=2 * sum(figure in _SPOKEN for figure in figures) > len(figures),
                topic=topic,
                last=len(text) - end < 8 and not text[end:].strip(" ，。、,.？！?!"),
                glued=glued,
                counted=bool(
                    _AMOUNT_BEFORE.search(text[max(0, begin - 2) : begin]) or _AMOUNT_AFTER.match(text[end : end + 3])
                ),
            )


def _topic(text: str, begin: int) -> str:
    topic = ""
    for word in _TOPICS.finditer(text, max(0, begin - _CONTEXT_CHARS), begin):
        topic = str(word.lastgroup)
    return topic


def _split(groups: list[tuple[int, int]], text: str, topic: str) -> Iterator[list[tuple[int, int]]]:
    """Lists of prices are not one number: part groups at loose marks unless they belong together."""
    together = [groups[0]]
    whole = "".join(text[begin:end] for begin, end in groups)
    sizes = tuple(end - begin for begin, end in groups)
    if (
        topic in ("person", "code")
        or any(figure in _SPOKEN for figure in whole)
        or (sizes in _MOBILE_GROUPS and _MOBILE.fullmatch(whole.translate(_VALUE)))
    ):
        yield groups
        return
    for before, group in pairwise(groups):
        if any(mark in _LOOSE for mark in text[before[1] : group[0]]):
            yield together
            together = []
        together.append(group)
    yield together


def _secret(number: _Number) -> list[int]:
    """The places to star out."""
    places, figures, count = number.places, number.figures, len(number.places)
    if number.topic == "code":
        return places if count >= 4 else []
    if mobile := _MOBILE.fullmatch(figures):
        return places[mobile.start(1) + 3 : -4]
    if number.topic == "thing" or (number.topic == "tail" and count <= 6):
        return []
    if number.glued or number.counted or _SERVICE.fullmatch(figures):
        return []
    if count >= 11:
        return places[3:] if number.last or figures[0] == "0" else places[:-4]
    if number.topic == "person":
        return places[3:] if count >= 7 or (number.last and count >= 4) else []
    if count >= 7 and (number.spoken or _partial(number)):
        return places[3:]
    return []


def _partial(number: _Number) -> bool:
    """The beginning of a mobile number, or a number of the fixed network with its area code."""
    figures, groups = number.figures, number.groups
    if figures[0] == "0":
        return len(figures) >= 10
    if figures[0] != "1" or figures[1] not in "3456789" or _DATE.fullmatch(figures):
        return False
    return len(groups) == 1 or set(groups) == {1} or (groups[0] == 3 and groups[1] in (4, *range(5, 8)))
