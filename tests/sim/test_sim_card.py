"""The virtual SIM: PIN, PUK, counters, a busy card, and what a locked one still answers."""

from pathlib import Path

from sim_client import INIT, Client

from simmodem import Profile, VirtualModems

LOCKED = Profile(sim_pin="1234")


async def test_a_locked_card_asks_for_its_pin_and_is_busy_for_a_while_after(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(sim_pin="1234", sim_busy_after_pin=5)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1", "AT+CREG=1")
            assert b"+CPIN: SIM PIN\r\n" in await client.ask("AT+CPIN?")
            assert await client.ask("AT+CMGF=0") == b"\r\n+CMS ERROR: 311\r\n"
            assert await client.ask("AT+CIMI") == b"\r\n+CME ERROR: 11\r\n"
            assert b"+CREG: 1,0\r\n" in await client.ask("AT+CREG?")
            assert vm.modems[0].iccid.encode() in await client.ask("AT+CCID")
            assert await client.ask('AT+CPIN="1234"') == b"\r\n+CREG: 1\r\n\r\nOK\r\n"
            for _ in range(5):
                assert await client.ask("AT+CPIN?") == b"\r\n+CME ERROR: 14\r\n"
            assert b"+CPIN: READY\r\n" in await client.ask("AT+CPIN?")
            assert await client.ask('AT+CPIN="1234"') == b"\r\n+CME ERROR: 3\r\n"


async def test_wrong_pins_use_up_the_tries_and_the_puk_brings_them_back(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=LOCKED) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            for left in (3, 2, 1):
                assert f'+CSIM: 4,"63C{left}"\r\n'.encode() in await client.ask('AT+CSIM=10,"0020000100"')
                assert await client.ask('AT+CPIN="9999"') == b"\r\n+CME ERROR: 16\r\n"
            assert b'+CSIM: 4,"6983"\r\n' in await client.ask('AT+CSIM=10,"0020000100"')
            assert b"+CPIN: SIM PUK\r\n" in await client.ask("AT+CPIN?")
            assert await client.ask('AT+CPIN="1234"') == b"\r\n+CME ERROR: 12\r\n"
            assert await client.ask('AT+CPIN="00000000","4321"') == b"\r\n+CME ERROR: 16\r\n"
            assert b'+CSIM: 4,"63C9"\r\n' in await client.ask('AT+CSIM=10,"002C000100"')
            assert await client.ask('AT+CPIN="12345678","4321"') == b"\r\nOK\r\n"
            assert b"+CPIN: READY\r\n" in await client.ask("AT+CPIN?")


async def test_a_malformed_pin_costs_no_try(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=LOCKED) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            for malformed in ('"12"', '"123456789"', '"abcd"', ""):
                assert await client.ask(f"AT+CPIN={malformed}") == b"\r\n+CME ERROR: 50\r\n"
        assert vm.modems[0].state.sim.pin_tries == 3


async def test_wrong_puks_end_the_card(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=LOCKED) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", "AT+CMEE=1")
            for _ in range(3):
                await client.ask('AT+CPIN="9999"')
            for _ in range(10):
                assert await client.ask('AT+CPIN="00000000","4321"') == b"\r\n+CME ERROR: 16\r\n"
            assert await client.ask("AT+CPIN?") == b"\r\n+CME ERROR: 13\r\n"


async def test_a_restart_asks_for_the_pin_again_and_keeps_the_counter(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=LOCKED) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0", 'AT+CPIN="1234"')
            vm.fault(0, "reboot", down_s=0.0)
            await client.through(rb"\+CFUN: 1\r\n")
            await client.begin("ATE0")
            assert await client.ask('AT+CPIN="9999"') == b"\r\nERROR\r\n"
            vm.fault(0, "reboot", down_s=0.0)
            await client.through(rb"\+CFUN: 1\r\n")
            assert b'"63C2"' in await client.ask('AT+CSIM=10,"0020000100"')


async def test_a_busy_card_refuses_so_many_commands(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "sim_busy", n=2)
            assert await client.ask("AT+CMGL=4") == b"\r\n+CMS ERROR: 314\r\n"
            assert await client.ask("AT+CGMI") == b"\r\nSimmodem\r\n\r\nOK\r\n"
            assert await client.ask("AT+CIMI") == b"\r\n+CME ERROR: 14\r\n"
            await client.begin(*INIT)


async def test_a_busy_card_refuses_for_a_time(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "sim_busy", seconds=0.05)
            refusals = 0
            while await client.ask("AT+CPMS?") == b"\r\n+CMS ERROR: 314\r\n":
                refusals += 1
            assert refusals > 0


async def test_some_modems_cannot_ask_the_card_for_its_counter(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, profile=Profile(answers_csim=False)) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin("ATE0")
            assert await client.ask('AT+CSIM=10,"0020000100"') == b"\r\nERROR\r\n"


async def test_the_card_tells_its_number_and_whether_it_has_a_pin(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2, profile=[LOCKED, Profile()]) as vm:
        for path, locked in zip(vm.paths, (1, 0), strict=True):
            with Client(path) as client:
                await client.begin("ATE0")
                assert f"+CLCK: {locked}\r\n".encode() in await client.ask('AT+CLCK="SC",2')
        with Client(vm.paths[1]) as client:
            answer = await client.ask("AT+CRSM=176,12258,0,0,10")
        swapped = answer.split(b'"')[1].decode()
    digits = "".join(b + a for a, b in zip(swapped[::2], swapped[1::2], strict=True))
    assert digits == vm.modems[1].iccid + "F"


async def test_the_radio_is_switched_off_and_on(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin(*INIT, "AT+CREG=2")
            assert await client.ask("AT+CFUN=4") == b"\r\n+CREG: 0\r\n\r\nOK\r\n"
            assert b"+CSQ: 99,99\r\n" in await client.ask("AT+CSQ")
            assert b"+COPS: 0\r\n" in await client.ask("AT+COPS?")
            assert await client.ask("AT+CFUN=1") == b'\r\n+CREG: 1,"00C3","0012ABCD",7\r\n\r\nOK\r\n'
            assert await client.ask("AT+CFUN=1,1") == b"\r\nOK\r\n"
            await client.through(rb"RDY\r\n\r\n\+CFUN: 1\r\n")


async def test_the_operator_is_named_in_the_form_asked_for(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert b'+COPS: 0,0,"Simnet",7\r\n' in await client.ask("AT+COPS?")
            await client.begin("AT+COPS=3,2")
            assert b'+COPS: 0,2,"00101",7\r\n' in await client.ask("AT+COPS?")
            await client.begin("AT+COPS=2")
            assert await client.send() == b"\r\n+CMS ERROR: 331\r\n"
            await client.begin("AT+COPS=0")
            assert b"+CMGS: 0" in await client.send()
