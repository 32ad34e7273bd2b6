"""Where the virtual modem puts what the network sends, and how it says so."""

from pathlib import Path

import pytest
from sim_client import HELLO, Client, eventually

from simmodem import CdsLength, EmptySlot, Profile, VirtualModems

SENDER = "+12025550123"
DELIVER = "0791447700099099040C914477000910320000623010214365800BC8329BFD06DDDF723619"
CLASS_2 = DELIVER.replace("03200006230", "03200126230")
WAITING = DELIVER.replace("03200006230", "03200D06230")
CLASS_3 = DELIVER.replace("03200006230", "03200136230")


async def ready(client: Client, cnmi: str, *more: str) -> None:
    await client.begin("ATE0", "AT+CMEE=1", 'AT+CPMS="ME","ME","ME"', *more, f"AT+CNMI={cnmi}")


async def test_a_stored_message_is_announced_read_and_deleted(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            vm.incoming_pdu(0, DELIVER)
            assert await client.through(rb"\d\r\n") == b'\r\n+CMTI: "ME",1\r\n'
            assert await client.ask("AT+CMGR=1") == f"\r\n+CMGR: 0,,29\r\n{DELIVER}\r\n\r\nOK\r\n".encode()
            assert b"+CMGR: 1,,29" in await client.ask("AT+CMGR=1")
            assert await client.ask("AT+CMGL=0") == b"\r\nOK\r\n"
            assert b"+CMGL: 1,1,,29" in await client.ask("AT+CMGL=4")
            assert await client.ask("AT+CMGD=1") == b"\r\nOK\r\n"
            assert await client.ask("AT+CMGR=1") == b"\r\n+CMS ERROR: 321\r\n"
            assert await client.ask("AT+CMGD=99") == b"\r\n+CMS ERROR: 321\r\n"


async def test_a_message_may_come_straight_to_the_line(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,2,0,1,0")
            vm.incoming_pdu(0, DELIVER)
            assert await client.through(rb"[0-9A-F]{20,}\r\n") == f"\r\n+CMT: ,29\r\n{DELIVER}\r\n".encode()
            assert await client.ask("AT+CMGL=4") == b"\r\nOK\r\n"


async def test_without_indication_a_message_is_only_stored(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,0,0,0,0")
            vm.incoming_pdu(0, DELIVER)
            assert (await client.ask("AT+CMGL=4")).startswith(b"\r\n+CMGL: 1,0,,29\r\n")


async def test_classes_go_where_they_belong(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            vm.incoming(0, SENDER, "Alert", message_class=0)
            assert b"\r\n+CMT: ,24\r\n" in await client.through(rb"[0-9A-F]{20,}\r\n")
            vm.incoming_pdu(0, CLASS_2)
            assert await client.through(rb"\d\r\n") == b'\r\n+CMTI: "SM",1\r\n'
            await ready(client, "2,2,0,1,0")
            vm.incoming_pdu(0, WAITING)
            assert await client.through(rb"\d\r\n") == b'\r\n+CMTI: "ME",1\r\n'
            await ready(client, "2,3,0,1,0")
            vm.incoming_pdu(0, CLASS_3)
            assert b"\r\n+CMT: ,29\r\n" in await client.through(rb"[0-9A-F]{20,}\r\n")
            vm.incoming_pdu(0, DELIVER)
            assert await client.through(rb"\d\r\n") == b'\r\n+CMTI: "ME",2\r\n'


async def test_a_long_text_from_a_name_comes_in_parts(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,2,0,1,0")
            vm.incoming(0, "Bank", "Код 4711. " * 10)
            parts = [await client.through(rb"\r\n\+CMT: ,\d+\r\n([0-9A-F]+)\r\n") for _ in range(2)]
    first, second = (part.split()[-1].decode() for part in parts)
    # After the service centre: more to come or not, the name in septets, UCS2, the time, the parts' places.
    assert (first[16:34], second[16:18]) == ("4007D0C2B07B0D0008", "44")
    assert (first[50:56], first[58:62], second[58:62]) == ("050003", "0201", "0202")
    assert first[56:58] == second[56:58]


async def test_stored_reports_are_announced_in_their_memory(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,2,0")
            await client.send(HELLO)
            assert await client.through(rb"\+CDSI[^\r]*\r\n") == b'\r\n+CDSI: "SR",1\r\n'
            await client.begin('AT+CPMS="SR"')
            assert b"\r\n+CMGR: 0,,25\r\n07914477000990990600" in await client.ask("AT+CMGR=1")


async def test_reports_may_share_the_memory_of_messages(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(report_memory="SM", index_base=0)) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,2,0")
            await client.send(HELLO)
            assert await client.through(rb"\+CDSI[^\r]*\r\n") == b'\r\n+CDSI: "SM",0\r\n'


@pytest.mark.parametrize(
    ("counts", "header"),
    [(CdsLength.TPDU, b"25"), (CdsLength.WITH_SERVICE_CENTRE, b"33"), (CdsLength.SECOND_FIELD, b",25")],
)
async def test_makes_differ_in_what_the_length_of_a_report_counts(
    tmp_path: Path, counts: CdsLength, header: bytes
) -> None:
    async with VirtualModems(tmp_path, profile=Profile(cds_length=counts)) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            await client.send(HELLO)
            assert (await client.through(rb"\+CDS[^\r]*\r\n")) == b"\r\n+CDS: " + header + b"\r\n"


async def test_modes_a_make_does_not_have_are_refused(tmp_path: Path) -> None:
    profile = Profile(
        cnmi_advertised=((0, 1, 2), (0, 1), (0,), (0, 1, 2), (0,)), cnmi_refused=frozenset({(0, 2), (3, 1)})
    )
    async with VirtualModems(tmp_path, profile=profile) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0")
            assert b"+CNMI: (0,1,2),(0,1),(0),(0,1,2),(0)\r\n" in await client.ask("AT+CNMI=?")
            for refused in ("2,1,0,2,0", "1,1,0,1,0", "3,1,0,2,0", "1,2,0,2,0", "1,1,0,2,0,0"):
                assert await client.ask(f"AT+CNMI={refused}") == b"\r\n+CMS ERROR: 303\r\n"
            await client.begin("AT+CNMI=1,1,0,2,0")
            assert b"+CNMI: 1,1,0,2,0\r\n" in await client.ask("AT+CNMI?")


async def test_what_was_buffered_is_flushed_or_cleared_as_asked(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            for clear, answer in (("0", b'\r\n+CMTI: "ME",1\r\n\r\nOK\r\n'), ("1", b"\r\nOK\r\n")):
                await ready(client, "0,1,0,1,0")
                vm.incoming_pdu(0, DELIVER)
                assert await client.ask(f"AT+CNMI=2,1,0,1,{clear}") == answer


async def test_a_full_memory_leaves_messages_with_the_network(tmp_path: Path) -> None:
    profile = Profile(memories=(("ME", 2), ("SR", 1)), full_urc="+SMS FULL")
    async with VirtualModems(tmp_path, profile=profile) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1", "AT+CNMI=2,1,0,1,0")
            for _ in range(3):
                vm.incoming_pdu(0, DELIVER)
            assert (await client.through(rb"FULL\r\n")).endswith(b'\r\n+CMTI: "ME",2\r\n\r\n+SMS FULL\r\n')
            assert b'+CPMS: "ME",2,2,' in await client.ask("AT+CPMS?")
            assert vm.network.waiting(0) == 1
            client.write(b"AT+CMGD=1\r")
            assert await client.through(rb"CMTI[^\r]*\r\n") == b'\r\nOK\r\n\r\n+CMTI: "ME",1\r\n'
            assert vm.network.waiting(0) == 0


async def test_a_delivery_that_must_be_confirmed_holds_up_the_next(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,2,0,1,0", "AT+CSMS=1")
            vm.incoming(0, SENDER, "first")
            vm.incoming(0, SENDER, "second")
            await client.through(rb"[0-9A-F]{20,}\r\n")
            assert vm.network.waiting(0) == 1
            await client.begin("AT+CNMA=0")
            await client.through(rb"\+CMT[^\r]*\r\n[0-9A-F]{20,}\r\n")
            client.write(b"AT+CNMA=1,3\r")
            await client.through(b"> ")
            client.write(b"000000\x1a")
            assert await client.through(rb"OK\r\n") == b"\r\nOK\r\n"
            assert await client.ask("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"


async def test_an_unconfirmed_delivery_ends_direct_delivery_and_comes_again(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(ack_timeout_s=0.02)) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,2,0,1,0", "AT+CSMS=1")
            vm.incoming_pdu(0, DELIVER)
            await client.through(rb"[0-9A-F]{20,}\r\n")
            await eventually(lambda: vm.network.waiting(0) == 1)
            assert b"+CNMI: 2,0,0,0,0\r\n" in await client.ask("AT+CNMI?")
            await client.begin("AT+CNMI=2,1,0,1,0")
            assert await client.through(rb"CMTI[^\r]*\r\n") == b'\r\n+CMTI: "ME",1\r\n'


async def test_no_confirmation_is_expected_in_phase_two(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,2,0,1,0")
            assert await client.ask("AT+CNMA") == b"\r\n+CMS ERROR: 340\r\n"


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (EmptySlot.ERROR, b"\r\n+CMS ERROR: 321\r\n"),
        (EmptySlot.OK, b"\r\nOK\r\n"),
        (EmptySlot.BLANK, b"\r\n+CMGR: 0,,0\r\n\r\n\r\nOK\r\n"),
    ],
)
async def test_makes_differ_in_how_they_read_an_empty_slot(tmp_path: Path, kind: EmptySlot, answer: bytes) -> None:
    async with VirtualModems(tmp_path, profile=Profile(empty_slot=kind)) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            assert await client.ask("AT+CMGR=5") == answer


async def test_some_modems_list_slots_without_a_pdu(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(ghost_slots=(7,))) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            assert await client.ask("AT+CMGL=4") == b"\r\n+CMGL: 7,0,,0\r\n\r\n\r\nOK\r\n"


async def test_drafts_are_written_listed_and_deleted_by_status(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            client.write(b"AT+CMGW=23\r")
            await client.through(b"> ")
            client.write(HELLO.encode() + b"\x1a")
            assert await client.through(rb"OK\r\n") == b"\r\n+CMGW: 1\r\n\r\nOK\r\n"
            vm.incoming_pdu(0, DELIVER)
            await client.through(rb"CMTI[^\r]*\r\n")
            assert f"+CMGL: 1,2,,23\r\n{HELLO}\r\n".encode() in await client.ask("AT+CMGL=2")
            await client.begin("AT+CMGD=1,3")
            assert (await client.ask("AT+CMGL=4")).startswith(b"\r\n+CMGL: 2,0,,29\r\n")
            await client.begin("AT+CMGD=1,4")
            assert await client.ask("AT+CMGL=4") == b"\r\nOK\r\n"


async def test_memories_a_make_does_not_have_are_refused(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            for wrong in ('"XX"', '"ME","SR"', '"ME","ME","ME","ME"', ""):
                assert await client.ask(f"AT+CPMS={wrong}") == b"\r\n+CMS ERROR: 302\r\n"
            assert await client.ask("AT+CPMS?") == b'\r\n+CPMS: "SM",0,20,"SM",0,20,"SM",0,20\r\n\r\nOK\r\n'


@pytest.mark.parametrize("pdu", ["", "00", "07914477", "FF" * 20, "0791447700099099040C91"])
async def test_even_a_broken_message_gets_through_to_the_computer(tmp_path: Path, pdu: str) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await ready(client, "2,1,0,1,0")
            vm.incoming_pdu(0, pdu)
            await client.ask("AT")
            assert (await client.ask("AT+CMGL=4")).endswith(b"OK\r\n")
        with pytest.raises(ValueError, match="hex"):
            vm.incoming_pdu(0, "XY")
