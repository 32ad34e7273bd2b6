"""What the virtual modem and its network accept, refuse, report and write down."""

import json
from pathlib import Path

import pytest
from sim_client import HELLO, INIT, UNREPORTED, Client, eventually, submit

from simmodem import Profile, Rule, Smss, VirtualModems

CDS = rb"\+CDS: \d+\r\n([0-9A-F]+)\r\n"
NUMBER = "+447700900123"


async def sent(client: Client, pdu: str = HELLO) -> int:
    """Send a PDU and give the message reference it got."""
    answer = await client.send(pdu)
    assert b"\r\n+CMGS: " in answer, answer
    return int(answer.split(b"+CMGS: ")[1].split(b"\r")[0])


async def reports(client: Client, count: int) -> list[int]:
    """Wait for status reports and give their TP-ST."""
    return [int((await client.through(CDS)).strip()[-2:], 16) for _ in range(count)]


@pytest.mark.parametrize("octets", [7, 165, 9999])
async def test_an_impossible_length_is_refused_before_the_prompt(tmp_path: Path, octets: int) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.ask(f"AT+CMGS={octets}") == b"\r\n+CMS ERROR: 304\r\n"


@pytest.mark.parametrize(
    ("octets", "body"),
    [
        (22, HELLO),
        (24, HELLO),
        (23, HELLO[:-2]),
        (23, HELLO[:-1]),
        (23, HELLO + "\r"),
        (23, "\n" + HELLO),
        (23, HELLO.replace("A7", "XX")),
        (23, HELLO.replace("A70A", "A70B")),
        (23, HELLO.replace("0C91", "0D91")),
        (23, "a" * 3000),
        (23, ""),
    ],
)
async def test_a_malformed_pdu_is_refused_and_never_reaches_the_network(tmp_path: Path, octets: int, body: str) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(octets)
            client.write(body.encode() + b"\x1a")
            assert await client.through(rb"\d\r\n") == b"\r\n+CMS ERROR: 304\r\n"
            assert await sent(client) == 0
        assert len(vm.network.ledger) == 1


async def test_text_mode_is_refused(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.ask("AT+CMGF=1") == b"\r\n+CMS ERROR: 303\r\n"
            assert await client.ask('AT+CMGS="+447700900123"') == b"\r\nERROR\r\n"


async def test_sending_needs_a_service_centre(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(service_centre="")) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.ask("AT+CSCA?") == b'\r\n+CSCA: "",129\r\n\r\nOK\r\n'
            assert await client.send() == b"\r\n+CMS ERROR: 330\r\n"
            await client.begin('AT+CSCA="447700900999",145')
            assert await client.ask("AT+CSCA?") == b'\r\n+CSCA: "+447700900999",145\r\n\r\nOK\r\n'
            assert await sent(client) == 0


async def test_sending_needs_a_network(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "deregister")
            assert await client.send() == b"\r\n+CMS ERROR: 331\r\n"
            vm.fault(0, "register")
            assert await sent(client) == 0


async def test_a_national_number_marked_international_is_unassigned(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.send(HELLO.replace("447700091032", "707700091032")) == b"\r\n+CMS ERROR: 1\r\n"


async def test_the_message_reference_wraps_at_256(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        vm.modems[0].state.sim.last_mr = 253
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert [await sent(client, UNREPORTED) for _ in range(3)] == [254, 255, 0]
        assert [entry.mr for entry in vm.network.ledger] == [254, 255, 0]


async def test_some_modems_give_every_message_the_same_reference(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(constant_mr=7)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert [await sent(client, UNREPORTED) for _ in range(2)] == [7, 7]


async def test_the_card_records_the_last_reference(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.modems[0].state.sim.last_mr = 63
            await sent(client, UNREPORTED)
            assert b'+CRSM: 144,0,"40"\r\n' in await client.ask("AT+CRSM=176,28483,0,0,1")
            assert b"+CRSM: 148,4\r\n" in await client.ask("AT+CRSM=176,28999,0,0,1")


@pytest.mark.parametrize(("smss", "answer"), [(Smss.STALE, b'144,0,"FF"'), (Smss.MISSING, b"148,4")])
async def test_some_cards_record_no_reference(tmp_path: Path, smss: Smss, answer: bytes) -> None:
    async with VirtualModems(tmp_path, profile=Profile(smss=smss)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await sent(client, UNREPORTED)
            assert b"+CRSM: " + answer + b"\r\n" in await client.ask("AT+CRSM=176,28483,0,0,1")


async def test_the_ledger_joins_the_parts_letter_for_letter(tmp_path: Path) -> None:
    parts = [submit("Часть 😀, ", header="050003A50301"), submit("вторая ", header="050003A50302")]
    last = submit("и третья…", header="050003A50303")
    ledger = tmp_path / "ledger.jsonl"
    async with VirtualModems(tmp_path, ledger_path=ledger) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            for pdu in (last, *parts):
                assert vm.network.messages == []
                await sent(client, pdu)
        message = vm.network.messages[0]
        assert (message.text, message.recipient) == ("Часть 😀, вторая и третья…", NUMBER)
        assert message.references == (1, 2, 0)
        assert message.iccid == vm.modems[0].iccid
        assert [(part.seq, part.total, part.reference) for part in vm.network.ledger] == [
            (3, 3, 0xA5),
            (1, 3, 0xA5),
            (2, 3, 0xA5),
        ]
        assert vm.network.ledger[0].pdu == last
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    assert [line["kind"] for line in lines] == ["part", "part", "part", "message"]
    assert lines[-1]["text"] == message.text


async def test_a_part_sent_twice_does_not_complete_a_message(tmp_path: Path) -> None:
    first, second = submit("a", header="050003A50201"), submit("b", header="050003A50202")
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            for pdu in (first, first, second):
                await sent(client, pdu)
        assert len(vm.network.ledger) == 3
        assert [message.text for message in vm.network.messages] == ["ab"]


async def test_a_character_cut_between_two_parts_is_not_mended(tmp_path: Path) -> None:
    # Half of 😀 in each part: UTF-16 D83D | DE00.
    halves = [f"0051000C914477000910320008A708050003A502{seq}{unit}" for seq, unit in (("01", "D83D"), ("02", "DE00"))]
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            for pdu in halves:
                await sent(client, pdu)
        assert vm.network.messages[0].text == "\ufffd\ufffd"


async def test_a_rule_decides_by_recipient_and_by_count(tmp_path: Path) -> None:
    rules = [
        Rule(recipient="12025550123", error="+CMS ERROR: 21"),
        Rule(recipient=NUMBER, nth=2, error="+CMS ERROR: 42"),
    ]
    other = "0001000B912120550521F3000005C8329BFD06"
    async with VirtualModems(tmp_path, rules=rules) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.send(other) == b"\r\n+CMS ERROR: 21\r\n"
            await sent(client, UNREPORTED)
            assert await client.send(UNREPORTED) == b"\r\n+CMS ERROR: 42\r\n"
            await sent(client, UNREPORTED)
            assert await client.send(other) == b"\r\n+CMS ERROR: 21\r\n"
        assert len(vm.network.ledger) == 2


async def test_several_reports_may_follow_one_another(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, rules=[Rule(reports=(0x30, 0x00))]) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await sent(client)
            assert await reports(client, 2) == [0x30, 0x00]


async def test_no_report_comes_unasked_or_where_a_rule_withholds_it(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, rules=[Rule(nth=1, reports=()), Rule(nth=3, reports=(0x46,))]) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await sent(client)
            await sent(client, UNREPORTED)
            await sent(client)
            assert await reports(client, 1) == [0x46]
            assert (await client.ask("AT")) == b"\r\nOK\r\n"


async def test_reports_may_come_twice_and_name_a_national_number(tmp_path: Path) -> None:
    profile = Profile(duplicate_reports=True, national_ra=("44", "0"))
    async with VirtualModems(tmp_path, profile=profile) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await sent(client)
            first, second = await client.through(CDS), await client.through(CDS)
    assert b"0600" + b"0B817007900021F3" in first
    assert first[:40] == second[:40]


async def test_network_time_and_report_delay_may_differ_by_rule(tmp_path: Path) -> None:
    rule = Rule(network_time=0.0, report_delay=0.0)
    async with VirtualModems(tmp_path, network_time=(60, 60), report_delay=(60, 60), rules=[rule]) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await sent(client)
            assert await reports(client, 1) == [0x00]


async def test_a_mute_send_is_accepted_without_an_answer(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "mute_after_ctrl_z", after=1)
            assert await sent(client, UNREPORTED) == 0
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            assert await reports(client, 1) == [0x00]
            assert await client.ask("AT") == b"\r\nOK\r\n"
        assert [entry.mr for entry in vm.network.ledger] == [0, 1]


@pytest.mark.parametrize(("reaches_network", "reference"), [(False, 0), (True, 1)])
async def test_a_lost_send_is_neither_answered_nor_accepted(
    tmp_path: Path, reaches_network: bool, reference: int
) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "lose_after_ctrl_z", reaches_network=reaches_network)
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1aAT\r")
            assert await client.through(rb"OK\r\n") == b"\r\nOK\r\n"
            assert vm.network.ledger == []
            assert await sent(client) == reference


async def test_a_send_cut_off_by_a_restart_may_have_been_accepted(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "reboot_mid_send", reaches_network=True, down_s=0.0)
            await client.open_prompt(23)
            client.write(UNREPORTED.encode() + b"\x1a")
            assert b"CMGS" not in await client.through(rb"\+CFUN: 1\r\n")
        assert len(vm.network.ledger) == 1


async def test_an_ok_alone_may_be_all_that_comes(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "ok_only")
            assert await client.send(UNREPORTED) == b"\r\nOK\r\n"
        assert len(vm.network.ledger) == 1


async def test_a_modem_may_refuse_some_sends(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "cms_error", code=500, n=2)
            assert [await client.send() for _ in range(2)] == [b"\r\n+CMS ERROR: 500\r\n"] * 2
            await sent(client)


async def test_a_mute_modem_says_nothing_until_it_restarts(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2) as vm:
        with Client(vm.paths[0]) as client, Client(vm.paths[1]) as neighbour:
            await client.begin()
            vm.fault(0, "mute")
            client.write(b"AT\r")
            await neighbour.ask("AT")
            vm.incoming(0, "+12025550123", "held by the network")
            assert vm.network.waiting(0) == 1
            vm.fault(0, "reboot", down_s=0.0)
            assert await client.through(rb"\+CFUN: 1\r\n") == b"\r\nRDY\r\n\r\n+CFUN: 1\r\n"
            await eventually(lambda: vm.network.waiting(0) == 0)
            await client.begin(*INIT[:-2])
            assert b"+CMGL: 1,0,," in await client.ask("AT+CMGL=4")


async def test_a_mute_modem_may_find_its_voice_again(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "mute")
            vm.fault(0, "unmute")
            assert (await client.ask("AT+CMEE?")).endswith(b"+CMEE: 1\r\n\r\nOK\r\n")


async def test_unknown_faults_and_modems_are_named(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with pytest.raises(ValueError, match="explode"):
            vm.fault(0, "explode")
        with pytest.raises(ValueError, match="modem 1 does not exist"):
            vm.fault(1, "mute")
