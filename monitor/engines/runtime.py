"""Bringing a CTranslate2 Whisper model into memory, fitted to the machine."""

import json
import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from monitor.engines.cpu import CPUINFO, wide_vectors
from monitor.engines.decoder import Decoder, Language, Library, Tree
from monitor.engines.encoder import Encoder, Joined, WholeWindow, remembering
from monitor.engines.features import LogMel
from monitor.engines.libraries import taken_out
from monitor.engines.model_file import with_vocabulary
from monitor.engines.policy import DecodePolicy, WhisperSettings
from monitor.engines.tokens import Tokens
from monitor.errors import EngineError, WeightsError

_FEW_BEAMS: Final = 2
"""See :attr:`DecodePolicy.passage_beams`."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory with what belongs to it."""

    tokens: Tokens
    encoder: Encoder
    decoder: Decoder
    policy: DecodePolicy
    """That of the settings, with what they leave open decided."""
    lanes: int
    name: str


def load_model(settings: WhisperSettings) -> Loaded:
    """The model of ``settings.weights`` on the device asked for.

    Raises:
        WeightsError: ``WGT-005`` a file is missing, ``WGT-006``/``WGT-007`` it is not Whisper's.
        EngineError: ``ENG-003``, the device or compute type cannot be had.

    """
    use_wide_vectors()
    import ctranslate2

    device = settings.device
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() > 0 else "cpu"
    compute_type = settings.compute_type
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    cut = settings.mandarin_only if settings.mandarin_only is not None else device == "cpu"
    lanes = settings.lanes or (1 if device == "cuda" else os.cpu_count() or 1)
    tokens = Tokens(_read(settings.weights, "tokenizer.json"), mandarin_only=cut)
    bytewise = device == "cpu" and compute_type.startswith("int8")
    model_bin = _read(settings.weights, "model.bin") if cut or bytewise else b""
    files = _cut_files(settings.weights, tokens, model_bin) if cut else None

    @cache
    def library() -> Any:
        """``ctranslate2.models.Whisper``, for what is not computed here."""
        try:
            return ctranslate2.models.Whisper(
                str(settings.weights),
                device=device,
                compute_type=compute_type,
                inter_threads=lanes,
                intra_threads=settings.threads_per_lane,
                files=files,
            )
        except (RuntimeError, ValueError) as error:
            raise EngineError(
                f"Whisper cannot be loaded on {device} as {compute_type}: {error}",
                where=str(settings.weights),
                code="ENG-003",
            ) from error

    encoder: Encoder | None = remembering(model_bin) if bytewise and settings.remember_silence else None
    encoder = encoder or WholeWindow(library(), LogMel(library().n_mels))
    join = settings.join_states or (2 if device == "cpu" else 1)
    encoder = Joined(encoder, join, below_ms=settings.decode.passage_ms) if join > 1 else encoder
    decoder: Decoder | None = None
    ours_is_faster = bytewise and not wide_vectors()
    if bytewise and (ours_is_faster if settings.own_search is None else settings.own_search):
        decoder = _tree(files["model.bin"] if files else model_bin, tokens, settings)
    decoder = decoder or Library(library(), tokens.prompt(settings.decode.prompt), tokens.start)
    policy = settings.decode
    if policy.passage_beams is None and ours_is_faster:
        policy = replace(policy, passage_beams=_FEW_BEAMS)
    name = f"whisper-{Path(settings.name).name} {compute_type} {device}"
    return Loaded(tokens, encoder, decoder, policy, lanes, name)


def _tree(model_bin: bytes, tokens: Tokens, settings: WhisperSettings) -> Tree | None:
    """See :func:`monitor.engines.libraries.taken_out`."""
    config = tokens.renumber(json.loads(_read(settings.weights, "config.json")))
    language = Language(
        prompt=tokens.prompt(settings.decode.prompt),
        start=tokens.start[0],
        nobody=tokens.nobody,
        end=tokens.end,
        never=frozenset(config.get("suppress_ids", ())),
        not_first=frozenset(config.get("suppress_ids_begin", ())),
        alike=tokens.likeness,
        followers=[(layer, head) for layer, head in config.get("alignment_heads", ())],
    )
    return taken_out("decoder", lambda: Tree(model_bin, language, margin=settings.decode.margin))


def _cut_files(folder: Path, tokens: Tokens, model_bin: bytes) -> dict[str, bytes]:
    config = json.loads(_read(folder, "config.json"))
    return {
        "model.bin": with_vocabulary(model_bin, tokens.ids),
        "config.json": json.dumps(tokens.renumber(config)).encode(),
        "vocabulary.json": json.dumps(tokens.names()).encode(),
    }


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise WeightsError(f"{name} cannot be read: {error.strerror}", where=str(folder), code="WGT-005") from error


def use_wide_vectors(cpuinfo: Path = CPUINFO) -> None:
    """Let CTranslate2 use AVX-512 where the CPU has the kind that does not slow its clock.

    By default it keeps to AVX2 outside Intel's own library. CPUs with VNNI (2019 and later) gain
    from a tenth to a fifth. A choice the operator has made in the environment stands.
    """
    if "CT2_FORCE_CPU_ISA" in os.environ:
        return
    if wide_vectors(cpuinfo):
        os.environ["CT2_FORCE_CPU_ISA"] = "AVX512"
