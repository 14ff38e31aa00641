"""Where every row of the source handbooks went: its rules, or why there is none.

``docs/handbook.yaml`` holds the rows of the five sources and every provision of the catalogue; rule
files say by ``provision`` what they carry out. From both comes docs/handbook.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml
from pydantic import Field, ValidationError

from monitor.errors import ConfigError
from monitor.rules.lines import load as load_yaml
from monitor.rules.model import Rule, Strict, Text
from monitor.rules.parse import RuleSet


class Row(Strict):
    """One row of a source: one provision as it stands there."""

    number: int
    text: Text
    ids: tuple[Text, ...] = Field(min_length=1)
    """Provisions of the catalogue."""
    kind: Text


class Source(Strict):
    """One handbook."""

    title: Text
    rows: tuple[Row, ...]


class Provision(Strict):
    """One entry of the catalogue."""

    kind: Text
    source: Text
    text: Text
    reason: str = ""
    """Why no rule carries it out."""


class Handbook(Strict):
    """The sources, row by row."""

    sources: Mapping[str, Source]
    provisions: Mapping[str, Provision]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a row went."""

    number: str
    """Of its source."""
    row: Row
    rules: tuple[Rule, ...]
    reasons: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Neither a rule nor a reason."""
        return not self.rules and not self.reasons


def parse(text: str, where: str = "docs/handbook.yaml") -> Handbook:
    """The rows from the text of their file.

    Raises:
        ConfigError: ``HBK-001``, it is not what it should be.
    """
    try:
        return Handbook.model_validate(load_yaml(text).value)
    except (ValidationError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(str(error), where=where, code="HBK-001") from None


def homes(handbook: Handbook, ruleset: RuleSet) -> Iterator[Home]:
    """Every row of every source with its rules, and the reasons where a provision has none."""
    carried = carriers(ruleset.rules)
    for number, source in handbook.sources.items():
        for row in source.rows:
            rules = {rule.id: rule for name in row.ids for rule in carried.get(name, ())}
            reasons = [
                handbook.provisions[name].reason
                for name in row.ids
                if name not in carried and name in handbook.provisions and handbook.provisions[name].reason
            ]
            yield Home(number, row, tuple(rules.values()), tuple(dict.fromkeys(reasons)))


def carriers(rules: Mapping[str, Rule]) -> dict[str, list[Rule]]:
    """Provision → the rules that carry it out, drafts left out."""
    found: dict[str, list[Rule]] = {}
    for rule in rules.values():
        if rule.status != "draft":
            for name in rule.provision:
                found.setdefault(name, []).append(rule)
    return found


def homeless(handbook: Handbook, ruleset: RuleSet) -> list[str]:
    """Provisions of the catalogue with neither a rule nor a reason."""
    carried = carriers(ruleset.rules)
    return [name for name, item in handbook.provisions.items() if name not in carried and not item.reason]


def unknown(handbook: Handbook, ruleset: RuleSet) -> list[str]:
    """``RULE: PROVISION`` for what rules name and the catalogue does not have."""
    return [
        f"{rule.id}: {name}"
        for rule in ruleset.rules.values()
        for name in rule.provision
        if name not in handbook.provisions
    ]


def render(handbook: Handbook, ruleset: RuleSet, link: str = "../") -> str:
    """docs/handbook.md. ``link`` leads from there to the root that the rules' paths start from."""
    found = list(homes(handbook, ruleset))
    lines = [
        "# 手册对照表",
        "",
        "<!-- 由 `monitor handbook` 生成，请勿手改：改 docs/handbook.yaml 或规则文件的 provision -->",
        "",
        "五份手册的每一条，落到哪条规则，或者为什么没有规则。",
        "",
        *_counts(handbook, found),
    ]
    for number, source in handbook.sources.items():
        lines += [
            "",
            f"## {number} 《{source.title}》",
            "",
            "| # | 条款 | 类 | 规则 | 没有规则的原因 |",
            "|---|---|---|---|---|",
        ]
        for home in found:
            if home.number == number:
                row = home.row
                rules = "、".join(_linked(rule, ruleset, link) for rule in home.rules)
                reasons = "；".join(home.reasons)
                lines.append(f"| {row.number} | {_cell(row.text)} | {row.kind} | {rules} | {_cell(reasons)} |")
    return "\n".join(lines) + "\n"


def _counts(handbook: Handbook, found: Sequence[Home]) -> list[str]:
    """Figures for the top of the page."""
    table = ["| 手册 | 条款 | 有规则 | 只有原因 |", "|---|---|---|---|"]
    for number, source in handbook.sources.items():
        mine = [home for home in found if home.number == number]
        with_rule = sum(bool(home.rules) for home in mine)
        table.append(f"| {number} 《{source.title}》 | {len(mine)} | {with_rule} | {len(mine) - with_rule} |")
    return table


def _linked(rule: Rule, ruleset: RuleSet, link: str) -> str:
    path = ruleset.files.get(rule.id, "")
    name = f"[{rule.id}]({link}{path})" if path else rule.id
    return f"{name}（人工）" if rule.kind == "manual" else name


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
