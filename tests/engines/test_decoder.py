"""Both decoders on Whisper base: ours, and CTranslate2's."""

from dataclasses import replace

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein
from spoken import SAID, clip, sound

from monitor.engines import decoder as decoding
from monitor.engines.decoder import Decoded, Decoder, Library, Tree, Wanted
from monitor.engines.runtime import Loaded, load_model
from monitor.engines.tokens import Tokens
from monitor.engines.whisper import DecodePolicy, WhisperSettings

pytestmark = pytest.mark.whisper

NAMES = ("not-my-job", "go-find-whoever", "greeting", "ask-to-wait", "warranty-card")
WINDOW_MS = 12_000


@pytest.fixture(scope="module")
def ours(settings: WhisperSettings) -> Loaded:
    return load_model(replace(settings, own_search=True))


@pytest.fixture(scope="module")
def theirs(settings: WhisperSettings) -> Decoder:
    return load_model(replace(settings, own_search=False)).decoder


@pytest.fixture(scope="module")
def states(ours: Loaded) -> np.ndarray:
    return ours.encoder([clip(name) for name in NAMES], WINDOW_MS)


def how(beams: int = 5, **more: object) -> Wanted:
    return Wanted(beams=beams, most=40, ngram=3, **more)  # type: ignore[arg-type]


def same(tokens: Tokens, one: Decoded, other: Decoded) -> bool:
    """Whether both are one text, but for a word for which another is as likely (您 and 你): sums are rounded."""
    words = [sound(tokens.decode(found.texts[0])) for found in (one, other)]
    return Levenshtein.distance(*words) <= 0.2 * len(words[0]) and abs(one.score - other.score) < 0.1


def texts(tokens: Tokens, found: list[Decoded]) -> list[str]:
    return [tokens.decode(one.texts[0]) for one in found]


def test_each_is_what_was_asked_for(ours: Loaded, theirs: Decoder) -> None:
    assert isinstance(ours.decoder, Tree)
    assert isinstance(theirs, Library)


@pytest.mark.parametrize("beams", [1, 5])
def test_both_hear_the_same(ours: Loaded, theirs: Decoder, states: np.ndarray, beams: int) -> None:
    for name, one in zip(NAMES, states, strict=True):
        (mine,) = ours.decoder(one[None], [how(beams)])
        (other,) = theirs(one[None], [how(beams)])
        said = sound(SAID[name])
        heard = [sound(ours.tokens.decode(found.texts[0])) for found in (mine, other)]
        wrong = [Levenshtein.distance(it, said) for it in heard]
        assert wrong[0] <= max(wrong[1] + 1, 0.35 * len(said)), heard
        assert mine.score == pytest.approx(other.score, abs=0.15)
        assert mine.nobody == pytest.approx(other.nobody, abs=0.1)


def test_other_texts_are_other_words(ours: Loaded, states: np.ndarray) -> None:
    for found in ours.decoder(states, [how()] * len(states)):
        said = [ours.tokens.likeness(rows) for rows in found.texts]
        assert 1 < len(found.texts) <= 5
        assert len(set(said)) == len(said)


def test_a_batch_hears_what_each_alone_does(ours: Loaded, states: np.ndarray) -> None:
    """To the bit: a live call and its audit are heard in other company."""
    together = ours.decoder(states, [how()] * len(states))
    alone = [ours.decoder(one[None], [how()])[0] for one in states]
    assert [(found.texts, found.score) for found in together] == [(found.texts, found.score) for found in alone]


def test_what_is_heard_does_not_depend_on_the_draft(ours: Loaded, states: np.ndarray) -> None:
    plain = ours.decoder(states, [how(1)] * len(states))
    right = [how(1, draft=found.texts[0][:-2]) for found in plain]
    wrong = [how(1, draft=found.texts[0]) for found in [*plain[1:], plain[0]]]
    for drafted in (right, wrong):
        assert all(same(ours.tokens, *pair) for pair in zip(ours.decoder(states, drafted), plain, strict=True))


def test_forgetting_what_is_not_needed_changes_nothing(
    ours: Loaded, states: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    drafted = [how(draft=[7, 8, 9])] * len(states)
    before = ours.decoder(states, drafted)
    forgotten: list[int] = []
    real = decoding._Desk._forget

    def watched(self: decoding._Desk, *live: object) -> None:
        had = self._count
        real(self, *live)  # type: ignore[arg-type]
        forgotten.append(had - self._count)

    monkeypatch.setattr(decoding, "_CROWD", 8)
    monkeypatch.setattr(decoding._Desk, "_forget", watched)
    assert all(same(ours.tokens, *pair) for pair in zip(ours.decoder(states, drafted), before, strict=True))
    assert sum(forgotten) > 20


def test_a_long_window_is_heard_as_well(ours: Loaded) -> None:
    for name in ("greeting", "ask-to-wait"):
        said = sound(SAID[name])
        heard = sound(texts(ours.tokens, ours.decoder(ours.encoder([clip(name)], 30_000), [how(2)]))[0])
        assert Levenshtein.distance(heard, said) <= 0.35 * len(said)


def test_words_are_said_when_the_library_says_they_are(ours: Loaded, theirs: Decoder, states: np.ndarray) -> None:
    """As the search kept it, as our decoder says when it is asked, and as CTranslate2 says."""
    state_ms = ours.encoder.state_ms(WINDOW_MS)
    for name, one in zip(NAMES, states, strict=True):
        heard = len(clip(name)) // 32 // state_ms
        (found,) = ours.decoder(one[None], [how()])
        assert found.timed is not None
        rows = found.texts[0]
        asked = [decoder.align(one[None], [rows], [heard])[0] for decoder in (ours.decoder, theirs)]
        begins: list[dict[int, int]] = []
        for timed in (found.timed, *asked):
            begins.append({})
            for token, state in timed.steps(heard):
                begins[-1].setdefault(token, state)
        for other in begins[1:]:
            assert all(abs(begins[0][row] - other[row]) <= 2 for row in range(len(rows)))
        assert found.timed.sure == pytest.approx(list(asked[0].sure), abs=0.05)
        assert np.mean(found.timed.sure) == pytest.approx(np.mean(asked[1].sure), abs=0.1)


def test_what_was_not_said_is_unlikely(ours: Loaded, states: np.ndarray) -> None:
    """However unlikely: a token that is not among the likeliest has a probability too."""
    said, not_said = (ours.tokens.encode(text) for text in (SAID["not-my-job"], "今天天气真好啊"))
    likely, unlikely = ours.decoder.align(states[:1].repeat(2, axis=0), [said, not_said], [40, 40])
    assert 0 < min(unlikely.sure) < 1e-3
    assert np.mean(np.log(likely.sure)) > np.mean(np.log(unlikely.sure)) + 2


def test_no_text_is_longer_than_was_allowed(ours: Loaded, theirs: Decoder, states: np.ndarray) -> None:
    for decoder in (ours.decoder, theirs):
        (found,) = decoder(states[:1], [Wanted(beams=2, most=3, ngram=0)])
        assert all(0 < len(rows) <= 4 for rows in found.texts)


@pytest.mark.parametrize("own_search", [True, False])
def test_a_prompt_is_told_to_the_decoder(settings: WhisperSettings, own_search: bool) -> None:
    prompt = "以下是普通话的句子。"
    loaded = load_model(replace(settings, own_search=own_search, decode=DecodePolicy(prompt=prompt)))
    decoder = loaded.decoder
    told = list(decoder._language.prompt if isinstance(decoder, Tree) else decoder._prompt)  # type: ignore[attr-defined]
    assert told == loaded.tokens.prompt(prompt)
    assert told[0] == loaded.tokens.previous
    assert loaded.tokens.decode(told) == prompt
    (found,) = decoder(loaded.encoder([clip("greeting")], WINDOW_MS), [how()])
    said = sound(SAID["greeting"])
    assert Levenshtein.distance(sound(loaded.tokens.decode(found.texts[0])), said) <= 0.35 * len(said)
    assert found.nobody < 0.5


def test_a_failing_library_is_a_runtime_error(ours: Loaded, states: np.ndarray) -> None:
    with pytest.raises(RuntimeError):
        ours.decoder(states[:, :, :7], [how()] * len(states))
