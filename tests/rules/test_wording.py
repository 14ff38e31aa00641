"""Accepted wordings survive paraphrase and misspelling; what starts something is found strictly."""

import pytest

from monitor.rules.wording import Wordings
from monitor.text.reading import read

CLOSING = "对不起，您的电话没有声音，请您换一部电话再次打来，好吗？再见"


@pytest.mark.parametrize(
    "said",
    [
        CLOSING,
        "对不起您的电话没有声音请您换一步电话再次打来好吗再见",
        "对不起您电话没有声音请换一部电话再次打来好吗",
        "呃对不起，您的电话没有声因，请您换一部电话再次打来，好吗",
        "您好，对不起，您的电话没有声音，麻烦您换一部电话再打来，好吗？再见！",
    ],
)
def test_accepted_wording_is_found_as_recognisers_spell_it(said: str) -> None:
    """Homophones, missing and additional words do not hide a sentence."""
    assert Wordings([CLOSING]).find(read(said))


@pytest.mark.parametrize("said", ["您好，请问有什么可以帮助您", "您的电话是多少", "再见", "", "嗯"])
def test_other_sentences_are_not_taken_for_it(said: str) -> None:
    """Loose is not blind."""
    assert Wordings([CLOSING]).find(read(said)) is None


@pytest.mark.parametrize(
    "said",
    [
        "您好，欢迎致电花语客户服务热线，客服代表小王很高兴为您服务，请问有什么可以帮助您",
        "您好欢迎致电小熊家居客户服务热线客服代表一零二四很高兴为您服务请问有什么可以帮助您",
    ],
)
def test_placeholders_stand_for_anything(said: str) -> None:
    """XX, YYY and …… are the company's and the agent's own."""
    wording = "您好，欢迎致电XX客户服务热线，客服代表YYY很高兴为您服务，请问有什么可以帮助您"
    found = Wordings([wording]).find(read(said))
    assert found is not None
    assert found.phrase == wording
    assert found.score == 1


def test_a_placeholder_does_not_reach_into_the_next_subject() -> None:
    """What belongs together stands together."""
    far = "第一是尺码" + "我们一直都在跟仓库确认这件事情请您放心我们会处理好的" * 2 + "第二是颜色"
    assert Wordings(["第一是……，第二是……"]).find(read(far)) is None
    assert Wordings(["第一是……，第二是……"]).find(read("第一是尺码不合适，第二是颜色不对"))


def test_short_wordings_must_sound_exactly_alike() -> None:
    """Two syllables leave no room for a mistake."""
    wordings = Wordings(["抱歉", "稍等片刻"])
    assert wordings.find(read("非常报欠"))
    assert wordings.find(read("请您少等片刻"))
    assert wordings.find(read("宝剑")) is None
    assert wordings.find(read("稍候几分钟")) is None


@pytest.mark.parametrize("loose", [True, False])
def test_a_denial_is_not_a_misspelling(loose: bool) -> None:
    """«不是我们的责任» and «是我们的责任» differ by one syllable and everything."""
    wordings = Wordings(["不是我们公司的责任"], loose=loose)
    assert wordings.find(read("这不是我们公司的责任"))
    assert wordings.find(read("这是我们公司的责任")) is None
    assert Wordings(["是我们公司的责任"], loose=loose).find(read("这不是我们公司责任")) is None


def test_what_starts_something_is_found_strictly() -> None:
    """A trigger of fewer than six syllables must be there in letters or exact sound."""
    wordings = Wordings(["我要投诉你们"], loose=False)
    assert wordings.find(read("我要头诉你们"))
    assert wordings.find(read("我要退货你们")) is None
    assert Wordings(["谢谢"], loose=False).find(read("写写")) is None


def test_unless_excuses_only_where_it_overlaps() -> None:
    """«我不是要投诉……我要投诉» is a complaint all the same."""
    wordings = Wordings(["投诉"], unless=["不是要投诉"], loose=False)
    assert wordings.find(read("我不是要投诉")) is None
    assert wordings.find(read("刚才不是要投诉，现在我要投诉"))


def test_patterns_give_their_slots() -> None:
    """Named groups are told to whoever waits for the signal."""
    found = Wordings(patterns=["我姓{surname=[王李]}"]).find(read("您好，我姓王。"))
    assert found is not None
    assert found.slots == {"surname": "王"}
    assert found.quote == "我姓王"


def test_quote_is_as_heard() -> None:
    """The words as they were spelt, punctuation between them included."""
    found = Wordings(["请您稍等片刻"]).find(read("好的，请您，稍等片刻。"))
    assert found is not None
    assert found.quote == "请您，稍等片刻"


def test_punctuation_counts_where_a_pattern_names_it() -> None:
    """«？» is seen by patterns that ask for it and by no other."""
    assert Wordings(patterns=["好？"]).find(read("这样好？"))
    assert Wordings(patterns=["好？"]).find(read("这样好。")) is None


def test_counting_is_by_letters_longest_first() -> None:
    """我们 is not counted as 我 where both are asked for; 您 and 你 are two words."""
    assert Wordings(["我们", "我"]).count("我们的订单我看看") == 2
    assert Wordings(["您"]).count("您好你好您") == 2
    assert Wordings([]).count("您好") == 0


def test_the_same_wordings_are_compiled_once() -> None:
    """A thousand calls share one compilation."""
    assert Wordings.of(["您好"], ["再见"]) is Wordings.of(("您好",), ("再见",))
    assert Wordings.of(["您好"]) is not Wordings.of(["您好"], loose=False)


def test_nothing_to_find_finds_nothing() -> None:
    """Empty wordings are false."""
    assert not Wordings()
    assert Wordings().find(read("您好")) is None
