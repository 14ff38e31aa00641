import dataclasses
import itertools
import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.audio.level import loudness
from monitor.audio.vad import Block
from monitor.errors import ConfigError
from monitor.frames import Pass, Side
from monitor.sources.files import open_recording
from monitor.speech.ear import Ear
from monitor.speech.endpoint import Ask, Closed, Endpointer, EndpointPolicy, Move, Opened

POLICY = EndpointPolicy()


def block(index: int, loud: bool) -> bytes:
    """20 ms that can be told from every other: its number is in its first two samples."""
    samples = np.full(320, 3000 if loud else 20, "<i2")
    samples[:2] = index & 0x7FFF, index >> 15
    return samples.tobytes()


def heard(pcm: bytes, voiced: bool) -> Block:
    power, _ = loudness(np.frombuffer(bytearray(pcm), np.int16).reshape(1, -1))[0].tolist()
    return Block(pcm, power, voiced)


class Line:
    """One side whose speech is written down: ``line.hear("quiet 1.0", "speech 0.5")``."""

    def __init__(self, policy: EndpointPolicy = POLICY) -> None:
        self.endpointer = Endpointer(policy)
        self.moves: list[tuple[int, Move]] = []
        self.blocks: list[bytes] = []

    def hear(self, *parts: str) -> "Line":
        for part in parts:
            kind, seconds = part.split()
            self.feed([kind == "speech"] * round(float(seconds) * 50))
        return self

    def feed(self, voiced: Iterable[bool]) -> "Line":
        for is_voiced in voiced:
            self.blocks.append(block(len(self.blocks), is_voiced))
            for move in self.endpointer.block(heard(self.blocks[-1], is_voiced)):
                self.moves.append((len(self.blocks) * 20, move))
        return self

    def close(self) -> "Line":
        self.moves += [(len(self.blocks) * 20, move) for move in self.endpointer.close()]
        return self

    @property
    def asks(self) -> list[tuple[int, Ask]]:
        return [(at, move) for at, move in self.moves if isinstance(move, Ask)]

    @property
    def spans(self) -> list[tuple[int, int, int]]:
        """Begin, end and final revision of each utterance."""
        return [dataclasses.astuple(move) for _, move in self.moves if isinstance(move, Closed)]


def test_one_sentence_from_onset_to_close():
    """Opened within 60 ms, partials every half second, eager at 0.2 s of pause, closed at 0.5 s."""
    line = Line().hear("quiet 1", "speech 1.3", "quiet 1")
    told = [(at, type(move).__name__, getattr(move, "decode", None)) for at, move in line.moves]
    assert told == [
        (1060, "Opened", None),
        (1540, "Ask", Pass.PARTIAL),
        (2040, "Ask", Pass.PARTIAL),
        (2500, "Ask", Pass.EAGER),
        (2800, "Closed", None),
    ]
    assert line.moves[0][1] == Opened(1000)
    assert line.spans == [(1000, 2300, 3)]
    assert [(ask.revision, ask.from_ms, ask.to_ms) for _, ask in line.asks] == [
        (1, 800, 1540),
        (2, 800, 2040),
        (3, 800, 2500),
    ]
    assert all(ask.pcm == b"".join(line.blocks[40 : ask.to_ms // 20]) for _, ask in line.asks)


def test_partials_of_a_long_utterance_come_further_apart():
    """Each of them hears everything again, so each waits for a share of it to be new."""
    line = Line(EndpointPolicy(partial_share=0.3)).hear("quiet 1", "speech 8")
    waits = [two.to_ms - one.to_ms for (_, one), (_, two) in itertools.pairwise(line.asks)]
    lengths = [ask.to_ms - ask.from_ms for _, ask in line.asks[1:]]
    assert waits[0] == 500
    assert all(wait >= max(500, 0.3 * length) for wait, length in zip(waits, lengths, strict=True))
    assert waits[-1] > 1_500
    even = Line(EndpointPolicy(partial_share=0)).hear("quiet 1", "speech 8")
    assert {two.to_ms - one.to_ms for (_, one), (_, two) in itertools.pairwise(even.asks)} == {500}


@pytest.mark.parametrize("speech_ms", [160, 200, 300])
def test_a_short_word_is_an_utterance(speech_ms):
    """«喂» and «嗯»: one eager decode, no partial."""
    line = Line().hear("quiet 1", f"speech {speech_ms / 1000}", "quiet 1")
    assert [ask.decode for _, ask in line.asks] == [Pass.EAGER]
    assert line.spans == [(1000, 1000 + speech_ms, 1)]


@pytest.mark.parametrize("speech_ms", [60, 80, 100])
def test_a_cough_is_dismissed(speech_ms):
    """Opened for a moment, never decoded, closed as nothing."""
    line = Line().hear("quiet 1", f"speech {speech_ms / 1000}", "quiet 1")
    assert line.asks == []
    assert line.spans == [(1000, 1000 + speech_ms, 0)]


def test_a_click_opens_nothing():
    """Two blocks."""
    assert Line().hear("quiet 1", "speech 0.04", "quiet 1").moves == []


def test_a_pause_inside_a_sentence_asks_eagerly_and_goes_on():
    """The eager answer was too early; the next one covers everything and is the final."""
    line = Line().hear("quiet 1", "speech 0.4", "quiet 0.3", "speech 0.4", "quiet 1")
    assert [ask.decode for _, ask in line.asks] == [Pass.EAGER, Pass.EAGER]
    assert line.spans == [(1000, 2100, 2)]
    assert line.asks[-1][1].pcm == b"".join(line.blocks[40:115])


def test_a_blip_in_the_pause_is_not_speech():
    """It neither keeps the utterance open nor makes the eager answer stale."""
    line = Line().hear("quiet 1", "speech 0.4", "quiet 0.3", "speech 0.02", "quiet 1")
    assert [ask.decode for _, ask in line.asks] == [Pass.EAGER]
    assert line.spans == [(1000, 1400, 1)]
    assert line.moves[-1][0] == 1900


def test_two_sentences_are_two_utterances():
    """Neither hears the other's audio."""
    line = Line().hear("quiet 1", "speech 0.5", "quiet 0.52", "speech 0.5", "quiet 1")
    assert [(begin, end) for begin, end, _ in line.spans] == [(1000, 1500), (2020, 2520)]
    finals = [ask for _, ask in line.asks if ask.decode is Pass.EAGER]
    assert finals[0].to_ms <= finals[1].from_ms


def test_pre_roll_begins_with_the_call():
    """A call that begins with a word has nothing before it."""
    line = Line().hear("speech 0.5", "quiet 1")
    assert line.asks[-1][1].from_ms == 0
    assert line.spans[0][0] == 0


def test_speech_without_a_pause_is_cut_before_the_limit():
    """Every piece is at most 12 s, they meet without a gap or a double, and the words go on at once."""
    line = Line().hear("quiet 1", "speech 40", "quiet 1")
    finals = [ask for _, ask in line.asks if ask.decode is not Pass.PARTIAL]
    assert len(finals) >= 4
    assert all(ask.to_ms - ask.from_ms <= 12_000 for _, ask in line.asks)
    assert all(left.to_ms == right.from_ms for left, right in pairwise(finals))
    assert b"".join(ask.pcm for ask in finals) == b"".join(line.blocks[40 : finals[-1].to_ms // 20])
    assert [revision > 0 for *_, revision in line.spans] == [True] * len(finals)


def test_the_cut_falls_into_the_quietest_moment():
    """A breath of 0.1 s at 9.5 s, too short for a pause."""
    line = Line().hear("quiet 1", "speech 9.5", "quiet 0.1", "speech 6", "quiet 1")
    cut = [ask for _, ask in line.asks if ask.decode is Pass.FINAL]
    assert len(cut) == 1
    assert 10_500 < cut[0].to_ms < 10_600
    assert line.spans[0][:2] == (1000, 10_500)
    assert line.spans[1][:2] == (10_600, 16_600)


def test_a_cut_in_digital_silence_is_in_its_middle():
    """0.18 s of zeros, too short for a pause: neither sentence ends or begins at the edge of it."""
    endpointer, finals = Endpointer(POLICY), []
    for index in range(800):
        voiced = not 500 <= index < 509
        moves = endpointer.block(heard(block(index, True) if voiced else bytes(640), voiced))
        finals += [move for move in moves if isinstance(move, Ask) and move.decode is Pass.FINAL]
    assert [ask.to_ms for ask in finals] == [504 * 20]


def test_what_is_left_after_a_cut_is_speech():
    """The limit is reached in a pause, just after a click: the click alone would be an utterance that ends before it began."""
    policy = EndpointPolicy(max_ms=3000, min_speech_ms=20)
    line = Line(policy).hear("quiet 0.5", "speech 2.6", "quiet 0.14", "speech 0.02", "quiet 0.06")
    assert line.close().spans[-1][1] == 3100
    assert all(begin < end for begin, end, _ in line.spans)


def test_words_after_a_cut_come_soon():
    """The new piece is already seconds long when it begins: its first partial does not wait half a second."""
    line = Line().hear("quiet 1", "speech 20")
    at = next(at for at, move in line.moves if isinstance(move, Closed))
    assert next(when for when, ask in line.asks if when > at) == at + 20


def test_after_nine_seconds_a_short_pause_is_enough():
    """Better than a cut through a word later on."""
    line = Line().hear("quiet 1", "speech 9.5", "quiet 0.22", "speech 3", "quiet 1")
    assert [(begin, end) for begin, end, _ in line.spans] == [(1000, 10_500), (10_720, 13_720)]
    first, second = [ask for _, ask in line.asks if ask.decode is Pass.EAGER]
    assert first.to_ms == second.from_ms  # the pre-roll does not reach into audio that was decoded before
    assert Pass.FINAL not in [ask.decode for _, ask in line.asks]


def test_a_long_utterance_does_not_end_while_speech_may_resume():
    """A voiced block just before the short pause is up: wait and see."""
    line = Line().hear("quiet 1", "speech 9.5", "quiet 0.16", "speech 0.5", "quiet 1")
    assert [(begin, end) for begin, end, _ in line.spans] == [(1000, 11_160)]


def test_the_end_of_the_call_closes_what_is_open():
    """In mid-word with a final decode, in a pause with the eager one, in quiet with nothing."""
    in_word = Line().hear("quiet 1", "speech 0.7").close()
    assert [ask.decode for _, ask in in_word.asks] == [Pass.PARTIAL, Pass.FINAL]
    assert in_word.asks[-1][1].to_ms == 1700
    assert in_word.spans == [(1000, 1700, 2)]
    in_pause = Line().hear("quiet 1", "speech 0.7", "quiet 0.3").close()
    assert [ask.decode for _, ask in in_pause.asks] == [Pass.PARTIAL, Pass.EAGER]
    assert in_pause.spans == [(1000, 1700, 2)]
    assert Line().hear("quiet 1").close().moves == []


def test_without_eager_decodes_the_final_is_asked_at_the_close():
    """A pause as long as the closing one; the engine hears only 0.2 s of it."""
    line = Line(EndpointPolicy(eager_pause_ms=600)).hear("quiet 1", "speech 0.3", "quiet 1")
    assert [(at, ask.decode, ask.to_ms) for at, ask in line.asks] == [(1800, Pass.FINAL, 1500)]
    assert line.spans == [(1000, 1300, 1)]


def test_a_hole_ends_the_utterance_and_separates_what_follows():
    """Nothing from before the hole is heard with what comes after it."""
    line = Line().hear("quiet 1", "speech 0.7")
    moves = line.endpointer.skip(5000)
    assert [type(move) for move in moves] == [Ask, Closed]
    assert moves[0].to_ms == 1700
    assert (line.endpointer.settled_ms, line.endpointer.open_from_ms, line.endpointer.voiced) == (5000, None, False)
    after = [move for index in range(10) for move in line.endpointer.block(heard(block(250 + index, True), True))]
    assert after == [Opened(5000)]
    assert line.endpointer.close()[0].pcm == b"".join(block(250 + index, True) for index in range(10))


def test_what_can_be_read_off_it():
    """Open utterance, state, end of speech and how far things are decided."""
    line = Line().hear("quiet 1")
    watched = line.endpointer
    assert (watched.open_from_ms, watched.voiced, watched.speech_to_ms, watched.settled_ms) == (None, False, 0, 1000)
    line.feed([True, True])
    assert (watched.open_from_ms, watched.voiced, watched.settled_ms) == (None, False, 1000)
    line.feed([True])
    assert (watched.open_from_ms, watched.voiced, watched.speech_to_ms) == (1000, True, 1060)
    line.feed([False] * 5)
    assert (watched.open_from_ms, watched.voiced, watched.speech_to_ms, watched.settled_ms) == (1000, False, 1060, 1160)


def test_two_hours_cost_what_two_minutes_cost():
    """Of speech without an end, and of quiet."""
    for kind in ("speech", "quiet"):
        line = Line().hear(f"{kind} 5")
        for _ in range(2000):
            line.endpointer.block(heard(line.blocks[-1], kind == "speech"))
        held = len(line.endpointer._recent)
        utterance = line.endpointer._utterance
        assert held <= 40
        assert utterance is None or len(utterance._pcm) <= 12_000 * 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"partial_every_ms": 0},
        {"eager_pause_ms": 99},
        {"close_pause_ms": 80},
        {"min_speech_ms": 0},
        {"pre_roll_ms": -1},
        {"tail_ms": -20},
        {"max_ms": 1999},
        {"max_ms": 3000, "close_pause_ms": 800},
        {"pre_roll_ms": 3001},
    ],
)
def test_contradicting_figures_are_refused(wrong):
    """By code, before any call begins."""
    with pytest.raises(ConfigError, match="CFG-010"):
        EndpointPolicy(**wrong)


CALLS = Path(__file__).parents[2] / "samples"


@pytest.mark.parametrize("script", sorted((CALLS / "scripts").glob("*.json")), ids=lambda path: path.stem)
def test_every_turn_of_the_sample_calls_is_heard_and_nothing_else(script):
    """Hum, knocks, twelve voices in the room, noise 3 dB below the speech; onsets to 0.1 s."""
    turns = [(turn["from_ms"], turn["to_ms"], turn["side"]) for turn in json.loads(script.read_text(encoding="utf-8"))]
    with open_recording(CALLS / "calls" / f"{script.stem}.flac") as recording:
        ears = {side: Ear(side, POLICY) for side in recording.sides}
        moves: dict[Side, list[Move]] = {side: [] for side in ears}
        for frame in recording:
            ear = ears[frame.side]
            ear.push(frame)
            while ear.ready:
                moves[frame.side] += ear.step().moves
    for side, ear in ears.items():
        spoken = [(begin, end) for begin, end, who in turns if who == side or side is Side.UNKNOWN]
        closed = [move for move in [*moves[side], *ear.endpoint.close()] if isinstance(move, Closed) and move.revision]
        for begin, end in spoken:
            inside = [move for move in closed if move.from_ms < end and move.to_ms > begin]
            assert inside, f"{side} {begin}"
            assert abs(inside[0].from_ms - begin) <= 100
        for move in closed:
            assert any(move.from_ms < end and move.to_ms > begin for begin, end in spoken), f"{side} {move}"


POLICIES = st.builds(
    EndpointPolicy,
    partial_every_ms=st.sampled_from([100, 500]),
    eager_pause_ms=st.sampled_from([100, 200, 500]),
    close_pause_ms=st.sampled_from([100, 200, 500]),
    max_ms=st.sampled_from([2000, 3000]),
    min_speech_ms=st.sampled_from([20, 120, 400]),
    pre_roll_ms=st.sampled_from([0, 200]),
    tail_ms=st.sampled_from([0, 200]),
)
RUNS = st.lists(st.tuples(st.booleans(), st.sampled_from([1, 1, 2, 3, 4, 7, 12, 30, 90])), max_size=40)


@settings(max_examples=300)
@given(policy=POLICIES, runs=RUNS)
@example(
    policy=EndpointPolicy(partial_every_ms=100, max_ms=3000, min_speech_ms=20, pre_roll_ms=0, tail_ms=0),
    runs=[(True, 3), (False, 15), (True, 120), (False, 7), (True, 1), (False, 4)],
)
def test_moves_always_make_sense(policy, runs):
    """Order, numbering, bounds, audio that is the input's, and no word outside what is decoded."""
    line = Line(policy)
    settled, opened, revision, finals = 0, None, 0, []
    last_to, speech = 0, set()

    def check(moves: list[Move]) -> None:
        nonlocal opened, revision, last_to
        for move in moves:
            match move:
                case Opened(from_ms):
                    assert opened is None
                    assert from_ms >= last_to
                    opened, revision, newest = from_ms, 0, None
                case Ask():
                    assert opened is not None
                    revision += 1
                    assert move.revision == revision
                    assert move.from_ms <= opened
                    assert move.to_ms - move.from_ms <= policy.max_ms
                    assert move.pcm == b"".join(line.blocks[move.from_ms // 20 : move.to_ms // 20])
                    newest = move
                    if move.decode is not Pass.PARTIAL:
                        finals.append(move)
                case Closed(from_ms, to_ms, final):
                    assert from_ms == opened < to_ms
                    last_to = to_ms
                    assert final in (0, revision)
                    if final:
                        newest = finals[-1]
                        assert (newest.revision, newest.to_ms >= to_ms) == (final, True)
                    speech.update(range(from_ms, to_ms, 20) if final else ())
                    opened = None

    voiced_in_speech = set()
    for voiced, count in runs:
        for _ in range(count):
            before = line.endpointer.settled_ms
            line.blocks.append(block(len(line.blocks), voiced))
            moves = line.endpointer.block(heard(line.blocks[-1], voiced))
            if moves and isinstance(moves[0], Opened):
                assert moves[0].from_ms >= before
            check(moves)
            assert line.endpointer.open_from_ms == opened
            settled = max(settled, before)
            assert line.endpointer.settled_ms >= settled
            if voiced and line.endpointer.voiced:
                voiced_in_speech.add(len(line.blocks) * 20 - 20)
    check(line.endpointer.close())
    assert opened is None
    decoded = {at for ask in finals for at in range(ask.from_ms, ask.to_ms, 20)}
    assert speech <= decoded
    if policy.min_speech_ms == 20:
        assert voiced_in_speech <= decoded
