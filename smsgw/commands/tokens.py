"""The commands about API tokens."""

import argparse
import sys
from collections.abc import Awaitable, Callable

from smsgw.commands.arguments import Commands, add_command, add_config, add_group, whole
from smsgw.commands.opening import local_time, work_on_database
from smsgw.config import Config
from smsgw.gateway.tokens import Tokens, parse_network
from smsgw.model import Right, Token
from smsgw.store.db import Database

_DEFAULT_RIGHTS = (Right.SMS_SEND, Right.SMS_READ, Right.SMS_DELETE, Right.DEVICES_READ)
_SOUGHT = "token: make one with smsgw token create NAME"


def add_token_commands(commands: Commands) -> None:
    """Put them on the command line."""
    actions = add_group(commands, "token", "make and manage API tokens")
    create = add_command(actions, "create", _token_create, "make a token and print it, for the only time")
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--allow",
        type=_rights,
        default=_DEFAULT_RIGHTS,
        metavar="RIGHT,…",
        help=f"what it may do, of {', '.join(Right)} (default {','.join(_DEFAULT_RIGHTS)})",
    )
    create.add_argument("--per-day", type=whole(1, 10**9), metavar="N", help="messages a day at most (UTC)")
    create.add_argument("--per-month", type=whole(1, 10**9), metavar="N", help="messages a month at most (UTC)")
    create.add_argument(
        "--network",
        type=_network,
        action="append",
        default=[],
        metavar="CIDR",
        help="usable from there only; repeatable",
    )
    listing = add_command(actions, "list", _token_list, "list the tokens, never their secrets")
    for parser in (create, listing):
        add_config(parser)
    for name, command, help in (
        ("revoke", _token_revoke, "delete a token"),
        ("enable", _token_enable, "switch a token on"),
        ("disable", _token_disable, "switch a token off"),
    ):
        parser = add_command(actions, name, command, help)
        parser.add_argument("name", metavar="NAME")
        add_config(parser)


# ── commands ──


def _token_create(options: argparse.Namespace) -> int:
    async def create(tokens: Tokens) -> None:
        bare = await tokens.create(
            options.name,
            options.allow,
            per_day=options.per_day,
            per_month=options.per_month,
            networks=options.network,
        )
        print(bare)
        print(f"It may {', '.join(sorted(options.allow))}. Keep it: it is shown only now.", file=sys.stderr)

    return _with_tokens(options, create, makes_database=True)


def _token_list(options: argparse.Namespace) -> int:
    async def show(tokens: Tokens) -> None:
        listed = await tokens.listed()
        for token in listed:
            print(_describe(token))
        if not listed:
            print("There are no tokens yet; make one with: smsgw token create NAME", file=sys.stderr)

    return _with_tokens(options, show)


def _token_revoke(options: argparse.Namespace) -> int:
    return _with_tokens(options, lambda tokens: tokens.revoke(options.name))


def _token_enable(options: argparse.Namespace) -> int:
    return _with_tokens(options, lambda tokens: tokens.switch(options.name, True))


def _token_disable(options: argparse.Namespace) -> int:
    return _with_tokens(options, lambda tokens: tokens.switch(options.name, False))


def _describe(token: Token) -> str:
    limits = [f"{limit} a {period}" for limit, period in ((token.per_day, "day"), (token.per_month, "month")) if limit]
    return "\t".join(
        (
            token.name,
            "on" if token.is_enabled else "off",
            ",".join(sorted(token.rights)),
            ", ".join(limits) or "no limit",
            ",".join(token.networks) or "from anywhere",
            local_time(token.created_at),
        )
    )


def _with_tokens(
    options: argparse.Namespace, work: Callable[[Tokens], Awaitable[None]], *, makes_database: bool = False
) -> int:
    async def with_database(database: Database, config: Config) -> None:
        await work(Tokens(database))

    return work_on_database(options, with_database, sought=None if makes_database else _SOUGHT)


# ── arguments ──


def _rights(text: str) -> tuple[Right, ...]:
    try:
        return tuple(dict.fromkeys(Right(right.strip()) for right in text.split(",")))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}; choose of {', '.join(Right)}") from error


def _network(text: str) -> str:
    try:
        return parse_network(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a network such as 192.168.1.0/24") from error
