"""What is forgotten when, and what never is: retention in small steps beside everything else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from smsgw.config import Config, StoreConfig
from smsgw.gateway import Gateway
from smsgw.model import ClaimedMessage, ReceivedReport, SendRequest, Status
from smsgw.store.db import Database
from support import LONG_S, Clock, open_gateway

SIM = "8944000000000000001"
DAY = 86_400


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, store=StoreConfig(path=config.store.path, keep_days=30))


@pytest.fixture
async def gateway(config: Config, clock: Clock) -> AsyncIterator[Gateway]:
    async with open_gateway(config, clock) as opened:
        yield opened


async def submit(gateway: Gateway, text: str = "x", **fields: object) -> str:
    request = SendRequest(text=text, phone_number="79990000001", **fields)  # type: ignore[arg-type]
    return await gateway.submission.submit(request, None)


async def send(gateway: Gateway) -> str:
    device = (await gateway.devices.listed())[0].id
    claimed = await gateway.sending.claim(device, SIM, 1)
    assert isinstance(claimed, ClaimedMessage)
    await gateway.sending.accepted(claimed.parts[0].row, SIM, 1)
    return claimed.id


async def ids(gateway: Gateway) -> set[str]:
    return {message.id for message in (await gateway.messages.page(100, 1, "")).messages}


async def rows(config: Config, table: str) -> int:
    async with Database.open(Path(config.store.path), Clock()) as database:
        return int((await database.read(f"SELECT count(*) FROM {table}"))[0][0])


async def test_a_message_is_kept_so_many_days_after_the_last_thing_that_happened_to_it(
    gateway: Gateway, clock: Clock
) -> None:
    await submit(gateway)
    old = await send(gateway)
    clock.advance(10 * DAY)
    await submit(gateway)
    young = await send(gateway)
    clock.advance(20 * DAY - 1)
    assert await gateway.housekeeping.forget() == 0
    clock.advance(2)
    assert await gateway.housekeeping.forget() == 1
    assert await ids(gateway) == {young}
    assert old not in await ids(gateway)
    assert (await gateway.messages.page(10, 1, "x")).total == 1


async def test_a_message_that_was_written_long_before_it_was_sent_is_not_old_yet(
    gateway: Gateway, clock: Clock
) -> None:
    id = await submit(gateway, send_at=clock.now + 60 * DAY * 1_000)
    clock.advance(60 * DAY)
    assert await gateway.housekeeping.forget() == 0
    assert await send(gateway) == id
    assert await gateway.housekeeping.forget() == 0
    clock.advance(30 * DAY + 1)
    assert await gateway.housekeeping.forget() == 1


async def test_what_still_waits_or_is_in_doubt_is_never_forgotten(gateway: Gateway, clock: Clock) -> None:
    waiting = await submit(gateway, ttl_s=300 * DAY)
    device = (await gateway.devices.listed())[0].id
    claimed = await gateway.sending.claim(device, SIM, 1)
    assert isinstance(claimed, ClaimedMessage)
    await gateway.sending.unknown(claimed.parts[0].row, "no answer")
    also_waiting = await submit(gateway, ttl_s=300 * DAY)
    clock.advance(200 * DAY)
    assert await gateway.housekeeping.forget() == 0
    assert await ids(gateway) == {waiting, also_waiting}


async def test_much_is_forgotten_in_small_steps_while_others_write(gateway: Gateway, clock: Clock) -> None:
    for number in range(120):
        await submit(gateway, f"{number}", ttl_s=60)
    clock.advance(61)
    await gateway.housekeeping.sweep(LONG_S)
    clock.advance(31 * DAY)
    steps = []
    while step := await gateway.housekeeping.forget():
        steps.append(step)
        await submit(gateway, "meanwhile")
    assert sum(steps) == 120
    assert max(steps) <= 50
    assert len(await ids(gateway)) == len(steps)


async def test_nothing_is_forgotten_where_that_is_wished(config: Config, clock: Clock) -> None:
    async with open_gateway(replace(config, store=replace(config.store, keep_days=0)), clock) as gateway:
        await submit(gateway)
        await send(gateway)
        clock.advance(4_000 * DAY)
        assert await gateway.housekeeping.forget() == 0
        assert len(await ids(gateway)) == 1


async def test_what_modems_received_is_forgotten_too(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        device = (await gateway.devices.listed())[0].id
        for number in (1, 2):
            await gateway.inbox.received(device, SIM, bytes([number]))
            report = ReceivedReport(
                reference=number, recipient="1", service_centre_time=None, status=0, pdu=bytes([number])
            )
            await gateway.reports.report_received(SIM, report)
            clock.advance(20 * DAY)
        assert await gateway.housekeeping.forget() == 2
        assert [one.report.reference for one in (await gateway.reports.unmatched(10, 1)).reports] == [2]
    assert await rows(config, "inbound_parts") == 1


async def test_what_a_sim_sent_is_remembered_two_months_beyond_the_message(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        await submit(gateway)
        await gateway.messages.delete(await send(gateway))
        clock.advance(61 * DAY)
        await gateway.housekeeping.forget()
    assert await rows(config, "attempts") == 1
    async with open_gateway(config, clock) as gateway:
        clock.advance(2 * DAY)
        await gateway.housekeeping.forget()
    assert await rows(config, "attempts") == 0


async def test_an_old_message_of_every_final_status_is_forgotten(gateway: Gateway, clock: Clock) -> None:
    await submit(gateway)
    sent = await send(gateway)
    expired = await submit(gateway, ttl_s=1)
    clock.advance(2)
    await gateway.housekeeping.sweep(LONG_S)
    statuses = {id: (await gateway.messages.get(id)).status for id in (sent, expired)}
    assert statuses == {sent: Status.SENT, expired: Status.SEND_ERROR}
    clock.advance(31 * DAY)
    assert await gateway.housekeeping.forget() == 2
