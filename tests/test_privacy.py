import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.privacy import mask

MASKED = [
    # mobile numbers, however they are written
    ("我的手机号是13812345678，谢谢", "我的手机号是138****5678，谢谢"),
    ("138 1234 5678", "138 **** 5678"),
    ("138-1234-5678。", "138-****-5678。"),
    ("我电话是138,1234,5678", "我电话是138,****,5678"),
    ("199，1234，5678", "199，****，5678"),
    ("1 3 8 1 2 3 4 5 6 7 8", "1 3 8 * * * * 5 6 7 8"),
    ("１３８１２３４５６７８", "１３８****５６７８"),
    ("+86 13812345678", "+86 138****5678"),
    ("0086-13812345678", "0086-138****5678"),
    ("013812345678", "0138****5678"),
    ("加vx13812345678", "加vx138****5678"),
    ("13812345678元", "138****5678元"),
    ("订单号13812345678", "订单号138****5678"),
    # spoken
    ("一三八，一二三四，五六七八", "一三八，****，五六七八"),
    ("幺三八幺二三四五六七八", "幺三八****五六七八"),
    ("一三八呃一二三四嗯五六七八", "一三八呃****嗯五六七八"),
    ("一三八杠一二三四杠五六七八", "一三八杠****杠五六七八"),
    ("幺38 1234 五六七八", "幺38 **** 五六七八"),
    ("两三八零零零一一", "两三八*****"),
    # the fixed network
    ("电话010-88886666", "电话010-********"),
    ("打021 6888 8888", "打021 **** ****"),
    ("我说的是0108888666吗", "我说的是010*******吗"),
    ("(0571)88886666", "(057*)********"),
    ("电话 8888 6666", "电话 888* ****"),
    ("我的号码是八八八八六六六六", "我的号码是八八八*****"),
    # ID and bank cards
    ("身份证号码110101199003077758，对吗", "身份证号码**************7758，对吗"),
    ("身份证11010119900307775X对吗", "身份证**************775X对吗"),
    ("是11010119900307775x。", "是110**************x。".replace("**x", "***")),
    ("卡号是6222 0212 3456 7890 123 对吧", "卡号是**** **** **** ***0 123 对吧"),
    ("6222021234567890123好的", "***************0123好的"),
    ("6222,0212,3456,7890", "6222,0212,3456,7890"),
    ("卡号6222,0212,3456,7890好的", "卡号****,****,****,7890好的"),
    # codes
    ("验证码是482913", "验证码是******"),
    ("密码 1 2 3 4 5 6", "密码 * * * * * *"),
    ("口令四八二九", "口令****"),
    # the nearer topic counts
    ("订单绑定的手机号是8888666", "订单绑定的手机号是888****"),
    ("尾号是5678的手机13812345678", "尾号是5678的手机138****5678"),
]

KEPT = [
    "手机尾号5678",
    "后四位是5678",
    "密码是123",
    "订单号20241231123456789",
    "订单号码20241231123456789",
    "快递单号773012345678901",
    "一共1380000元",
    "¥1380000",
    "￥ 1380000",
    "3.1415926",
    "三点一四一五九二六",
    "1380000.5",
    "19999元和29999元",
    "100、200、300、400",
    "199，2999，399",
    "199 299 399",
    "1,234,567.89",
    "2024年12月31日",
    "20241231",
    "19991231",
    "2024-12-31 23:59",
    "110或者12315",
    "打10086，1008611",
    "95588",
    "400-820-8820",
    "8008208820",
    "四零零八二零八八二零",
    "iPhone15 Pro",
    "型号KX20231015",
    "SF1234567890123",
    "12345678901234AB",
    "RTX 3060",
    "12345678",
    "零件 01234567",
    "7天无理由退货，15天换货，3年质保",
    "满200减20，满300减40",
    "9:00-18:00",
    "一二三四五",
    "三三两两，一五一十，五五开，一一对应",
    "二零二四年一二月",
    "一百二十三万四千五百六十七",
    "第一、第二、第三",
    "十三亿九千万",
    "我手机138",
    "手机？1234567",
    "",
]


@pytest.mark.parametrize(("text", "masked"), MASKED)
def test_personal_numbers_are_masked(text, masked):
    """In figures, spoken, mixed; as long as before."""
    assert mask(text) == masked
    assert len(masked) == len(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_is_no_secret_is_kept(text):
    """Prices, dates, models, orders, service numbers, counting words."""
    assert mask(text) == text


@pytest.mark.parametrize(
    "said",
    [
        "我的手机号是13812345678",
        "我的手机号是138 1234 5678",
        "手机号幺三八，幺二三四，五六七八",
        "一三八幺二三四五六七八",
        "身份证号码是110101199003077758",
        "卡号是6222021234567890123",
        "卡号是6222 0212 3456 7890 123",
        "验证码是482913",
    ],
)
def test_captions_that_grow_never_add_up_to_the_number(said):
    """Whoever keeps every partial knows no more than the final shows, but for six figures at the beginning."""
    shown: set[int] = set()
    figures = [place for place, char in enumerate(said) if re.match(r"[0-9一二三四五六七八幺]", char)]
    for end in range(1, len(said) + 1):
        partial = mask(said[:end])
        shown |= {place for place in figures if place < end and partial[place] == said[place]}
    final = {place for place in figures if mask(said)[place] == said[place]}
    assert len(shown - final) <= 6
    assert not (shown - final) - set(figures[:6])


@given(st.text("0123456789一二三八幺十元 ,，。-xXA手机号码订单", max_size=80))
def test_only_figures_are_touched_and_only_once(text):
    """Same length, same words; a masked text stays as it is."""
    masked = mask(text)
    assert len(masked) == len(text)
    assert all(
        after == before or (after == "*" and before in "0123456789一二三八幺xX")
        for before, after in zip(text, masked, strict=True)
    )


def test_long_texts_are_no_trouble():
    """A quarter of a million figures, marks and words: linear, or this would not come back."""
    assert mask("1" * 250_000).count("*") == 249_997
    assert len(mask("1 ,，" * 60_000)) == 240_000
    assert mask("手机" * 100_000) == "手机" * 100_000
