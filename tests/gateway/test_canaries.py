"""Canaries over a real database: sent once when they are due, known when they arrive, judged when they do not."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deliveries import plain
from smsgw.at.errors import ErrorKind, describe
from smsgw.config import CanaryConfig, Config, ServerConfig, SimConfig
from smsgw.errors import NotInTime
from smsgw.gateway import Gateway
from smsgw.gateway.restoring import end_unfinished
from smsgw.model import CanaryReport, ClaimedMessage, Fate, MessageDetail, ReceivedReport, SendRequest
from smsgw.policy.canary import is_fault
from smsgw.store import canaries
from smsgw.store.db import Database
from support import LONG_S, NOON, Clock, open_gateway, with_sending

SIMS = {"north": "8944000000000000001", "south": "8944000000000000002"}
NUMBER = "79161234567"
MINUTE, HOUR, DAY = 60, 3_600, 86_400
UNASSIGNED = 1


@dataclass
class Bench:
    """A gateway whose north sends a canary to the south every day, and somebody who works both modems by hand."""

    gateway: Gateway
    clock: Clock
    devices: dict[str, str]
    references: Iterator[int]

    async def look(self, up_s: float = LONG_S, *, may_send: bool = True) -> CanaryReport:
        """Let the gateway look after its canaries, and tell how it stands with the only one."""
        await self.gateway.housekeeping.sweep(up_s)
        await self.gateway.canaries.look(up_s, may_send=may_send)
        (report,) = await self.gateway.canaries.reports()
        return report

    async def stands(self, up_s: float = LONG_S) -> tuple[str, str, bool]:
        """Look, and tell state, why it is not sent, and whether that is a fault."""
        report = await self.look(up_s)
        return report.state.value, report.why, is_fault(report.state, report.why)

    async def take(self) -> ClaimedMessage | None:
        """Let the north put the next message on the wire."""
        claimed = await self.gateway.sending.claim(self.devices["north"], SIMS["north"], 1)
        if not isinstance(claimed, ClaimedMessage):
            return None
        return claimed

    async def send(self) -> int:
        """Let the network take the next message, and return its reference."""
        claimed, reference = await self.take(), next(self.references)
        assert claimed is not None
        await self.gateway.sending.accepted(claimed.parts[0].row, SIMS["north"], reference)
        return reference

    async def receive(self, text: str, name: str = "south") -> Fate:
        """Let a modem receive a text, stamped now."""
        return await self.gateway.inbox.received(self.devices[name], SIMS[name], plain(text, at=self.clock.now))

    async def delivered(self, reference: int) -> None:
        report = ReceivedReport(
            reference=reference, recipient=NUMBER, service_centre_time=self.clock.now, status=0, pdu=bytes([reference])
        )
        assert await self.gateway.reports.report_received(SIMS["north"], report) is not None

    async def sent(self) -> list[MessageDetail]:
        """List the canaries among the messages, newest first."""
        page = await self.gateway.messages.page(100, 1, "smsgw canary")
        return [await self.gateway.messages.detail(message.id) for message in page.messages]

    async def text(self) -> str:
        return (await self.sent())[0].message.text

    async def inbox(self) -> list[str]:
        return [message.content.text for message in (await self.gateway.inbox.page(100, 1, "")).messages]


@pytest.fixture
def canary() -> CanaryConfig:
    return CanaryConfig(name="ns", from_modem="north", to_modem="south", to_number=f"+{NUMBER}")


@pytest.fixture
def config(config: Config, canary: CanaryConfig) -> Config:
    return replace(config, canaries=(canary,))


@asynccontextmanager
async def opened(config: Config, clock: Clock) -> AsyncIterator[Bench]:
    async with open_gateway(config, clock) as gateway:
        devices = {device.name: device.id for device in await gateway.devices.listed()}
        for name, device in devices.items():
            await gateway.devices.sim_seen(device, SIMS[name], None, 1)
        yield Bench(gateway, clock, devices, count(10))


@pytest.fixture
async def bench(config: Config, clock: Clock) -> AsyncIterator[Bench]:
    async with opened(config, clock) as bench:
        yield bench


def column(config: Config, sql: str) -> list[Any]:
    with closing(sqlite3.connect(config.store.path)) as connection:
        return [row[0] for row in connection.execute(sql)]


def log_size(config: Config) -> int:
    """Tell how much has been written to the database's log."""
    return Path(f"{config.store.path}-wal").stat().st_size


def with_sim(config: Config, **limits: object) -> Config:
    """Return the configuration with these limits of the SIM in the north."""
    north, south = config.modems
    return replace(config, modems=(replace(north, sims=(SimConfig(**limits),)), south))  # type: ignore[arg-type]


# ── sending ──


async def test_nothing_is_sent_unless_it_is_configured(config: Config, clock: Clock) -> None:
    async with opened(replace(config, canaries=()), clock) as bench:
        await bench.gateway.canaries.look(LONG_S)
        assert await bench.gateway.canaries.reports() == []
        assert await bench.sent() == []


async def test_it_is_a_short_message_of_nobodys_that_goes_one_way_only(bench: Bench) -> None:
    assert await bench.stands() == ("waiting", "", False)
    (detail,) = await bench.sent()
    assert detail.message.device_id == bench.devices["north"]
    assert (detail.message.to_sim, detail.message.phone_number, detail.priority) == (1, NUMBER, 0)
    assert (detail.encoding, len(detail.parts), detail.expires_at) == ("gsm7", 1, NOON + 600_000)
    assert detail.on_uncertain == "fail"


async def test_it_is_sent_when_it_is_due_and_not_before(bench: Bench) -> None:
    for day in range(1, 4):
        assert (await bench.look()).last_arrived == (None if day == 1 else bench.clock.now - DAY * 1_000)
        await bench.send()
        await bench.receive(await bench.text())
        assert len(await bench.sent()) == day
        bench.clock.advance(DAY - 1)
        await bench.look()
        assert len(await bench.sent()) == day
        bench.clock.advance(1)


async def test_each_says_something_else_that_nobody_can_guess(bench: Bench) -> None:
    for _ in range(5):
        await bench.look()
        await bench.send()
        await bench.receive(await bench.text())
        bench.clock.advance(DAY)
    texts = {detail.message.text for detail in await bench.sent()}
    assert len(texts) == 5
    assert {len(text.removeprefix("smsgw canary ")) for text in texts} == {16}


async def test_the_workers_are_told_of_one_that_is_to_be_sent_and_of_nothing_else(bench: Bench) -> None:
    rings: list[int] = []
    bench.gateway.on_change(lambda: rings.append(1))
    await bench.gateway.canaries.look(LONG_S, may_send=False)
    assert rings == []
    await bench.gateway.canaries.look(LONG_S)
    await bench.gateway.canaries.look(LONG_S)
    assert rings == [1]


async def test_everything_else_that_waits_goes_first(bench: Bench) -> None:
    await bench.look()
    other = await bench.gateway.submission.submit(SendRequest(text="x", phone_number=NUMBER, priority=1), None)
    claimed = await bench.take()
    assert claimed is not None
    assert claimed.id == other


async def test_no_second_one_is_sent_while_one_waits(config: Config, clock: Clock, canary: CanaryConfig) -> None:
    slow = replace(canary, every_h=1, within_s=3 * HOUR)
    async with opened(replace(config, canaries=(slow,)), clock) as bench:
        await bench.look()
        await bench.send()
        clock.advance(3 * HOUR - 1)
        await bench.look()
        assert len(await bench.sent()) == 1
        clock.advance(1)
        assert await bench.stands() == ("lost", "", True)
        await bench.look()
        assert len(await bench.sent()) == 2


async def test_after_a_start_the_schedule_goes_on_and_nothing_is_sent_before_it_is_allowed(
    config: Config, clock: Clock
) -> None:
    async with opened(config, clock) as bench:
        assert (await bench.look(may_send=False)).state == "waiting"
        assert await bench.sent() == []
        await bench.look()
    for _ in range(3):
        async with opened(config, clock) as bench:
            await bench.look()
            assert len(await bench.sent()) == 1
    async with opened(config, clock) as bench:
        await bench.send()
        await bench.receive(await bench.text())
        clock.advance(DAY - 1)
        await bench.look()
        assert len(await bench.sent()) == 1
    clock.advance(1)
    async with opened(config, clock) as bench:
        await bench.look()
        assert len(await bench.sent()) == 2


async def test_a_canary_and_its_message_are_stored_together_or_not_at_all(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise sqlite3.IntegrityError("not now")

    with monkeypatch.context() as broken:
        broken.setattr(canaries, "begin", fail)
        with pytest.raises(sqlite3.IntegrityError):
            await bench.look()
    assert await bench.sent() == []
    await bench.look()
    assert len(await bench.sent()) == 1


@pytest.mark.parametrize(("jump_s", "sent"), [(-HOUR, 1), (-DAY + 1, 1), (-DAY, 2), (-10 * 365 * DAY, 2), (DAY, 2)])
async def test_a_clock_that_is_set_right_costs_at_most_one(bench: Bench, jump_s: int, sent: int) -> None:
    await bench.look()
    await bench.send()
    await bench.receive(await bench.text())
    bench.clock.advance(jump_s)
    for _ in range(3):
        await bench.look()
    assert len(await bench.sent()) == sent


async def test_one_whose_outcome_is_unknown_is_not_sent_again_and_may_still_arrive(
    config: Config, clock: Clock, canary: CanaryConfig
) -> None:
    config = replace(config, canaries=(replace(canary, within_s=1_200),))
    async with opened(with_sending(config, uncertain="resend", uncertain_after_s=600), clock) as bench:
        await bench.look()
        claimed = await bench.take()
        assert claimed is not None
        await bench.gateway.sending.unknown(claimed.parts[0].row, "silence")
        clock.advance(1_199)
        assert await bench.stands() == ("waiting", "", False)
        assert await bench.take() is None
        clock.advance(1)
        assert await bench.stands() == ("lost", "", True)
        assert await bench.receive(await bench.text()) is Fate.CANARY


# ── arriving ──


async def test_one_that_arrives_is_not_in_the_inbox_and_its_time_is_told(bench: Bench) -> None:
    await bench.look()
    bench.clock.advance(100)
    reference = await bench.send()
    bench.clock.advance(7)
    assert await bench.receive(await bench.text()) is Fate.CANARY
    assert await bench.inbox() == []
    bench.clock.advance(2)
    await bench.delivered(reference)
    report = await bench.look()
    assert (report.state, report.seconds, report.delivered_seconds) == ("ok", 7.0, 9.0)
    assert (report.last_sent, report.last_arrived) == (NOON + 100_000, NOON + 107_000)


async def test_it_may_be_there_before_the_modem_has_answered(bench: Bench) -> None:
    await bench.look()
    claimed = await bench.take()
    assert claimed is not None
    bench.clock.advance(3)
    assert await bench.receive(await bench.text()) is Fate.CANARY
    await bench.gateway.sending.accepted(claimed.parts[0].row, SIMS["north"], 7)
    report = await bench.look()
    assert (report.state, report.seconds, report.delivered_seconds) == ("ok", 3.0, None)


async def test_what_the_modem_hands_over_again_is_not_in_the_inbox_either(config: Config, bench: Bench) -> None:
    await bench.look()
    await bench.send()
    text = await bench.text()
    assert [await bench.receive(text), await bench.receive(text)] == [Fate.CANARY, Fate.REPEATED]
    assert await bench.inbox() == []
    assert column(config, "SELECT pdu FROM inbound_parts") == [b""]


async def test_blanks_around_it_do_not_matter_and_words_do(bench: Bench) -> None:
    await bench.look()
    await bench.send()
    text = await bench.text()
    assert await bench.receive(f"{text} Buy now") is Fate.WHOLE
    assert await bench.receive(f"{text} \n") is Fate.CANARY
    assert await bench.inbox() == [f"{text} Buy now"]


async def test_nobody_makes_a_message_vanish_by_copying_a_canary(bench: Bench) -> None:
    await bench.look()
    text = await bench.text()
    assert await bench.receive(text) is Fate.WHOLE  # it has not been sent yet
    await bench.send()
    assert await bench.receive("smsgw canary 0123456789abcdef") is Fate.WHOLE
    assert await bench.receive(text, "north") is Fate.WHOLE  # it is due elsewhere
    bench.clock.advance(1)
    assert await bench.receive(text) is Fate.CANARY
    bench.clock.advance(1)
    assert await bench.receive(text) is Fate.WHOLE  # it has arrived
    assert len(await bench.inbox()) == 4


async def test_another_sim_that_the_device_has_had_is_not_where_it_is_due(bench: Bench) -> None:
    await bench.look()
    await bench.send()
    other = "8944000000000000009"
    await bench.gateway.devices.sim_seen(bench.devices["south"], other, None, 2)
    tpdu = plain(await bench.text())
    assert await bench.gateway.inbox.received(bench.devices["south"], other, tpdu) is Fate.WHOLE


async def test_a_sim_may_write_to_itself(config: Config, clock: Clock, canary: CanaryConfig) -> None:
    async with opened(replace(config, canaries=(replace(canary, to_modem="north"),)), clock) as bench:
        await bench.look()
        await bench.send()
        assert await bench.receive(await bench.text(), "north") is Fate.CANARY
        assert (await bench.look()).state == "ok"


# ── not arriving ──


async def test_one_that_does_not_arrive_in_time_is_a_fault_until_another_has_arrived(bench: Bench) -> None:
    await bench.look()
    bench.clock.advance(300)
    reference = await bench.send()
    bench.clock.advance(599)
    await bench.delivered(reference)
    assert await bench.stands() == ("waiting", "", False)
    bench.clock.advance(1)
    report = await bench.look()
    assert (report.state, report.last_arrived, report.seconds, report.delivered_seconds) == ("lost", None, None, 599.0)
    bench.clock.advance(DAY)
    assert await bench.stands() == ("lost", "", True)
    await bench.send()
    assert await bench.stands() == ("lost", "", True)
    await bench.receive(await bench.text())
    assert await bench.stands() == ("ok", "", False)


async def test_one_that_arrives_too_late_is_a_fault_and_not_in_the_inbox(bench: Bench) -> None:
    await bench.look()
    await bench.send()
    bench.clock.advance(600)
    assert await bench.stands() == ("lost", "", True)
    bench.clock.advance(HOUR)
    assert await bench.receive(await bench.text()) is Fate.CANARY
    assert await bench.stands() == ("late", "", True)
    assert (await bench.look()).seconds == 600.0 + HOUR


async def test_after_a_restart_in_the_middle_it_is_listened_for_as_long_again(config: Config, clock: Clock) -> None:
    async with opened(config, clock) as bench:
        await bench.look()
        await bench.send()
    clock.advance(2 * HOUR)
    async with opened(config, clock) as bench:
        assert await bench.stands(up_s=1) == ("waiting", "", False)
        clock.advance(590)
        assert await bench.stands(up_s=591) == ("waiting", "", False)
        await bench.receive(await bench.text())
        assert await bench.stands(up_s=592) == ("ok", "", False)


async def test_a_modem_that_takes_nothing_is_a_fault(bench: Bench) -> None:
    await bench.look()
    bench.clock.advance(600)
    assert await bench.stands() == ("not_sent", "expired", True)
    bench.clock.advance(DAY)
    assert await bench.stands() == ("not_sent", "expired", True)
    await bench.send()
    await bench.receive(await bench.text())
    assert await bench.stands() == ("ok", "", False)


async def test_a_refusal_is_a_fault(bench: Bench) -> None:
    await bench.look()
    claimed = await bench.take()
    assert claimed is not None
    await bench.gateway.sending.refused(claimed.parts[0].row, describe(ErrorKind.CMS, UNASSIGNED), "unassigned")
    report = await bench.look()
    assert (report.state, report.why, report.last_sent) == ("not_sent", "refused", None)
    assert is_fault(report.state, report.why)


async def test_one_that_arrives_although_it_was_refused_has_arrived(bench: Bench) -> None:
    await bench.look()
    claimed = await bench.take()
    assert claimed is not None
    await bench.gateway.sending.refused(claimed.parts[0].row, describe(ErrorKind.CMS, UNASSIGNED), "unassigned")
    assert await bench.stands() == ("not_sent", "refused", True)
    bench.clock.advance(4)
    assert await bench.receive(await bench.text()) is Fate.CANARY
    assert await bench.stands() == ("ok", "", False)
    assert (await bench.look()).seconds == 4.0


async def test_a_sim_that_sends_others_all_the_time_is_not_ill(bench: Bench) -> None:
    await bench.look()
    await bench.gateway.submission.submit(SendRequest(text="x", phone_number=NUMBER), None)
    await bench.send()
    bench.clock.advance(600)
    assert await bench.stands() == ("not_sent", "busy", False)


# ── as somebody wants it ──


async def test_in_quiet_hours_it_waits_and_goes_when_they_are_over(config: Config, clock: Clock) -> None:
    async with opened(with_sim(config, quiet_hours="11:00-14:00"), clock) as bench:
        clock.advance(2 * HOUR - 600)
        assert await bench.stands() == ("not_sent", "quiet_hours", False)
        assert await bench.sent() == []
        clock.advance(1)
        assert await bench.stands() == ("waiting", "", False)  # from here on they end before its time does
        clock.advance(598)
        assert await bench.take() is None
        clock.advance(1)
        await bench.send()
        await bench.receive(await bench.text())
        assert await bench.stands() == ("ok", "", False)


async def test_quiet_hours_that_begin_while_it_waits_are_no_fault(config: Config, clock: Clock) -> None:
    async with opened(with_sim(config, quiet_hours="12:05-14:00"), clock) as bench:
        await bench.look()
        clock.advance(600)
        assert await bench.stands() == ("not_sent", "quiet_hours", False)


async def test_a_limit_that_is_used_up_is_no_fault(config: Config, clock: Clock) -> None:
    async with opened(with_sim(config, per_day=1), clock) as bench:
        await bench.gateway.submission.submit(SendRequest(text="x", phone_number=NUMBER), None)
        await bench.send()
        assert await bench.stands() == ("not_sent", "per_day", False)
        clock.advance(DAY)
        assert await bench.stands() == ("waiting", "", False)
        await bench.send()


async def test_canaries_count_against_the_limits(config: Config, clock: Clock) -> None:
    async with opened(with_sim(config, per_month=1), clock) as bench:
        await bench.look()
        await bench.send()
        request = SendRequest(text="x", phone_number=NUMBER, device_id=bench.devices["north"])
        with pytest.raises(NotInTime):
            await bench.gateway.submission.submit(request, None)


async def test_where_its_recipient_would_be_one_too_many_it_is_no_fault(config: Config, clock: Clock) -> None:
    async with opened(with_sim(config, recipients_per_month=1), clock) as bench:
        await bench.gateway.submission.submit(SendRequest(text="x", phone_number="79990000001"), None)
        await bench.send()
        assert await bench.stands() == ("not_sent", "recipients", False)


@pytest.mark.parametrize("name", ["north", "south"])
async def test_nothing_is_sent_from_or_to_a_device_that_is_switched_off(bench: Bench, name: str) -> None:
    await bench.gateway.devices.switch(bench.devices[name], False)
    assert await bench.stands() == ("not_sent", "switched_off", False)
    bench.clock.advance(3 * DAY)
    assert await bench.stands() == ("not_sent", "switched_off", False)
    assert await bench.sent() == []
    await bench.gateway.devices.switch(bench.devices[name], True)
    assert await bench.stands() == ("waiting", "", False)
    assert len(await bench.sent()) == 1


async def test_a_device_that_was_deleted_sends_and_gets_none(bench: Bench) -> None:
    await bench.gateway.devices.delete(bench.devices["south"])
    assert await bench.stands() == ("not_sent", "switched_off", False)


async def test_a_device_that_is_deleted_meanwhile_does_not_disturb_whoever_walks_over_them_in_another_thread(
    bench: Bench,
) -> None:
    walk = iter(bench.gateway.devices.configured)
    await bench.gateway.devices.delete(next(walk))
    assert next(walk) == bench.devices["south"]
    assert list(bench.gateway.devices.configured) == [bench.devices["south"]]


async def test_one_that_waits_when_its_device_is_switched_off_is_no_fault(bench: Bench) -> None:
    await bench.look()
    await bench.gateway.devices.switch(bench.devices["north"], False)
    bench.clock.advance(600)
    assert await bench.stands() == ("not_sent", "switched_off", False)


async def test_one_on_its_way_to_a_device_that_is_switched_off_is_no_fault_and_may_come_later(bench: Bench) -> None:
    await bench.look()
    await bench.send()
    await bench.gateway.devices.switch(bench.devices["south"], False)
    bench.clock.advance(600)
    assert await bench.stands() == ("not_sent", "switched_off", False)
    await bench.gateway.devices.switch(bench.devices["south"], True)
    assert await bench.receive(await bench.text()) is Fate.CANARY
    assert await bench.stands() == ("ok", "", False)


async def test_a_gateway_in_maintenance_sends_none(config: Config, clock: Clock) -> None:
    async with opened(replace(config, server=ServerConfig(maintenance=True)), clock) as bench:
        assert await bench.stands() == ("not_sent", "closed", False)
        assert await bench.sent() == []


async def test_who_deletes_its_message_makes_no_fault(bench: Bench) -> None:
    await bench.look()
    (detail,) = await bench.sent()
    await bench.gateway.messages.delete(detail.message.id)
    assert await bench.stands() == ("not_sent", "deleted", False)
    bench.clock.advance(DAY)
    assert await bench.stands() == ("waiting", "", False)


async def test_one_whose_message_was_deleted_after_it_was_sent_still_arrives(bench: Bench) -> None:
    await bench.look()
    await bench.send()
    await bench.look()
    (detail,) = await bench.sent()
    await bench.gateway.messages.delete(detail.message.id)
    bench.clock.advance(5)
    assert await bench.receive(detail.message.text) is Fate.CANARY
    assert (await bench.look()).seconds == 5.0


@pytest.mark.parametrize("keep_waiting", [True, False])
async def test_one_that_was_on_its_way_when_a_backup_was_made_is_not_missed(
    config: Config, clock: Clock, keep_waiting: bool
) -> None:
    async with opened(config, clock) as bench:
        await bench.look()
        await bench.send()
        text = await bench.text()
    async with Database.open(Path(config.store.path), clock) as database:
        await end_unfinished(database, keep_waiting=keep_waiting)
    clock.advance(HOUR)
    async with opened(config, clock) as bench:
        assert await bench.stands() == ("not_sent", "restored", False)
        assert await bench.receive(text) is Fate.CANARY


# ── what is kept ──


async def test_looking_again_and_again_writes_nothing(config: Config, bench: Bench) -> None:
    await bench.look()
    await bench.send()
    for _ in range(2):
        await bench.look()
        written = log_size(config)
        for _ in range(20):
            await bench.look()
        assert log_size(config) == written
        await bench.receive(await bench.text())


async def test_old_ones_are_forgotten_but_for_the_last_that_says_something(config: Config, bench: Bench) -> None:
    await bench.look()
    await bench.send()
    await bench.receive(await bench.text())
    arrived = (await bench.look()).last_arrived
    for days, is_taken in ((40, True), (40, False)):
        for _ in range(days):
            bench.clock.advance(DAY)
            await bench.look()
            if is_taken:
                await bench.send()
            bench.clock.advance(600)
            await bench.look()
        kept = column(config, "SELECT count(*) FROM canaries")
        assert 30 <= kept[0] <= 33
        assert (await bench.look()).last_arrived == arrived
    assert (await bench.look()).last_sent == arrived + 40 * (DAY + 600) * 1_000 - 600_000
