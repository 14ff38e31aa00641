"""A model of three small files: its manifest, its wheels, and what a hub serves of it."""

import hashlib
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

BODY = {"model.bin": b"first half|" * 3000 + b"second half" * 3000, "tokenizer.json": b"{}", "config.json": b"[1]"}
REVISION = "a" * 40


def manifest(folder: Path, *, without: tuple[str, ...] = (), pypi: bool = True, hub: bool = True) -> None:
    lines = ["[models.toy]", 'title = "toy"', 'kind = "whisper"', 'licence = "MIT"']
    if hub:
        lines += ["[models.toy.hub]", 'repository = "who/toy"', f'revision = "{REVISION}"']
    if pypi:
        lines += ["[models.toy.pypi]", 'wheels = ["toy-part1==1.0.0", "toy-part2==1.0.0"]']
    for name, body in BODY.items():
        lines += ["[[models.toy.files]]", f'name = "{name}"', f"size = {len(body)}"]
        if name not in without:
            lines.append(f'sha256 = "{hashlib.sha256(body).hexdigest()}"')
        if name == "model.bin":
            lines.append('pypi = ["toy_part1/model.bin.1", "toy_part2/model.bin.2"]')
        elif pypi:
            lines.append(f'pypi = ["toy_part1/{name}"]')
    folder.mkdir(exist_ok=True)
    (folder / "manifest.toml").write_text("\n".join(lines))


def wheel(folder: Path, name: str, files: dict[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    info = f"{name}-1.0.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0.0-py3-none-any.whl", "w") as archive:
        for path, body in files.items():
            archive.writestr(f"{name}/{path}", body)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@dataclass
class Hub:
    """A hub on loopback: what it serves, where it breaks, what it was asked."""

    url: str = ""
    bodies: dict[str, bytes] = field(default_factory=lambda: dict(BODY))
    break_after: list[int] = field(default_factory=list)
    ranges: bool = True
    asked: list[tuple[str, str | None]] = field(default_factory=list)


def complete(home: Path) -> bool:
    return all((home / name).read_bytes() == body for name, body in BODY.items())


def leftovers(home: Path) -> list[str]:
    return sorted(path.name for path in home.iterdir() if path.name not in {*BODY, ".lock"})
