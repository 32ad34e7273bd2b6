"""The command line: reads arguments and files, calls one function, turns its errors into an exit code and one line.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Heavy rooms are imported by the command that needs them.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from smsgw import __version__, log
from smsgw.config import ConfigError
from smsgw.config_files import ensure_runnable, read_config
from smsgw.errors import CallerError
from smsgw.gateway.tokens import TokenError, Tokens, parse_network
from smsgw.model import Right, Token
from smsgw.store.backup import BackupError
from smsgw.store.db import Database
from smsgw.store.faults import DatabaseUnusable
from smsgw.store.integrity import doubt_kept
from smsgw.store.lock import DatabaseInUse
from smsgw.store.migrate import SchemaError
from smsgw.store.place import place_of

_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

OK, FAILED, USAGE = 0, 1, 2
_DEFAULT_CONFIG = "/etc/smsgw/config.toml"
_DEFAULT_RIGHTS = (Right.SMS_SEND, Right.SMS_READ, Right.SMS_DELETE, Right.DEVICES_READ)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name and return the exit code."""
    options = _parser().parse_args(arguments)
    log.configure(level=options.log_level, format=log.Format(options.log_format), wire=options.wire)
    try:
        return int(options.command(options))
    except ConfigError as error:
        print(f"smsgw: {options.config} cannot be used:", *error.mistakes, sep="\n", file=sys.stderr)
        return USAGE
    except (*_FOR_PEOPLE, ExceptionGroup) as error:
        if (reason := _expected(error)) is None:
            raise
        print(f"smsgw: {reason}", file=sys.stderr)
        return FAILED


def _expected(error: Exception) -> Exception | None:
    """Find the one error that a person can do something about; a defect is None and shows its traceback."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return None if isinstance(error, ExceptionGroup) or not isinstance(error, _FOR_PEOPLE) else error


_FOR_PEOPLE = (BackupError, CallerError, DatabaseInUse, DatabaseUnusable, SchemaError, TokenError, OSError)


# ── commands ──


def _run(options: argparse.Namespace) -> int:
    from smsgw import daemon

    config = read_config(options.config)
    ensure_runnable(config)

    async def until_signalled() -> None:
        stop = asyncio.Event()
        daemon.stop_on_signals(stop)
        await daemon.run(config, stop=stop, trace_texts=options.wire_texts)

    asyncio.run(until_signalled())
    return OK


def _check(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    ensure_runnable(config)
    names = ", ".join(modem.name for modem in config.modems) or "none yet: add a [modems.NAME] section"
    print(f"{options.config}: correct; modems: {names}")
    return OK


def _detect(options: argparse.Namespace) -> int:
    from smsgw import detect

    # An installer asks before there is a configuration.
    modems = read_config(options.config).modems if Path(options.config).exists() else ()
    found = asyncio.run(detect.detect(modems, Path(options.root)))
    if options.json:
        print(detect.as_json(found))
    elif found:
        print(detect.as_table(found))
    else:
        print("No device with a serial port is plugged in on USB.", file=sys.stderr)
    return OK


def _demo(options: argparse.Namespace) -> int:
    from smsgw.demo import demo

    asyncio.run(demo(options.port, options.modems))
    return OK


def _console(options: argparse.Namespace) -> int:
    from smsgw import console

    went_well = console.run(
        read_config(options.config),
        options.modem,
        shows_recording=options.recording,
        forced=options.force,
        limit_s=options.timeout,
    )
    return OK if went_well else FAILED


def _backup(options: argparse.Namespace) -> int:
    from smsgw import upkeep

    upkeep.backup(place_of(read_config(options.config).store.path), Path(options.file), force=options.force)
    return OK


def _restore(options: argparse.Namespace) -> int:
    from smsgw import upkeep

    path = place_of(read_config(options.config).store.path)
    upkeep.restore(path, Path(options.file), keep_waiting=options.keep_waiting)
    return OK


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
    made = datetime.fromtimestamp(token.created_at / 1_000, UTC).astimezone()
    limits = [f"{limit} a {period}" for limit, period in ((token.per_day, "day"), (token.per_month, "month")) if limit]
    return "\t".join(
        (
            token.name,
            "on" if token.is_enabled else "off",
            ",".join(sorted(token.rights)),
            ", ".join(limits) or "no limit",
            ",".join(token.networks) or "from anywhere",
            f"{made:%Y-%m-%d %H:%M}",
        )
    )


def _with_tokens(
    options: argparse.Namespace, work: Callable[[Tokens], Awaitable[None]], *, makes_database: bool = False
) -> int:
    path = place_of(read_config(options.config).store.path)
    if not makes_database and not path.exists():
        raise TokenError(f"there is no database {path} yet, and so no token: make one with smsgw token create NAME")

    async def within() -> None:
        async with Database.open(path, lambda: time.time_ns() // 1_000_000) as database:
            await work(Tokens(database))

    with doubt_kept(path):
        asyncio.run(within())
    return OK


# ── arguments ──


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smsgw", description="SMS gateway: GSM modems behind an HTTP API.")
    parser.add_argument("--version", action="version", version=f"smsgw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = _command(commands, "run", _run, "run the gateway")
    _add_config(run)
    run.add_argument("--wire-texts", action="store_true", help="with --wire: show message texts too (PINs never)")
    _add_config(_command(commands, "check", _check, "check the configuration file"))
    detect = _command(commands, "detect", _detect, "list the modems on USB, with their ports and IMEIs")
    detect.add_argument("--json", action="store_true", help="print a JSON object")
    detect.add_argument("--root", metavar="DIR", default="/", help="where the trees sys and dev are (default /)")
    _add_config(detect)
    demo = _command(commands, "demo", _demo, "run the gateway with virtual modems, for a first look")
    demo.add_argument("--port", type=_whole(0, 65_535), default=8080, help="port of the HTTP API (default 8080)")
    demo.add_argument("--modems", type=_whole(1, 64), default=2, help="number of virtual modems (default 2)")
    _add_console_command(commands)
    _add_upkeep_commands(commands)
    _add_token_commands(commands)
    return parser


def _add_console_command(commands: _Commands) -> None:
    console = _command(
        commands, "console", _console, "talk to a modem, while the gateway is stopped; a script comes on standard input"
    )
    console.add_argument("modem", metavar="MODEM", help="NAME of its section [modems.NAME]")
    console.add_argument(
        "--recording", action="store_true", help="print what the gateway has recorded when the modem last failed"
    )
    console.add_argument("--force", action="store_true", help="let a script send what cannot be undone, and PINs")
    console.add_argument(
        "--timeout", type=_whole(1, 600), default=60, metavar="S", help="for each answer to a script (default 60)"
    )
    _add_config(console)


def _add_upkeep_commands(commands: _Commands) -> None:
    backup = _command(commands, "backup", _backup, "copy the database to a file, also while the gateway runs")
    backup.add_argument("file", metavar="FILE")
    backup.add_argument("--force", action="store_true", help="overwrite FILE if it exists")
    restore = _command(
        commands, "restore", _restore, "put a backup in the database's place, while the gateway is stopped"
    )
    restore.add_argument("file", metavar="FILE")
    restore.add_argument(
        "--keep-waiting",
        action="store_true",
        help="let the waiting messages be sent; only if you know that they have not been since the backup was made",
    )
    for parser in (backup, restore):
        _add_config(parser)


def _add_token_commands(commands: _Commands) -> None:
    token = commands.add_parser("token", help="make and manage API tokens", description="Make and manage API tokens.")
    actions = token.add_subparsers(required=True, metavar="ACTION")
    create = _command(actions, "create", _token_create, "make a token and print it, for the only time")
    create.add_argument("name", metavar="NAME")
    create.add_argument(
        "--allow",
        type=_rights,
        default=_DEFAULT_RIGHTS,
        metavar="RIGHT,…",
        help=f"what it may do, of {', '.join(Right)} (default {','.join(_DEFAULT_RIGHTS)})",
    )
    create.add_argument("--per-day", type=_whole(1, 10**9), metavar="N", help="messages a day at most (UTC)")
    create.add_argument("--per-month", type=_whole(1, 10**9), metavar="N", help="messages a month at most (UTC)")
    create.add_argument(
        "--network",
        type=_network,
        action="append",
        default=[],
        metavar="CIDR",
        help="usable from there only; repeatable",
    )
    listing = _command(actions, "list", _token_list, "list the tokens, never their secrets")
    for parser in (create, listing):
        _add_config(parser)
    for name, command, help in (
        ("revoke", _token_revoke, "delete a token"),
        ("enable", _token_enable, "switch a token on"),
        ("disable", _token_disable, "switch a token off"),
    ):
        parser = _command(actions, name, command, help)
        parser.add_argument("name", metavar="NAME")
        _add_config(parser)


def _command(
    commands: _Commands, name: str, command: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(command=command)
    logging = parser.add_argument_group("logging")
    logging.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    logging.add_argument("--log-format", choices=[format.value for format in log.Format], default=log.Format.AUTO.value)
    logging.add_argument("--wire", action="store_true", help="log what passes between gateway and modems")
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("SMSGW_CONFIG", _DEFAULT_CONFIG)
    parser.add_argument("--config", metavar="F", default=default, help=f"configuration file (default {default})")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse


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
