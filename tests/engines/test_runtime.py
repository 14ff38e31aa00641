"""Loading Whisper base, fitted to the machine."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from spoken import clip, wanted

from monitor.engines import runtime
from monitor.engines.decoder import Library, Tree
from monitor.engines.runtime import load_model
from monitor.engines.tokens import Tokens
from monitor.engines.whisper import WhisperEngine, WhisperSettings, load
from monitor.errors import EngineError, WeightsError

pytestmark = pytest.mark.whisper


def test_the_whole_vocabulary_hears_the_same(engine: WhisperEngine, settings: WhisperSettings) -> None:
    whole = load(replace(settings, mandarin_only=False))
    ask = wanted(clip("not-my-job"), utterance="whole")  # in the greeting 您 and 你 are as likely
    assert whole.decode([ask])[0].text == engine.decode([ask])[0].text


def test_a_device_that_is_not_there_is_an_engine_error(settings: WhisperSettings) -> None:
    with pytest.raises(EngineError, match=r"ENG-003.*cuda"):
        load(replace(settings, device="cuda", compute_type="float16"))


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"WGT-005.*tokenizer\.json"):
        load(WhisperSettings(weights=tmp_path))


def test_weights_of_another_kind_leave_the_search_to_the_library(
    settings: WhisperSettings, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    assert runtime._tree(b"GGUF and so on", tokens, settings) is None
    assert "the decoder of this model" in caplog.text
    assert "CTranslate2's is used" in caplog.text


@pytest.mark.parametrize(("wide", "searcher", "beams"), [(True, Library, 5), (False, Tree, 2)])
def test_the_search_is_that_which_the_cpu_does_faster(
    settings: WhisperSettings, monkeypatch: pytest.MonkeyPatch, wide: bool, searcher: type, beams: int
) -> None:
    monkeypatch.setattr(runtime, "use_wide_vectors", lambda: None)  # this CPU may have none
    monkeypatch.setattr(runtime, "wide_vectors", lambda: wide)
    loaded = load_model(settings)
    assert isinstance(loaded.decoder, searcher)
    assert loaded.policy.beams(25_000, partial=False) == beams
    assert loaded.policy.beams(12_000, partial=False) == 5


def test_the_name_tells_model_kernels_and_device(settings: WhisperSettings) -> None:
    assert load_model(settings).name == "whisper-base int8 cpu"
    assert load_model(replace(settings, name="/some/where/mine", compute_type="float32")).name.startswith(
        "whisper-mine float32"
    )


def test_lanes_are_the_cores_unless_said(settings: WhisperSettings) -> None:
    assert load_model(replace(settings, lanes=0)).lanes == os.cpu_count()
    assert load_model(replace(settings, lanes=3)).lanes == 3


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        ("avx2 avx512f avx512cd avx512vl avx512bw avx512dq avx512_vnni", "AVX512"),
        ("avx2 avx512f avx512cd avx512vl avx512bw avx512dq", None),
        ("avx2", None),
    ],
)
def test_wide_vectors_where_the_cpu_has_the_kind_that_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, chosen: str | None
) -> None:
    monkeypatch.delenv("CT2_FORCE_CPU_ISA", raising=False)
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: fpu {flags}\nbugs : none\n")
    runtime.use_wide_vectors(tmp_path / "cpuinfo")
    assert os.environ.get("CT2_FORCE_CPU_ISA") == chosen


def test_the_operators_choice_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "GENERIC")
    runtime.use_wide_vectors(tmp_path / "nothing here")
    assert os.environ["CT2_FORCE_CPU_ISA"] == "GENERIC"
