"""The one place where settings become parts: rules, engine, session policy.

Commands and the server build what they need here, so that the same settings always mean the same
matcher and the same engine, live or over recordings.
"""

import argparse
import os
from pathlib import Path

from monitor import config
from monitor.config import Settings
from monitor.engines.scripted import ScriptedEngine
from monitor.engines.wording import Wording
from monitor.errors import ConfigError, InputError
from monitor.frames import Side
from monitor.privacy import mask
from monitor.progress import Bar
from monitor.rules import parse
from monitor.rules.match import Matcher
from monitor.session import SessionPolicy
from monitor.speech.endpoint import EndpointPolicy
from monitor.speech.engine import Engine


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every command with rules and an engine has."""
    group = parser.add_argument_group("设置（也可写在 monitor.toml 或环境变量 MONITOR_… 里）")
    group.add_argument("--config", type=Path, metavar="FILE", help="设置文件（默认 monitor.toml）")
    group.add_argument("--rules", type=Path, action="append", metavar="PATH", help="规则文件或文件夹（可多次给）")
    group.add_argument("--model", metavar="NAME", help="语音模型：清单里的名字或权重文件夹（默认 base）")
    group.add_argument("--device", choices=["auto", "cpu", "cuda"], help="在哪里识别（默认 auto）")


def settings(args: argparse.Namespace) -> Settings:
    """The settings of this run: file, environment, then the options of :func:`add_options`."""
    flags = {
        "rules": tuple(args.rules) if args.rules else None,
        "engine": {"model": args.model, "device": args.device},
    }
    return config.load(flags, args.config)


def layout(text: str) -> tuple[Side, Side]:
    """``agent,customer`` or ``customer,agent``: whose the left and right channels are.

    Raises:
        InputError: ``INP-003``, anything else.
    """
    sides = text.split(",")
    if sorted(sides) != ["agent", "customer"]:
        raise InputError(f"声道布局不对：{text}", hint="agent,customer 或 customer,agent", code="INP-003")
    return Side(sides[0]), Side(sides[1])


def matcher(settings: Settings) -> Matcher:
    """The rules in force.

    Raises:
        RuleErrors: any file is broken; nothing runs on half a rule set.
    """
    return Matcher(parse.load(settings.rules), folder=learnt_folder(settings))


def learnt_folder(settings: Settings) -> Path:
    """Where what was learnt from the rules is kept: the data folder where there is one, else the user's cache."""
    if settings.data.is_dir():
        return settings.data / "learnt"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "call-monitor" / "learnt"


def policy(settings: Settings, *, finals_only: bool = False) -> SessionPolicy:
    """How calls are listened to."""
    speech = settings.speech
    return SessionPolicy(
        endpoint=EndpointPolicy(
            partial_every_ms=speech.partial_every_ms,
            partial_share=speech.partial_share,
            eager_pause_ms=speech.eager_pause_ms,
            close_pause_ms=speech.close_pause_ms,
            max_ms=speech.max_ms,
        ),
        finals_only=finals_only,
        mask=mask if settings.live.mask else None,
    )


def engine(settings: Settings) -> Engine:
    """The speech engine, ready; for Whisper its weights are fetched if they are missing, with a bar on stderr.

    Raises:
        WeightsError: they cannot be had, or their checksum differs.
        ConfigError: ``ENG-010``, the script of the scripted engine is missing or damaged.
    """
    chosen = settings.engine
    if chosen.kind == "scripted":
        return _scripted(chosen.script)
    from monitor.engines import weights, whisper

    with Bar() as bar:
        folder = weights.ensure(chosen.model, chosen.models, bar, source=chosen.source, hub=chosen.hub)
    return whisper.load(
        whisper.WhisperSettings(
            weights=folder,
            name=chosen.model,
            device=chosen.device,
            compute_type=chosen.compute_type,
            lanes=chosen.lanes,
            threads_per_lane=chosen.threads_per_lane,
            remember_silence=chosen.remember_silence,
            own_search=chosen.own_search,
            join_states=chosen.join_states,
            decode=whisper.DecodePolicy(prompt=chosen.prompt),
        )
    )


def wording(settings: Settings) -> Wording | None:
    """The language model that words rewrites; None where none is set."""
    chosen = settings.wording
    if not chosen.url:
        return None
    return Wording(chosen.url, chosen.model, key=chosen.key.get_secret_value(), wait_s=chosen.wait_s)


def _scripted(script: Path | None) -> Engine:
    import json

    if script is None:
        raise ConfigError("the scripted engine needs a script", hint="engine.script = FILE", code="ENG-010")
    try:
        lines = json.loads(script.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the script: {error}", where=str(script), code="ENG-010") from None
    return ScriptedEngine(lines)
