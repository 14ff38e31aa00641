"""Phantoms and loops are dropped, and nothing that people say in a service call is."""

import pytest

from monitor.frames import Word
from monitor.speech.guard import bare, clean, heard_once, loops
from monitor.timeline import Ms

SURE, UNSURE = 0.9, 0.3


@pytest.mark.parametrize(
    "text",
    [
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由Amara.org社区提供",
        "字幕志愿者 李宗盛",
        "字幕:李宗盛",
        "优优独播剧场——YoYo Television Series Exclusive",
        "中文字幕 提供",
        "明镜需要您的支持 欢迎订阅明镜",
        "请点赞、订阅、转发",
        "以下是普通话的句子。",
        "作词:李宗盛 作曲:李宗盛",
    ],
)
def test_signatures_are_never_words(text: str) -> None:
    assert clean(text, 4_000, SURE) == ("", "phantom")


def test_a_signature_is_cut_out_of_what_was_said() -> None:
    assert clean("您好，请稍等。字幕由志愿者提供", 4_000, SURE) == ("您好，请稍等。", "")


@pytest.mark.parametrize("text", ["谢谢观看", "感谢您的观看", "谢谢大家收看!", "下期再见"])
def test_pleasantries_of_subtitles_need_a_sure_ear(text: str) -> None:
    assert clean(text, 1_500, UNSURE) == ("", "phantom")
    assert clean(text, 200, SURE) == ("", "phantom")
    assert clean(text, 1_500, SURE) == (text, "")


@pytest.mark.parametrize("text", ["谢谢", "谢谢您。", "好", "嗯,", "再见"])
def test_short_real_words_stay_unless_hardly_heard(text: str) -> None:
    assert clean(text, 700, 0.4) == (text, "")
    assert clean(text, 700, 0.1) == ("", "phantom")


@pytest.mark.parametrize(
    "text",
    [
        "感谢您的来电,祝您生活愉快,再见!",
        "谢谢您的耐心等待",
        "这个视频的字幕可以在设置里打开",
        "您订阅的服务下个月到期",
        "给我们的商品点赞就可以领优惠券",
        "翻译由我们来安排",
        "我们下次再见的时候再说",
        "好的好的好的",
        "对对对对对",
        "不不不,不是这个意思",
        "您的电话是13888888888对吗",
        "一二三四五六一二三四五六一二三四五六",
        "慢慢慢慢来,不着急不着急",
    ],
)
def test_what_is_said_in_calls_stays(text: str) -> None:
    assert clean(text, 4_000, UNSURE) == (text, "")


@pytest.mark.parametrize(
    "text",
    [
        "我们会尽快处理" * 8,
        "好的," * 30,
        "哈" * 40,
        "这个问题我们这个问题我们这个问题我们这个问题我们这个问题我们",
        "您好,今天天气,今天天气,今天天气,今天天气,今天天气,今天天气",
    ],
)
def test_loops_are_dropped(text: str) -> None:
    assert loops(text)
    assert clean(text, 30_000, SURE) == ("", "loop")


def test_more_than_can_be_said_in_the_time_is_dropped() -> None:
    text = "您好请问有什么可以帮您的吗我们这里是客服中心"
    assert clean(text, 1_000, SURE) == ("", "rate")
    assert clean(text, 4_000, SURE) == (text, "")


@pytest.mark.parametrize("text", ["", "。", " …… "])
def test_nothing_is_nothing_and_no_phantom(text: str) -> None:
    assert clean(text, 1_000, SURE) == ("", "")


def test_bare_keeps_letters_and_digits() -> None:
    assert bare("您好， A1！…_") == "您好A1"


@pytest.mark.parametrize(
    ("no_speech", "confidence", "dropped"),
    [(0.78, 0.24, "noise"), (0.95, 0.43, "noise"), (0.55, 0.3, ""), (0.9, 0.7, ""), (0.2, 0.05, "")],
)
def test_where_nobody_speaks_nothing_was_said(no_speech: float, confidence: float, dropped: str) -> None:
    text, why = clean("法定人数不足", 2_000, confidence, no_speech)
    assert (text, why) == ("" if dropped else "法定人数不足", dropped)


def test_nothing_in_noise_is_nothing() -> None:
    assert clean("", 2_000, 0.0, 0.99) == ("", "")


def timed(spoken: str) -> list[Word]:
    """Words from ``text@end_ms text@end_ms …``."""
    words, at = [], 0
    for item in spoken.split():
        text, end = item.split("@")
        words.append(Word(text=text, from_ms=Ms(at), to_ms=Ms(int(end))))
        at = int(end)
    return words


@pytest.mark.parametrize(
    ("spoken", "left"),
    [
        ("不行@520 不行@580", "不行"),
        ("好的@500 ,@510 好的@560", "好的"),
        ("对@320 呀@440 对@440 呀@480", "对呀"),
        ("不行@400 了@400 不行@420", "不行了"),
        ("等@300 会@480 啊@760 等@840 会@840", "等会啊"),
        ("没事@420 没事@860 没事@870", "没事没事"),
        ("再见@460 再见@470 再见@480", "再见"),
        ("微微@500 听@700 得@850 见@950 吗@1100 ?@1110 微微@1200 听@1200 得@1200 见@1200 嘛@1240", "微微听得见吗"),
    ],
)
def test_what_was_said_once_and_written_twice_is_heard_once(spoken: str, left: str) -> None:
    """As Whisper base aligned them: the second time has no sound of its own."""
    words = timed(spoken)
    assert "".join(word.text for word in words[: heard_once(words)]) == left


@pytest.mark.parametrize(
    "spoken",
    [
        "好的@440 好的@760",
        "谢谢@600 谢谢@980",
        "可以@360 可以@680",
        "喂@200 喂@480",
        "听@320 得@440 见@660 吗@740 听@940 得@1060 见@1220 吗@1380",
        "对@300 不起@640 对@840 不起@1220",
        "好@200",
        "嗯@200 嗯@210",
        "不行@400 可以@410",
        "",
    ],
)
def test_what_people_say_twice_is_heard_twice(spoken: str) -> None:
    """A doubling takes its time, and one character more is nothing to count."""
    words = timed(spoken)
    assert heard_once(words) == len(words)
