"""The figures of one run, and the tables that hold them side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from live.lag import CONFIRMED, FIRST, TEXT, Lags, answers, lags
from live.run import Run

MARK = "monitor_engine_"


@dataclass(slots=True)
class Figures:
    """One system with so many calls at once."""

    system: str
    calls: int
    lags: list[Lags]
    cpu_per_speech: float
    """CPU seconds of the program for each second of speech."""
    cpu_per_audio: float
    """… for each second of call."""
    cores: float
    """Cores kept busy on average."""
    peak_mb: float
    late_s: float
    """99th percentile of how late the bench itself sent a frame."""
    faults: list[str]
    texts_per_s: float
    """Different texts that were shown, for each second of speech."""
    finals_per_s: float
    other_rule: int = 0
    """Phrases that were warned of only under another rule than the material names."""
    decodes: dict[str, float] = field(default_factory=dict)
    """What the engine answered for each second of speech, by kind."""
    batches: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    gaps: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds of engine stages for each second of speech."""

    @property
    def mean_batch(self) -> float:
        """Requests that shared one computation, on average."""
        total = sum(self.batches.values())
        return sum(int(size) * count for size, count in self.batches.items()) / total if total else 0.0

    def lag(self, what: str) -> Lags:
        """The lags of one kind of answer."""
        return next(it for it in self.lags if it.what == what)

    def as_json(self) -> dict[str, Any]:
        """Everything, lags and all."""
        data = asdict(self)
        data["mean_batch"] = self.mean_batch
        return data


def figures(run: Run, rules: Mapping[str, Sequence[str]] | None) -> Figures:
    """The figures of a run; ``rules`` for our own server, which warns."""
    answered = [it for call in run.calls for it in answers(call, rules)]
    kinds = [TEXT] if rules is None else [FIRST, CONFIRMED, TEXT]
    speech_s, audio_s = run.speech_s, run.audio_s
    texts = Counter(text.final for it in run.calls for text in it.texts)
    return Figures(
        system=run.system.name,
        calls=len(run.calls),
        lags=[lags(answered, kind) for kind in kinds],
        cpu_per_speech=run.cpu_s / speech_s,
        cpu_per_audio=run.cpu_s / audio_s,
        cores=run.cpu_s / run.seconds,
        peak_mb=run.peak_mb,
        late_s=run.late_s,
        faults=[f"{it.call.call_id}: {it.fault}" for it in run.calls if it.fault],
        texts_per_s=texts.total() / speech_s,
        finals_per_s=texts[True] / speech_s,
        other_rule=sum(it.other_rule for it in answered),
        decodes={
            kind: count / speech_s for kind, count in _labelled(run.counters, "done_total", "kind").items() if count
        },
        batches={size: int(n) for size, n in _labelled(run.counters, "batches_total", "size").items() if n},
        dropped={why: int(n) for why, n in _labelled(run.counters, "dropped_total", "reason").items() if n},
        failures=int(run.counters.get(f"{MARK}failures_total", 0)),
        gaps=sum(event.body["kind"] == "audio.gap" for it in run.calls for event in it.events),
        stages={
            stage: seconds / speech_s
            for stage, seconds in _labelled(run.counters, "stage_seconds_total", "stage").items()
        },
    )


def _labelled(counters: Mapping[str, float], name: str, label: str) -> dict[str, float]:
    head = f'{MARK}{name}{{{label}="'
    return {key[len(head) : -2]: value for key, value in counters.items() if key.startswith(head)}


def lag_table(found: Sequence[Figures]) -> str:
    """p50 / p95 (never / all), a row a system and kind of answer, a column a number of calls."""
    counts = sorted({it.calls for it in found})
    rows: dict[tuple[str, str], dict[int, Figures]] = {}
    for it in found:
        for kind in it.lags:
            rows.setdefault((it.system, kind.what), {})[it.calls] = it
    head = ["p50 / p95 lag in s (never / phrases)", *(f"{n} call{'s' * (n > 1)}" for n in counts)]
    body = []
    for (system, what), by_calls in rows.items():
        cells = [_cell(by_calls[n].lag(what)) if n in by_calls else "" for n in counts]
        body.append([f"{system}, {what}", *cells])
    return table(head, body)


def cost_table(found: Sequence[Figures]) -> str:
    """What each run cost."""
    head = [
        *("system", "calls", "max lag s", "CPU s per s of speech", "… of call", "cores", "peak MB"),
        *("texts / s", "finals / s", "decodes / s", "mean batch", "dropped", "sent late ms", "faults"),
    ]
    body = []
    for it in found:
        slowest = max(it.lags[0].lags, default=0.0)
        dropped = ", ".join(f"{why} {n}" for why, n in it.dropped.items()) or "–"
        decodes = ", ".join(f"{kind} {rate:.2f}" for kind, rate in it.decodes.items()) or "–"
        body.append(
            [
                *(it.system, str(it.calls), f"{slowest:.2f}", f"{it.cpu_per_speech:.2f}", f"{it.cpu_per_audio:.2f}"),
                *(f"{it.cores:.2f}", f"{it.peak_mb:.0f}", f"{it.texts_per_s:.1f}", f"{it.finals_per_s:.2f}"),
                *(decodes, f"{it.mean_batch:.1f}" if it.batches else "–", dropped, f"{1000 * it.late_s:.0f}"),
                "; ".join(it.faults)[:80] or "–",
            ]
        )
    return table(head, body)


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in body)])


def _cell(found: Lags) -> str:
    if not found.count:
        return ""
    median, high = found.at(0.5), found.at(0.95)
    if median is None or high is None:
        return f"– ({len(found.never)}/{found.count})"
    return f"{median:.2f} / {high:.2f} ({len(found.never)}/{found.count})"
