"""The link against a scripted modem: every fault is named by what may be concluded from it."""

import asyncio
import contextlib
import logging
import random
from dataclasses import replace

import pytest
import structlog
from scripted_peer import IMPATIENT, PACE, Peer, framed, plugged_in, until

from smsgw.at import commands
from smsgw.at.commands import Command
from smsgw.at.errors import Action, ErrorKind
from smsgw.at.urcs import BootSign
from smsgw.modem.link import (
    Link,
    LinkError,
    LinkLost,
    LinkMisuse,
    NotSent,
    OutcomeUnknown,
    Poisoned,
    Rebooted,
    Refused,
    Silent,
)
from smsgw.modem.trace import WireTrace

PDU = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")
SUBMIT = commands.submit(PDU, 23)
REPORT = "079144770009909906400C91447700091032623010214365806230102153208000"
QUICK = Command(line="AT+CSQ", prefixes=("+CSQ:",), timeout_s=0.5)


async def test_an_answer_is_returned(peer: Peer, link: Link) -> None:
    peer.answers["AT+CSQ"] = framed("+CSQ: 20,99", "OK")
    assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 20,99",)


async def test_a_session_begins_by_leaving_a_prompt_somebody_left_open(peer: Peer) -> None:
    peer.commands.append("AT+CMGS=23")
    async with Link.open(peer.address, pace=PACE) as link:
        await link.synchronise()
        await link.command(commands.attention())
    assert peer.escapes == 1


async def test_stale_output_and_late_answers_do_not_disturb_the_beginning(peer: Peer) -> None:
    peer.write("\r\nOK\r\n\r\n+CSQ: 1,1\r\n\r\nOK\r\n")
    peer.answers["AT"] = framed("OK", "OK")
    async with Link.open(peer.address, pace=PACE) as link:
        started = asyncio.ensure_future(link.synchronise())
        await until(lambda: len(peer.commands) > 1)
        peer.answers["AT"] = framed("OK")
        await started
        peer.answers["AT+CSQ"] = framed("+CSQ: 9,9", "OK")
        assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 9,9",)


async def test_a_modem_that_answers_with_numbers_is_called_to_order(peer: Peer) -> None:
    del peer.answers["AT"]
    peer.answers["ATQ0V1E0"] = framed("OK")
    async with Link.open(peer.address, pace=PACE) as link:
        await link.synchronise()
    assert peer.commands[-1] == "ATQ0V1E0"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (b"", "nothing came back"),
        (b"$GPGGA,123519,4807.038,N\r\n", "GPS port"),
        (bytes(range(128, 255)), "diagnostic port"),
        (b"login: \r\n", "another program"),
    ],
)
async def test_a_mute_port_is_described(said: bytes, hint: str) -> None:
    with plugged_in() as peer:
        peer.answers["AT"] = lambda: said
        peer.answers["ATQ0V1E0"] = lambda: said
        async with Link.open(peer.address, pace=IMPATIENT) as link:
            with pytest.raises(Silent, match=hint):
                await link.synchronise()
            with pytest.raises(Poisoned):
                await link.synchronise()


async def test_a_refusal_carries_its_verdict_and_leaves_the_link_alive(peer: Peer, link: Link) -> None:
    link.vendor = "telit"
    peer.result = framed("+CMS ERROR: 513")
    with pytest.raises(Refused, match="AT\\+CMGS=23 was refused") as refusal:
        await link.command(SUBMIT)
    assert (refusal.value.kind, refusal.value.code) == (ErrorKind.CMS, "513")
    assert refusal.value.verdict.actions[0] is Action.UNKNOWN_OUTCOME
    await link.command(commands.attention())


async def test_a_pdu_is_written_after_the_prompt_and_the_reference_returned(peer: Peer, link: Link) -> None:
    assert (await link.command(SUBMIT)).lines == ("+CMGS: 64",)
    assert peer.bodies == [PDU.hex().upper()]


async def test_a_refusal_in_place_of_the_prompt_writes_no_body(peer: Peer, link: Link) -> None:
    peer.answers["AT+CMGS=23"] = framed("+CMS ERROR: 310")
    with pytest.raises(Refused):
        await link.command(SUBMIT)
    assert not peer.bodies


async def test_a_refusal_right_behind_the_prompt_writes_no_body(peer: Peer, link: Link) -> None:
    peer.answers["AT+CMGS=23"] = "\r\n> \r\n+CMS ERROR: 304\r\n"
    with pytest.raises(Refused, match="304"):
        await link.command(SUBMIT)
    assert not peer.bodies
    await link.command(commands.attention())


async def test_no_prompt_and_an_answered_esc_mean_that_nothing_was_sent_and_the_link_lives(peer: Peer) -> None:
    peer.prompt = None
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        with pytest.raises(NotSent, match="no prompt"):
            await link.command(SUBMIT)
        await link.command(commands.attention())
    assert not peer.bodies


async def test_no_prompt_and_no_answer_to_esc_mean_that_nothing_was_sent_and_the_link_is_poisoned(peer: Peer) -> None:
    peer.prompt, peer.escape = None, ""
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        with pytest.raises(NotSent):
            await link.command(SUBMIT)
        with pytest.raises(Poisoned):
            await link.command(commands.attention())


async def test_ok_without_a_reference_leaves_the_outcome_unknown(peer: Peer) -> None:
    peer.result = framed("OK")
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        with pytest.raises(OutcomeUnknown):
            await link.command(replace(SUBMIT, timeout_s=20))
        with pytest.raises(Poisoned):
            await link.command(commands.attention())


async def test_a_reference_counts_though_its_ok_is_lost_and_the_next_answer_is_right(peer: Peer, link: Link) -> None:
    peer.result = framed("+CMGS: 7")
    assert (await link.command(SUBMIT)).lines == ("+CMGS: 7",)
    peer.answers["AT+CSQ"] = framed("+CSQ: 3,3", "OK")
    peer.say("OK")
    assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 3,3",)


async def test_a_reference_counts_though_the_port_dies_behind_it(peer: Peer, link: Link) -> None:
    def reference_and_death() -> str:
        peer.say("+CMGS: 8")
        asyncio.get_running_loop().call_later(0.05, peer.unplug)
        return ""

    peer.result = reference_and_death
    assert (await link.command(SUBMIT)).lines == ("+CMGS: 8",)


@pytest.mark.parametrize("sign", ["\r\nRDY\r\n", "\r\nRDY\r\n\r\n+CFUN: 1\r\n", "\r\nPOWERED DOWN\r\n"])
async def test_a_restart_behind_the_body_leaves_the_outcome_unknown(peer: Peer, link: Link, sign: str) -> None:
    link.watch_for_reboot(BootSign.LATE)
    peer.result = sign
    with pytest.raises(OutcomeUnknown, match="restarted"):
        await link.command(SUBMIT)
    with pytest.raises(Rebooted):
        await link.command(commands.attention())


async def test_a_restart_before_the_prompt_means_that_nothing_was_sent(peer: Peer, link: Link) -> None:
    link.watch_for_reboot(BootSign.LATE)
    peer.answers["AT+CMGS=23"] = framed("RDY")
    with pytest.raises(NotSent, match="restarted"):
        await link.command(SUBMIT)


async def test_a_restart_while_idle_rings_the_bell_and_ends_the_session_behind_the_news(peer: Peer, link: Link) -> None:
    rings: list[None] = []
    link.on_urc = lambda: rings.append(None)
    link.watch_for_reboot(BootSign.LATE)
    peer.say("+CDS: 25", REPORT, "RDY")
    await until(lambda: len(rings) >= 2)
    assert [(urc.line, urc.pdu) for urc in link.take_urcs()] == [("+CDS: 25", REPORT), ("RDY", None)]
    with pytest.raises(Rebooted):
        link.take_urcs()


async def test_a_stick_that_prints_boot_lines_all_the_time_is_not_taken_for_restarting(peer: Peer, link: Link) -> None:
    link.watch_for_reboot(BootSign.FIRST)
    peer.say("^BOOT:13437148,0,0,0,75")
    await until(link.take_urcs)
    link.watch_for_reboot(BootSign.LATE)
    peer.say("^BOOT:13437148,0,0,0,75")
    await until(link.take_urcs)
    await link.command(commands.attention())


async def test_unplugging_resolves_the_waiter_and_ends_the_session(peer: Peer, link: Link) -> None:
    def vanish() -> str:
        peer.unplug()
        return ""

    peer.answers["AT+CSQ"] = vanish
    with pytest.raises(LinkLost, match="plugged in"):
        await link.command(commands.signal_quality())
    with pytest.raises(LinkLost):
        link.take_urcs()
    with pytest.raises(NotSent, match="plugged in"):
        await link.command(SUBMIT)


async def test_unplugging_in_the_middle_of_the_result_leaves_the_outcome_unknown(peer: Peer, link: Link) -> None:
    def half_a_result() -> str:
        peer.write("\r\n+CM")
        peer.unplug()
        return ""

    peer.result = half_a_result
    with pytest.raises(OutcomeUnknown):
        await link.command(SUBMIT)


async def test_unplugging_while_idle_rings_the_bell(peer: Peer, link: Link) -> None:
    bell = asyncio.Event()
    link.on_urc = bell.set
    peer.unplug()
    async with asyncio.timeout(5):
        await bell.wait()
    with pytest.raises(LinkLost):
        link.take_urcs()


async def test_a_silent_command_poisons_the_link_and_its_late_answer_is_nobodys(peer: Peer, link: Link) -> None:
    peer.answers["AT+CSQ"] = ""
    with pytest.raises(Silent, match="AT\\+CSQ"):
        await link.command(QUICK)
    peer.say("OK")
    with pytest.raises(Poisoned, match="open the port again"):
        await link.command(commands.attention())


async def test_cancellation_in_mid_command_poisons_the_link_and_is_not_swallowed(peer: Peer, link: Link) -> None:
    peer.answers["AT+CSQ"] = ""
    waiting = asyncio.ensure_future(link.command(commands.signal_quality()))
    await until(lambda: "AT+CSQ" in peer.commands)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(Poisoned):
        await link.command(commands.attention())


async def test_two_commands_at_once_are_a_loud_defect(peer: Peer, link: Link) -> None:
    peer.answers["AT+CSQ"] = ""
    waiting = asyncio.ensure_future(link.command(QUICK))
    await until(lambda: "AT+CSQ" in peer.commands)
    with pytest.raises(LinkMisuse, match="AT\\+CSQ is in flight"):
        await link.command(commands.attention())
    with pytest.raises(Silent):
        await waiting


async def test_a_long_listing_lives_as_long_as_it_keeps_coming(peer: Peer) -> None:
    listing = Command(line="AT+CMGL=4", prefixes=("+CMGL:",), timeout_s=10, silence_s=10, pdus=True)
    peer.answers["AT+CMGL=4"] = ""
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        waiting = asyncio.ensure_future(link.command(listing))
        for index in range(5):
            await asyncio.sleep(0.04)
            peer.say(f"+CMGL: {index},0,,0")
        peer.say("OK")
        assert len((await waiting).lines) == 5


async def test_slow_modems_get_their_pause_between_commands(peer: Peer, link: Link) -> None:
    link.command_gap_s = 0.5
    await link.command(commands.attention())
    start = asyncio.get_running_loop().time()
    await link.command(commands.attention())
    assert asyncio.get_running_loop().time() - start >= 0.5 * PACE.limit_factor * 0.9


async def test_a_flood_of_binary_noise_does_not_disturb_the_next_command(peer: Peer, link: Link) -> None:
    noise = random.Random(7)
    for _ in range(16):
        peer.write(noise.randbytes(1024))
        await link.command(commands.attention())
    peer.answers["AT+CSQ"] = framed("+CSQ: 4,4", "OK")
    assert (await link.command(commands.signal_quality())).lines == ("+CSQ: 4,4",)


async def test_a_modem_behind_tcp_is_driven_like_any_other() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while line := await reader.readuntil(b"\r"):
                writer.write(framed("OK").encode() if line.endswith(b"AT\r") else b"")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        number = server.sockets[0].getsockname()[1]
        async with Link.open(f"socket://127.0.0.1:{number}", pace=PACE) as link:
            await link.synchronise()
            await link.command(commands.attention())


async def test_every_fault_is_a_link_error() -> None:
    for fault in (Refused, NotSent, OutcomeUnknown, Silent, LinkLost, Rebooted, Poisoned):
        assert issubclass(fault, LinkError)


@pytest.fixture
def wire_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    caplog.set_level(logging.DEBUG, logger="smsgw.wire")
    return caplog


@pytest.mark.parametrize("texts", [False, True])
async def test_the_trace_shows_the_wire_without_pins_and_shows_pdus_only_when_told(
    peer: Peer, wire_log: pytest.LogCaptureFixture, texts: bool
) -> None:
    peer.answers['AT+CPIN="4711"'] = 'AT+CPIN="47\r"4711\r' + framed("OK")
    try:
        async with Link.open(peer.address, pace=PACE, trace=WireTrace("north", texts=texts)) as link:
            await link.synchronise()
            await link.command(commands.enter_pin("4711"))
            await link.command(SUBMIT)
            peer.say("+CDS: 25", REPORT)
            await until(link.take_urcs)
    finally:
        structlog.reset_defaults()
    shown = "\n".join(str(getattr(record, "line", "")) for record in wire_log.records)
    assert "AT+CPIN=***" in shown
    assert "AT+CMGS=23" in shown
    assert "47" not in shown.replace(PDU.hex().upper(), "").replace(REPORT, "")
    assert (PDU.hex().upper() in shown) is texts
    assert (REPORT in shown) is texts
