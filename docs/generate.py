"""Makes the pages of docs/ that the code knows better: settings, commands, events.

``python docs/generate.py`` writes them; ``--check`` fails where one is not what it would write.
"""

import argparse
import ast
import inspect
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from monitor import cli, config, events

DOCS = Path(__file__).parent
NOTE = "<!-- Made by docs/generate.py; change the code, then `make docs`. -->\n"


def configuration() -> str:
    """Every setting: name, variable, kind, default, meaning."""
    out = [
        NOTE,
        "# Settings\n",
        "Read once, at start: `monitor.toml` in the working directory (or the file named by `--config` or",
        "`MONITOR_CONFIG`), then `MONITOR_…` in the environment, then flags; the later wins. An unknown or impossible",
        "setting is refused by name, all of them at once.\n",
        "```toml",
        "# monitor.toml",
        'host = "0.0.0.0"',
        "",
        "[recordings]",
        "keep = true",
        "days = 14",
        "```\n",
    ]
    tables = [("", config.Settings)]
    tables += [
        (name, field.annotation)  # type: ignore[misc]
        for name, field in config.Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]
    for table, model in tables:
        if table:
            out += [f"\n## `[{table}]`\n", f"{(model.__doc__ or '').strip()}\n"]
        out += ["| setting | variable | kind | default | |", "|---|---|---|---|---|"]
        meanings = _attribute_docs(model)
        for name, field in model.model_fields.items():
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                continue
            variable = "MONITOR_" + (f"{table}__{name}" if table else name).upper()
            meaning = meanings.get(name, "").replace("\n", " ").replace("|", "\\|")
            out.append(f"| `{name}` | `{variable}` | {_kind(field)} | {_default(field)} | {meaning} |")
    return "\n".join(out) + "\n"


def commands() -> str:
    """What every command's ``--help`` prints."""
    out = [
        NOTE,
        "# Commands\n",
        "Data goes to stdout, talk to stderr. Exit status: 0 nothing found, 1 findings, 2 bad input or",
    ]
    out += ["configuration, 3 engine or store failed.\n"]
    out.append(_help())
    for name in sorted(cli.commands() - cli.HIDDEN):
        out += [f"\n## monitor {name}\n", _help(name)]
    return "\n".join(out) + "\n"


def event_kinds() -> str:
    """Every kind of event, field by field, from its JSON Schema."""
    schema = events.schema()
    out = [
        NOTE,
        "# Events\n",
        "One JSON object each; `GET /v1/schema` serves the JSON Schema. Common fields: `call_id`, `seq`",
    ]
    out += ["(1, 2, 3 … in the call), `at_ms` (media time when it became true), `seen_at` (wall time of publication)."]
    out += ["Sockets over several calls add `cursor`.\n"]
    common = {"call_id", "seq", "at_ms", "seen_at", "kind"}
    for definition in sorted(
        (item for item in schema["$defs"].values() if "kind" in item.get("properties", {})),
        key=lambda item: str(item["properties"]["kind"]["const"]),
    ):
        properties = definition["properties"]
        out += [f"\n## `{properties['kind']['const']}`\n", f"{definition.get('description', '').strip()}\n"]
        fields = {name: field for name, field in properties.items() if name not in common}
        if fields:
            meanings = _attribute_docs(getattr(events, definition["title"]))
            out += ["| field | kind | |", "|---|---|---|"]
            for name, field in fields.items():
                meaning = meanings.get({"from": "author"}.get(name, name), "").replace("\n", " ")
                out.append(f"| `{name}` | {_json_kind(field)} | {meaning} |")
    return "\n".join(out) + "\n"


PAGES = {"configuration.md": configuration, "commands.md": commands, "events.md": event_kinds}


def _help(*command: str) -> str:
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    arguments = [sys.executable, "-m", "monitor", *command, "--help"]
    done = subprocess.run(  # noqa: S603 - our own program
        arguments, capture_output=True, text=True, check=True, env=environment, cwd=DOCS.parent
    )
    return f"```\n{done.stdout.rstrip()}\n```"


def _attribute_docs(model: type) -> dict[str, str]:
    """The strings below the fields of a class."""
    found: dict[str, str] = {}
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, after in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            found[field.target.id] = inspect.cleandoc(ast.literal_eval(after.value)).replace("``", "`")
    return found


def _kind(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    limits = [
        f"{sign} {getattr(item, name)}"
        for item in field.metadata
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if getattr(item, name, None) is not None
    ]
    return " ".join([_plain_kind(annotation), *limits])


def _plain_kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " \\| ".join(f"`{value}`" for value in get_args(annotation))
    if get_origin(annotation) is tuple:
        return f"list of {_plain_kind(get_args(annotation)[0])}"
    names = {str: "text", int: "number", float: "number", bool: "true \\| false", Path: "path"}
    options = [names[item] for item in get_args(annotation) or (annotation,) if item in names]
    return " or ".join(options)


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "beside the program"
    value = field.default
    if value is None or value == () or value == "":
        return "–"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _json_kind(field: dict[str, Any]) -> str:
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return " \\| ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        return " or ".join(_json_kind(option) for option in field["anyOf"])
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        return f"list of {_json_kind(field.get('items', {}))}"
    if field.get("type") == "object" and "additionalProperties" in field:
        inner = field["additionalProperties"]
        return f"by name: {_json_kind(inner)}" if isinstance(inner, dict) else "object"
    return str(field.get("type", "anything"))


def _faults() -> Iterator[str]:
    for name, make in PAGES.items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != make():
            yield name


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        faults = list(_faults())
        for name in faults:
            print(f"docs/{name} is not what the code says: make docs", file=sys.stderr)
        return 1 if faults else 0
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
