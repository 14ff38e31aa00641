"""Many recordings through the core: one events file a recording, and what was learnt from each.

An events file appears under its final name only when it is complete, so an audit that was killed
is taken up again (``resume``) at the first recording that has none.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from monitor.audit.drive import drive
from monitor.audit.lanes import Lanes
from monitor.audit.passages import Passages
from monitor.errors import InputError, MonitorError
from monitor.events import CallEnded, Published, from_json, to_json
from monitor.files import replacing
from monitor.frames import Hangup, Input, Side
from monitor.rules.match import Matcher
from monitor.session import CallInfo, CallSession, SessionPolicy
from monitor.sources.files import Recording, open_recording
from monitor.speech.engine import Engine
from monitor.timeline import Ms

_FRAME_MS: Final = 1_000
"""Nobody waits for an answer here, and audio costs the less the more of it comes at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """How recordings are to be taken."""

    out: Path
    layout: tuple[Side, Side] = (Side.AGENT, Side.CUSTOMER)
    """Left and right of a stereo recording."""
    mono_side: Side = Side.UNKNOWN
    """Whose voice a mono recording holds."""
    policy: SessionPolicy = field(default_factory=lambda: SessionPolicy(finals_only=True))
    batch: int = 8
    """Utterances that the engine computes together."""
    ask: int = 32
    """Utterances of one recording that are asked about at once, to be sorted into batches that fit."""
    passages: bool = False
    """Hear neighbouring utterances together (:mod:`monitor.audit.passages`); else word for word what is heard live."""
    jobs: int = 1
    """Recordings at the same time; they share the engine's lanes."""
    resume: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one recording is."""

    file: Path
    done_ms: Ms
    duration_ms: Ms | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording: an events file, or the error that stopped it."""

    file: Path
    events: Path | None
    error: MonitorError | None = None
    resumed: bool = False


def audit(
    files: Sequence[Path],
    plan: AuditPlan,
    matcher: Matcher,
    engine: Engine,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Iterator[Outcome]:
    """Judge every recording; a bad one is an outcome like the others and stops nothing.

    Outcomes come in the order of ``files``.
    """
    calls = plan.out / "calls"
    calls.mkdir(parents=True, exist_ok=True)

    def one(file: Path, target: Path) -> Outcome:
        if plan.resume and is_complete(target, matcher.ruleset.version, engine.name):
            return Outcome(file, target, resumed=True)
        try:
            _write(file, target, plan, matcher, lanes, progress)
        except MonitorError as error:
            return Outcome(file, None, error)
        return Outcome(file, target)

    with (
        Lanes(engine, plan.batch) as lanes,
        ThreadPoolExecutor(max(1, plan.jobs), thread_name_prefix="audit") as pool,
    ):
        yield from pool.map(one, files, targets(files, calls))


def targets(files: Iterable[Path], calls: Path) -> list[Path]:
    """``calls/<stem>.jsonl`` for each file; a stem that comes again gets ``~2``, then ``~3``."""
    seen: dict[str, int] = {}
    out = []
    for file in files:
        seen[file.stem] = number = seen.get(file.stem, 0) + 1
        out.append(calls / (f"{file.stem}.jsonl" if number == 1 else f"{file.stem}~{number}.jsonl"))
    return out


def events_of(
    recording: Recording, call_id: str, plan: AuditPlan, matcher: Matcher, engine: Engine
) -> Iterator[Published]:
    """Every event of one recording, in order."""
    call = CallInfo(call_id=call_id, sides=tuple(recording.sides), model=engine.name)
    session = CallSession(call, matcher, plan.policy)
    heard_by = Passages(engine) if plan.passages else engine
    yield from drive(session, _inputs(recording), heard_by, batch=plan.ask)


def read_events(path: Path) -> Iterator[Published]:
    """The events of a file that :func:`audit` wrote.

    Raises:
        InputError: ``EVT-002`` with the line, where the file is damaged.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield from_json(json.loads(line))
            except (ValueError, InputError) as error:
                raise InputError(str(error), where=f"{path}:{number}", code="EVT-002") from None


def is_complete(path: Path, rules_version: str, model: str) -> bool:
    """The file holds a whole call that was judged by these rules and this model."""
    if not path.exists():
        return False
    try:
        events = list(read_events(path))
    except InputError:
        return False
    first: Any = events[0] if events else None
    return (
        first is not None
        and first.kind == "call.started"
        and first.rules_version == rules_version
        and first.model == model
        and isinstance(events[-1], CallEnded)
    )


def _inputs(recording: Recording) -> Iterator[Input]:
    yield from recording
    yield Hangup(reason="end of recording")


def _write(
    file: Path,
    target: Path,
    plan: AuditPlan,
    matcher: Matcher,
    engine: Engine,
    progress: Callable[[Progress], None],
) -> None:
    with (
        replacing(target) as part,
        open_recording(file, plan.layout, plan.mono_side, _FRAME_MS) as recording,
        part.open("w", encoding="utf-8") as out,
    ):
        for event in events_of(recording, target.stem, plan, matcher, engine):
            out.write(json.dumps(to_json(event), ensure_ascii=False) + "\n")
            if event.kind == "measure" and event.at_ms % 5_000 == 0:
                progress(Progress(file, event.at_ms, recording.duration_ms))
