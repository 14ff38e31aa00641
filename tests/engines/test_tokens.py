"""Text to tokens and back, on Whisper base's own tokenizer."""

import json

import pytest

from monitor.engines.tokens import Tokens
from monitor.engines.whisper import WhisperSettings
from monitor.errors import WeightsError

pytestmark = pytest.mark.whisper


@pytest.mark.parametrize("text", ["您好，请问您要什么？", "iPhone15的Wi-Fi连不上", "𠮷野家", "VIP 2024-11-22", ""])
def test_text_survives_its_tokens(tokens: Tokens, text: str) -> None:
    rows = tokens.encode(text)
    assert tokens.decode(rows) == text
    spelt = tokens.spell(rows)
    assert "".join(item.text for item in spelt) == text
    assert [item.start for item in spelt[1:]] == [item.end for item in spelt[:-1]]


def test_broken_bytes_say_nothing(tokens: Tokens) -> None:
    rows = tokens.encode("好")
    lone = tokens.encode("𠮷")[:1]
    assert tokens.decode([*lone, *rows]) == "好"
    assert "".join(item.text for item in tokens.spell([*rows, *lone])) == "好"


def test_the_cut_vocabulary_is_small_and_in_order(tokens: Tokens) -> None:
    assert 3_000 < len(tokens.ids) < 8_000
    assert tokens.ids == sorted(set(tokens.ids))
    assert len(tokens.names()) == len(tokens.ids)
    assert tokens.names()[tokens.start[1]] == "<|zh|>"


def test_texts_are_alike_but_for_script_and_punctuation(tokens: Tokens) -> None:
    def likeness(text: str, cut: int = 0) -> tuple[str, bytes]:
        rows = tokens.encode(text)
        return tokens.likeness(rows[: len(rows) - cut])

    assert likeness("這件事情，我來處理。") == likeness("这件事情我来处理") == ("这件事情我来处理", b"")
    assert likeness("这件事") != likeness("那件事")
    assert likeness("好𠮷", 1) != likeness("好"), "half a character is not nothing"


def test_a_transcript_begins_after_the_text_before_it(tokens: Tokens) -> None:
    assert tokens.prompt() == [*tokens.start, tokens.no_timestamps]
    assert tokens.prompt("您好") == [tokens.previous, *tokens.encode("您好"), *tokens.prompt()]
    assert tokens.names()[tokens.end] == "<|endoftext|>"
    assert tokens.names()[tokens.nobody] in ("<|nospeech|>", "<|nocaptions|>")


def test_a_file_that_is_no_tokenizer_is_refused() -> None:
    for body in (b"", b"{}", b'{"model": {"vocab": {}}, "added_tokens": []}'):
        with pytest.raises(WeightsError, match="WGT-007"):
            Tokens(body, mandarin_only=True)


@pytest.mark.parametrize("kept", ["nospeech", "nocaptions", ""])
def test_the_token_of_silence_has_two_names_and_must_be_there(settings: WhisperSettings, kept: str) -> None:
    spec = json.loads((settings.weights / "tokenizer.json").read_text())
    for item in spec["added_tokens"]:
        if item["content"] in ("<|nospeech|>", "<|nocaptions|>"):
            item["content"] = f"<|{kept or 'something else'}|>"
    body = json.dumps(spec).encode()
    if kept:
        made = Tokens(body, mandarin_only=True)
        assert made.names()[made.nobody] == f"<|{kept}|>"
    else:
        with pytest.raises(WeightsError, match=r"WGT-007.*nocaptions"):
            Tokens(body, mandarin_only=True)
