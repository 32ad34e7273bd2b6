"""A SIM with too little money on it rests until its operator is asked again, whatever it is to send."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from smsgw.config import Config, SimConfig
from smsgw.gateway import Gateway
from smsgw.model import Balance, ClaimedMessage, SendRequest, Standstill, Wait
from support import Clock, open_gateway

SIM = "8944000000000000001"
HOUR = 3_600
WATCHED = SimConfig(balance_code="*100#", balance_least=50, balance_every_h=2)


class Bench:
    """A gateway with one modem, whose SIM has been seen."""

    def __init__(self, gateway: Gateway, clock: Clock, device: str) -> None:
        self.gateway = gateway
        self.clock = clock
        self.device = device

    async def operator_says(self, value: float) -> None:
        await self.gateway.balances.asking(SIM)
        await self.gateway.balances.told(SIM, value)

    async def claim(self) -> ClaimedMessage | Standstill | None:
        return await self.gateway.sending.claim(self.device, SIM, 1)

    async def rest(self) -> Standstill | None:
        found = await self.claim()
        return found if isinstance(found, Standstill) else None


@pytest.fixture
def of_sim() -> SimConfig:
    return WATCHED


@pytest.fixture
async def bench(config: Config, clock: Clock, of_sim: SimConfig) -> AsyncIterator[Bench]:
    modem = replace(config.modems[0], sims=(of_sim,))
    async with open_gateway(replace(config, modems=(modem,)), clock) as gateway:
        (device,) = gateway.devices.configured
        await gateway.devices.sim_seen(device, SIM, None, 1)
        yield Bench(gateway, clock, device)


@pytest.mark.parametrize(("value", "is_poor"), [(50.0, False), (49.99, True), (-3.0, True), (1e9, False)])
async def test_a_sim_rests_with_less_than_it_must_have(bench: Bench, value: float, is_poor: bool) -> None:
    assert await bench.rest() is None
    await bench.operator_says(value)
    rest = await bench.rest()
    assert (rest is not None) is is_poor
    if rest is not None:
        assert (rest.why, rest.until) == (Wait.BALANCE, bench.clock.now + 2 * HOUR * 1_000)
        assert f"{value:.2f} is left on it, less than 50" in rest.detail
    await bench.operator_says(50)
    assert await bench.rest() is None


@pytest.mark.parametrize("of_sim", [replace(WATCHED, balance_least=0), replace(WATCHED, balance_code=""), SimConfig()])
async def test_a_sim_that_may_be_empty_or_is_not_asked_any_more_does_not_rest(bench: Bench) -> None:
    await bench.operator_says(-3)
    assert await bench.rest() is None


async def test_it_rests_until_it_is_time_to_ask_again_and_after_a_vain_try_as_long_again(bench: Bench) -> None:
    await bench.operator_says(3)
    bench.clock.advance(2 * HOUR - 1)
    assert await bench.rest() is not None
    bench.clock.advance(1)
    assert await bench.rest() is None
    await bench.gateway.balances.asking(SIM)
    rest = await bench.rest()
    assert rest is not None
    assert rest.until == bench.clock.now + 2 * HOUR * 1_000


async def test_a_message_between_its_parts_waits_too(bench: Bench) -> None:
    await bench.gateway.submission.submit(SendRequest(text="ы" * 100, phone_number="79990000001"), None)
    claimed = await bench.claim()
    assert isinstance(claimed, ClaimedMessage)
    await bench.operator_says(3)
    found = await bench.gateway.sending.between_parts(claimed.row, bench.device, SIM, 1)
    assert isinstance(found, Standstill)
    assert found.why is Wait.BALANCE


async def test_what_the_operator_said_is_kept_and_somebody_may_have_it_asked_again(bench: Bench) -> None:
    assert await bench.gateway.balances.of(SIM) == await bench.gateway.balances.of("nobody") == Balance()
    await bench.operator_says(57.3)
    said_at = bench.clock.now
    bench.clock.advance(HOUR)
    await bench.gateway.balances.asking(SIM)
    known = await bench.gateway.balances.of(SIM)
    assert known == Balance(value=57.3, at=said_at, tried_at=bench.clock.now)
    await bench.gateway.devices.switch(bench.device, True)
    assert await bench.gateway.balances.of(SIM) == replace(known, tried_at=None)
