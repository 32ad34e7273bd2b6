"""simmodem: virtual GSM modems on ptys, from the shell. `simmodem control` talks to a running one."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from simmodem import control, recording
from simmodem.families import FAMILIES
from simmodem.nasties import NASTIES, with_nasties
from simmodem.network import Range, Rule
from simmodem.profiles import Profile
from simmodem.pty_host import BYTES, SLOW, URCS, WHOLE, Line
from simmodem.replay import Replay
from simmodem.usb_bus import UsbBus
from simmodem.virtual import VirtualModems

LINES = {"whole": WHOLE, "bytes": BYTES, "slow": SLOW, "urcs": URCS}
EPILOG = """\
rules:    to=<number> nth=<n> error=<final result> reports=<hex TP-ST,…> report-delay=<s> network-time=<s>
          arrival=<s, or never> separated by ";", each optional; the first rule that fits a part decides. Examples:
            --rule 'to=+12025550123;error=+CMS ERROR: 21'     --rule 'to=+12025550124;reports=30,00'
control:  simmodem control SOCKET '{"do":"incoming","modem":0,"sender":"+12025550123","text":"Hello"}'
          do: incoming, incoming_pdu, fault, rule, clear_rules, ledger, messages, modems
replay:   simmodem --dir D --replay FILE plays what a gateway has recorded, on D/modem0: it waits for what the gateway
          wrote, answers what the modem answered, and prints where the dialogue departs from the recording.
"""


def seconds(text: str) -> Range:
    """Read "2-6" or "3" as a range of seconds."""
    low, _, high = text.partition("-")
    try:
        span = float(low), float(high or low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither seconds like 3 nor a range like 2-6") from None
    if not 0 <= span[0] <= span[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: the first number must not be the larger one")
    return span


def positive(text: str) -> int:
    """Read a whole number, as of modems."""
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)


def speed(text: str) -> float:
    """Read how many times as fast as recorded."""
    try:
        times = float(text)
    except ValueError:
        times = 0.0
    if not 0 < times < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return times


def pin(text: str) -> str:
    """Read a PIN of 4 to 8 digits."""
    if not text.isascii() or not text.isdigit() or not 4 <= len(text) <= 8:
        raise argparse.ArgumentTypeError("a PIN has 4 to 8 digits")
    return text


def number(text: str) -> str:
    """Read a telephone number, with or without +."""
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 20:
        raise argparse.ArgumentTypeError(f"{text!r} is not a telephone number of 1 to 20 digits")
    return text


def rule(text: str) -> Rule:
    """Read a rule as the command line writes it."""
    chosen = Rule()
    for field in text.split(";"):
        key, _, value = field.partition("=")
        try:
            chosen = replace(chosen, **_RULE_FIELDS[key.strip()](value.strip()))
        except (KeyError, ValueError):
            names = ", ".join(_RULE_FIELDS)
            raise argparse.ArgumentTypeError(f"{field!r} in a rule: use key=value with {names}") from None
    return chosen


def nasties(text: str) -> list[str]:
    """Read the names of nasty habits, with commas between them."""
    names = text.split(",")
    if unknown := [name for name in names if name not in NASTIES]:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(NASTIES)}")
    return names


class _ListProfiles(argparse.Action):
    """Print the makes of modem there are, and leave."""

    def __call__(self, parser: argparse.ArgumentParser, *arguments: Any) -> None:
        for name, profile in FAMILIES.items():
            print(f"{name:10} {profile.manufacturer}, {profile.model}")
        parser.exit()


_RULE_FIELDS: dict[str, Callable[[str], dict[str, Any]]] = {
    "to": lambda value: {"recipient": value},
    "nth": lambda value: {"nth": int(value)},
    "error": lambda value: {"error": value},
    "reports": lambda value: {"reports": tuple(bytes.fromhex(value.replace(",", " ")))},
    "report-delay": lambda value: {"report_delay": float(value)},
    "network-time": lambda value: {"network_time": float(value)},
    "arrival": lambda value: {"arrival": None if value == "never" else float(value)},
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="simmodem",
        description="Virtual GSM modems on pseudo terminals, over a simulated SMS centre.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dir", type=Path, required=True, help="where the links modem0, modem1… appear")
    parser.add_argument("--modems", type=positive, default=1, metavar="N", help="how many (default 1)")
    parser.add_argument(
        "--network-time", type=seconds, default=(2.0, 6.0), metavar="S", help="from Ctrl-Z to +CMGS (default 2-6)"
    )
    parser.add_argument(
        "--report-delay", type=seconds, default=(1.0, 3.0), metavar="S", help="before each report (default 1-3)"
    )
    parser.add_argument(
        "--link-time",
        type=seconds,
        default=(0.0, 0.0),
        metavar="S",
        help="before that, where AT+CMMS has kept no radio link (default 0)",
    )
    parser.add_argument("--rule", type=rule, action="append", default=[], metavar="RULE", help="see below; repeatable")
    parser.add_argument(
        "--number",
        type=number,
        action="append",
        default=[],
        metavar="NUMBER",
        help="the number of the first modem, then of the next: what one sends to it arrives there; repeatable",
    )
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="append what the network accepted, as JSON lines")
    parser.add_argument("--control", type=Path, metavar="SOCKET", help="listen for control requests")
    parser.add_argument("--seed", type=int, default=0, help="identities and delays follow from it (default 0)")
    parser.add_argument(
        "--profile",
        choices=FAMILIES,
        default="generic",
        metavar="NAME",
        help="the make of the modems (default generic)",
    )
    parser.add_argument("--list-profiles", action=_ListProfiles, nargs=0, help="list the makes there are, and leave")
    parser.add_argument(
        "--nasty", type=nasties, default=[], metavar="NAME,…", help=f"nasty habits: {', '.join(NASTIES)}"
    )
    parser.add_argument("--pin", type=pin, help="the SIMs are locked with this PIN")
    parser.add_argument(
        "--usb", type=Path, metavar="ROOT", help="plug them into a USB bus, as the trees sys and dev below ROOT show it"
    )
    parser.add_argument("--line", choices=LINES, default="whole", help="how bytes travel (default whole)")
    parser.add_argument(
        "--baud", type=positive, metavar="N", help="they need the time of a serial line of so many bits a second"
    )
    parser.add_argument("--replay", type=Path, metavar="FILE", help="play a recording; see below")
    parser.add_argument(
        "--speed", type=speed, metavar="X", help="with --replay: its pauses, X times as fast (default: no pauses)"
    )
    return parser


def _options(words: list[str]) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(words)
    if len(options.number) > options.modems:
        parser.error(f"argument --number: {len(options.number)} numbers for --modems {options.modems}")
    return options


async def _replay(options: argparse.Namespace, stop: asyncio.Event) -> None:
    entries = await asyncio.to_thread(recording.read, options.replay)
    path = options.dir / "modem0"

    def tell(sentence: str) -> None:
        print(sentence, flush=True)

    async with Replay(entries, path, speed=options.speed, tell=tell) as replay:
        print(f"{path.name} {path} -> {replay.host.device}")
        print("ready", flush=True)
        await stop.wait()


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if options.replay:
        await _replay(options, stop)
        return
    async with contextlib.AsyncExitStack() as stack:
        vm = await stack.enter_async_context(_modems(options))
        if options.control:
            await stack.enter_async_context(control.serving(vm, options.control))
        for path, modem in zip(vm.paths, vm.modems, strict=True):
            print(f"{path.name} {path} -> {vm.device(modem.index)}")
        print("ready", flush=True)
        await stop.wait()


def _modems(options: argparse.Namespace) -> VirtualModems:
    return VirtualModems(
        options.dir,
        options.modems,
        network_time=options.network_time,
        report_delay=options.report_delay,
        link_time=options.link_time,
        rules=options.rule,
        numbers=options.number,
        profile=_profile(options),
        line=_line(options),
        seed=options.seed,
        ledger_path=options.ledger,
        bus=UsbBus(options.usb) if options.usb else None,
    )


def _line(options: argparse.Namespace) -> Line:
    return replace(LINES[options.line], baud=options.baud)


def _profile(options: argparse.Namespace) -> Profile:
    profile = with_nasties(FAMILIES[options.profile], options.nasty)
    return replace(profile, sim_pin=options.pin) if options.pin else profile


def _control(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="simmodem control", description="Send one request to a running simmodem.")
    parser.add_argument("socket", type=Path)
    parser.add_argument("request", help='e.g. {"do":"modems"}')
    options = parser.parse_args(arguments)
    reply = control.ask(options.socket, options.request)
    print(reply)
    return 0 if reply and json.loads(reply)["ok"] else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; gives 0, or 1 when the system, the recording or the running simmodem refused."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        if words[:1] == ["control"]:
            return _control(words[1:])
        asyncio.run(_run(_options(words)))
    except (OSError, recording.RecordingError) as error:
        print(f"simmodem: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
