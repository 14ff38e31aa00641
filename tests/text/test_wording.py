import pytest

from monitor.text.wording import PatternError, compile_pattern, expand

CLASSES = {"我": "我们?", "办": "管|负责", "圈": "{@圈}", "副": "(?:也|都){0,2}"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{不归|不是}{@我}{@办}", "不归我们负责"),
        ("{@我|客服}不管", "客服不管"),
        ("您{的|}事", "你事"),
        ("啥{时候|时间}", "什么时候"),
        ("(?<![^，])喂", "，喂"),
        ("等.{0,2}下", "等我一下"),
        ("谁呢?说的", "谁说的"),
        ("这{儿|里}?没权限", "这没权限"),
        ("{啊|呢|好}了", "好了"),
    ],
)
def test_pattern_meets(written: str, said: str) -> None:
    """Synonyms, classes, slots and plain expressions; fillers that lean text lacks are not asked for."""
    assert compile_pattern(written, CLASSES).search(said)


def test_slots_are_named_groups() -> None:
    """A rewrite can use what they caught."""
    found = compile_pattern("{事=发票|退款}{@我}不管", CLASSES).search("发票我不管")
    assert found is not None
    assert found.group("事") == "发票"
    nested = compile_pattern("{时={今天|明天}{上午|}}到", CLASSES).search("明天上午到")
    assert nested is not None
    assert nested.group("时") == "明天上午"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{@无}", "no class '无'"),
        ("{不归", "never closed"),
        ("不归}", "without '{'"),
        ("(不归", "unterminated subpattern"),
        ("{@圈}", "circle"),
        ("{不|}{归|}", "empty text"),
        ("[我", "unterminated character set"),
    ],
)
def test_what_is_wrong_is_said(written: str, what: str) -> None:
    """Each fault in words an author understands."""
    with pytest.raises(PatternError, match=what):
        compile_pattern(written, CLASSES)


def test_escapes_are_left_alone() -> None:
    """A brace can be meant as one."""
    assert expand(r"\{a\}", {}) == r"\{a\}"
