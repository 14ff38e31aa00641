"""What rules cost: time to load and time a sentence, from ten phrases to ten thousand, in all ways of matching.

    .venv/bin/python bench/rules.py                      # 10 100 1000 10000 phrases, and the handbook as it is
    .venv/bin/python bench/rules.py --phrases 100,1000

Rules are made up: ten phrases of common words each, a pattern, three examples that must fire and three that must
not, so that literal, word, pattern, sound and meaning all have their share. Sentences are the turns of the sample
calls, and as many again that hold a phrase. A sentence costs its reading (characters, words, syllables) once, and
then the matching, which is what is timed by number of phrases: the median and 95th percentile over all
sentences, each the best of ``--rounds``. Loading is timed in a process that has its dictionaries: *first*
learns from the examples, *again* finds what was learnt in the data folder. Writes ``rules.md``, ``.json``,
``.svg`` into ``--out``.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import jieba
import yaml
from live.figures import table
from plots import curves
from written import heading, put, write

from monitor.frames import Side
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.text.reading import Reading, read

HERE = Path(__file__).resolve().parent
HANDBOOK = HERE.parent / "rules"
SCRIPTS = HERE.parent / "samples" / "scripts"
PHRASES_A_RULE = 10

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one rule set costs."""

    name: str
    rules: int
    phrases: int
    first_s: float
    again_s: float
    p50_ms: float
    p95_ms: float
    hits: int


def main() -> int:
    """Measure and write."""
    args = _arguments()
    words = _words()
    turns = [turn["text"] for path in sorted(SCRIPTS.glob("*.json")) for turn in json.loads(path.read_text("utf-8"))]
    costs = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for count in args.phrases:
            made = Path(folder) / str(count)
            phrases = _make(made, count, words)
            costs.append(measure(f"{count} phrases", [made], turns + _holding(phrases, len(turns)), args.rounds))
            print(costs[-1], file=sys.stderr)
        if not args.without_handbook:
            costs.append(measure("the handbook", [HANDBOOK], turns, args.rounds))
    readings = _best(read, [f"{text}啊" for text in turns], 1)  # once: readings are remembered
    text = "\n\n".join(
        [
            heading(),
            f"{len(turns)} sentences of {statistics.mean(map(len, turns)):.0f} characters. Reading one costs "
            f"{statistics.median(readings):.2f} ms (95 % within {_at(readings, 0.95):.2f} ms), whatever the rules.",
            _table(costs),
        ]
    )
    made_up = [(it.phrases, it.p95_ms) for it in costs if it.name != "the handbook"]
    medians = [(it.phrases, it.p50_ms) for it in costs if it.name != "the handbook"]
    curves(
        args.out / "rules.svg",
        {"median": medians, "95th percentile": made_up},
        x="phrases",
        y="ms a sentence",
        title="Matching one sentence in all ways",
        limit=5.0,
        log_x=True,
    )
    write(args.out, "rules", text, [asdict(it) for it in costs])
    if args.write:
        put(args.write, "rules", text)
    return 0


def measure(name: str, paths: Sequence[Path], sentences: Sequence[str], rounds: int) -> Cost:
    """Load the rules twice, then match every sentence."""
    with tempfile.TemporaryDirectory(prefix="bench-") as learnt:
        loads = []
        for _ in range(2):
            begin = time.perf_counter()
            matcher = Matcher(parse.load(paths), folder=Path(learnt))
            matcher.find(read(sentences[0]), Side.AGENT)
            loads.append(time.perf_counter() - begin)
    readings = [read(text) for text in sentences]
    hits = sum(bool(matcher.find(reading, Side.AGENT)) for reading in readings)

    def find(reading: Reading) -> None:
        matcher.find(reading, Side.AGENT)

    took = _best(find, readings, rounds)
    rules = matcher.ruleset.rules.values()
    return Cost(
        name=name,
        rules=len(rules),
        phrases=sum(len(getattr(rule, "phrases", ())) for rule in rules),
        first_s=loads[0],
        again_s=loads[1],
        p50_ms=statistics.median(took),
        p95_ms=_at(took, 0.95),
        hits=hits,
    )


def _best(do: Callable[[Item], object], items: Sequence[Item], rounds: int) -> list[float]:
    """Milliseconds for each item, the best of so many rounds: what it takes when nothing else wants the core."""
    best = [float("inf")] * len(items)
    for _ in range(rounds):
        for place, item in enumerate(items):
            begin = time.perf_counter()
            do(item)
            best[place] = min(best[place], 1000 * (time.perf_counter() - begin))
    return best


def _at(took: Sequence[float], share: float) -> float:
    return sorted(took)[min(len(took) - 1, int(share * len(took)))]


def _words() -> list[str]:
    """The two-character words that people use most."""
    jieba.initialize()
    common = [(count, word) for word, count in jieba.dt.FREQ.items() if len(word) == 2 and "一" <= word[0] <= "鿿"]
    return [word for _, word in sorted(common, reverse=True)[:4_000]]


def _make(folder: Path, count: int, words: Sequence[str]) -> list[str]:
    """Rule files with ``count`` phrases of two or three words; gives the phrases."""
    folder.mkdir()
    order = random.Random(count)
    every: list[str] = []
    for number in range(-(-count // PHRASES_A_RULE)):
        phrases = ["".join(order.sample(words, order.choice((2, 2, 3)))) for _ in range(PHRASES_A_RULE)]
        one, two, three, four = order.sample(words, 4)
        rule = {
            "id": f"made-{number}",
            "kind": "banned",
            "title": f"测试规则{number}",
            "status": "stable",
            "severity": "minor",
            "side": "agent",
            "category": "测试",
            "basis": "测试",
            "phrases": phrases,
            "patterns": [f"{{{one}|{two}}}.{{0,4}}{{{three}|{four}}}"],
            "advice": "测试",
            "rewrite": "请您稍等，我帮您看一下，好吗？",
            "examples": {
                "hit": [{"say": phrase} for phrase in phrases[:3]],
                "miss": [{"say": "".join(order.sample(words, 4))} for _ in range(3)],
            },
        }
        (folder / f"made-{number}.yaml").write_text(yaml.safe_dump(rule, allow_unicode=True), encoding="utf-8")
        every += phrases
    return every


def _holding(phrases: Sequence[str], count: int) -> list[str]:
    order = random.Random(1)
    return [f"您好，{order.choice(phrases)}，请问还有什么可以帮您？" for _ in range(count)]


def _table(costs: Sequence[Cost]) -> str:
    head = ["", "rules", "phrases", "load, first s", "load, again s", "a sentence, p50 ms", "p95 ms"]
    body = [
        [
            it.name,
            str(it.rules),
            str(it.phrases),
            f"{it.first_s:.1f}",
            f"{it.again_s:.1f}",
            f"{it.p50_ms:.2f}",
            f"{it.p95_ms:.2f}",
        ]
        for it in costs
    ]
    return table(head, body)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--phrases", type=lambda text: [int(part) for part in text.split(",")], default=[10, 100, 1_000, 10_000]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-handbook", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", type=Path, help="put the result into this page, between its marks «rules»")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
