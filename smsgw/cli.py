"""The command line: reads arguments and files, calls one function, turns its errors into an exit code and one line.

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. Heavy rooms are imported by the command that needs them.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from smsgw import __version__, log
from smsgw.commands.arguments import FAILED, OK, USAGE, Commands, add_command, add_config, whole
from smsgw.commands.opening import NoDatabase
from smsgw.commands.tokens import add_token_commands
from smsgw.commands.webhooks import add_webhook_commands
from smsgw.config import ConfigError
from smsgw.config_files import ensure_runnable, read_config
from smsgw.errors import CallerError
from smsgw.gateway.tokens import TokenError
from smsgw.store.backup import BackupError
from smsgw.store.faults import DatabaseUnusable
from smsgw.store.lock import DatabaseInUse
from smsgw.store.migrate import SchemaError
from smsgw.store.place import place_of


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


_FOR_PEOPLE = (BackupError, CallerError, DatabaseInUse, DatabaseUnusable, NoDatabase, SchemaError, TokenError, OSError)


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


# ── arguments ──


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smsgw", description="SMS gateway: GSM modems behind an HTTP API.")
    parser.add_argument("--version", action="version", version=f"smsgw {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = add_command(commands, "run", _run, "run the gateway")
    add_config(run)
    run.add_argument("--wire-texts", action="store_true", help="with --wire: show message texts too (PINs never)")
    add_config(add_command(commands, "check", _check, "check the configuration file"))
    detect = add_command(commands, "detect", _detect, "list the modems on USB, with their ports and IMEIs")
    detect.add_argument("--json", action="store_true", help="print a JSON object")
    detect.add_argument("--root", metavar="DIR", default="/", help="where the trees sys and dev are (default /)")
    add_config(detect)
    demo = add_command(commands, "demo", _demo, "run the gateway with virtual modems, for a first look")
    demo.add_argument("--port", type=whole(0, 65_535), default=8080, help="port of the HTTP API (default 8080)")
    demo.add_argument("--modems", type=whole(1, 64), default=2, help="number of virtual modems (default 2)")
    _add_console_command(commands)
    _add_upkeep_commands(commands)
    add_token_commands(commands)
    add_webhook_commands(commands)
    return parser


def _add_console_command(commands: Commands) -> None:
    console = add_command(
        commands, "console", _console, "talk to a modem, while the gateway is stopped; a script comes on standard input"
    )
    console.add_argument(
        "modem", metavar="MODEM", help="NAME of its section [modems.NAME]; NAME/SLOT where each SIM has a port"
    )
    console.add_argument(
        "--recording", action="store_true", help="print what the gateway has recorded when the modem last failed"
    )
    console.add_argument("--force", action="store_true", help="let a script send what cannot be undone, and PINs")
    console.add_argument(
        "--timeout", type=whole(1, 600), default=60, metavar="S", help="for each answer to a script (default 60)"
    )
    add_config(console)


def _add_upkeep_commands(commands: Commands) -> None:
    backup = add_command(commands, "backup", _backup, "copy the database to a file, also while the gateway runs")
    backup.add_argument("file", metavar="FILE")
    backup.add_argument("--force", action="store_true", help="overwrite FILE if it exists")
    restore = add_command(
        commands, "restore", _restore, "put a backup in the database's place, while the gateway is stopped"
    )
    restore.add_argument("file", metavar="FILE")
    restore.add_argument(
        "--keep-waiting",
        action="store_true",
        help="let the waiting messages be sent; only if you know that they have not been since the backup was made",
    )
    for parser in (backup, restore):
        add_config(parser)
