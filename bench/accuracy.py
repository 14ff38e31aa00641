"""Recall, precision and false alarms of the rules, on text and on speech over telephone lines.

    .venv/bin/python bench/accuracy.py CORPUS --weights models/base --cache DIR --out DIR

CORPUS is a folder as in ``bench/speech_corpus.py``, or a ``.jsonl`` of texts. Every recording goes the
whole way that a call goes: telephone line, endpointing, recognition, matching, verification by audio
(``monitor.session`` driven by ``monitor.audit.drive``); only warnings about words are counted. Answers of
the engine are kept in ``--cache``, so a run after a change of rules takes a minute. Writes into ``--out``:

- ``accuracy.md``: the tables; ``accuracy.csv``: every figure, one a line; ``accuracy.svg``: recall and
  false alarms by line condition
- ``missed.csv``, ``false.csv``: every sentence that should have fired and did not, or the other way round
- ``real.csv``: every false alarm on real speech, one by one
- with ``--curve``: ``curve.csv``, ``accuracy-curve.svg``: recall against false alarms of matching by sound, with
  and without verification by audio
"""

import argparse
import datetime
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import accuracy_curve
import accuracy_tables
from judged import ABOVE_HINT, SAID, Alarm, Judged
from remembered import RememberedEngine
from speech_corpus import LINE_HZ, Sentence, load, noises, recordings, sentences
from telephone import LINES, Line, sent
from tqdm import tqdm

from monitor.audit.drive import drive
from monitor.engines import whisper
from monitor.engines.whisper import WhisperSettings
from monitor.engines.window import WindowPolicy
from monitor.events import Transcript, Warning
from monitor.frames import AudioFrame, Hangup, Side
from monitor.rules.match import Matcher
from monitor.rules.parse import load as load_rules
from monitor.session import CallInfo, CallSession, SessionPolicy
from monitor.speech.engine import Engine
from monitor.text.reading import read

MARKS = ("<!-- accuracy -->", "<!-- /accuracy -->")


def main() -> int:
    """Measure and write."""
    args = _arguments()
    matcher = _matcher(args.rules)
    spoken = sentences(args.corpus)[: args.limit]
    measured = {"text": [on_text(item, matcher) for item in spoken]}
    real: dict[str, list[Judged]] = {}
    seconds = 0.0
    if any(item.path for item in spoken):
        engine = _engine(args)
        for line in (LINES[name] for name in args.line or LINES):
            bar = tqdm(spoken, desc=line.name, file=sys.stderr, disable=None)
            measured[line.name] = [on_line(item, line, matcher, engine, noises(args.corpus)) for item in bar]
        people = [] if args.without_real else recordings(args.corpus)[: args.limit]
        seconds = sum(item.seconds for item in people)
        as_sentences = [Sentence(it.name, it.path, it.transcript, "", False, voice=it.source) for it in people]
        for name in args.real_line or ["clean"] if people else []:
            bar = tqdm(as_sentences, desc=f"real {name}", file=sys.stderr, disable=None)
            real[name] = [on_line(item, LINES[name], matcher, engine, noises(args.corpus)) for item in bar]
        real["text"] = [on_text(item, matcher) for item in as_sentences if item.text]
    args.out.mkdir(parents=True, exist_ok=True)
    accuracy_tables.write(args.out, measured, real, seconds, matcher.ruleset)
    if args.curve:
        everything = [*spoken, *(item.sentence for item in real.get("clean", ()))]
        _curve(args, everything, matcher, engine)
    found = (args.out / "accuracy.md").read_text(encoding="utf-8")
    print(found)
    if args.write:
        _into_page(args, found)
    return 0


def on_text(item: Sentence, matcher: Matcher) -> Judged:
    """The rules on the sentence as it is written, said by the agent."""
    reading = read(item.text)
    alarms = [
        Alarm(
            hit.rule.id,
            hit.also,
            hit.match,
            hit.rule.severity,
            hit.score,
            hit.phrase,
            reading.quote(hit.start, hit.end),
        )
        for hit in matcher.find(reading, Side.AGENT)
        if not hit.needs_audio and hit.rule.status == "stable" and _counts(hit.rule.id, hit.rule.severity, item)
    ]
    return Judged(item, item.text, tuple(alarms))


def on_line(item: Sentence, line: Line, matcher: Matcher, engine: Engine, noise: list[Path]) -> Judged:
    """The whole way of a call, the sentence being all that the agent says in it."""
    assert item.path is not None
    pcm = sent(load(item.path), line, item.name, noise)
    call = CallInfo(call_id=f"{line.name}/{item.name}", sides=(Side.AGENT,), model=engine.name)
    session = CallSession(call, matcher, SessionPolicy(finals_only=True))
    heard: list[str] = []
    standing: dict[str, Warning] = {}
    for event in drive(session, _call(pcm), engine):
        match event:
            case Transcript(status="final"):
                heard.append(event.text)
            case Warning():
                standing[event.warning_id] = event
    alarms = [
        Alarm(it.rule_id, it.also, it.match, it.severity, it.score, it.phrase, it.quote)
        for it in standing.values()
        if it.status == "confirmed" and it.match in SAID and not it.trial and _counts(it.rule_id, it.severity, item)
    ]
    return Judged(item, " ".join(heard), tuple(alarms))


def _counts(rule: str, severity: str, item: Sentence) -> bool:
    """A hint counts only where it is what the sentence is about."""
    return severity in ABOVE_HINT or rule == item.rule


def _curve(args: argparse.Namespace, everything: list[Sentence], matcher: Matcher, engine: Engine) -> None:
    phrases = accuracy_curve.Phrases(matcher.ruleset)
    everything = [item for item in everything if not item.fires or phrases.says(item)]
    heard: dict[str, list[accuracy_curve.Heard]] = {}
    for name in args.line or ["clean", "snr15", "snr8"]:
        bar = tqdm(everything, desc=f"curve {name}", file=sys.stderr, disable=None)
        heard[name] = []
        for item in bar:
            tap = accuracy_curve.Tap(engine)
            on_line(item, LINES[name], matcher, tap, noises(args.corpus))
            candidates = [it for wanted, said in tap.finals for it in phrases.candidates(wanted, said, engine)]
            heard[name].append(accuracy_curve.Heard(item, tuple(candidates)))
    table = accuracy_curve.write(args.out, heard)
    with (args.out / "accuracy.md").open("a", encoding="utf-8") as file:
        file.write(f"\n### Recall at a share of false alarms, by sound\n\n{table}\n")


def _into_page(args: argparse.Namespace, found: str) -> None:
    """Between the marks of the page: the command, the date, the tables; the plots beside it."""
    images = args.write.parent / "images"
    images.mkdir(exist_ok=True)
    for plot in ("accuracy.svg", *(["accuracy-curve.svg"] if args.curve else [])):
        shutil.copyfile(args.out / plot, images / plot)
    words = [word for word in sys.argv[1:] if word != str(args.corpus)]
    command = f"`bench/accuracy.py CORPUS {' '.join(words)}`, {datetime.datetime.now(datetime.UTC).date()}."
    before, rest = args.write.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    args.write.write_text(f"{before}{MARKS[0]}\n{command}\n\n{found}{MARKS[1]}{after}", encoding="utf-8")


def _call(pcm: bytes) -> Iterator[AudioFrame | Hangup]:
    yield AudioFrame(side=Side.AGENT, start=0, pcm=pcm, rate_hz=LINE_HZ)
    yield Hangup()


def _matcher(rules: list[Path]) -> Matcher:
    return Matcher(load_rules(rules))


def _engine(args: argparse.Namespace) -> RememberedEngine:
    window = WindowPolicy(floor_ms=args.floor_ms)
    settings = WhisperSettings(weights=args.weights, name=args.weights.name, window=window)
    how = asdict(settings)
    del how["weights"], how["lanes"], how["cache_mb"]
    return RememberedEngine(settings.name, repr(how), lambda: whisper.load(settings), args.cache)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder for the engine's answers")
    parser.add_argument("--weights", type=Path, default=Path("models/base"), help="folder of the Whisper model")
    parser.add_argument("--rules", type=Path, action="append", help="rule files or folders (default: rules)")
    parser.add_argument("--line", action="append", choices=list(LINES), help="condition of the line (default: all)")
    parser.add_argument("--real-line", action="append", choices=list(LINES), help="for real speech (default: clean)")
    parser.add_argument("--without-real", action="store_true", help="leave real speech out")
    parser.add_argument(
        "--floor-ms",
        type=int,
        default=WindowPolicy().floor_ms,
        help="the shortest encoder window; 30000: as Whisper has it",
    )
    parser.add_argument("--limit", type=int, help="only the first so many of each kind")
    parser.add_argument("--write", type=Path, help="put tables and plots into this page, between its marks")
    parser.add_argument("--curve", action="store_true", help="also recall against false alarms by sound")
    args = parser.parse_args()
    args.rules = args.rules or [Path("rules")]
    return args


if __name__ == "__main__":
    sys.exit(main())
