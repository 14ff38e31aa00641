"""``monitor db``: the store's schema."""

import argparse
import json

from monitor import config
from monitor.sinks.database import connect, upgrade, url_of


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "db",
        help="数据库结构升级",
        description="把数据库结构升到最新。服务启动时也会自动做。",
        epilog="例：monitor db upgrade --data data",
    )
    actions = parser.add_subparsers(dest="action", metavar="动作", required=True)
    config.add_store_options(actions.add_parser("upgrade", help="升到最新"))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Upgrade and say from where to where."""
    settings = config.load({"data": args.data}, args.config)
    engine = connect(url_of(settings.store.url, settings.data))
    try:
        before, after = upgrade(engine)
    finally:
        engine.dispose()
    url = engine.url.render_as_string(hide_password=True)
    print(json.dumps({"database": url, "before": before or None, "after": after}, ensure_ascii=False))
    return 0
