"""Would a sentence encoder find what n-grams miss? The classifier of meaning with one, with the other, with both.

    .venv/bin/monitor models pull sentence-encoder
    .venv/bin/pip install onnxruntime onnxruntime-extensions
    .venv/bin/python bench/meaning.py

The encoder is Google's multilingual sentence encoder, quantised: text in, 512 floats out. Every classifier learns from the rules' examples as ``monitor.rules.learn`` does, has its threshold where it fires on one
harmless sentence in a hundred that it has not seen (five folds), and is then asked about the held-out sentences
(``{"text": …, "fires": …}`` a line), first alone, then after the other ways of matching. *Both* adds the two
values, each divided by its spread on the harmless ones. Prints a table.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from live.figures import table
from numpy.typing import NDArray
from sklearn.svm import LinearSVC
from written import heading

from monitor.frames import Side
from monitor.rules import learn
from monitor.rules.features import windows
from monitor.rules.match import Matcher
from monitor.rules.meaning import Meaning
from monitor.rules.model import BannedRule
from monitor.rules.parse import RuleSet, load
from monitor.text.reading import read

FOLDS = 5
STIFFNESS = 10.0
"""With 0.5, 2 and 50 the two together find less."""
Floats = NDArray[np.float64]
Parts = list[list[str]]
"""Of every sentence what is looked at: the whole first, then its clauses."""


def main() -> int:
    """Learn, ask and print."""
    args = _arguments()
    ruleset = load([Path("rules")])
    held = [json.loads(line) for path in args.held_out for line in path.read_text("utf-8").splitlines()]
    samples = learn._samples(ruleset)
    truth = np.array([sample.banned for sample in samples])
    asked = [sample.text for sample in samples] + [row["text"] for row in held]
    parts = [_parts(text) for text in asked]
    encode, cost_ms = _encoder(args.encoder)
    ngrams = _by_ngrams(ruleset, [row["text"] for row in held])
    dense = _by_states(_dense(parts, encode), truth)
    both = _scaled(ngrams, truth) + _scaled(dense, truth)
    found = _other_ways(Matcher(ruleset), held)
    fires = np.array([row["fires"] for row in held])
    rows = [["the other ways, no classifier", "–", "–", _share(found, fires), _share(found, ~fires)]]
    for name, values in (("n-grams", ngrams), ("sentence encoder", dense), ("both", both)):
        learnt, unseen = values[: len(samples)], values[len(samples) :]
        harmless = np.sort(learnt[~truth])[::-1]
        hit = unseen > harmless[int(learn.FALSE_RATE * len(harmless))]
        together = hit | found
        rows.append([name, *(_share(it, of) for it in (hit, together) for of in (fires, ~fires))])
    print(
        heading(),
        f"{len(samples)} examples, {len(held)} held out; the encoder takes {cost_ms:.1f} ms a text.",
        sep="\n\n",
    )
    print(table(["", "alone: found", "false", "after the other ways: found", "false"], rows))
    return 0


def _parts(text: str) -> list[str]:
    reading = read(text)
    return [reading.plain[reading.lean_at[it.start] : reading.lean_at[it.end - 1] + 1] for it in windows(reading)] or [
        text
    ]


def _by_ngrams(ruleset: RuleSet, held: Sequence[str]) -> Floats:
    """Each sentence's highest value by the classifier in force; of those learnt from, by one that has not seen it."""
    samples = learn._samples(ruleset)
    learnt = learn.train(ruleset)
    assert learnt is not None
    meaning = Meaning(learnt, ruleset.of(BannedRule))
    unseen, _ = learn._Table.of(samples).judged_unseen(enough=len(samples))
    return np.concatenate([unseen, [meaning.value(text) for text in held]])


def _dense(parts: Parts, encode: Callable[[list[str]], Floats]) -> list[Floats]:
    known = sorted({part for sentence in parts for part in sentence})
    number = {part: at for at, part in enumerate(known)}
    states = np.concatenate([encode(known[at : at + 64]) for at in range(0, len(known), 64)])
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    return [states[[number[part] for part in sentence]] for sentence in parts]


def _by_states(rows: list[Floats], truth: NDArray[np.bool_]) -> Floats:
    """The same on the encoder's states, a row for each window."""
    learnt = len(truth)
    folds = np.zeros(learnt, int)
    for label in (True, False):
        places = np.flatnonzero(truth == label)
        folds[places] = np.arange(len(places)) % FOLDS
    values = np.zeros(len(rows))
    for fold in range(FOLDS):
        decide = _fit(rows, truth, np.flatnonzero(folds != fold))
        for at in np.flatnonzero(folds == fold):
            values[at] = decide(rows[at]).max()
    decide = _fit(rows, truth, np.arange(learnt))
    for at in range(learnt, len(rows)):
        values[at] = decide(rows[at]).max()
    return values


def _fit(rows: list[Floats], truth: NDArray[np.bool_], chosen: NDArray[np.int64]) -> Callable[[Floats], Floats]:
    kept = [rows[at][:1] if truth[at] else rows[at] for at in chosen]  # a hit is banned as a whole only
    labels = np.concatenate([np.full(len(block), truth[at]) for block, at in zip(kept, chosen, strict=True)])
    classifier = LinearSVC(C=STIFFNESS, class_weight="balanced", random_state=0, max_iter=5000, tol=1e-3)
    return classifier.fit(np.concatenate(kept), labels).decision_function  # type: ignore[no-any-return]


def _scaled(values: Floats, truth: NDArray[np.bool_]) -> Floats:
    harmless = values[: len(truth)][~truth]
    return np.asarray((values - harmless.mean()) / harmless.std())


def _other_ways(matcher: Matcher, held: Sequence[dict[str, Any]]) -> NDArray[np.bool_]:
    matcher._meaning = None
    return np.array([bool(matcher.find(read(row["text"]), Side.AGENT, ask=False)) for row in held])


def _encoder(path: Path) -> tuple[Callable[[list[str]], Floats], float]:
    import onnxruntime
    from onnxruntime_extensions import get_library_path

    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(get_library_path())
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def encode(texts: list[str]) -> Floats:
        return np.asarray(session.run(None, {name: np.array(texts)})[0], float)

    took = []
    for _ in range(50):
        begin = time.perf_counter()
        encode(["这个事情不归我们部门负责管理呀"])
        took.append(1000 * (time.perf_counter() - begin))
    return encode, statistics.median(took)


def _share(hit: NDArray[np.bool_], of: NDArray[np.bool_]) -> str:
    return f"{int((hit & of).sum())} of {int(of.sum())}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, default=Path("models/sentence-encoder/embedding_model_quantized.onnx"))
    parser.add_argument("--held-out", type=Path, action="append", help="default: tests/rules/heldout*.jsonl")
    args = parser.parse_args()
    args.held_out = args.held_out or sorted(Path("tests/rules").glob("heldout*.jsonl"))
    return args


if __name__ == "__main__":
    sys.exit(main())
