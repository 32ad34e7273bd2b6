"""How commands and the arguments that they share are put on the command line."""

import argparse
import os
from collections.abc import Callable
from typing import TypeAlias

from smsgw import log

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

# Exit codes.
OK, FAILED, USAGE = 0, 1, 2
_DEFAULT_CONFIG = "/etc/smsgw/config.toml"


def add_command(
    commands: Commands, name: str, command: Callable[[argparse.Namespace], int], help: str
) -> argparse.ArgumentParser:
    """Add a command, which returns the exit code, and return its parser."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(command=command)
    logging = parser.add_argument_group("logging")
    logging.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    logging.add_argument("--log-format", choices=[format.value for format in log.Format], default=log.Format.AUTO.value)
    logging.add_argument("--wire", action="store_true", help="log what passes between gateway and modems")
    return parser


def add_group(commands: Commands, name: str, help: str) -> Commands:
    """Add a command that has commands of its own, and return where these go."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    return parser.add_subparsers(required=True, metavar="ACTION")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Let a command be told where the configuration is."""
    default = os.environ.get("SMSGW_CONFIG", _DEFAULT_CONFIG)
    parser.add_argument("--config", metavar="F", default=default, help=f"configuration file (default {default})")


def whole(low: int, high: int) -> Callable[[str], int]:
    """Make the reader of a whole number."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return parse
