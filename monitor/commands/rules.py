"""``monitor rules``: validate and test every rule, list them, explain one, try a changed one on stored calls."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from monitor import wiring
from monitor.errors import InputError
from monitor.frames import Side
from monitor.rules import examples, lines, parse
from monitor.rules.ledger import raw_span
from monitor.rules.match import Matcher
from monitor.rules.model import BannedRule, Rule
from monitor.rules.parse import RuleSet
from monitor.rules.tape import Outcome
from monitor.text.reading import read

KIND_NAMES = {
    "banned": "禁用说法", "required": "必说", "protocol": "流程", "measure": "度量", "reply": "话术", "manual": "人工",
    "intent": "意图", "call-state": "通话状态", "silent-call": "无声电话", "hold": "等待", "hang-up": "挂机",
}  # fmt: skip
WAYS = {"phrases": "说法", "words": "整词", "patterns": "句式", "unless": "例外"}


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "rules",
        help="规则：校验、列出、解释、试用",
        description="校验并自测全部规则，列出规则，解释一条规则，或在已有通话上试用改过的规则。",
        epilog="例：monitor rules check    monitor rules explain not-my-job",
    )
    actions = parser.add_subparsers(dest="action", metavar="动作", required=True, title="动作")
    for name, help_text, example in (
        ("check", "校验每个规则文件，并运行它自带的例子", "monitor rules check"),
        ("list", "每行一条规则", "monitor rules list --kind banned"),
        ("explain", "一条规则说什么、依据、怎么匹配、例子", "monitor rules explain not-my-job"),
        (
            "try",
            "在已质检的通话上试用一条改过的规则",
            "monitor rules try rules/banned/not-my-job.yaml --calls out/calls",
        ),
    ):
        action = actions.add_parser(name, help=help_text, description=help_text + "。", epilog=f"例：{example}")
        action.add_argument("--rules", action="append", metavar="PATH", help="规则文件或文件夹（可多次给）")
        action.set_defaults(run=run, config=None, model=None, device=None)
        if name == "list":
            action.add_argument("--kind", metavar="KIND", help="只列一种规则，如 banned")
        if name in ("list", "explain"):
            action.add_argument("--json", action="store_true", help="输出 JSON（不在终端里时默认如此）")
        if name == "explain":
            action.add_argument("id", metavar="ID", help="规则编号")
        if name == "try":
            action.add_argument("file", type=Path, metavar="FILE", help="改过的规则文件")
            action.add_argument("--calls", required=True, type=Path, metavar="DIR", help="通话事件 *.jsonl 所在文件夹")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; see :func:`register` for the actions."""
    settings = wiring.settings(args)
    paths = settings.rules
    if args.action == "check":
        return check(paths, wiring.learnt_folder(settings))
    if args.action == "try":
        return try_rule(paths, args.file, args.calls)
    ruleset = parse.load(paths)
    as_json = args.json or not sys.stdout.isatty()
    if args.action == "list":
        return list_rules(ruleset, args.kind, as_json=as_json)
    return explain(ruleset, args.id, as_json=as_json)


def check(paths: Iterable[Path | str], folder: Path | None = None) -> int:
    """Every fault as ``path:line: CODE what`` and every example that fails, on stderr; the counts on stdout.

    ``folder`` keeps what is learnt from the examples: a set that was checked is learnt already when a server starts.

    0 everything holds, 1 examples fail, 2 files are broken.
    """
    ruleset, faults = parse.load_lenient(paths)
    for fault in faults:
        print(f"{fault.where}: {fault.code} {fault.what}", file=sys.stderr)
    matcher = Matcher(ruleset, folder=folder)
    total = failed = 0
    by_kind = Counter(rule.kind for rule in ruleset.rules.values())
    for outcome in tqdm(examples.prove(matcher), desc="例子", unit="条", disable=not sys.stderr.isatty(), leave=False):
        total += 1
        if outcome.fault:
            failed += 1
            print(f"{_place(ruleset, outcome)}: RULE-012 {outcome.text}: {outcome.fault}", file=sys.stderr)
    counts = {
        "version": ruleset.version,
        "rules": dict(sorted(by_kind.items())),
        "status": dict(sorted(Counter(rule.status for rule in ruleset.rules.values()).items())),
        "faults": len(faults),
        "examples": total,
        "failed": failed,
    }
    print(json.dumps(counts, ensure_ascii=False))
    if drafts := [rule.id for rule in ruleset.rules.values() if rule.status == "draft"]:
        print(f"草稿（status: draft，不写也是）从不触发，例子没有运行：{'、'.join(drafts)}", file=sys.stderr)
    kinds = "，".join(f"{KIND_NAMES.get(kind, kind)} {number}" for kind, number in sorted(by_kind.items()))
    verdict = "全部通过" if not failed and not faults else f"文件错误 {len(faults)} 处，例子不过 {failed} 条"
    print(f"规则 {len(ruleset.rules)} 条（{kinds}），例子 {total} 条：{verdict}。", file=sys.stderr)
    return 2 if faults else 1 if failed else 0


def list_rules(ruleset: RuleSet, kind: str | None, *, as_json: bool) -> int:
    """One line a rule."""
    for rule in ruleset.rules.values():
        if kind is not None and rule.kind != kind:
            continue
        if as_json:
            keys = ("id", "kind", "status", "severity", "title", "category", "basis")
            print(json.dumps({key: getattr(rule, key) for key in keys}, ensure_ascii=False))
        else:
            print(f"{rule.id:32} {rule.kind:9} {rule.status:7} {rule.severity:9} {rule.title}")
    return 0


def explain(ruleset: RuleSet, rule_id: str, *, as_json: bool) -> int:
    """Everything about one rule.

    Raises:
        InputError: ``INP-011``, there is no such rule.
    """
    rule = ruleset.rules.get(rule_id)
    if rule is None:
        near = [other for other in ruleset.rules if rule_id in other or other in rule_id][:5]
        raise InputError(f"没有这条规则：{rule_id}", hint=f"相近的：{', '.join(near)}" if near else "", code="INP-011")
    if as_json:
        data = rule.model_dump(mode="json") | {"file": ruleset.files.get(rule_id, ""), "version": ruleset.version}
        print(json.dumps(data, ensure_ascii=False))
    else:
        print("\n".join(_explained(rule, ruleset)))
    return 0


def _explained(rule: Rule, ruleset: RuleSet) -> Iterator[str]:
    yield f"{rule.title}（{rule.id}）"
    kind = KIND_NAMES.get(rule.kind, rule.kind)
    yield f"  种类 {kind}  状态 {rule.status}  级别 {rule.severity}  类别 {rule.category}"
    yield f"  依据 {rule.basis}"
    yield f"  文件 {ruleset.files.get(rule.id, '')}"
    if rule.advice:
        yield f"  为什么 {rule.advice}"
    if rule.rewrite:
        yield f"  换成 {rule.rewrite}"
    if not isinstance(rule, BannedRule):
        return
    for name, label in WAYS.items():
        if found := getattr(rule, name):
            yield f"  {label}"
            yield from (f"    {wording}" for wording in found)
    yield f"  按读音 {'是' if rule.sound else '否'}  按意思 {'是' if rule.meaning else '否'}"
    for rewrite in rule.rewrites:
        yield f"  句式换法 {rewrite.pattern}  →  {rewrite.say}"
    for label, sentences in (("要报", rule.examples.hit), ("不报", rule.examples.miss)):
        yield f"  {label}（{len(sentences)}）"
        yield from (f"    {sentence.text}" for sentence in sentences)


def try_rule(paths: Iterable[Path | str], file: Path, calls: Path) -> int:
    """What a changed rule would have found in stored calls: one JSON object a difference or agreement.

    ``change`` is ``new`` (it would fire, and did not), ``gone`` (it fired, and would not), ``same``.

    Raises:
        RuleErrors: the file, or the rule set around it, is broken.
        InputError: ``INP-012``, no stored calls there, or the rule is of another kind.
    """
    if not file.is_file():
        raise InputError("没有这个规则文件", where=str(file), code="INP-012")
    ruleset = parse.load(paths)
    rule = parse.parse_rule(file.read_text(encoding="utf-8"), str(file), ruleset.classes)
    if not isinstance(rule, BannedRule):
        raise InputError(f"只能试用 banned 规则，这是 {rule.kind}", where=str(file), code="INP-012")
    rule = rule.model_copy(update={"status": "trial" if rule.status == "draft" else rule.status})
    changed = replace(ruleset, rules={**ruleset.rules, rule.id: rule}, version="")
    files = sorted(calls.rglob("*.jsonl")) if calls.is_dir() else []
    if not files:
        raise InputError("这里没有通话事件（*.jsonl）", where=str(calls), code="INP-012")
    matcher = Matcher(changed)
    alone = Matcher(replace(changed, rules={rule.id: rule}))
    counts: Counter[str] = Counter()
    for path in tqdm(files, desc="通话", unit="通", disable=not sys.stderr.isatty(), leave=False):
        for found in _differences(matcher, alone, rule, path):
            counts[found["change"]] += 1
            print(json.dumps({"call": path.stem, **found}, ensure_ascii=False))
    told = "，".join(
        f"{label} {counts[change]}" for change, label in (("new", "新报"), ("gone", "不再报"), ("same", "照旧"))
    )
    print(f"{rule.title}：{len(files)} 通电话，{told}。", file=sys.stderr)
    return 1 if counts["new"] or counts["gone"] else 0


def _differences(matcher: Matcher, alone: Matcher, rule: BannedRule, path: Path) -> Iterator[dict[str, Any]]:
    """What changes in one call; ``under`` is the more severe rule that the same words are charged under, if any."""
    transcripts, before = _stored(path, rule.id)
    for spoken in transcripts:
        reading = read(spoken["text"])
        side = Side(spoken["side"])
        hits = matcher.find(reading, side, ask=False)
        hit = next((hit for hit in hits if rule.id in (hit.rule.id, *hit.also)), None)
        fired = spoken["utterance_id"] in before
        if hit is None and not fired:
            continue
        under = hit.rule.id if hit is not None and hit.rule.id != rule.id else ""
        if under:  # its own words, not those of the rule that it is charged under
            hit = next(iter(alone.find(reading, side, ask=False)), hit)
        quote = spoken["text"][slice(*raw_span(reading, hit))] if hit is not None else before[spoken["utterance_id"]]
        yield {
            "change": "same" if hit is not None and fired else "new" if hit is not None else "gone",
            "rule_id": rule.id,
            "from_ms": spoken["from_ms"],
            "quote": quote,
            "text": spoken["text"],
            "match": hit.match if hit is not None else "",
            "under": under,
        }


def _stored(path: Path, rule_id: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """(final transcripts, utterance id → quote of the rule's standing warnings) of one stored call.

    Raises:
        InputError: ``INP-012``, a line that is not an event.
    """
    transcripts: list[dict[str, Any]] = []
    standing: dict[str, tuple[str, str]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            event = json.loads(line)
            if event["kind"] == "transcript" and event["status"] == "final" and event["text"]:
                transcripts.append(event)
            elif event["kind"] == "warning" and rule_id in (event["rule_id"], *event.get("also", ())):
                standing[event["warning_id"]] = (event.get("utterance_id", ""), event["quote"])
                if event["status"] == "retracted":
                    del standing[event["warning_id"]]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"不是通话事件：{error}", where=f"{path}:{number}", code="INP-012") from None
    return transcripts, dict(standing.values())


def _place(ruleset: RuleSet, outcome: Outcome) -> str:
    """``path:line`` of an example."""
    path = ruleset.files.get(outcome.rule_id, "")
    if not path:
        return f"{outcome.rule_id}/{outcome.name}"
    sort, _, number = outcome.name.partition("-")
    where: tuple[str | int, ...] = ("examples", sort, int(number) - 1) if sort in ("hit", "miss") else (sort,)
    return f"{path}:{lines.load(Path(path).read_text(encoding='utf-8')).line(where)}"
