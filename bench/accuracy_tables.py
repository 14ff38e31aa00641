"""Tables, lists and the plot of ``bench/accuracy.py``."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from judged import Alarm, Figures, Judged, figures, grouped, percent, ways

from monitor.rules.parse import RuleSet

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "accuracy"  # the same figures give the same file

import matplotlib.pyplot as plt  # noqa: E402 - after the choice of backend

Conditions = Mapping[str, Sequence[Judged]]
COLUMNS = ("positives", "found", "right", "negatives", "false")


def write(out: Path, measured: Conditions, real: Conditions, seconds: float, ruleset: RuleSet) -> None:
    """Everything, into ``out``."""
    _csv(out / "accuracy.csv", ("condition", "by", "name", *COLUMNS), _lines(measured))
    _csv(out / "missed.csv", LISTED, _listed(measured, fires=True))
    _csv(out / "false.csv", LISTED, _listed(measured, fires=False))
    _csv(out / "real.csv", LISTED, _listed(real, fires=False))
    (out / "accuracy.md").write_text(_markdown(measured, real, seconds, ruleset), encoding="utf-8")
    _plot(out / "accuracy.svg", measured)


# ── tables ───────────────────────────────────────────────────────────────────────────────────────


def _markdown(measured: Conditions, real: Conditions, seconds: float, ruleset: RuleSet) -> str:
    parts = [
        f"Rules {ruleset.version} ({len(ruleset.rules)} rules).",
        "### By condition",
        _by_condition(measured),
        "### By way of matching (sentences that should fire / that should not, found by it)",
        _by_way(measured),
        "### By voice: recall (false alarms)",
        _by(measured, [it for name, it in _grouped_by_voice(measured)]),
        "### Rules that miss or ring false",
        _by_rule(measured),
    ]
    if real:
        parts += ["### Real speech", _real(real, seconds)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_condition(measured: Conditions) -> str:
    text = figures(measured["text"]).recall
    rows = []
    for name, judged in measured.items():
        it = figures(judged)
        against = percent(it.recall / text) if text and it.recall is not None and name != "text" else "–"
        found = f"{percent(it.recall)} ({it.found} of {it.positives})"
        false = f"{percent(it.false_rate)} ({it.false} of {it.negatives})"
        rows.append((name, found, against, percent(it.right_recall), false, percent(it.precision)))
    return _table(("condition", "recall", "of text", "under the right rule", "false", "precision"), rows)


def _by_way(measured: Conditions) -> str:
    by_condition = {name: ways(judged) for name, judged in measured.items()}
    found = list(dict.fromkeys(way for counts in by_condition.values() for way in counts))
    rows = [(way, *("{} / {}".format(*counts.get(way, (0, 0))) for counts in by_condition.values())) for way in found]
    return _table(("way", *measured), rows)


def _grouped_by_voice(measured: Conditions) -> Iterable[tuple[str, Mapping[str, Figures]]]:
    for name, judged in measured.items():
        if name != "text":
            yield name, grouped(judged, lambda item: item.sentence.voice)


def _by(measured: Conditions, groups: Sequence[Mapping[str, Figures]]) -> str:
    if not groups:
        return ""
    rows = [
        (name, *(f"{percent(group[name].recall)} ({group[name].false})" for group in groups))
        for name in groups[0]
        if name
    ]
    return _table(("voice", *(name for name in measured if name != "text")), rows)


def _by_rule(measured: Conditions) -> str:
    groups = [grouped(judged, lambda item: item.sentence.rule) for judged in measured.values()]
    rows = []
    for rule in groups[0]:
        every = [group[rule] for group in groups]
        if any(it.found < it.positives or it.false for it in every):
            rows.append((f"`{rule}`", *(f"{it.found}/{it.positives}, {it.false}/{it.negatives}" for it in every)))
    return _table(("rule (found/should, false/should not)", *measured), rows)


def _real(real: Conditions, seconds: float) -> str:
    rows = []
    for name, judged in real.items():
        alarms = [alarm for item in judged for alarm in item.alarms]
        by_rule = ", ".join(f"`{rule}` {count}" for rule, count in Counter(it.rule for it in alarms).most_common())
        hours = seconds / 3600 if name != "text" else 0.0
        rows.append((name, str(len(judged)), str(len(alarms)), f"{len(alarms) / hours:.1f}" if hours else "–", by_rule))
    table = _table(("condition", "recordings", "alarms", "per hour", "by rule"), rows)
    one_by_one = [
        _alarm(name, item, alarm) for name, judged in real.items() for item in judged for alarm in item.alarms
    ]
    return "\n".join([f"{seconds / 60:.1f} minutes.", "", table, "", *one_by_one])


def _alarm(condition: str, item: Judged, alarm: Alarm) -> str:
    """One false alarm, with everything needed to judge it."""
    said = f", said: «{item.sentence.text}»" if item.sentence.text else ""
    how = f"`{alarm.rule}` ({alarm.match}, {alarm.score:.2f})"
    return f"- {condition}, {item.sentence.name}: {how} «{alarm.quote}» in «{item.heard}»{said}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *body])


# ── lists ────────────────────────────────────────────────────────────────────────────────────────

LISTED = ("condition", "recording", "rule", "said", "heard", "fired", "match", "score", "quote", "phrase")


def _lines(measured: Conditions) -> Iterable[Sequence[object]]:
    for condition, judged in measured.items():
        yield (condition, "all", "", *_counts(figures(judged)))
        for by, key in (("rule", lambda it: it.sentence.rule), ("voice", lambda it: it.sentence.voice)):
            for name, found in grouped(judged, key).items():
                yield (condition, by, name, *_counts(found))
        for way, (hits, false) in ways(judged).items():
            yield (condition, "way", way, "", hits, "", "", false)


def _counts(it: Figures) -> tuple[int, ...]:
    return tuple(getattr(it, name) for name in COLUMNS)


def _listed(measured: Conditions, *, fires: bool) -> Iterable[Sequence[object]]:
    """With ``fires``: what should have and did not; else what should not have, a line an alarm."""
    for condition, judged in measured.items():
        for item in judged:
            head = (condition, item.sentence.name, item.sentence.rule, item.sentence.text, item.heard)
            if item.sentence.fires is not fires or item.found is fires:
                continue
            if fires:
                yield (*head, "", "", "", "", "")
            for it in item.alarms:
                yield (*head, " ".join((it.rule, *it.also)), it.match, it.score, it.quote, it.phrase)


def _csv(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


# ── plot ─────────────────────────────────────────────────────────────────────────────────────────


def _plot(path: Path, measured: Conditions) -> None:
    names = list(measured)
    every = [figures(measured[name]) for name in names]
    figure, axes = plt.subplots(figsize=(7, 3.2))
    at = range(len(names))
    axes.bar([x - 0.2 for x in at], [100 * (it.recall or 0) for it in every], 0.4, label="recall", color="#1f6f8b")
    axes.bar(
        [x + 0.2 for x in at], [100 * (it.false_rate or 0) for it in every], 0.4, label="false alarms", color="#c8553d"
    )
    axes.set_xticks(list(at), names)
    axes.set_ylabel("% of sentences")
    axes.set_ylim(0, 105)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, loc="upper right", ncols=2)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
