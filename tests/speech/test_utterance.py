from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.frames import Hypothesis, Pass, Side, Word
from monitor.speech.utterance import Utterance, WordClock
from monitor.timeline import Ms


def heard(text: str, revision: int = 1, decode: Pass = Pass.PARTIAL, **more: object) -> Hypothesis:
    return Hypothesis(
        utterance_id="agent-0",
        revision=revision,
        decode=decode,
        side=Side.AGENT,
        from_ms=Ms(0),
        to_ms=Ms(1000),
        text=text,
        **more,  # type: ignore[arg-type]
    )


def test_an_older_answer_is_no_news():
    utterance = Utterance(Side.AGENT, Ms(0))
    assert utterance.take(heard("这事", 2))
    assert not utterance.take(heard("这", 1))
    assert utterance.newest is not None
    assert utterance.newest.text == "这事"


def test_once_closed_only_the_final_counts():
    utterance = Utterance(Side.AGENT, Ms(0))
    utterance.take(heard("这事", 1))
    utterance.final_revision = 3
    assert not utterance.take(heard("这事不", 2))
    assert utterance.final is None
    assert utterance.take(heard("这事不归我做", 3, Pass.FINAL))
    assert utterance.final is not None


def test_an_eager_answer_becomes_the_final_when_the_pause_goes_on():
    utterance = Utterance(Side.AGENT, Ms(40))
    utterance.take(heard("好的", 1, Pass.EAGER))
    assert utterance.final is None
    utterance.final_revision = 1
    assert utterance.final is not None
    assert utterance.id == "agent-40"


def test_agreed_words_are_those_two_partials_share():
    utterance = Utterance(Side.AGENT, Ms(0))
    utterance.take(heard("这是不归", 1))
    utterance.take(heard("这是不归我做", 2))
    assert utterance.agreed == "这是不归"


def test_words_give_the_times():
    clock = WordClock(
        heard(
            "您好，再见",
            words=(
                Word(text="您好", from_ms=Ms(100), to_ms=Ms(300)),
                Word(text="再见", from_ms=Ms(600), to_ms=Ms(900)),
            ),
        )
    )
    assert clock.at(0) == 100
    assert clock.at(1) == 200
    assert clock.end(2) == 300
    assert clock.at(3) == 600
    assert clock.end(5) == 900


def test_without_words_time_is_spread_evenly():
    clock = WordClock(heard("一二三四"))
    assert [clock.at(char) for char in range(5)] == [0, 250, 500, 750, 1000]


@given(
    st.text("您好再见，", max_size=12),
    st.lists(st.tuples(st.text("您好再见", max_size=3), st.integers(0, 1000), st.integers(0, 1000)), max_size=5),
)
def test_times_never_run_backwards(text: str, words: list[tuple[str, int, int]]):
    clock = WordClock(
        replace(heard(text), words=tuple(Word(text=it, from_ms=Ms(start), to_ms=Ms(end)) for it, start, end in words))
    )
    times = [clock.at(char) for char in range(len(text) + 1)]
    assert times == sorted(times)
    assert all(clock.end(char) >= clock.at(char - 1) for char in range(1, len(text) + 1))
