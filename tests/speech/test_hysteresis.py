import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.speech.hysteresis import LOOK_BACK, Hysteresis

LOUD, SOFT, NOTHING = ((height / 32768) ** 2 for height in (3000, 40, 0))


def after(pattern: str) -> Hysteresis:
    """``V`` voiced, ``f`` loud but unvoiced, ``.`` quiet, ``0`` digital silence."""
    heard = Hysteresis()
    for letter in pattern:
        heard.block({"V": LOUD, "f": LOUD, ".": SOFT, "0": NOTHING}[letter], letter == "V")
    return heard


def begun(pattern: str) -> int | None:
    """Where the speech began that the last letter of the pattern revealed."""
    heard = after(pattern[:-1])
    return heard.block(LOUD if pattern[-1] in "Vf" else SOFT, pattern[-1] == "V")


@pytest.mark.parametrize("pattern", ["V", "VV", "V.V", "V...V...V...V", "VV...VV...VV", "ffffffffff"])
def test_clicks_and_unvoiced_noise_are_not_speech(pattern):
    """Fewer than three voiced blocks in any five."""
    assert not after("." * 30 + pattern).speech


@pytest.mark.parametrize(("pattern", "place"), [("VVV", 30), ("V.VV", 30), ("V...VVV", 34), ("VV..V", 30)])
def test_three_voiced_of_five_are_speech_dated_back(pattern, place):
    """The onset is the first voiced block of the five."""
    assert begun("." * 30 + pattern) == place


def test_the_consonant_before_the_vowel_belongs_to_it():
    """Loud unvoiced sound that runs up to the first voiced block: «是», «说»."""
    assert begun("." * 30 + "ffffVVV") == 30


def test_at_most_two_fifths_of_a_second_of_it():
    """What is longer is a noise before the word."""
    assert begun("." * 30 + "f" * 22 + "VVV") == 32


def test_sound_that_stopped_before_the_vowel_does_not_count():
    """A knock 60 ms before."""
    assert begun("." * 30 + "ff...VVV") == 35


def test_steady_noise_is_no_onset():
    """Sound must stand out of the half second before it."""
    assert begun("f" * 40 + "VVV") == 40


def test_digital_silence_then_faint_hiss_is_no_onset():
    """Below −67 dBFS nothing is sound, however far above nothing it is."""
    hiss = (10 / 32768) ** 2
    heard = after("0" * 30)
    for _ in range(10):
        heard.block(hiss, False)
    assert heard.settled == 40


def test_a_short_stop_inside_a_word_is_still_speech():
    """Four blocks without voice; the fifth is a pause."""
    assert after("." * 10 + "VVVVV....").speech
    assert not after("." * 10 + "VVVVV.....").speech
    assert after("." * 10 + "VVVVV.....").speech_to == 15


def test_speech_resumes_as_it_began():
    """With three of five, dated back, but not into the speech before."""
    assert begun("." * 10 + "VVVVV" + "." * 6 + "VVV") == 21
    assert begun("." * 30 + "VVVVV" + "fffff" + "VVV") == 35


def test_settled_is_now_in_quiet_and_the_onset_in_doubt():
    """It waits for the candidate and goes on when that came to nothing."""
    assert after("." * 30).settled == 30
    assert after("." * 30 + "f").settled == 30
    assert after("." * 30 + "ffV").settled == 30
    assert after("." * 30 + "V.").settled == 30
    assert after("." * 30 + "V....").settled == 30
    assert after("." * 30 + "V.....").settled == 36


def test_settled_is_the_end_of_voice_while_there_is_speech():
    """Behind it nothing can change."""
    assert after("." * 30 + "VVVV..").settled == 34


def test_stop_forgets_the_candidate():
    """The call is over."""
    heard = after("." * 30 + "VV")
    heard.stop()
    assert heard.settled == 32
    assert heard.block(LOUD, True) is None


def test_after_a_jump_nothing_from_before_it_counts():
    """Two voiced blocks before a hole and one after it are no word; the onset stays behind the hole."""
    heard = after("." * 30 + "VV")
    heard.skip(100)
    assert (heard.now, heard.settled, heard.speech) == (100, 100, False)
    assert [heard.block(LOUD, True) for _ in range(3)] == [None, None, 100]


def test_no_jump_goes_back():
    """Media time only goes on."""
    heard = after("." * 30)
    heard.skip(10)
    assert heard.now == 30


@given(st.lists(st.sampled_from("Vf.0"), max_size=200))
def test_settled_never_goes_back_and_no_speech_begins_before_it(letters):
    """What has been called quiet stays quiet; the doubt is bounded."""
    heard = Hysteresis()
    for letter in letters:
        settled, was_speech = heard.settled, heard.speech
        place = heard.block(
            {"V": LOUD, "f": LOUD, ".": SOFT, "0": NOTHING}[letter],
            letter == "V",
        )
        assert settled <= heard.settled <= heard.now
        if not heard.speech:
            assert heard.now - heard.settled <= LOOK_BACK
        if place is not None:
            assert not was_speech
            assert settled <= place < heard.now
            assert heard.now - place <= LOOK_BACK
