"""YAML with the line of every value, so that a fault can be named where it stands."""

from dataclasses import dataclass
from typing import Any, Final

import yaml

Path = tuple[str | int, ...]
"""Keys and indices that lead to a value, as pydantic's ``loc``."""

_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class DuplicateKey(ValueError):  # noqa: N818 - a fault of the file, reported with its line
    """The same key twice in one mapping."""

    def __init__(self, key: str, line: int) -> None:
        self.key, self.line = key, line
        super().__init__(f"{key!r} is given twice")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document as plain values (sequences as tuples), and where they stand."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of ``path``, or of the nearest thing around it that the file has."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def load(text: str) -> Document:
    """Read one YAML document.

    Raises:
        yaml.YAMLError: not YAML (its ``problem_mark`` holds the line).
        DuplicateKey: a mapping with a key twice, which YAML forbids and PyYAML does not notice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        lines: dict[Path, int] = {}
        value = None
        if node is not None:
            _walk(node, (), lines)
            value = _frozen(loader.construct_document(node))
    finally:
        loader.dispose()
    return Document(value, lines)


def _walk(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise DuplicateKey(name, key.start_mark.line + 1)
            seen.add(name)
            _walk(value, (*path, name), lines)
            lines[(*path, name)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _frozen(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value
