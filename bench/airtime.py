"""What share of the possible a busy modem sends: how much of the time its network and its serial line are at work.

A real gateway sends through several virtual modems at once, each on a serial line of 115,200 bits a second, with a
network that takes its time: for every part a log-normal draw (half of the parts below 1.5 s, one in a hundred above
8.5 s), the same draws for every row, and before it 1 to 2 s to set up the radio link: together some 3 s, often 2 to
6 s, sometimes 10 s. Two messages of three are short and one has two parts; reports come back meanwhile and are stored.

The possible is what the model says that the parts need at least: the network's times, and the line's times of the bytes
that sending takes (AT+CMGS, the prompt, the PDU, +CMGS and OK). It is divided by the time taken, from the reference of
each modem's first part to that of its last. With keep_link, the gateway asks the modem to keep its radio link
(AT+CMMS=1), which this model's network does for 3 s: then only what finds no link needs one, which makes the possible
less; what the gateway loses shows in the share, what the link is worth in the time a part takes.

gammu-smsd and smstools, Debian's, send 30 of the same messages with the first of the same draws, each through one modem
of its own, all at the same time and after the gateway. Their settings are those of the comparison beside them, as a
server can live with it; smstools *unchecked* does not listen before each command. Their modem puts reports where they
can read them, and gammu-smsd is told that texts are Unicode. All messages are there at once, as files, and nothing is
synced. gammu-smsd asks for the radio link to be kept by itself (AT+CMMS=2): it belongs beside the rows with keep_link,
smstools beside those without. smstools reads no report before all is sent, so that reports cost it nothing here.

All of this is the simulator's model and no real network. That AT+CMMS saves anything, and how much, depends on modem
and network; no measurement of it on real networks is known to us. The simulator's timers come round up to a millisecond
late, some five times a part, and count as the sender's loss. How much that is tells the first row: a client in the
simulator's own process that stores nothing, and does nothing but write what is to be sent as soon as it may.
"""

import argparse
import asyncio
import math
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from contenders import CONTENDERS, Spooler
from simmodem import GENERIC, Line, Profile, Rule, Stage, VirtualModems
from spools import Rival, demand, spool
from suite.airtime import AirUse, air_use
from suite.gateway import Gateway, gateway, until_ready
from suite.section import Section, Table, program
from suite.wire import Wire

BAUD = 115_200
MESSAGES, MODEMS = 192, 16
MEDIAN_S, HIGH_S, HIGH_IN_SIGMAS = 1.5, 8.5, 2.326  # the 99th percentile of a normal distribution
LINK_S = (1.0, 2.0)
REPORT_S = (1.0, 3.0)
NUMBER = "79991234567"
SHORT, LONG = "Ваш код 4711", "Ваш заказ собран и ждёт вас. " * 3
PARTS_OF_THREE = 4
QUICK_MODEMS, QUICK_MESSAGES, QUICK_PACE = 2, 6, 0.1
# Whoever takes a core for it while there is nothing to do is left out.
PEERS = ("gammu-smsd", "smstools", "smstools, unchecked")
PEER_MESSAGES = 30
PATIENCE_S = 600.0
# What the client that only sends does: little, since nothing about it is left to chance.
BARE, BARE_PARTS = "no gateway: a client that only sends", 4
BARE_PDU = b"0011000C914477000910320000A70AE8329BFD4697D9EC37"

# By what it is called: lines for each modem, and of its overrides.
SETTINGS = {
    "prompt_delay_ms = 50 (the default)": ("", "prompt_delay_ms = 50"),
    "prompt_delay_ms = 0": ("", "prompt_delay_ms = 0"),
    "keep_link, prompt_delay_ms = 50": ("keep_link = true", "prompt_delay_ms = 50"),
    "keep_link, prompt_delay_ms = 0": ("keep_link = true", "prompt_delay_ms = 0"),
}


async def measure(options: argparse.Namespace) -> Section:
    """Send the same messages with each setting."""
    demand()
    modems, messages, pace = options.modems, options.messages // 3 * 3, 1.0
    of_peers = texts(min(messages, PEER_MESSAGES))
    if options.quick:
        modems, messages, pace = QUICK_MODEMS, QUICK_MESSAGES, QUICK_PACE
        of_peers = [LONG]
    drawn = network_times(messages // 3 * PARTS_OF_THREE, options.seed, pace)
    found = {BARE: await send_bare(modems, drawn, pace)}
    for name, (of_modems, overrides) in list(SETTINGS.items())[:: 3 if options.quick else 1]:
        found[name] = await send(messages, modems, drawn, pace, of_modems, overrides)
    found |= await send_by_peers(of_peers, drawn, pace)
    columns = ("", "parts", "links", "network, s", "line, s", "possible, s", "taken, s", "lost, ms", "share, %")
    return Section(
        title="The share of the air",
        tables=[
            Table(
                title=f"{modems} modems at {BAUD:,} baud, for each part",
                columns=(*columns, "parts/h and modem"),
                rows=[(name, *row(use)) for name, use in found.items()],
                note="Links are how many of the parts set up a radio link of their own. The simulator's model, not a "
                "real network; no measurement of AT+CMMS on real networks is known to us. The others have one modem "
                "each and other parts than the gateway: compare shares and what is lost, times only roughly.",
            )
        ],
    )


def row(use: AirUse) -> tuple[str | float, ...]:
    """Show what was found, for each part."""
    times = (use.network_s, use.line_s, use.possible_s, use.taken_s, 1_000 * (use.taken_s - use.possible_s))
    return (
        str(use.parts),
        str(use.links),
        *(total / use.parts for total in times),
        f"{use.percent:.2f}",
        3_600 * use.parts / use.taken_s,
    )


def network_times(parts: int, seed: int, pace: float) -> list[float]:
    """Draw how long the network takes for each part, without its link."""
    chance = random.Random(seed)
    sigma = math.log(HIGH_S / MEDIAN_S) / HIGH_IN_SIGMAS
    return [pace * chance.lognormvariate(math.log(MEDIAN_S), sigma) for _ in range(parts)]


async def send(
    messages: int, modems: int, drawn: Sequence[float], pace: float, of_modems: str, overrides: str
) -> AirUse:
    """Send messages through all modems at once, and look at the air."""
    wire = Wire()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            simulated(folder, modems, drawn, pace, wire) as virtual,
            gateway(folder, virtual.paths, of_modems=of_modems, overrides=overrides) as running,
        ):
            await until_ready(running, modems)
            await post(running, messages)
            while len(virtual.network.ledger) < len(drawn):  # noqa: ASYNC110  # it is in another process
                await asyncio.sleep(0.05)
            return air_use(wire, virtual.network, BAUD)


def simulated(
    folder: Path, modems: int, drawn: Sequence[float], pace: float, wire: Wire, profile: Profile = GENERIC
) -> VirtualModems:
    """Make the modems and their network."""
    low_s, high_s = LINK_S
    return VirtualModems(
        folder,
        modems,
        profile=profile,
        link_time=(pace * low_s, pace * high_s),
        report_delay=REPORT_S,
        rules=[Rule(nth=nth, network_time=seconds) for nth, seconds in enumerate(drawn, 1)],
        line=Line(baud=BAUD),
        observer=wire,
    )


async def send_bare(modems: int, drawn: Sequence[float], pace: float) -> AirUse:
    """Send a few parts through each modem without any gateway, and look at the air."""
    wire = Wire()
    with tempfile.TemporaryDirectory() as name:
        async with simulated(Path(name), modems, drawn, pace, wire) as virtual:
            await asyncio.gather(*map(only_send, virtual.paths))
            return air_use(wire, virtual.network, BAUD)


async def only_send(path: Path) -> None:
    """Be the client that does nothing else."""
    reader, port = asyncio.StreamReader(), path.open("r+b", buffering=0)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), port)
    port.write(b"ATE0\r")
    await reader.readuntil(b"OK\r\n")
    for _ in range(BARE_PARTS):
        port.write(b"AT+CMGS=%d\r" % (len(BARE_PDU) // 2 - 1))
        await reader.readuntil(b"> ")
        port.write(BARE_PDU + b"\x1a")
        await reader.readuntil(b"OK\r\n")
    pipe.close()


async def send_by_peers(messages: Sequence[str], drawn: Sequence[float], pace: float) -> dict[str, AirUse]:
    """Send messages by the daemons of others, all at the same time, and look at the air of each."""
    daemons = {each.name: each.daemon for each in CONTENDERS if each.name in PEERS}
    rivals = {name: daemon.rival for name, daemon in daemons.items() if isinstance(daemon, Spooler)}
    parts = len(messages) + messages.count(LONG)
    uses = await asyncio.gather(*(send_by(rival, messages, drawn[:parts], pace) for rival in rivals.values()))
    return {f"one modem: {name}": use for name, use in zip(rivals, uses, strict=True)}


async def send_by(rival: Rival, messages: Sequence[str], drawn: Sequence[float], pace: float) -> AirUse:
    """Send messages by a daemon of others through one modem, and look at the air."""
    wire, rival = Wire(), replace(rival, settings=(*rival.settings, *rival.beyond_gsm))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with (
            asyncio.timeout(PATIENCE_S),
            simulated(folder / "modems", 1, drawn, pace, wire, rival.profile) as virtual,
            spool(rival, folder, virtual.paths[0]) as running,
        ):
            running.put(dict(enumerate(messages)))
            while len(wire.times(Stage.REFERENCE)) < len(drawn):  # noqa: ASYNC110  # it only writes down
                await asyncio.sleep(0.05)
            return air_use(wire, virtual.network, BAUD)


def texts(messages: int) -> list[str]:
    """Write messages, of which each third has two parts."""
    return [LONG if each % 3 == 2 else f"{SHORT} {each}" for each in range(messages)]


async def post(running: Gateway, messages: int) -> None:
    """Submit messages."""
    wanted = [{"message": text, "phone_number": NUMBER} for text in texts(messages)]
    async with running.client() as client:
        for start in range(0, messages, 100):
            async with client.post("/sms/send/batch", json={"messages": wanted[start : start + 100]}) as answer:
                answer.raise_for_status()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen."""
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--modems", type=int, default=MODEMS)
    parser.add_argument("--seed", type=int, default=0)


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
