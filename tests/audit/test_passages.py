"""Utterances heard together and taken apart again."""

from collections.abc import Sequence

import numpy as np
import pytest

from monitor.audit.passages import APART_MS, LONGEST_MS, Passages
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Hypothesis, Pass, Side, Verdict, Word
from monitor.timeline import Ms

SYLLABLE_MS = 200


class Reader:
    """An engine that reads samples: every 200 ms hold the number of the character that is said in them."""

    name, lanes = "reader", 2

    def __init__(self, deaf_to: str = "", dropped: str = "") -> None:
        """``deaf_to``: characters that it does not hear in anything longer than 3 s; ``dropped``: why it drops those."""
        self.asked: list[DecodeWanted] = []
        self._deaf_to, self._dropped = deaf_to, dropped

    def shape(self, wanted: DecodeWanted) -> int:
        return len(wanted.pcm)

    def decode(self, batch: Sequence[DecodeWanted]) -> list[Hypothesis]:
        self.asked += batch
        return [self._hear(wanted) for wanted in batch]

    def verify(self, batch: Sequence[VerifyWanted]) -> list[Verdict]:
        return [Verdict(request_id=wanted.request_id, llr=1.0) for wanted in batch]

    def _hear(self, wanted: DecodeWanted) -> Hypothesis:
        samples = np.frombuffer(wanted.pcm, "<u2")[:: 16 * SYLLABLE_MS]
        long = len(wanted.pcm) > 2 * 16 * 3_000
        words, begin = [], 0
        for place, number in enumerate(samples):
            end = (place + 1) * SYLLABLE_MS
            if number and not (long and chr(number) in self._deaf_to):
                at = (Ms(wanted.from_ms + begin), Ms(wanted.from_ms + end))
                words.append(Word(text=chr(number), from_ms=at[0], to_ms=at[1], probability=0.9))
                begin = end  # as a recogniser does: the next word begins where this one ends, pause and all
        dropped = self._dropped if long else ""
        return wanted.answer(
            text="" if dropped else "".join(word.text for word in words),
            words=() if dropped else tuple(words),
            confidence=0.9,
            dropped=dropped,
        )


def said(*texts: str, side: Side = Side.AGENT, decode: Pass = Pass.FINAL, pause_ms: int = 900) -> list[DecodeWanted]:
    """One utterance a text, 200 ms a character."""
    asks, at_ms = [], 1_000
    for number, text in enumerate(texts):
        pcm = np.repeat(np.array([ord(letter) for letter in text], "<u2"), 16 * SYLLABLE_MS).tobytes()
        to_ms = at_ms + SYLLABLE_MS * len(text)
        ask = DecodeWanted(
            call_id="c",
            utterance_id=f"{side.value}{number}",
            revision=2,
            decode=decode,
            side=side,
            from_ms=Ms(at_ms),
            to_ms=Ms(to_ms),
            pcm=pcm,
        )
        asks.append(ask)
        at_ms = to_ms + pause_ms
    return asks


TEXTS = ("您好这里是云朵商城", "订单号码多少呀", "好的", "我帮您查一下请您稍等")


def test_every_utterance_gets_its_own_words_at_its_own_times() -> None:
    engine, asks = Reader(), said(*TEXTS)
    heard = Passages(engine).decode(asks)
    assert [it.text for it in heard] == list(TEXTS)
    assert [(it.utterance_id, it.revision, it.from_ms, it.to_ms) for it in heard] == [
        (it.utterance_id, 2, it.from_ms, it.to_ms) for it in asks
    ]
    for ask, it in zip(asks, heard, strict=True):
        assert [(word.from_ms, word.to_ms) for word in it.words] == [
            (ask.from_ms + at, ask.from_ms + at + SYLLABLE_MS)
            for at in range(0, SYLLABLE_MS * len(it.text), SYLLABLE_MS)
        ]
        assert it.confidence == pytest.approx(0.9)
    assert len(engine.asked) == 1
    apart_ms = APART_MS * (len(TEXTS) - 1)
    assert engine.asked[0].to_ms == SYLLABLE_MS * len("".join(TEXTS)) + apart_ms


def test_sides_calls_and_far_apart_sentences_are_not_joined() -> None:
    engine = Reader()
    agent, customer = said(*TEXTS[:2]), said(*TEXTS[2:], side=Side.CUSTOMER)
    mixed = [agent[0], customer[0], agent[1], customer[1]]
    heard = Passages(engine).decode(mixed)
    assert [it.text for it in heard] == [TEXTS[0], TEXTS[2], TEXTS[1], TEXTS[3]]
    assert {ask.side for ask in engine.asked} == {Side.AGENT, Side.CUSTOMER}
    assert len(engine.asked) == 2
    engine = Reader()
    Passages(engine).decode(said(*TEXTS, pause_ms=40_000))
    assert len(engine.asked) == len(TEXTS)


def test_a_passage_has_a_longest_length() -> None:
    engine = Reader()
    texts = ["您好这里是云朵商城请问有什么可以帮您"] * 9
    assert [it.text for it in Passages(engine).decode(said(*texts))] == texts
    assert all(ask.to_ms - ask.from_ms <= LONGEST_MS for ask in engine.asked)
    assert len(engine.asked) < len(texts)


def test_what_is_not_final_is_left_alone() -> None:
    engine = Reader()
    Passages(engine).decode(said(*TEXTS, decode=Pass.EAGER))
    assert len(engine.asked) == len(TEXTS)


def test_a_sentence_lost_in_its_passage_is_heard_alone_and_its_neighbours_too() -> None:
    """Its words may have gone to them, or theirs to it."""
    engine = Reader(deaf_to=TEXTS[1])
    assert [it.text for it in Passages(engine).decode(said(*TEXTS))] == list(TEXTS)
    assert [ask.utterance_id for ask in engine.asked[1:]] == ["agent0", "agent1", "agent2"]


def test_a_passage_that_makes_no_sense_is_heard_piece_by_piece() -> None:
    engine = Reader(dropped="loop")
    assert [it.text for it in Passages(engine).decode(said(*TEXTS))] == list(TEXTS)
    assert len(engine.asked) == 1 + len(TEXTS)


def test_nothing_asked_nothing_answered() -> None:
    assert Passages(Reader()).decode([]) == []
