import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.rules.hit import Found
from monitor.rules.model import BannedRule
from monitor.rules.sound import MOST_UNSURE, Sounds
from monitor.text.reading import read


def rule(*phrases: str, name: str = "a", **more: object) -> BannedRule:
    return BannedRule.model_validate(
        {
            "id": name,
            "kind": "banned",
            "title": "试",
            "status": "trial",
            "severity": "major",
            "phrases": phrases,
            **more,
        }
    )


def heard(sounds: Sounds, said: str) -> list[tuple[str, str, bool]]:
    reading = read(said)
    return [(item.phrase, reading.quote(item.start, item.end), item.needs_audio) for item in sounds.find(reading)]


def test_homophones_are_heard() -> None:
    """Spelling fails, sound survives."""
    assert heard(Sounds([rule("这事不归我做")]), "您好，这是不规我做") == [("这事不归我做", "这是不规我做", False)]


def test_confusions_are_folded() -> None:
    """Southern speakers: 我没权限 as wo mei qian xian."""
    assert heard(Sounds([rule("我没有权限")]), "我没有前线")[0][1] == "我没有前线"


def test_what_is_only_near_is_for_the_audio() -> None:
    """The candidate is what the audio is asked about."""
    reading = read("您好，这事不为我做")
    found = list(Sounds([rule("这事不归我做")]).find(reading))
    assert [(item.needs_audio, item.candidate) for item in found] == [(True, "这事不归我做")]


@pytest.mark.parametrize("said", ["您好，请问有什么可以帮您", "这事包在我身上", "", "的的的的"])
def test_what_sounds_otherwise_is_not_heard(said: str) -> None:
    """Not even as a question to the audio."""
    assert heard(Sounds([rule("这事不归我做")]), said) == []


def test_a_lost_denial_is_no_small_thing() -> None:
    """我很愿意 is one syllable from 我不愿意, and the opposite."""
    assert heard(Sounds([rule("我不愿意做")]), "我很愿意做") == []


def test_missing_and_extra_syllables() -> None:
    """这个 and 的 come and go."""
    assert heard(Sounds([rule("不是我负责处理的事情")]), "不是我负责处理这个事情") == [
        ("不是我负责处理的事情", "不是我负责处理这个事情", False)
    ]


def test_short_phrases_are_left_to_spelling() -> None:
    """滚 sounds like much else."""
    assert heard(Sounds([rule("滚"), rule("不行", name="b")]), "步行") == []


def test_questions_to_the_audio_are_bounded() -> None:
    """However many phrases are near."""
    rules = [rule(f"这事不归我{last}", name=f"r{number}") for number, last in enumerate("办烧踢卖走")]
    assert sum(unsure for _, _, unsure in heard(Sounds(rules), "这事不归我喝")) <= MOST_UNSURE


def test_examples_are_listened_for() -> None:
    """But without the audio only where they sound exactly alike."""
    sounds = Sounds([rule("没门儿都没有", examples={"hit": ({"say": "您上哪告都行"},)})])
    assert heard(sounds, "您商哪告都行") == [("您上哪告都行", "您商哪告都行", False)]
    assert [unsure for _, _, unsure in heard(sounds, "您上那告都好")] == [True]


def test_a_character_is_heard_by_its_commonest_reading_too() -> None:
    """补给 is read bǔ jǐ, and was 不给."""
    assert heard(Sounds([rule("就是不给你退")]), "就是补给你退")[0][2] is False


def test_rules_may_ask_for_spelling_alone() -> None:
    """``sound: false``."""
    assert heard(Sounds([rule("这事不归我做", sound=False)]), "这是不规我做") == []


@given(
    st.text(alphabet="您好请问订单快递地址收到", max_size=10), st.text(alphabet="您好请问订单快递地址收到", max_size=10)
)
def test_a_phrase_sounds_like_itself_anywhere(before: str, after: str) -> None:
    """Whatever surrounds it."""
    assert ("这块不归我们负责", "这块不归我们负责", False) in heard(
        Sounds([rule("这块不归我们负责")]), before + "，这块不归我们负责，" + after
    )


_FAMILY = {
    "task": ("这事不归我做", "这事不归我们管", "那不是我的事"),
    "again": ("你再打电话也没用", "打多少次电话都没用的"),
    "hang": ("再骂人我就挂电话了", "我要挂电话了", "挂了啊"),
    "rule": ("公司规定就是这样的没办法", "规定就是规定", "没办法"),
}


def test_a_phrase_is_heard_whatever_else_is_listened_for() -> None:
    """Phrases are sifted and aligned all at once; each is found as if it were the only one."""
    every = [rule(*phrases, name=name) for name, phrases in _FAMILY.items()]
    together = Sounds(every)
    alone = [Sounds([one]) for one in every]
    found = 0
    for said in (
        *itertools.chain(*_FAMILY.values()),
        "这是不规我做你再打电话也没拥",
        "您要是在骂人我就挂店话了请您理解",
    ):
        reading = read(said)
        one_by_one = [key(item) for sounds in alone for item in sounds.find(reading, ask=False)]
        assert sorted(key(item) for item in together.find(reading, ask=False)) == sorted(one_by_one)
        found += len(one_by_one)
    assert found > len(every)


def key(item: Found) -> tuple[str, str, int, int, float]:
    return item.rule.id, item.phrase, item.start, item.end, item.score
