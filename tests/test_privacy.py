import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.privacy import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("我的电话是13800138000。", "我的电话是138****8000。"),
        ("我电话138-0013-8000", "我电话138-****-8000"),
        ("幺三八零零幺三八零零零", "幺三八****八零零零"),
        ("幺三八,零零幺三,八零零零对吧", "幺三八,****,八零零零对吧"),
        ("号码是一三八 零零一三 八零", "号码是一三八 **** **"),
        ("身份证11010519491231002X", "身份证110***********002X"),
        ("卡号6222 0200 0000 1234 567", "卡号622* **** **** ***4 567"),
        ("座机88651234", "座机886*****"),
        ("零零幺三", "****"),
        ("嗯，八零零零。", "嗯，****。"),
        ("尾号八零零零", "尾号****"),
    ],
)
def test_numbers_of_a_person_are_hidden(text, masked):
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "",
        "一共三百九十八块",
        "今天是二零二六年十一月二十二号",
        "请打110",
        "华为Mate60",
        "七天无理由退货",
        "三三两两的客人",
        "一五一十地说",
        "24小时之内给您答复",
        "订单是2026-11月的",
        "一二三",
    ],
)
def test_what_is_no_ones_number_stays(text):
    assert mask(text) == text


def test_a_partial_never_shows_more_than_the_final():
    number = "13800138000"
    for length in range(7, len(number)):
        assert mask(number[:length])[3:].strip("*") == ""


@given(st.text("138 -,，零幺两三x我的电话号是", max_size=60))
def test_length_never_changes_and_masking_twice_is_masking_once(text):
    once = mask(text)
    assert len(once) == len(text)
    assert mask(once) == once
    assert all(a == b or a == "*" for a, b in zip(once, text, strict=True))


def test_a_long_text_takes_one_pass():
    text = "1-" * 50_000 + "我" + "零," * 50_000
    assert len(mask(text)) == len(text)
