"""Where results go: a Markdown file and JSON beside it, and a marked place in a page of the docs."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

from machine import load, machine, today


def heading() -> str:
    """Command, date, machine: what every figure is kept with."""
    command = shlex.join(["python", f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return f"`{command}`, {today()}; {machine()}; {load()}."


def write(out: Path, name: str, text: str, data: Any) -> None:
    """``NAME.md`` and ``NAME.json`` in ``out``; the text on stdout too."""
    keep(out, name, text, data)
    print(text)
    print(f"\nwritten: {out / name}.md, .json", file=sys.stderr)


def keep(out: Path, name: str, text: str, data: Any) -> None:
    """The same without a word, for what there is half-way."""
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.md").write_text(f"{text}\n", encoding="utf-8")
    (out / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def put(page: Path, mark: str, text: str) -> None:
    """Replace what stands between ``<!-- mark -->`` and ``<!-- /mark -->`` in a page."""
    whole = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    if begin not in whole or end not in whole:
        raise SystemExit(f"{page} has no {begin} … {end}")
    before, rest = whole.split(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
