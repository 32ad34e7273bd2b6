"""Turns over hours, by hand: when a modem turns to another SIM, how often, and what that lets through."""

from dataclasses import replace
from typing import Any

import pytest

from smsgw.config import Config, ModemConfig, SimConfig
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import ClaimedMessage, SendRequest
from smsgw.store import queue, sims
from smsgw.store.db import Tx
from support import LONG_S, Clock, open_gateway

SIM = {1: "8944000000000000001", 2: "8944000000000000002"}
REGISTERING_S, STEP_S = 30, 5
HOUR_S = 3_600
DAY_S = 24 * HOUR_S


def dual(config: Config, one: SimConfig | None = None, two: SimConfig | None = None) -> Config:
    slots = (one or SimConfig(slot=1), two or SimConfig(slot=2))
    return replace(config, modems=(ModemConfig(name="dual", port="/dev/d", sims=slots),))


class Hand:
    """The worker of a modem with two SIMs, which notes where it turned to and what it sent from where."""

    def __init__(self, gateway: Gateway, clock: Clock, device: str) -> None:
        self.gateway = gateway
        self.clock = clock
        self.device = device
        self.turns: list[int] = []
        self.sent: list[int] = []

    async def sit(self, slot: int) -> None:
        self.slot = slot
        await self.gateway.devices.sim_seen(self.device, SIM[slot], None, slot)
        await self.gateway.devices.seen(self.device, None)
        self.clock.advance(REGISTERING_S)
        self.seated_s = 0

    async def work(self, seconds: int, able: tuple[int, ...] = (1, 2)) -> None:
        """Send and turn for so long; only from SIMs that are able may anything be sent."""
        for _ in range(seconds // STEP_S):
            await self.gateway.housekeeping.sweep(LONG_S)
            if self.slot in able:
                await self._send()
            slot = await self._slot_to_use(may_send=self.slot in able)
            if slot != self.slot:
                self.turns.append(slot)
                await self.sit(slot)
            self.clock.advance(STEP_S)
            self.seated_s += STEP_S

    async def _send(self) -> None:
        claimed = await self.gateway.sending.claim(self.device, SIM[self.slot], self.slot)
        if isinstance(claimed, ClaimedMessage):
            for part in claimed.parts:
                if part is not claimed.parts[0]:
                    await self.gateway.sending.submitting(part.row, self.device, SIM[self.slot])
                await self.gateway.sending.accepted(part.row, SIM[self.slot], 1)
            self.sent.append(self.slot)

    async def _slot_to_use(self, *, may_send: bool) -> int:
        return await self.gateway.slots.choose(
            self.device, SIM[self.slot], self.slot, self.seated_s, [1, 2], may_send=may_send
        )


async def hand(gateway: Gateway, clock: Clock) -> Hand:
    (device,) = await gateway.devices.listed()
    made = Hand(gateway, clock, device.id)
    for slot in (2, 1):
        await made.sit(slot)
    return made


async def submit(gateway: Gateway, text: str = "x", number: str = "79990000001", **wishes: Any) -> str:
    request = SendRequest(text=text, phone_number=number, **{"ttl_s": 10 * HOUR_S, **wishes})
    return await gateway.submission.submit(request, None)


async def keep_away(gateway: Gateway, sim: str, *messages: int) -> None:
    """Let a SIM have refused the messages in these rows."""

    def refused(tx: Tx) -> None:
        for message in messages:
            sims.rule_out(tx, sim, message, tx.now + HOUR_S * 1_000, refused=True)

    await gateway.sending._db.write(refused)


@pytest.mark.parametrize("slot", [2, None])
async def test_nobody_turns_for_a_long_message_that_cannot_be_in_time(
    config: Config, clock: Clock, slot: int | None
) -> None:
    config = dual(config, SimConfig(slot=1, per_day=0 if slot else 4), SimConfig(slot=2, per_day=4))
    async with open_gateway(config, clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway, "ы" * 150, to_sim=slot)
        for each in (1, 1, 2, 2):  # more urgent ones use up what it would have needed
            await submit(gateway, to_sim=each, priority=9)
        await modem.work(900)
        assert sorted(modem.sent) == [1, 1, 2, 2]
        modem.turns.clear()
        await modem.work(4 * HOUR_S)
        assert len(modem.turns) <= 1  # home


async def test_nobody_turns_for_a_stranger_to_whom_the_other_sim_may_not_write(config: Config, clock: Clock) -> None:
    config = dual(config, SimConfig(slot=1), SimConfig(slot=2, recipients_per_month=1))
    async with open_gateway(config, clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway, number="79990000002", to_sim=2)
        await modem.work(900)
        assert modem.turns == [2, 1]
        await submit(gateway, number="79990000003")
        await keep_away(gateway, SIM[1], 2)
        await modem.work(HOUR_S - 100)
        assert modem.turns == [2, 1]


async def test_what_one_sim_has_refused_makes_the_modem_turn_to_the_other(config: Config, clock: Clock) -> None:
    async with open_gateway(dual(config), clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway)
        await keep_away(gateway, SIM[1], 1)
        await modem.work(600)
        assert (modem.sent, modem.turns) == ([2], [2, 1])


async def test_a_sim_without_a_network_leaves_to_the_other_one_what_may_go_through_any(
    config: Config, clock: Clock
) -> None:
    async with open_gateway(dual(config), clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway)
        await modem.work(HOUR_S, able=(2,))
        assert modem.sent == [2]


async def test_a_home_that_may_send_nothing_for_long_is_not_come_back_to(config: Config, clock: Clock) -> None:
    async with open_gateway(dual(config, SimConfig(slot=1, per_day=1)), clock) as gateway:
        modem = await hand(gateway, clock)
        for _ in range(48):
            await submit(gateway, ttl_s=2 * DAY_S)
            await modem.work(300)
        assert (modem.turns, len(modem.sent)) == ([2], 48)


async def test_a_first_sim_at_its_limit_refuses_nothing_that_the_other_could_send(config: Config, clock: Clock) -> None:
    async with open_gateway(dual(config, SimConfig(slot=1, per_day=1)), clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway)
        await modem.work(300)
        await submit(gateway, ttl_s=HOUR_S)
        await modem.work(600)
        assert modem.sent == [1, 2]


async def test_a_device_that_was_deleted_meanwhile_turns_nowhere(config: Config, clock: Clock) -> None:
    async with open_gateway(dual(config), clock) as gateway:
        modem = await hand(gateway, clock)
        await gateway.devices.delete(modem.device)
        with pytest.raises(DeviceSwitchedOff):
            await gateway.slots.choose(modem.device, SIM[1], 1, 600.0, [1, 2], may_send=True)


async def test_of_what_one_sim_has_refused_the_most_urgent_counts(config: Config, clock: Clock) -> None:
    async with open_gateway(dual(config), clock) as gateway:
        modem = await hand(gateway, clock)
        await submit(gateway, priority=0)
        await submit(gateway, priority=9)
        await keep_away(gateway, SIM[1], 1, 2)
        (head,) = await gateway.sending._db.write(lambda tx: queue.sent_away(tx, modem.device, SIM[1], SIM[2]))
        assert head.priority == 9
