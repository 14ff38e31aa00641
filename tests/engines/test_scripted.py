"""The scripted engine hears what its script says, as far as it was asked."""

import pytest

from monitor.engines.scripted import Line, ScriptedEngine
from monitor.errors import ConfigError
from monitor.events import DecodeWanted, VerifyWanted
from monitor.frames import Pass, Side
from monitor.timeline import Ms

LINE = {"side": "agent", "from_ms": 1_000, "to_ms": 2_000, "text": "这事不归我做啊您找"}


def wanted(from_ms: int, to_ms: int, side: Side = Side.AGENT, call_id: str = "c") -> DecodeWanted:
    return DecodeWanted(
        call_id=call_id,
        utterance_id="u",
        revision=3,
        decode=Pass.PARTIAL,
        side=side,
        from_ms=Ms(from_ms),
        to_ms=Ms(to_ms),
        pcm=b"",
    )


def test_a_stretch_over_the_whole_line_gives_it_all_with_times() -> None:
    (heard,) = ScriptedEngine([LINE]).decode([wanted(800, 2_200)])
    assert heard.text == LINE["text"]
    assert (heard.utterance_id, heard.revision, heard.side) == ("u", 3, Side.AGENT)
    assert heard.words[0].from_ms == 1_000
    assert heard.words[-1].to_ms == 2_000
    assert all(a.to_ms <= b.from_ms + 1 for a, b in zip(heard.words, heard.words[1:], strict=False))


def test_a_stretch_that_ends_in_the_line_gives_its_beginning() -> None:
    (heard,) = ScriptedEngine([LINE]).decode([wanted(800, 1_500)])
    assert heard.text == "这事不归"


def test_the_other_side_and_other_times_hear_nothing() -> None:
    engine = ScriptedEngine([LINE])
    texts = [h.text for h in engine.decode([wanted(0, 1_000), wanted(2_000, 3_000), wanted(0, 9_000, Side.CUSTOMER)])]
    assert texts == ["", "", ""]


def test_lines_of_one_call_are_not_heard_in_another() -> None:
    engine = ScriptedEngine([{**LINE, "call_id": "a"}])
    assert [h.text for h in engine.decode([wanted(0, 9_000, call_id=call) for call in "ab"])] == [LINE["text"], ""]


def test_two_lines_in_one_stretch_are_joined_in_order() -> None:
    engine = ScriptedEngine(
        [
            Line(side=Side.AGENT, from_ms=Ms(500), to_ms=Ms(900), text="好的"),
            Line(side=Side.AGENT, from_ms=Ms(0), to_ms=Ms(400), text="您好"),
        ]
    )
    assert engine.decode([wanted(0, 1_000)])[0].text == "您好好的"


def test_the_audio_holds_what_the_script_says() -> None:
    def ask(candidate: str) -> VerifyWanted:
        return VerifyWanted(
            call_id="c", request_id="r", utterance_id="u", revision=1, pcm=b"", text="x", start=0, end=1,
            candidate=candidate,
        )  # fmt: skip

    held, absent = ScriptedEngine([LINE]).verify([ask("不归我做"), ask("不归我管")])
    assert held.llr == 0.0
    assert absent.llr < -1


@pytest.mark.parametrize(
    "line",
    [{}, {**LINE, "side": "boss"}, {**LINE, "from_ms": "soon"}, {**LINE, "to_ms": 1_000}, None],
)
def test_a_broken_line_is_refused(line: object) -> None:
    with pytest.raises(ConfigError, match="ENG-010"):
        ScriptedEngine([line])  # type: ignore[list-item]
