"""From tokens and their alignment to words with times."""

import pytest
from spoken import wanted

from monitor.engines.job import Job, words_of
from monitor.engines.tokens import Tokens
from monitor.engines.window import STATE_MS
from monitor.engines.word_times import Aligned

pytestmark = pytest.mark.whisper


def job(tokens: Tokens, spoken: str, text: str, audio_ms: int = 2_000) -> tuple[Job, Aligned]:
    asked = Job(wanted(bytes(audio_ms * 32), from_ms=10_000), 6_000, 5, rows=tokens.encode(spoken), text=text)
    count = len(asked.rows)
    return asked, Aligned([0.5] * count, [(at, at * 10) for at in range(count)])


def test_words_begin_where_their_first_token_does_and_end_where_the_next_begins(tokens: Tokens) -> None:
    asked, aligned = job(tokens, "您好啊", "您好啊")
    words = words_of(asked, tokens, aligned.known, aligned.sure, STATE_MS)
    assert "".join(word.text for word in words) == "您好啊"
    assert words[0].from_ms == 10_000
    assert [word.to_ms for word in words[:-1]] == [word.from_ms for word in words[1:]]
    assert words[-1].to_ms == 12_000
    assert {word.probability for word in words} == {0.5}


def test_no_word_lies_beyond_the_audio(tokens: Tokens) -> None:
    asked, aligned = job(tokens, "您好啊您好啊您好啊", "您好啊您好啊您好啊", audio_ms=300)
    assert max(word.to_ms for word in words_of(asked, tokens, aligned.known, aligned.sure, STATE_MS)) == 10_300


def test_characters_cut_across_tokens_are_one_word(tokens: Tokens) -> None:
    asked, aligned = job(tokens, "囍囍", "囍囍")
    assert len(asked.rows) > 2
    assert [word.text for word in words_of(asked, tokens, aligned.known, aligned.sure, STATE_MS)] == ["囍", "囍"]


def test_traditional_words_become_simplified(tokens: Tokens) -> None:
    asked, aligned = job(tokens, "歸我做", "归我做")
    assert "".join(word.text for word in words_of(asked, tokens, aligned.known, aligned.sure, STATE_MS)) == "归我做"


def test_what_is_not_in_the_text_is_no_word(tokens: Tokens) -> None:
    asked, aligned = job(tokens, "您好。字幕由志愿者提供", "您好。")
    assert "".join(word.text for word in words_of(asked, tokens, aligned.known, aligned.sure, STATE_MS)) == "您好。"


def test_a_sentence_that_was_written_twice_is_taken_once(tokens: Tokens) -> None:
    """Text and words stay the same; the tokens that were decoded are kept for verification."""
    asked, aligned = job(tokens, "不行,不行", "不行,不行")
    steps = [(at, min(at, 1) * 20) for at in range(len(asked.rows) + 1)]
    asked.take(words_of(asked, tokens, steps, aligned.sure, STATE_MS))
    assert (asked.text, "".join(word.text for word in asked.words)) == ("不行", "不行")
    assert tokens.decode(asked.rows) == "不行,不行"
