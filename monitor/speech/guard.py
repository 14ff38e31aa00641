"""Keeps out what the recogniser says and nobody else does: phantoms, loops and echoes.

Whisper learnt from subtitles, so in noise or silence it writes what subtitles end with. Two kinds
must be told apart. *Signatures* («字幕由…提供», «请不吝点赞 订阅…») are never part of a service call
and are cut out wherever they stand. *Pleasantries* («谢谢观看», «谢谢») may be real words; they are
phantoms only when they are all there is and the audio does not support them: too little of it, or
the recogniser itself is unsure.

An *echo* is a very short utterance written twice («不行» as «不行不行»). People double words too
(«好的好的», «谢谢谢谢»); what tells them apart is whether the second time has any sound of its own.
"""

import re
import zlib
from collections.abc import Sequence
from typing import Final

from monitor.frames import Word

_SIGNATURES: Final = re.compile(
    r"请?不吝(点赞|點贊)?[^。！？]*"
    r"|(明镜与?点点|点点栏目|明镜(火拍|需要您的支持|新闻台))[^。！？]*"
    r"|字幕(由|[：:]|制作|志愿者|组|君|提供|by|BY)[^。！？]*"
    r"|(翻译|校对|听译|时间轴|压制)[：:][^。！？]*"
    r"|中文字幕[^。！？]*"
    r"|[^。！？]{0,8}(优优独播剧场|YoYo ?(Television|English)|独播剧场)[^。！？]*"
    r"|(欢迎|记得|别忘了|请|敬请)?(点赞|订阅)[、，, ]*(点赞|订阅|转发|打赏|收藏|评论|频道|我的频道|小铃铛)[^。！？]*"
    r"|以下是普通话的句子[。，]?"
    r"|(Amara|amara)\.?(org)?[^。！？]*"
    r"|(作词|作曲|编曲|演唱)[：: ][^。！？]*"
)

_PLEASANTRIES: Final = frozenset(
    [
        "谢谢观看",
        "谢谢收看",
        "谢谢收听",
        "谢谢大家",
        "谢谢大家观看",
        "谢谢大家收看",
        "谢谢您的观看",
        "谢谢你的观看",
        "感谢观看",
        "感谢收看",
        "感谢收听",
        "感谢您的观看",
        "感谢大家的观看",
        "感谢您的收看",
        "感谢聆听",
        "我们下期再见",
        "下期再见",
        "我们下次再见",
        "下次再见",
        "请订阅",
        "请订阅我的频道",
        "订阅我的频道",
        "字幕",
        "音乐",
        "掌声",
        "笑声",
    ]
)
"""What subtitles say and calls hardly ever do: believed only when the recogniser is sure."""

_SHORT: Final = frozenset(
    ["谢谢", "谢谢你", "谢谢您", "嗯", "啊", "哦", "呃", "好", "你", "我", "的", "是", "对", "再见", "拜拜"]
)
"""Real words that are also what noise becomes: believed unless the recogniser hardly is."""

_NOBODY_SPEAKS: Final = 0.6
_SURE_DESPITE_NOISE: Final = 0.5
"""Of 60 pieces of street, office, weather and music, Whisper base gave none less than 0.78 and a confidence
above 0.45; of 190 sentences and single words, down to 8 dB above such noise, none more than 0.55."""
_NOT_WORDS: Final = re.compile(r"[\W_]+")
_MOST_CHARS_PER_S: Final = 14.0
"""Mandarin read as fast as it can be said has about ten syllables a second."""
_LEAST_CHARS_FOR_RATE: Final = 8
_ECHO_MS_PER_CHAR: Final = 70
"""A repetition that the alignment gives less than this was not said. Of 52 repetitions too many that Whisper
base wrote for 22 short sentences, single and double, in four synthetic voices, 36 lie below; of 83 that
were said, one, and the next is at 70 (the fastest Mandarin has about 100 ms a syllable)."""
_ECHO_ENDINGS: Final = "啊呀哦呢吧嘛吗了啦"
"""An echo may end in another particle: «听得见吗听得见嘛»."""


def bare(text: str) -> str:
    """The letters, characters and digits of ``text`` alone."""
    return _NOT_WORDS.sub("", text)


def loops(text: str) -> bool:
    """Whether the text repeats itself as a decoder does that has lost its place.

    A run of one to twelve characters said again at once, until at least three quarters of a text of
    twelve or more characters are repetition; or a longer text that compresses to under two fifths.
    Two thirds of «好的好的好的» are repetition too, so that short texts are never loops, and digits
    (telephone and order numbers) are not counted.
    """
    plain = re.sub(r"[0-9零一二三四五六七八九幺]", "", bare(text))
    if len(plain) < 12:
        return False
    for match in re.finditer(r"(.{1,12}?)\1{2,}", plain):
        repeated = len(match[0]) - len(match[1])
        if repeated >= 12 or repeated * 4 >= len(plain) * 3:
            return True
    packed = len(zlib.compress(plain.encode(), 9)) - 11
    return len(plain) >= 30 and packed < 0.4 * len(plain.encode())


def clean(text: str, audio_ms: int, confidence: float, no_speech: float = 0.0) -> tuple[str, str]:
    """What may be believed of ``text`` (Simplified), and why anything was dropped.

    ``audio_ms`` is the length of the audio that was decoded, ``confidence`` the mean token
    probability and ``no_speech`` the recogniser's probability that nobody speaks, 0 to 1. Returns the
    text, with phantoms cut out, and ``""``, ``"noise"``, ``"phantom"``, ``"loop"`` or ``"rate"``; the
    reason is given only when nothing is left.
    """
    if bare(text) and no_speech > _NOBODY_SPEAKS and confidence < _SURE_DESPITE_NOISE:
        return "", "noise"
    kept = _SIGNATURES.sub("", text).strip()
    plain = bare(kept)
    if not plain:
        return "", "phantom" if bare(text) else ""
    if plain in _PLEASANTRIES and (confidence < 0.6 or audio_ms < 150 * len(plain)):
        return "", "phantom"
    if plain in _SHORT and confidence < 0.25:
        return "", "phantom"
    if len(plain) >= _LEAST_CHARS_FOR_RATE and len(plain) > _MOST_CHARS_PER_S * audio_ms / 1000:
        return "", "rate"
    if loops(kept):
        return "", "loop"
    return kept, ""


def heard_once(words: Sequence[Word]) -> int:
    """How many of an utterance's words are left when an echo of its beginning is taken off its end.

    An echo says the beginning again, at least two characters of it, in less time than it takes to say. All
    of them where there is none; echoes of echoes go too.
    """
    count = len(words)
    for at in range(1, len(words)):
        said, again = _letters(words[:at]), _letters(words[at:])
        if len(again) >= 2 and _repeats(again, said):
            took_ms = words[-1].to_ms - words[at].from_ms
            if took_ms < _ECHO_MS_PER_CHAR * len(again):
                count = at
                break
    if count == len(words):
        return count
    while count > 1 and not bare(words[count - 1].text):
        count -= 1  # the comma before the echo
    return heard_once(words[:count])


def _letters(words: Sequence[Word]) -> str:
    return bare("".join(word.text for word in words))


def _repeats(again: str, said: str) -> bool:
    """Whether ``again`` is the beginning of ``said``, but for its particle and one character in four."""
    wanted, begun = again.rstrip(_ECHO_ENDINGS) or again, said.rstrip(_ECHO_ENDINGS) or said
    if len(wanted) > len(begun):
        return False
    return 4 * sum(one != other for one, other in zip(wanted, begun, strict=False)) <= len(wanted)
