"""``monitor token``: who may use the server."""

import argparse
import json
import sys

from monitor import config
from monitor.errors import InputError
from monitor.sinks import accounts
from monitor.sinks.database import connect, upgrade, url_of, writing


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "token",
        help="访问令牌：生成、列出、作废",
        description="生成、列出或作废访问令牌。服务运行时也可以用，立即生效。",
        epilog="例：monitor token create --role agent --agent a1001 --days 90",
    )
    actions = parser.add_subparsers(dest="action", metavar="动作", required=True)
    create = actions.add_parser("create", help="生成令牌；标准输出只有令牌本身")
    create.add_argument("--role", required=True, choices=accounts.ROLES, help="角色")
    create.add_argument(
        "--agent", default="", metavar="ID", help="坐席工号（agent 必填；ingest 可选：只许送这位坐席的通话）"
    )
    create.add_argument("--name", default="", help="是谁的，写进访问记录")
    create.add_argument("--days", type=float, metavar="N", help="几天后失效（默认不失效）")
    revoke = actions.add_parser("revoke", help="作废令牌")
    revoke.add_argument("id", help="令牌编号，见 monitor token list")
    listing = actions.add_parser("list", help="列出令牌（不含令牌本身），每行一个 JSON")
    for action in (create, revoke, listing):
        config.add_store_options(action)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it on the database itself; the server looks a token up at every request."""
    settings = config.load({"data": args.data}, args.config)
    engine = connect(url_of(settings.store.url, settings.data))
    try:
        upgrade(engine)
        with writing(engine) as connection, connection.begin():
            match args.action:
                case "create":
                    if len(args.agent) > 128 or len(args.name) > 128:
                        raise InputError("an id or name is longer than 128 characters", code="ACC-010")
                    token_id, token = accounts.create_token(
                        connection, args.role, agent_id=args.agent, name=args.name, days=args.days
                    )
                    print(token)
                    print(f"令牌编号 {token_id}，角色 {args.role}。令牌只显示这一次。", file=sys.stderr)
                case "revoke":
                    accounts.revoke_token(connection, args.id)
                    print(f"令牌 {args.id} 已作废。", file=sys.stderr)
                case "list":
                    for known in accounts.list_tokens(connection):
                        print(json.dumps(known, ensure_ascii=False))
    finally:
        engine.dispose()
    return 0
