"""A device whose SIMs are in use at once, and so has two workers: what each has in hand is its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from smsgw.config import Config, ModemConfig, SimConfig
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import ClaimedMessage, PartState, Right, SendRequest, Token
from support import LONG_S, Clock, open_gateway

SIMS = {1: "8944000000000000001", 2: "8944000000000000002"}
IMEIS = {1: "490154203237518", 2: "356938035643809"}
MARK = 123
TWO_PARTS = "ы" * 100


@dataclass
class Bench:
    """A gateway with one such module, and somebody who works both of its SIMs by hand."""

    gateway: Gateway
    clock: Clock
    device: str

    async def submit(self, text: str = "x", token: Token | None = None, **fields: object) -> str:
        request = SendRequest(text=text, phone_number="79990000001", **fields)  # type: ignore[arg-type]
        return await self.gateway.submission.submit(request, token)

    async def take(self, slot: int, reference: int | None = None) -> ClaimedMessage:
        claimed = await self.gateway.sending.claim(self.device, SIMS[slot], slot, reference)
        assert isinstance(claimed, ClaimedMessage), claimed
        return claimed

    async def put_on_the_wire(self, slot: int, reference: int | None = None) -> str:
        return (await self.take(slot, reference)).id

    async def begin(self, slot: int) -> str:
        """Let a SIM send the first part of the next message; returns the message's id."""
        claimed = await self.take(slot)
        await self.gateway.sending.accepted(claimed.parts[0].row, SIMS[slot], 1)
        return claimed.id

    async def send(self, slot: int) -> str:
        """Let a SIM send the next message; returns its text."""
        claimed = await self.take(slot)
        await self.gateway.sending.accepted(claimed.parts[0].row, SIMS[slot], 1)
        return (await self.gateway.messages.get(claimed.id)).text

    async def states(self, id: str) -> list[PartState]:
        return [part.state for part in (await self.gateway.messages.detail(id)).parts]

    def holder(self, slot: int) -> str:
        return self.gateway.devices.holder(self.device, slot)


def with_ports(config: Config) -> Config:
    sims = tuple(SimConfig(slot=slot, port=f"/dev/box{slot}") for slot in SIMS)
    return replace(config, modems=(ModemConfig(name="box", sims=sims),))


@pytest.fixture
async def bench(config: Config, clock: Clock) -> AsyncIterator[Bench]:
    async with open_gateway(with_ports(config), clock) as gateway:
        (device,) = await gateway.devices.listed()
        bench = Bench(gateway, clock, device.id)
        for slot, sim in SIMS.items():
            await gateway.devices.sim_seen(device.id, sim, None, slot)
        yield bench


async def test_after_a_defect_of_one_worker_the_other_keeps_what_it_has_in_hand(bench: Bench) -> None:
    for slot in (1, 2):
        await bench.submit(TWO_PARTS, to_sim=slot)
        await bench.submit(to_sim=slot)
    begun = {slot: await bench.begin(slot) for slot in SIMS}
    wires = {slot: await bench.put_on_the_wire(slot) for slot in SIMS}
    assert await bench.gateway.sending.recover(bench.holder(2)) == 2
    assert await bench.states(wires[1]) == [PartState.SUBMITTING]
    assert await bench.states(wires[2]) == [PartState.UNCERTAIN]
    assert (await bench.take(2)).id == begun[2]
    assert not isinstance(await bench.gateway.sending.claim(bench.device, SIMS[1], 1), ClaimedMessage)


async def test_a_start_recovers_what_either_worker_had_in_hand(bench: Bench) -> None:
    for slot in SIMS:
        await bench.submit(to_sim=slot)
    wires = [await bench.put_on_the_wire(slot) for slot in SIMS]
    assert await bench.gateway.sending.recover() == 2
    assert [await bench.states(id) for id in wires] == [[PartState.UNCERTAIN]] * 2


async def test_what_was_handed_over_is_looked_at_by_the_worker_of_its_sim_only(bench: Bench) -> None:
    reports = bench.gateway.reports
    for slot in SIMS:
        reports.handed_over(bench.holder(slot), "0791")
    assert [await reports.left_over(bench.holder(slot)) for slot in SIMS] == [["0791"], ["0791"]]
    reports.put_away(bench.holder(1), "0791")
    assert [await reports.left_over(bench.holder(slot)) for slot in SIMS] == [[], ["0791"]]


@pytest.mark.parametrize("used_last", [1, 2])
async def test_what_was_handed_over_stays_with_its_sim_where_each_gets_a_worker_of_its_own(
    config: Config, clock: Clock, used_last: int
) -> None:
    box = ModemConfig(name="box", port="/dev/box", sims=tuple(SimConfig(slot=slot) for slot in SIMS))
    async with open_gateway(replace(config, modems=(box,)), clock) as gateway:
        (device,) = await gateway.devices.listed()
        for slot in (3 - used_last, used_last):
            clock.advance(1)
            await gateway.devices.sim_seen(device.id, SIMS[slot], None, slot)
        gateway.reports.handed_over(gateway.devices.holder(device.id, used_last), "0791")
    async with open_gateway(with_ports(config), clock) as gateway:
        left_over = {slot: await gateway.reports.left_over(gateway.devices.holder(device.id, slot)) for slot in SIMS}
        assert left_over == {used_last: ["0791"], 3 - used_last: []}


async def test_what_each_was_handed_over_is_not_lost_where_one_worker_serves_them_again(bench: Bench) -> None:
    for slot, pdu in ((1, "0791"), (2, "0791"), (2, "0792")):
        bench.gateway.reports.handed_over(bench.holder(slot), pdu)
    box = ModemConfig(name="box", port="/dev/box", sims=tuple(SimConfig(slot=slot) for slot in SIMS))
    await bench.gateway.devices.register((box,))
    assert sorted(await bench.gateway.reports.left_over(bench.device)) == ["0791", "0792"]


async def test_each_worker_goes_round_its_own_clients(bench: Bench) -> None:
    names = ("first", "second", "third")
    for name in names:
        await bench.gateway.tokens.create(name, Right)
    tokens = {token.name: token for token in await bench.gateway.tokens.listed()}
    for _ in range(3):
        await bench.submit("first", tokens["first"], to_sim=1)
        await bench.submit("second", tokens["second"], to_sim=1)
        await bench.submit("third", tokens["third"], to_sim=2)
    taken = []
    for _ in range(2):
        taken.append(await bench.send(1))
        await bench.send(2)
    assert sorted(taken) == ["first", "second"]


async def test_a_doubt_about_one_sim_does_not_wait_for_the_other_to_be_out_of_use(bench: Bench) -> None:
    await bench.submit(to_sim=1)
    id = await bench.put_on_the_wire(1)
    await bench.gateway.sending.recover(bench.holder(1))
    bench.clock.advance(1)
    await bench.gateway.devices.sim_seen(bench.device, SIMS[2], None, 2)
    bench.clock.advance(600)
    await bench.gateway.housekeeping.sweep(LONG_S)
    assert await bench.states(id) == [PartState.FAILED]


async def doubt_that_the_record_settles(bench: Bench) -> str:
    await bench.gateway.sending.record_learned(SIMS[1], IMEIS[1])
    await bench.gateway.devices.boot_marked(SIMS[1], MARK)
    await bench.submit(to_sim=1)
    id = await bench.put_on_the_wire(1, 7)
    await bench.gateway.sending.recover(bench.holder(1))
    return id


async def test_the_mark_of_one_sim_leaves_that_of_the_other_where_it_is(bench: Bench) -> None:
    id = await doubt_that_the_record_settles(bench)
    await bench.gateway.devices.boot_marked(SIMS[2], MARK + 1)
    assert not await bench.gateway.sending.sim_remembers(SIMS[1], IMEIS[1], MARK + 1, 7)
    await bench.gateway.sending.sim_remembers(SIMS[1], IMEIS[1], MARK, 7)
    assert await bench.states(id) == [PartState.PENDING]


async def test_a_mark_that_both_sims_have_by_chance_proves_nothing(bench: Bench) -> None:
    id = await doubt_that_the_record_settles(bench)
    await bench.gateway.devices.boot_marked(SIMS[2], MARK)
    assert not await bench.gateway.sending.sim_remembers(SIMS[1], IMEIS[1], MARK, 7)
    assert await bench.states(id) == [PartState.UNCERTAIN]


async def test_what_is_done_to_the_module_takes_the_proofs_of_both_sims_away(bench: Bench) -> None:
    id = await doubt_that_the_record_settles(bench)
    await bench.gateway.devices.may_have_started_again(bench.device)
    assert not await bench.gateway.sending.sim_remembers(SIMS[1], IMEIS[1], MARK, 7)
    assert await bench.states(id) == [PartState.UNCERTAIN]


async def test_the_imei_of_the_first_sim_is_that_of_the_device(bench: Bench) -> None:
    for slot in (1, 2):
        await bench.gateway.devices.seen(bench.device, IMEIS[slot], slot)
    assert (await bench.gateway.devices.get(bench.device)).imei == IMEIS[1]


async def test_switched_off_neither_worker_gets_anything(bench: Bench) -> None:
    await bench.submit()
    await bench.gateway.devices.switch(bench.device, False)
    for slot, sim in SIMS.items():
        with pytest.raises(DeviceSwitchedOff):
            await bench.gateway.sending.claim(bench.device, sim, slot)
