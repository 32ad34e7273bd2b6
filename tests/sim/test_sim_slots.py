"""A virtual modem with several SIM slots: which card answers, and what waits for the other one."""

from pathlib import Path

from sim_client import Client, eventually

from simmodem import Profile, Rule, VirtualModems

DUAL = Profile(
    slot_commands=("+QUIMSLOT=1", "+QUIMSLOT=2"), slot_query=("+QUIMSLOT?", ("+QUIMSLOT: 1", "+QUIMSLOT: 2"))
)


async def test_another_slot_holds_another_card_in_the_same_modem(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=DUAL) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            imei, first = vm.modems[0].imei, vm.modems[0].iccid
            assert await client.ask("AT+QUIMSLOT?") == b"\r\n+QUIMSLOT: 1\r\n\r\nOK\r\n"
            assert b"OK" in await client.ask("AT+QUIMSLOT=2")
            assert b"+QUIMSLOT: 2\r\n" in await client.ask("AT+QUIMSLOT?")
            assert vm.modems[0].iccid.encode() in await client.ask("AT+CCID")
            assert vm.modems[0].iccid != first
            assert imei.encode() in await client.ask("AT+CGSN")


async def test_a_report_waits_in_the_network_for_the_card_that_sent(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=DUAL, rules=(Rule(report_delay=0.05),)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert b"+CMGS: 0" in await client.send()
            await client.ask("AT+QUIMSLOT=2")
            await eventually(lambda: vm.network.waiting(0) == 1)
            assert b"+CDS" not in await client.ask("AT")
            client.write(b"AT+QUIMSLOT=1\r")
            await client.through(rb"\+CDS: 25\r\n")


async def test_each_slot_has_its_own_pin_and_may_be_empty(tmp_path: Path) -> None:
    profile = Profile(slot_commands=("+QDSIM=0", "+QDSIM=1", "+QDSIM=2"), slot_pins=(None, "2222"), empty_slots=(3,))
    async with VirtualModems(tmp_path, profile=profile) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            assert b"+CPIN: READY\r\n" in await client.ask("AT+CPIN?")
            await client.ask("AT+QDSIM=1")
            assert b"+CPIN: SIM PIN\r\n" in await client.ask("AT+CPIN?")
            await client.ask("AT+QDSIM=2")
            assert await client.ask("AT+CPIN?") == b"\r\n+CME ERROR: 10\r\n"
