"""Whole recordings: ``monitor audit`` beside faster-whisper in all its ways, on the same audio in one run.

    .venv/bin/python bench/throughput.py                       # ten minutes dense, ten with half silence, 3 rounds
    .venv/bin/python bench/throughput.py --quick               # two minutes of each, ours and two ways, one round
    .venv/bin/python bench/throughput.py --corpus DIR --rounds 5

Recordings are built from single sentences (samples or a corpus folder): telephone band, mu-law, faint noise;
*dense* has 0.3 to 0.8 s between sentences, *half* as much quiet as speech. Every way runs in a process of its
own, one after the other, and the whole row is repeated ``--rounds`` times; ratios are taken within a round, so
that a machine that wanders does not count. Loading the model is in no time; all else is: ours reads the file,
listens, recognises, judges by all rules and writes the events. Character error rate against what is said, both
as they are read out (simplified, numbers as words). Writes ``throughput.md`` and ``.json`` into ``--out``.
"""

import argparse
import json
import math
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from live.figures import table
from live.line import FLOOR_DBFS
from live.material import Spoken, spoken
from rapidfuzz.distance import Levenshtein
from speech_corpus import LINE_HZ
from tqdm import tqdm
from written import heading, put, write

from monitor.audio.g711 import decode_mulaw, encode_mulaw
from monitor.text.reading import read

HERE = Path(__file__).resolve().parent
PEER = HERE / "peers" / ".venv" / "faster-whisper" / "bin" / "python"
OURS = "monitor audit --passages"
WORD_FOR_WORD = "monitor audit"
WAYS = {
    OURS: [],
    WORD_FOR_WORD: [],
    "faster-whisper, beam 5": ["--beam", "5"],
    "the same with its VAD filter": ["--beam", "5", "--vad"],
    "faster-whisper, beam 1": ["--beam", "1"],
    "batched pipeline, batch 4, beam 5": ["--batch", "4"],
    "batched pipeline, batch 8, beam 5": ["--batch", "8"],
    "batched pipeline, batch 16, beam 5": ["--batch", "16"],
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording and what is said in it."""

    name: str
    file: Path
    seconds: float
    said: str


@dataclass(frozen=True, slots=True)
class Result:
    """One way on one recording in one round."""

    way: str
    recording: str
    round: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    cer: float


def main() -> int:
    """Measure and write."""
    args = _arguments()
    if args.worker:
        return _ours(args)
    ways = [way for way in WAYS if way in (OURS, WORD_FOR_WORD) or PEER.exists()]
    if len(ways) == 2:
        print("faster-whisper's environment is missing: make bench-peers", file=sys.stderr)
    if args.quick:
        ways = ways[:3] + [way for way in ways if "batch 8" in way]
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        recordings = [record(args, Path(folder), kind) for kind in ("dense", "half")]
        plan = [(turn, rec, way) for turn in range(args.rounds) for rec in recordings for way in ways]
        for turn, recording, way in tqdm(plan, desc="throughput", file=sys.stderr, disable=None):
            results.append(measure(way, recording, turn, args))
            it = results[-1]
            tqdm.write(
                f"{way}, {recording.name}: {recording.seconds / it.wall_s:.1f} x, "
                f"CPU {it.cpu_s:.0f} s, CER {it.cer:.3f}",
                file=sys.stderr,
            )
    lengths = {recording.name: recording.seconds for recording in recordings}
    text = "\n\n".join([heading(), _told(args, recordings), _table(results, lengths, ways)])
    write(args.out, "throughput", text, {"about": heading(), "results": [asdict(it) for it in results]})
    if args.write:
        put(args.write, "throughput", text)
    return 0


def record(args: argparse.Namespace, folder: Path, kind: str) -> Recording:
    """Sentences one after the other until the recording is long enough."""
    order, everything = random.Random(kind), spoken(args.corpus)
    parts: list[np.ndarray] = [np.zeros(LINE_HZ)]
    said: list[str] = []
    turn: list[Spoken] = []
    while sum(map(len, parts)) < args.minutes * 60 * LINE_HZ:
        turn = turn or order.sample(everything, len(everything))
        item = turn.pop()
        quiet = len(item.wave) if kind == "half" else int(order.uniform(0.3, 0.8) * LINE_HZ)
        parts += [item.wave, np.zeros(quiet)]
        said.append(item.text)
    line = np.concatenate(parts)
    line = line + np.random.default_rng(1).normal(scale=10 ** (FLOOR_DBFS / 20), size=len(line))
    pcm = decode_mulaw(encode_mulaw(np.round(np.clip(line, -1, 1) * 32767).astype("<i2").tobytes()))
    file = folder / f"{kind}.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(LINE_HZ)
        out.writeframes(pcm)
    return Recording(kind, file, len(line) / LINE_HZ, "".join(said))


def measure(way: str, recording: Recording, turn: int, args: argparse.Namespace) -> Result:
    """Run one way in a process of its own."""
    if way in (OURS, WORD_FOR_WORD):
        command = [sys.executable, str(HERE / "throughput.py"), "--worker", str(recording.file)]
        command += ["--passages"] if way == OURS else []
        command += [option for path in args.rules or () for option in ("--rules", str(path))]
    else:
        command = [str(PEER), "recordings.py", "--file", str(recording.file), "--model", str(args.model.resolve())]
        command += WAYS[way]
    limit_s = 60 + 2 * recording.seconds
    done = subprocess.run(
        command,
        cwd=None if way == OURS else HERE / "peers",
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{way}: {done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    heard, said = read(found["text"]).plain, read(recording.said).plain
    cer = Levenshtein.distance(heard, said) / len(said)
    return Result(way, recording.name, turn, found["wall_s"], found["cpu_s"], found["peak_mb"], cer)


def _ours(args: argparse.Namespace) -> int:
    """In the worker: the library behind ``monitor audit`` on one recording, set up as the command does."""
    from monitor import config, wiring
    from monitor.audit.run import AuditPlan, audit, read_events
    from monitor.frames import Side

    flags = {
        "rules": tuple(args.rules) if args.rules else None,
        "live": {"mask": False},
    }  # what is masked cannot be compared
    settings = config.load(flags)
    matcher, engine = wiring.matcher(settings), wiring.engine(settings)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plan = AuditPlan(
            out=Path(folder),
            mono_side=Side.AGENT,
            policy=wiring.policy(settings, finals_only=True),
            jobs=args.jobs,
            passages=args.passages,
        )
        wall, cpu = time.perf_counter(), time.process_time()
        (outcome,) = audit([args.worker], plan, matcher, engine)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if outcome.events is None:
            raise SystemExit(str(outcome.error))
        finals = [it for it in read_events(outcome.events) if it.kind == "transcript" and it.status == "final"]
    text = "".join(it.text for it in sorted(finals, key=lambda it: it.from_ms))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mb": peak_mb, "text": text}, ensure_ascii=False))
    return 0


def _table(results: Sequence[Result], lengths: dict[str, float], ways: Sequence[str]) -> str:
    head = [""]
    for name in lengths:
        head += [f"{name}: × real time", "ours is … times as fast", "CPU s", "CER", "peak MB"]
    body = []
    for way in ways:
        row = [way]
        for name, seconds in lengths.items():
            mine = [it for it in results if it.way == way and it.recording == name]
            wall_s = statistics.median(it.wall_s for it in mine)
            row += [
                f"{seconds / wall_s:.1f}",
                "–" if way == OURS else _ratio(results, way, name),
                f"{statistics.median(it.cpu_s for it in mine):.0f}",
                f"{statistics.median(it.cer for it in mine):.3f}",
                f"{max(it.peak_mb for it in mine):.0f}",
            ]
        body.append(row)
    return table(head, body)


def _ratio(results: Sequence[Result], way: str, recording: str) -> str:
    """Geometric mean over the rounds, with its range."""
    times = {(it.way, it.round): it.wall_s for it in results if it.recording == recording}
    ratios = [seconds / times[OURS, turn] for (other, turn), seconds in times.items() if other == way]
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    return f"{mean:.2f}" if len(ratios) == 1 else f"{mean:.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def _told(args: argparse.Namespace, recordings: Sequence[Recording]) -> str:
    lengths = ", ".join(f"{it.name} {it.seconds:.0f} s ({len(it.said)} characters)" for it in recordings)
    return (
        f"Material: {args.corpus.name}; {lengths}; {args.rounds} rounds, medians. "
        "Whisper base, int8, all cores for each."
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("samples"), help="samples/ or a corpus folder")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--model", type=Path, default=Path("models/base"), help="Whisper weights for the peers")
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument("--jobs", type=int, default=2, help="as for monitor audit")
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--write", type=Path, help="put the result into this page, between its marks «throughput»")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--passages", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.quick:
        args.minutes, args.rounds = 2.0, 1
    return args


if __name__ == "__main__":
    sys.exit(main())
