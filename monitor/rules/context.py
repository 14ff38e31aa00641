"""Words that are only talked about: quoted, reported, denied.

«您说的“不归我管”是谁说的» holds a banned phrase and breaks no rule; «我不是说不归我管» neither. Judged from
what stands before and behind the words, inside their sentence.
"""

from bisect import bisect_left
from typing import Final

from monitor.text.normalise import QUESTION, STRONG, WEAK
from monitor.text.reading import Reading
from monitor.text.wording import compile_pattern

_MARKS: Final = WEAK + STRONG + QUESTION
_BEFORE_CHARS: Final = 16
_AFTER_CHARS: Final = 8
_OPENING: Final = "“‘「『《\"'"
_CLOSING: Final = "”’」』》\"'"

_OTHERS: Final = (
    "他|他们|客户|顾客|买家|对方|人家|别人|有人|同事|客服|快递员?|快递公司|师傅|商家|店家|家人|朋友|上家|那位|那个人|谁"
)
_THEN: Final = "刚才|刚刚|刚|之前|以前|上次|昨天|前天|先前|前面|当时|上午|下午"
_CLASSES: Final = {"他人": _OTHERS, "当时": _THEN}

_REPORTED: Final = (
    # the customer's words taken up: 您刚才说…, 您说的…, 您提到…
    "(?<![跟和对给帮向同])你们?{@当时}(?:是|也|都)?{说|问|讲|提}{过|到|了|的}?{是|那句}?[^这那]{0,4}$",
    "(?<![跟和对给帮向同])你们?{是|所|也|都}{说|问|讲|提}{过|到|的}?[^这那]{0,3}$",
    "(?<![跟和对给帮向同])你们?{说的|说过|问的|问过|讲的|提到的?|反映的?|听到的?|听说|担心的?|抱怨|怕|写的|看到的}{是|那句|这句}?[^这那事情我都也]?$",
    "(?<![跟和对给帮向同])你们?{说|问|觉得|认为|以为}(?:的)?{我们|他们|他|客服|商家|快递|同事|人家}[^这那]{0,5}$",
    "(?:^|[，。])你们?{是|就是|}{想问|要问|问的?是|想知道|想了解}[^这那]{0,6}$",
    "为什么{会|我们|你们|他们|}$",
    # somebody else's words: 同事跟您说…, 快递说…
    "{@他人}们?{@当时}?(?:[跟和对给向]你?们?)?{说|讲|表示|回复|答复|告诉你?|回答|通知你?|认为|觉得}{过|了|的|是|到}?.{0,4}$",
    "(?:听到|听见|收到|遇到|碰到|看到)(?:有?人|客服|同事|我们)?(?:说|讲)?.{0,2}$",
)  # fmt: skip
_DENIED: Final = (
    "{不是|并不是|不会|没有|没|从没|从不|从来不|绝不|绝不会|不能|不可以|不应该|不该|不要|别|禁止|避免|不许|不准|不敢|不想}{跟你|对你|给你|和你|}{说|讲|意味着|是说|回答|答复}(?:过|是)?.{0,3}$",
    "{不代表|不等于|不意味着|并非|不存在}.{0,4}$",
    "{意思不是|不是这个意思}[，]?.{0,4}$",
)  # fmt: skip
_TOLD: Final = (
    "^{抱歉|不好意思|很抱歉|非常抱歉|对不起|真对不起|}，?"
    "{你|我|{@他人}|骑手|前台|店员|司机|主播|{之前|上次}{我们|}}"
    "{刚才|刚刚|刚|之前|上次|是|}"
    "{说|问|反映|提到|讲|投诉|质疑|反问|质问|答复|回复|用了|推说|跟你说|跟你讲|问你|反问你|质问你|答复你|告诉你}[^，。？]*$"
)
"""A clause that tells what was said, by whomever …"""
_MADE_GOOD: Final = (
    "道歉|抱歉|对不起|赔礼|不妥|不合适|不应该|不准确|不严谨|不对|不符|说错|太满|补救|严肃处理|语气|态度"
    "|{我|我们}{这就|马上|现在|来|会|先|再|已|已经}|{帮|为}你|理解你的|核实|核查|重新"
)
"""… and what follows where it is told to be made good."""
_TALKED_ABOUT: Final = (
    "^{这句话?|这话|这个话|这种话|这个说法|这种说法|这几个字|的说法|的话是|的话术|这类话}",
    "^.{0,2}{是谁说|谁说的|是哪位|是哪个同事|是不对的|是不允许|是不应该}",
)

_BEFORE: Final = tuple(compile_pattern(written, _CLASSES) for written in (*_REPORTED, *_DENIED))
_AFTER: Final = tuple(compile_pattern(written, _CLASSES) for written in _TALKED_ABOUT)
_TELLS: Final = compile_pattern(_TOLD, _CLASSES)
_MENDS: Final = compile_pattern("{" + _MADE_GOOD + "}", _CLASSES)


def talked_about(reading: Reading, start: int, end: int) -> bool:
    """Whether ``plain[start:end]`` is quoted, reported or denied rather than said."""
    if _between_quotes(reading, start, end):
        return True
    left, right = bisect_left(reading.marked_at, start), bisect_left(reading.marked_at, end)
    before, after = _around(reading, left, right)
    if any(pattern.search(before) for pattern in _BEFORE) or any(pattern.search(after) for pattern in _AFTER):
        return True
    return _made_good(reading, left, right)


def _made_good(reading: Reading, left: int, right: int) -> bool:
    """«您说骑手骂您神经病，我向您道歉»: what was said is told, and then something is done about it."""
    close = min((at for mark in _MARKS if (at := reading.marked.find(mark, right)) >= 0), default=-1)
    opened = max(reading.marked.rfind(mark, 0, left) for mark in (STRONG, QUESTION)) + 1
    return (
        close >= 0
        and bool(_TELLS.search(reading.marked[opened:left]))
        and bool(_MENDS.search(reading.marked[close + 1 :]))
    )


def _around(reading: Reading, left: int, right: int) -> tuple[str, str]:
    """Marked text before and behind the span, within its sentence."""
    before = reading.marked[max(0, left - _BEFORE_CHARS) : left]
    cut = max(before.rfind(STRONG), before.rfind(QUESTION))
    before = before[cut + 1 :]
    after = reading.marked[right : right + _AFTER_CHARS].lstrip("，")
    return before.replace("，", "") if before.endswith("，") else before, after


def _between_quotes(reading: Reading, start: int, end: int) -> bool:
    raw_start, raw_end = reading.origin[start], reading.origin[end - 1]
    opened = max((reading.raw.rfind(mark, 0, raw_start) for mark in _OPENING), default=-1)
    if opened < 0:
        return False
    closed = min((at for at in (reading.raw.find(mark, opened + 1) for mark in _CLOSING) if at >= 0), default=-1)
    return closed > raw_end and raw_start - opened <= 8
