"""Rule files in, a :class:`RuleSet` out; every fault of every file at once, each with its line.

A rule file is one YAML document; its name is the rule's id. ``classes.yaml``, wherever it lies,
names the synonym classes that patterns may use; ``ordinary.yaml`` lists sentences in which nothing is
banned; a file that begins with ``lesson:`` holds more wordings for the classifier to learn from.
Codes: ``RULE-001`` cannot be read, ``RULE-002`` kind missing or unknown, ``RULE-003`` against the schema,
``RULE-004`` id is not the file's name, ``RULE-005`` id used twice, ``RULE-006`` bad pattern or class,
``RULE-007`` stable without proof, ``RULE-008`` rewrite names an unknown slot, ``RULE-010`` key given twice,
``RULE-011`` no rules there, ``RULE-013`` a lesson for a rule that is not there.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

import monitor.rules.kinds  # noqa: F401 - announces every kind
from monitor.errors import RuleErrors, RuleFault
from monitor.rules.lines import Document, DuplicateKey
from monitor.rules.lines import load as load_yaml
from monitor.rules.model import KINDS, Lesson, Rule
from monitor.text.wording import PatternError, compile_pattern

CLASSES = "classes.yaml"
ORDINARY = "ordinary.yaml"

K = TypeVar("K", bound=Rule)


@dataclass(frozen=True)
class RuleSet:
    """Rules that belong together and the version they are known by."""

    rules: Mapping[str, Rule]
    """By id, in the order of their ids."""
    classes: Mapping[str, str] = field(default_factory=dict)
    ordinary: tuple[str, ...] = ()
    """Sentences in which nothing is banned."""
    lessons: tuple[Lesson, ...] = ()
    version: str = ""
    """First twelve hex digits of SHA-256 over every file; the same files give the same version."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path of each rule's file, by id."""

    def of(self, kind: type[K]) -> tuple[K, ...]:
        """The rules of one kind that are in force: ``trial`` and ``stable``."""
        return tuple(rule for rule in self.rules.values() if isinstance(rule, kind) and rule.status != "draft")


def load(paths: Iterable[Path | str]) -> RuleSet:
    """Read every rule under ``paths`` (files or folders).

    Raises:
        RuleErrors: anything is wrong anywhere; it carries every fault.
    """
    ruleset, faults = load_lenient(paths)
    if faults:
        raise RuleErrors(faults)
    return ruleset


def load_lenient(paths: Iterable[Path | str]) -> tuple[RuleSet, list[RuleFault]]:
    """Read what can be read: the good rules, and every fault of the others in order of path and line."""
    faults: list[RuleFault] = []
    files = _files(paths, faults)
    digest = hashlib.sha256()
    classes: dict[str, str] = {}
    ordinary: list[str] = []
    lessons: list[tuple[Path, Document, Lesson]] = []
    documents: list[tuple[Path, Document]] = []
    for path in files:
        document = _document(path, digest, faults)
        if document is None:
            continue
        if path.name == CLASSES:
            _add_classes(path, document, classes, faults)
        elif path.name == ORDINARY:
            _add_ordinary(path, document, ordinary, faults)
        elif "lesson" in document.value:
            if (lesson := _lesson(path, document, faults)) is not None:
                lessons.append((path, document, lesson))
        else:
            documents.append((path, document))
    _check_classes(classes, [path for path in files if path.name == CLASSES], faults)
    rules: dict[str, Rule] = {}
    places: dict[str, str] = {}
    for path, document in documents:
        rule = _rule(path, document, classes, faults)
        if rule is None:
            continue
        if rule.id in rules:
            faults.append(
                _fault("RULE-005", path, document, ("id",), f"id {rule.id!r} is used by {places[rule.id]} too")
            )
            continue
        rules[rule.id], places[rule.id] = rule, str(path)
    if not documents and not faults:
        faults.append(RuleFault("no rule files here", where=", ".join(map(str, paths)), code="RULE-011"))
    named = {path.stem for path, _ in documents}  # a rule that is broken is a fault of its own, not of its lesson too
    for path, document, lesson in lessons:
        if lesson.lesson not in named | {Lesson.ORDINARY}:
            faults.append(_fault("RULE-013", path, document, ("lesson",), f"there is no rule {lesson.lesson!r}"))
    ordered = {key: rules[key] for key in sorted(rules)}
    ruleset = RuleSet(
        MappingProxyType(ordered),
        MappingProxyType(classes),
        tuple(ordinary),
        tuple(lesson for _, _, lesson in lessons),
        digest.hexdigest()[:12],
        places,
    )
    return ruleset, sorted(faults, key=_place)


def parse_rule(text: str, name: str, classes: Mapping[str, str] | None = None) -> Rule:
    """One rule from the text of its file; ``name`` is the file's name.

    Raises:
        RuleErrors: anything is wrong with it.
    """
    faults: list[RuleFault] = []
    path = Path(name)
    document = _parsed(path, text, faults)
    rule = _rule(path, document, dict(classes or {}), faults) if document is not None else None
    if rule is None or faults:
        raise RuleErrors(faults)
    return rule


def _files(paths: Iterable[Path | str], faults: list[RuleFault]) -> list[Path]:
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            below = [item for ending in ("*.yaml", "*.yml") for item in path.rglob(ending) if item.is_file()]
            found.update(dict.fromkeys(sorted(below)))
        elif path.is_file():
            found[path] = None
        else:
            faults.append(RuleFault("no such file or folder", where=str(path), code="RULE-011"))
    return list(found)


def _document(path: Path, digest: Any, faults: list[RuleFault]) -> Document | None:
    try:
        content = path.read_bytes()
        text = content.decode()
    except (OSError, UnicodeDecodeError) as error:
        faults.append(RuleFault(f"cannot be read: {error}", where=f"{path}:1", code="RULE-001"))
        return None
    digest.update(path.name.encode() + b"\0" + content + b"\0")
    return _parsed(path, text, faults)


def _parsed(path: Path, text: str, faults: list[RuleFault]) -> Document | None:
    try:
        document = load_yaml(text)
    except DuplicateKey as error:
        faults.append(RuleFault(f"key {error.key!r} is given twice", where=f"{path}:{error.line}", code="RULE-010"))
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line + 1, max(1, len(text.splitlines()))) if mark is not None else 1
        what = getattr(error, "problem", None) or str(error)
        faults.append(RuleFault(f"not YAML: {what}", where=f"{path}:{line}", code="RULE-001"))
        return None
    if not isinstance(document.value, dict):
        faults.append(RuleFault("a rule file holds one mapping", where=f"{path}:1", code="RULE-001"))
        return None
    return document


def _add_classes(path: Path, document: Document, classes: dict[str, str], faults: list[RuleFault]) -> None:
    for name, value in document.value.items():
        members = value if isinstance(value, tuple) else (value,)
        if not members or not all(isinstance(member, str) and member for member in members):
            faults.append(_fault("RULE-006", path, document, (name,), f"class {name!r} is a list of wordings"))
        elif name in classes:
            faults.append(_fault("RULE-006", path, document, (name,), f"class {name!r} is defined twice"))
        else:
            classes[name] = "|".join(members)


def _add_ordinary(path: Path, document: Document, ordinary: list[str], faults: list[RuleFault]) -> None:
    sentences = document.value.get("sentences")
    if set(document.value) != {"sentences"} or not isinstance(sentences, tuple):
        faults.append(_fault("RULE-003", path, document, (), "it holds one list, 'sentences'"))
        return
    for index, sentence in enumerate(sentences):
        if isinstance(sentence, str) and sentence:
            ordinary.append(sentence)
        else:
            faults.append(
                _fault("RULE-003", path, document, ("sentences", index), f"sentences.{index}: a sentence is text")
            )


def _check_classes(classes: dict[str, str], paths: list[Path], faults: list[RuleFault]) -> None:
    for name in list(classes):
        try:
            compile_pattern(f"{{@{name}}}x", classes)
        except PatternError as error:
            del classes[name]
            where = f"{paths[0]}:1" if paths else CLASSES
            faults.append(RuleFault(f"class {name!r}: {error}", where=where, code="RULE-006"))


def _rule(path: Path, document: Document, classes: Mapping[str, str], faults: list[RuleFault]) -> Rule | None:
    """The rule, or None with its faults noted."""
    value = document.value
    model = KINDS.get(value.get("kind", ""))
    if model is None:
        what = f"kind {value['kind']!r} is unknown" if "kind" in value else "kind is missing"
        faults.append(_fault("RULE-002", path, document, ("kind",), f"{what}; known: {', '.join(sorted(KINDS))}"))
        return None
    before = len(faults)
    try:
        rule = model.model_validate(value)
    except ValidationError as error:
        faults += _against_schema(path, document, error)
        faults += _further(
            model, path, document, {str(item["loc"][0]) for item in error.errors() if item["loc"]}, classes
        )
        return None
    if rule.id != path.stem:
        faults.append(
            _fault("RULE-004", path, document, ("id",), f"id {rule.id!r} is not the file's name {path.stem!r}")
        )
    for fault in rule.faults(classes):
        faults.append(_fault(fault.code, path, document, fault.path, fault.what))
    return rule if len(faults) == before else None


def _lesson(path: Path, document: Document, faults: list[RuleFault]) -> Lesson | None:
    try:
        return Lesson.model_validate(document.value)
    except ValidationError as error:
        faults += _against_schema(path, document, error)
        return None


def _against_schema(path: Path, document: Document, error: ValidationError) -> list[RuleFault]:
    return [
        _fault("RULE-003", path, document, item["loc"], _said(item))
        for item in error.errors(include_url=False, include_context=False)
    ]


def _further(
    model: type[Rule], path: Path, document: Document, broken: set[str], classes: Mapping[str, str]
) -> list[RuleFault]:
    """Faults in the rest of a file whose keys ``broken`` are against the schema, so that one round finds all."""
    try:
        rule = model.model_validate({key: value for key, value in document.value.items() if key not in broken})
    except ValidationError:
        return []
    found = [fault for fault in rule.faults(classes) if str(fault.path[0]) not in broken]
    return [_fault(fault.code, path, document, fault.path, fault.what) for fault in found]


def _said(item: Any) -> str:
    """A schema fault in words: which field, and what is wrong with it."""
    place = ".".join(str(step) for step in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        return f"unknown key {place!r}"
    if item["type"] == "missing":
        return f"{place!r} is missing"
    if item["type"] == "tuple_type":
        return f"{place}: a list is wanted, written [one, two] or one a line behind '- '"
    return f"{place}: {message}" if place else message


def _fault(code: str, path: Path, document: Document, at: Iterable[str | int], what: str) -> RuleFault:
    return RuleFault(what, where=f"{path}:{document.line(tuple(at))}", code=code)


def _place(fault: RuleFault) -> tuple[str, int, str]:
    path, _, line = fault.where.rpartition(":")
    return (path, int(line), fault.what) if line.isdigit() else (fault.where, 0, fault.what)
