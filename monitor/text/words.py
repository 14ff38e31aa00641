"""Where words begin and end, by jieba.

The dictionary is loaded once per process, at the first :func:`cut`; some words of the trade are
added to it so that, for example, 质保 and 不归 are cut the same way every time.
"""

from functools import cache
from typing import Final

import jieba

TRADE: Final = (
    "质保书", "质量保证书", "保证书", "保证金", "消费者保障", "客服", "售后",
    "工号", "退换货", "小票", "差评", "好评", "物流单号", "订单号", "催单",
    "催货", "运费险", "七天无理由", "专享", "优惠券", "退货流程", "逆向", "分拨", "干线", "工单",
)  # fmt: skip


@cache
def _tokenizer() -> jieba.Tokenizer:
    jieba.setLogLevel(60)  # its loading notes are not ours to print
    tokenizer = jieba.Tokenizer()
    for word in TRADE:
        tokenizer.add_word(word)
    return tokenizer


def cut(plain: str) -> tuple[tuple[int, int], ...]:
    """``(start, end)`` of every word of ``plain``, in order and without gaps."""
    return tuple((start, end) for _, start, end in _tokenizer().tokenize(plain))
