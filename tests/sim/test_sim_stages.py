"""The stages of a dialogue: an observer is told of each at the very moment, with everything before it on the line."""

import select
from pathlib import Path

from sim_client import DEADLINE_S, FINAL, HELLO, INIT, PROMPT, Client, eventually

from simmodem import Stage, VirtualModems

SENDING = [
    Stage.SUBMISSION,
    Stage.PROMPT,
    Stage.HALF_PDU,
    Stage.CTRL_Z,
    Stage.TAKEN,
    Stage.REFERENCE,
    Stage.SENT,
]
LAST_LINE = {
    Stage.MESSAGE_STORED: b'+CMTI: "ME",1',
    Stage.REFERENCE: b"+CMGS: 0",
    Stage.SENT: b"OK",
    Stage.REPORT_HEADER: b"+CDS: 25",
}


class Observer:
    """Remembers what it was told, and what `client`, if it has one, found on the line at a stage."""

    def __init__(self) -> None:
        self.told: list[tuple[int, Stage]] = []
        self.heard: list[Stage] = []
        self.client: Client | None = None

    def __call__(self, modem: int, stage: Stage) -> None:
        self.told.append((modem, stage))
        if self.client and stage in LAST_LINE:
            while not self.client.unread.endswith(b"\r\n" + LAST_LINE[stage] + b"\r\n"):
                assert select.select([self.client.descriptor], [], [], DEADLINE_S)[0], self.client.unread
                self.client.take_in()
            self.heard.append(stage)

    @property
    def stages(self) -> list[Stage]:
        return [stage for _, stage in self.told]


async def test_a_send_and_its_report_pass_every_stage_in_order(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert (await client.send()).endswith(b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
            await client.through(rb"\+CDS: 25\r\n[0-9A-F]+\r\n")
    assert observer.stages == [*SENDING, Stage.REPORT_HEADER, Stage.REPORT]


async def test_at_a_stage_everything_before_it_has_been_written_and_nothing_behind_it(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            observer.client = client
            await client.send()
            await client.through(rb"\+CDS: 25\r\n[0-9A-F]+\r\n")
    assert observer.heard == [stage for stage in observer.stages if stage in LAST_LINE]


async def test_what_waits_for_its_turn_is_written_before_a_stage_is_told(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            for _ in range(100):
                vm.modems[0].announce("+CREG: 1")
                vm.fault(0, "register")  # changes nothing, but what was announced takes its turn
            observer.client = client
            vm.incoming(0, "+12025550123", "Hello")
            assert client.unread == 100 * b"\r\n+CREG: 1\r\n" + b'\r\n+CMTI: "ME",1\r\n'


async def test_whether_the_computer_has_read_everything_can_be_asked(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert vm.is_heard(0)
            vm.incoming(0, "+12025550123", "Hello")
            assert not vm.is_heard(0)
            await client.through(rb'"ME",1\r\n')
            assert vm.is_heard(0)


async def test_what_the_computer_wrote_behind_a_stage_can_be_lost(tmp_path: Path) -> None:
    def lose_the_rest(modem: int, stage: Stage) -> None:
        stages.append(stage)
        if stage is Stage.HALF_PDU:
            vm.lose_input(modem)

    stages: list[Stage] = []
    async with VirtualModems(tmp_path, observer=lose_the_rest) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            await eventually(lambda: Stage.HALF_PDU in stages)
            client.write(b"\x1b")
            assert await client.through(FINAL) == b"\r\nOK\r\n"
        assert vm.network.ledger == []


async def test_what_lies_in_the_port_at_a_stage_can_be_lost(tmp_path: Path) -> None:
    def write_in_vain(modem: int, stage: Stage) -> None:
        client.write(HELLO.encode() + b"\x1a")
        vm.lose_input(modem)

    async with VirtualModems(tmp_path, observer=write_in_vain) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            assert await client.open_prompt(23) == PROMPT
            client.write(b"\x1b")
            assert await client.through(FINAL) == b"\r\nOK\r\n"
        assert vm.network.ledger == []


async def test_a_stored_message_is_announced_read_and_deleted(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, 2, observer=(observer := Observer())) as vm:
        with Client(vm.paths[1]) as client:
            await client.begin()
            vm.incoming(1, "+12025550123", "Hello")
            await client.through(rb'"ME",1\r\n')
            await client.begin("AT+CMGR=1", "at+cmgd=1")
    assert observer.told == [(1, Stage.MESSAGE_STORED), (1, Stage.READ), (1, Stage.DELETED)]


async def test_a_message_handed_over_has_a_header_and_a_pdu(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin(*INIT[:-1], "AT+CNMI=2,2,0,1,0")
            vm.incoming(0, "+12025550123", "Hello")
            await client.through(rb"\+CMT: ,24\r\n[0-9A-F]+\r\n")
    assert observer.stages == [Stage.MESSAGE_HEADER, Stage.MESSAGE]


async def test_a_stored_report_is_announced(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin(*INIT[:-1], "AT+CNMI=2,1,0,2,0")
            await client.send()
            await client.through(rb'\+CDSI: "SR",1\r\n')
    assert observer.stages == [*SENDING, Stage.REPORT_STORED]


async def test_what_is_refused_reaches_no_further(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "cms_error", code=42)
            await client.send()
            assert await client.ask("AT+CMGR=1") == b"\r\n+CMS ERROR: 321\r\n"
            assert await client.ask("AT+CMGD=999") == b"\r\n+CMS ERROR: 321\r\n"
    assert observer.stages == SENDING[:4]


async def test_what_a_mute_modem_sends_is_taken_but_has_no_reference(tmp_path: Path) -> None:
    async with VirtualModems(tmp_path, observer=(observer := Observer())) as vm:
        with Client(vm.paths[0]) as client:
            await client.begin()
            vm.fault(0, "mute_after_ctrl_z")
            await client.open_prompt(23)
            client.write(HELLO.encode() + b"\x1a")
            await client.through(rb"\+CDS: 25\r\n")
    assert observer.stages[:6] == [*SENDING[:5], Stage.REPORT_HEADER]
