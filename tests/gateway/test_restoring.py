"""After a backup is restored nothing of it is sent that may have been sent since, and every message says so."""

from pathlib import Path

from files import NUMBER, rows, submit
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.gateway.restoring import end_unfinished
from smsgw.model import ClaimedMessage, PartState, Reason, ReceivedReport, Status
from smsgw.store.db import Database
from support import LONG_S, Clock, open_gateway

SIM, IMEI, MARK = "8944000000000000001", "490154203237518", 123
TWO_PARTS = "ы" * 100


async def restored(config: Config, clock: Clock, *, keep_waiting: bool = False) -> int:
    async with Database.open(Path(config.store.path), clock) as database:
        return await end_unfinished(database, keep_waiting=keep_waiting)


async def north(gateway: Gateway) -> str:
    return next(device.id for device in await gateway.devices.listed() if device.name == "north")


async def take(gateway: Gateway) -> ClaimedMessage:
    """Claim the next message and put its first part on the wire."""
    device = await north(gateway)
    claimed = await gateway.sending.claim(device, SIM, 1, 7)
    assert claimed is not None
    return claimed


async def leave_everything_unfinished(gateway: Gateway) -> tuple[str, ...]:
    """Leave messages in doubt, accepted, on the wire, half sent and waiting, and return their ids in this order."""
    ids = await submit(gateway, "doubtful", "accepted", "on the wire", TWO_PARTS, "waiting")
    await gateway.sending.unknown((await take(gateway)).parts[0].row, "no answer")
    await gateway.sending.accepted((await take(gateway)).parts[0].row, SIM, 8)
    await take(gateway)
    half = await take(gateway)
    await gateway.sending.accepted(half.parts[0].row, SIM, 9)
    await gateway.sending.give_back(half.row)
    return tuple(ids)


async def outcome(gateway: Gateway, id: str) -> tuple[Status, list[PartState]]:
    detail = await gateway.messages.detail(id)
    return detail.message.status, [part.state for part in detail.parts]


async def test_whatever_was_unfinished_ends_and_says_why(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        doubtful, accepted, on_the_wire, half, waiting = await leave_everything_unfinished(gateway)
    clock.advance(60)
    assert await restored(config, clock) == 4
    assert rows(Path(config.store.path), "SELECT count(*) FROM messages WHERE holder IS NOT NULL") == [(0,)]
    async with open_gateway(config, clock) as gateway:
        assert await outcome(gateway, accepted) == (Status.SENT, [PartState.ACCEPTED])
        assert await outcome(gateway, doubtful) == (Status.SEND_ERROR, [PartState.FAILED])
        assert await outcome(gateway, on_the_wire) == (Status.SEND_ERROR, [PartState.FAILED])
        assert await outcome(gateway, half) == (Status.SEND_ERROR, [PartState.ACCEPTED, PartState.CANCELLED])
        assert await outcome(gateway, waiting) == (Status.SEND_ERROR, [PartState.CANCELLED])
        for id in (doubtful, on_the_wire, half, waiting):
            last = (await gateway.messages.detail(id)).timeline[-1]
            assert (last.status, last.reason, last.at) == (Status.SEND_ERROR, Reason.RESTORED, clock.now)
        assert await gateway.sending.claim(await north(gateway), SIM, 1) is None
        assert await gateway.housekeeping.sweep(LONG_S) == 0


async def test_those_of_which_nothing_was_sent_may_be_kept(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        *others, waiting = await leave_everything_unfinished(gateway)
    assert await restored(config, clock, keep_waiting=True) == 3
    async with open_gateway(config, clock) as gateway:
        assert (await take(gateway)).id == waiting
        assert {(await gateway.messages.get(id)).status for id in others} == {Status.SEND_ERROR, Status.SENT}


async def test_a_claim_counts_as_begun(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        (id,) = await submit(gateway, "claimed")
        await gateway.sending.claim(await north(gateway), SIM, 1)
    assert await restored(config, clock, keep_waiting=True) == 1
    async with open_gateway(config, clock) as gateway:
        assert (await gateway.messages.get(id)).status is Status.SEND_ERROR


async def test_a_report_still_tells_that_one_of_them_arrived(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        (id,) = await submit(gateway, "on the wire")
        await take(gateway)
    clock.advance(60)
    await restored(config, clock)
    async with open_gateway(config, clock) as gateway:
        report = ReceivedReport(
            reference=8, recipient=f"+{NUMBER}", service_centre_time=clock.now - 59_000, status=0, pdu=b"report"
        )
        assert await gateway.reports.report_received(SIM, report) == id
        assert (await gateway.messages.get(id)).status is Status.DELIVERED


async def test_what_the_sim_had_counted_by_then_proves_nothing_now(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        await gateway.devices.sim_seen(await north(gateway), SIM, None, 1)
        await gateway.sending.record_learned(SIM, IMEI)
        await gateway.devices.boot_marked(SIM, MARK)
        await submit(gateway, "doubtful")
        await gateway.sending.unknown((await take(gateway)).parts[0].row, "no answer")
    path = Path(config.store.path)
    assert rows(path, "SELECT boot_mark, reference_before FROM sims, attempts") == [(MARK, 7)]
    await restored(config, clock)
    assert rows(path, "SELECT boot_mark, reference_before FROM sims, attempts") == [(None, None)]


async def test_an_incoming_message_that_nobody_had_looked_at_is_still_there(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        gateway.reports.handed_over(await north(gateway), "0791")
    await restored(config, clock)
    async with open_gateway(config, clock) as gateway:
        assert await gateway.reports.left_over(await north(gateway)) == ["0791"]


async def test_more_than_a_step_of_them_end(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        await submit(gateway, *(f"{n}" for n in range(1_201)))
    assert await restored(config, clock) == 1_201
    assert rows(Path(config.store.path), "SELECT messages FROM status_counts WHERE status = 3") == [(1_201,)]
