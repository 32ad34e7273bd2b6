"""What a SIM may send: rests and other SIMs after refusals, limits counted from rows, messages that come too late."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

import pytest

from smsgw.at.errors import ErrorKind, describe
from smsgw.config import Config, SimConfig
from smsgw.errors import BadTtl, NotInTime
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.gateway.sending import MakeWay
from smsgw.model import ClaimedMessage, PartState, Reason, ReceivedReport, Right, SendRequest, Standstill, Status, Wait
from smsgw.policy.refusals import OTHER_SIM_FOR_S, REST_S, SIM_FAULT_S
from support import LONG_S, NOON, Clock, open_gateway, with_sending

SIMS = {"north": "8944000000000000001", "south": "8944000000000000002"}
BARRED, CONGESTED, REJECTED, PROTOCOL_ERROR, UNASSIGNED, DUPLICATE = 8, 42, 21, 111, 1, 197
TWO_PARTS, THREE_PARTS = "ы" * 100, "ы" * 150
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@dataclass
class Bench:
    """A gateway with two modems whose SIMs have been seen, and somebody who works them by hand."""

    gateway: Gateway
    clock: Clock
    devices: dict[str, str]

    async def submit(self, number: str = "79990000001", text: str = "x", **fields: object) -> str:
        request = SendRequest(text=text, phone_number=number, **fields)  # type: ignore[arg-type]
        return await self.gateway.submission.submit(request, None)

    async def claim(self, name: str = "north") -> ClaimedMessage | Standstill | None:
        return await self.gateway.sending.claim(self.devices[name], SIMS[name], 1)

    async def take(self, name: str = "north") -> ClaimedMessage:
        claimed = await self.claim(name)
        assert isinstance(claimed, ClaimedMessage), claimed
        return claimed

    async def waits(self, name: str = "north") -> Standstill:
        found = await self.claim(name)
        assert isinstance(found, Standstill), found
        return found

    async def refuse(self, code: int, name: str = "north") -> str:
        """Let a SIM take the next message and the network refuse it; returns the message's id."""
        claimed = await self.take(name)
        part = claimed.parts[0].row
        await self.gateway.sending.refused(part, describe(ErrorKind.CMS, code), f"+CMS ERROR: {code}")
        return claimed.id

    async def send(self, name: str = "north") -> str:
        """Let a SIM send the next message whole, each part in no time; returns the message's id."""
        claimed = await self.take(name)
        for part, reference in zip(claimed.parts, count(1), strict=False):
            if part is not claimed.parts[0]:
                await self.gateway.sending.submitting(part.row, self.devices[name], SIMS[name])
            await self.gateway.sending.accepted(part.row, SIMS[name], reference)
        return claimed.id

    async def online(self) -> None:
        for name, device in self.devices.items():
            await self.gateway.devices.seen(device, None)
            await self.gateway.devices.sim_seen(device, SIMS[name], None, 1)

    async def last(self, id: str) -> tuple[Status, Reason]:
        entry = (await self.gateway.messages.detail(id)).timeline[-1]
        return entry.status, entry.reason


@pytest.fixture
def limits() -> SimConfig:
    """What limits the SIM of north; the tests of limits ask for others."""
    return SimConfig()


@pytest.fixture
async def bench(config: Config, clock: Clock, limits: SimConfig) -> AsyncIterator[Bench]:
    north, south = config.modems
    config = replace(config, modems=(replace(north, sims=(limits,)), south))
    async with open_gateway(config, clock) as gateway:
        devices = {device.name: device.id for device in await gateway.devices.listed()}
        bench = Bench(gateway, clock, devices)
        await bench.online()
        yield bench


def limited(**limits: int | str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("limits", [SimConfig(**limits)])  # type: ignore[arg-type]


# ── another SIM ──


async def test_a_message_that_one_sim_may_not_send_goes_through_another_at_once(bench: Bench) -> None:
    id = await bench.submit()
    await bench.refuse(BARRED, "north")
    assert await bench.last(id) == (Status.WAITING, Reason.OTHER_SIM)
    assert await bench.claim("north") is None
    assert await bench.send("south") == id
    detail = await bench.gateway.messages.detail(id)
    assert [(attempt.sim, attempt.outcome) for attempt in detail.parts[0].attempts] == [
        (SIMS["north"], "refused"),
        (SIMS["south"], "accepted"),
    ]


async def test_what_every_sim_refuses_for_good_has_failed(bench: Bench) -> None:
    id = await bench.submit()
    await bench.refuse(REJECTED, "north")
    assert await bench.last(id) == (Status.WAITING, Reason.OTHER_SIM)
    await bench.refuse(REJECTED, "south")
    assert await bench.last(id) == (Status.SEND_ERROR, Reason.REFUSED)


async def test_what_may_pass_goes_elsewhere_at_the_third_attempt(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, attempts=5), clock) as gateway:
        bench = Bench(gateway, clock, {device.name: device.id for device in await gateway.devices.listed()})
        await bench.online()
        id = await bench.submit(ttl_s=DAY)
        for expected in (Reason.RETRY, Reason.RETRY, Reason.OTHER_SIM):
            await bench.refuse(PROTOCOL_ERROR)
            assert await bench.last(id) == (Status.WAITING, expected)
            clock.advance(10 * MINUTE - 1)
            await bench.online()
        assert await bench.claim("north") is None
        assert await bench.send("south") == id


async def test_a_sim_that_is_at_its_own_limit_is_no_other_sim(config: Config, clock: Clock) -> None:
    north, south = config.modems
    config = replace(config, modems=(north, replace(south, sims=(SimConfig(per_day=1, recipients_per_month=5),))))
    async with open_gateway(config, clock) as gateway:
        bench = Bench(gateway, clock, {device.name: device.id for device in await gateway.devices.listed()})
        await bench.online()
        await bench.submit(device_id=bench.devices["south"])
        await bench.send("south")
        id = await bench.submit()
        await bench.refuse(REJECTED, "north")
        assert await bench.last(id) == (Status.SEND_ERROR, Reason.REFUSED)


@pytest.mark.parametrize("wish", ["device", "slot"])
async def test_a_message_for_one_device_or_slot_has_no_other_sim(bench: Bench, wish: str) -> None:
    await bench.gateway.devices.sim_seen(bench.devices["south"], SIMS["south"], None, 2)
    wanted = {"device": {"device_id": bench.devices["north"]}, "slot": {"to_sim": 1}}[wish]
    id = await bench.submit(**wanted)
    await bench.refuse(REJECTED)
    assert await bench.last(id) == (Status.SEND_ERROR, Reason.REFUSED)


async def test_a_message_that_has_begun_stays_with_its_sim(bench: Bench) -> None:
    id = await bench.submit(text=TWO_PARTS)
    first, second = (await bench.take()).parts
    await bench.gateway.sending.accepted(first.row, SIMS["north"], 1)
    await bench.gateway.sending.submitting(second.row, bench.devices["north"], SIMS["north"])
    await bench.gateway.sending.refused(second.row, describe(ErrorKind.CMS, BARRED), "+CMS ERROR: 8")
    assert await bench.last(id) == (Status.WAITING, Reason.RETRY)
    bench.clock.advance(SIM_FAULT_S)
    assert await bench.claim("south") is None
    assert [part.number for part in (await bench.take("north")).parts] == [2]


@pytest.mark.parametrize("state", ["switched off", "deleted", "long gone", "resting"])
async def test_a_sim_that_cannot_send_is_no_other_sim(bench: Bench, state: str) -> None:
    south = bench.devices["south"]
    if state == "switched off":
        await bench.gateway.devices.switch(south, False)
    elif state == "deleted":
        await bench.gateway.devices.delete(south)
    elif state == "long gone":
        bench.clock.advance(HOUR - 1)
        await bench.gateway.devices.seen(bench.devices["north"], None)
    else:
        for number in range(3):
            await bench.submit(f"7999100000{number}", device_id=south)
            await bench.refuse(BARRED, "south")
    id = await bench.submit(ttl_s=DAY, device_id="")
    await bench.refuse(REJECTED)
    assert await bench.last(id) == (Status.SEND_ERROR, Reason.REFUSED)


async def test_the_first_sim_may_try_again_when_the_other_one_never_did(bench: Bench) -> None:
    id = await bench.submit()
    await bench.refuse(REJECTED)
    bench.clock.advance(OTHER_SIM_FOR_S - 1)
    assert await bench.claim("north") is None
    bench.clock.advance(1)
    assert await bench.refuse(REJECTED) == id
    assert await bench.last(id) == (Status.SEND_ERROR, Reason.REFUSED)


# ── a SIM rests ──


async def test_three_refused_recipients_in_a_row_let_the_sim_rest_and_say_so(bench: Bench) -> None:
    ids = [await bench.submit(f"7999000000{number}", device_id=bench.devices["north"]) for number in range(4)]
    for _ in range(3):
        await bench.refuse(BARRED)
    rest = await bench.waits()
    assert (rest.why, rest.until) == (Wait.REST, bench.clock.now + REST_S[0] * 1_000)
    assert "+CMS ERROR: 8" in rest.detail
    assert "switch the device off and on" in rest.detail
    bench.clock.advance(REST_S[0])
    assert (await bench.take()).id in ids


async def test_the_same_recipient_again_and_again_is_his_own_fault(bench: Bench) -> None:
    for _ in range(4):
        await bench.submit(device_id=bench.devices["north"])
        await bench.refuse(BARRED)
    await bench.submit()
    await bench.take()


async def test_one_accepted_message_ends_the_row(bench: Bench) -> None:
    for number in range(6):
        await bench.submit(f"7999000000{number}", device_id=bench.devices["north"])
        await (bench.send() if number == 2 else bench.refuse(BARRED))
        if number == 4:
            await bench.submit("79990000009", device_id=bench.devices["north"])
            await bench.send()


async def test_after_its_rest_one_message_tries_the_sim_out(bench: Bench) -> None:
    for number in range(8):
        await bench.submit(f"7999000000{number}", device_id=bench.devices["north"], ttl_s=3 * DAY)
    for _ in range(3):
        await bench.refuse(BARRED)
    for seconds in (*REST_S[1:], REST_S[-1]):
        bench.clock.now = (await bench.waits()).until
        await bench.refuse(BARRED)
        assert (await bench.waits()).until == bench.clock.now + seconds * 1_000
    bench.clock.now = (await bench.waits()).until
    await bench.send()
    await bench.refuse(BARRED)
    await bench.take()


async def test_a_sim_rests_on_after_a_restart_until_somebody_switches_its_device_on(
    config: Config, clock: Clock
) -> None:
    async with open_gateway(config, clock) as gateway:
        devices = {device.name: device.id for device in await gateway.devices.listed()}
        bench = Bench(gateway, clock, devices)
        await bench.online()
        for number in range(4):
            await bench.submit(f"7999000000{number}", device_id=devices["north"])
        for _ in range(3):
            await bench.refuse(BARRED)
    async with open_gateway(config, clock) as gateway:
        bench = Bench(gateway, clock, devices)
        assert (await bench.waits()).why is Wait.REST
        await gateway.devices.switch(devices["north"], True)
        await bench.take()


async def test_congestion_lets_the_whole_sim_wait_for_a_moment_and_does_not_add_up(bench: Bench) -> None:
    for number in range(5):
        await bench.submit(f"7999000000{number}", device_id=bench.devices["north"], ttl_s=DAY)
    for _ in range(3):
        await bench.refuse(CONGESTED)
        rest = await bench.waits()
        assert rest.until == bench.clock.now + 30_000
        bench.clock.now = rest.until
    await bench.send()


async def test_a_clock_that_is_set_back_by_a_year_ends_every_rest(bench: Bench) -> None:
    bench.clock.advance(365 * DAY)
    for number in range(3):
        await bench.submit(f"7999000000{number}", device_id=bench.devices["north"])
        await bench.refuse(BARRED)
    bench.clock.now = NOON
    await bench.submit()
    await bench.take()


# ── limits ──


@limited(per_minute=2)
async def test_what_is_over_the_limit_waits_and_is_told_until_when(bench: Bench) -> None:
    ids = [await bench.submit() for _ in range(3)]
    begun = bench.clock.now
    for id in ids[:2]:
        assert await bench.send() == id
        bench.clock.advance(10)
    found = await bench.waits()
    assert (found.why, found.until) == (Wait.PER_MINUTE, begun + MINUTE * 1_000)
    assert "2 in a minute" in found.detail
    bench.clock.now = found.until
    assert await bench.send() == ids[2]


@limited(per_day=2)
async def test_deleting_messages_and_restarting_resets_no_limit(bench: Bench) -> None:
    for _ in range(2):
        await bench.gateway.messages.delete(await bench.submit())
        await bench.submit()
        await bench.gateway.messages.delete(await bench.send())
    await bench.gateway.sending.recover()
    await bench.submit()
    assert (await bench.waits()).why is Wait.PER_DAY


@limited(per_day=2)
async def test_what_was_refused_does_not_count_and_what_may_have_been_sent_does(bench: Bench) -> None:
    for _ in range(3):
        await bench.submit()
        await bench.refuse(UNASSIGNED)
    for _ in range(3):
        await bench.submit()
    await bench.send()
    part = (await bench.take()).parts[0].row
    await bench.gateway.sending.unknown(part, "no answer")
    assert (await bench.waits()).why is Wait.PER_DAY


@limited(per_hour=4)
async def test_a_long_message_begins_as_soon_as_one_part_may_go_if_the_rest_follows_in_time(bench: Bench) -> None:
    for _ in range(2):
        await bench.submit()
        await bench.send()
    long = await bench.submit(text=THREE_PARTS, ttl_s=HOUR + 10)
    claimed = await bench.take()
    assert claimed.id == long
    await bench.gateway.sending.not_sent(claimed.parts[0].row, "no prompt")
    bench.clock.advance(20)
    for _ in range(2):
        await bench.submit(priority=9)
        await bench.send()
    bench.clock.now = (await bench.waits()).until
    assert await bench.claim() is None, "its last part could go only after it has expired"
    await bench.submit()
    await bench.send()


@limited(per_hour=2)
async def test_a_message_that_has_begun_goes_before_others_but_not_before_what_is_more_urgent(bench: Bench) -> None:
    north = bench.devices["north"]
    begun = await bench.submit(text=THREE_PARTS, ttl_s=DAY)
    claimed = await bench.take()
    first, second, _ = claimed.parts
    await bench.gateway.sending.accepted(first.row, SIMS["north"], 1)
    await bench.gateway.sending.submitting(second.row, north, SIMS["north"])
    await bench.gateway.sending.accepted(second.row, SIMS["north"], 2)
    assert isinstance(await between_parts(bench, claimed), Standstill)
    await bench.gateway.sending.give_back(claimed.row)
    token = await bench.gateway.tokens.authenticate(await bench.gateway.tokens.create("other", Right), None)
    request = SendRequest(text="other", phone_number="79990000002", ttl_s=DAY)
    await bench.gateway.submission.submit(request, token)
    urgent = await bench.submit(priority=9, ttl_s=DAY)
    bench.clock.now = (await bench.waits()).until
    assert await bench.send() == urgent
    claimed = await bench.take()
    assert (claimed.id, [part.number for part in claimed.parts]) == (begun, [3])


async def between_parts(bench: Bench, claimed: ClaimedMessage) -> Standstill | MakeWay | None:
    return await bench.gateway.sending.between_parts(claimed.row, bench.devices["north"], SIMS["north"], 1)


@limited(per_minute=1)
async def test_between_two_parts_of_a_message_the_limit_counts_too(bench: Bench) -> None:
    await bench.submit(text=TWO_PARTS)
    sending = bench.gateway.sending
    claimed = await bench.take()
    await sending.accepted(claimed.parts[0].row, SIMS["north"], 1)
    standstill = await between_parts(bench, claimed)
    assert isinstance(standstill, Standstill)
    assert standstill.until == bench.clock.now + MINUTE * 1_000
    await bench.submit()
    assert await between_parts(bench, claimed) == standstill
    await bench.submit(priority=9)
    assert isinstance(await between_parts(bench, claimed), MakeWay)
    bench.clock.advance(MINUTE)
    assert await between_parts(bench, claimed) is None


@pytest.mark.parametrize("ending", ["switched off", "deleted"])
async def test_a_device_that_is_taken_away_between_two_parts_is_noticed(bench: Bench, ending: str) -> None:
    await bench.submit(text=TWO_PARTS)
    claimed = await bench.take()
    if ending == "deleted":
        await bench.gateway.devices.delete(bench.devices["north"])
    else:
        await bench.gateway.devices.switch(bench.devices["north"], False)
    with pytest.raises(DeviceSwitchedOff):
        await between_parts(bench, claimed)


@limited(gap_s=10)
async def test_a_pause_follows_each_part(bench: Bench) -> None:
    for _ in range(2):
        await bench.submit()
    await bench.send()
    found = await bench.waits()
    assert found.why is Wait.GAP
    assert 10_000 <= found.until - bench.clock.now < 15_000
    assert await bench.waits() == found
    bench.clock.now = found.until
    await bench.send()


@limited(quiet_hours="12:00-13:00")
async def test_nothing_is_sent_in_quiet_hours_however_urgent(bench: Bench) -> None:
    id = await bench.submit(priority=9)
    found = await bench.waits()
    assert (found.why, found.until) == (Wait.QUIET_HOURS, bench.clock.now + HOUR * 1_000)
    bench.clock.advance(HOUR - 1)
    await bench.waits()
    bench.clock.advance(0.999)
    await bench.waits()
    assert await bench.send("south") == id


@limited(recipients_per_month=2)
async def test_a_sim_that_has_written_to_enough_people_this_month_still_writes_to_those(bench: Bench) -> None:
    for number in ("79990000001", "79990000002"):
        await bench.submit(number)
        await bench.send()
    stranger = await bench.submit("79990000003", ttl_s=60 * DAY)
    known = await bench.submit("79990000002")
    assert await bench.send() == known
    april = int(datetime(2026, 4, 1, tzinfo=UTC).timestamp() * 1_000)
    found = await bench.waits()
    assert (found.why, found.until) == (Wait.RECIPIENTS, april)
    bench.clock.now = april - 1
    await bench.waits()
    bench.clock.now = april
    assert await bench.send() == stranger
    assert await bench.claim() is None


@limited(recipients_per_month=1)
async def test_a_stranger_whom_no_sim_may_write_to_in_time_is_refused_at_once(bench: Bench) -> None:
    north = bench.devices["north"]
    await bench.submit("79990000001", device_id=north)
    await bench.send()
    with pytest.raises(NotInTime, match="2026-04-01T00:00Z"):
        await bench.submit("79990000002", device_id=north)
    await bench.submit("79990000001", device_id=north)
    await bench.submit("79990000002")


@limited(recipients_per_month=1)
async def test_a_thousand_messages_that_a_sim_must_not_send_hide_none_that_it_may(bench: Bench) -> None:
    await bench.submit("79990000001")
    await bench.send()
    for number in range(1_000):
        await bench.submit(f"7998{number:07}")
    known = await bench.submit("79990000001")
    assert await bench.send() == known
    assert (await bench.take("south")).id != known


@limited(per_day=1)
async def test_a_sim_at_its_limit_leaves_the_queue_to_the_others(bench: Bench) -> None:
    await bench.submit()
    await bench.send("north")
    ids = [await bench.submit() for _ in range(2)]
    await bench.waits("north")
    assert [await bench.send("south") for _ in ids] == ids


async def test_a_wrong_clock_of_long_ago_leaves_no_limit_used_up(config: Config, clock: Clock) -> None:
    north, south = config.modems
    config = replace(config, modems=(replace(north, sims=(SimConfig(per_day=1, gap_s=5),)), south))
    clock.advance(365 * DAY)
    async with open_gateway(config, clock) as gateway:
        bench = Bench(gateway, clock, {device.name: device.id for device in await gateway.devices.listed()})
        await bench.submit()
        await bench.send()
        clock.now = NOON
        await bench.submit()
        await bench.send()


# ── too late ──


async def accept_slowly(bench: Bench, seconds: int) -> None:
    """Let the network take so long for a part."""
    await bench.submit(priority=9)
    part = (await bench.take()).parts[0].row
    bench.clock.advance(seconds)
    await bench.gateway.sending.accepted(part, SIMS["north"], 1)


async def test_a_long_message_that_cannot_end_before_it_expires_is_not_begun(bench: Bench) -> None:
    await accept_slowly(bench, 20)
    late = await bench.submit(text=THREE_PARTS, ttl_s=39)
    short = await bench.submit(ttl_s=39)
    assert await bench.send() == short
    # Sent in no time, that one; and the late one was looked at before.
    assert await bench.claim() is None
    bench.clock.advance(39)
    await bench.gateway.housekeeping.sweep(LONG_S)
    assert await bench.last(late) == (Status.SEND_ERROR, Reason.EXPIRED)
    assert {part.state for part in (await bench.gateway.messages.detail(late)).parts} == {PartState.EXPIRED}


async def test_it_is_begun_after_all_when_the_network_has_become_quick(bench: Bench) -> None:
    await accept_slowly(bench, 60)
    long = await bench.submit(text=THREE_PARTS, ttl_s=110)
    assert await bench.claim() is None
    await accept_slowly(bench, 1)
    bench.clock.advance(59)
    assert await bench.send() == long


async def test_what_was_slow_an_hour_ago_or_only_proved_later_says_nothing(bench: Bench) -> None:
    await accept_slowly(bench, 60)
    bench.clock.advance(HOUR)
    await bench.submit()
    part = (await bench.take()).parts[0].row
    await bench.gateway.sending.unknown(part, "no answer")
    bench.clock.advance(500)
    assert await bench.gateway.sending.answered_late(SIMS["north"], 7)
    long = await bench.submit(text=THREE_PARTS, ttl_s=60)
    assert await bench.send() == long


async def test_another_sim_that_is_quick_enough_takes_it(bench: Bench) -> None:
    await accept_slowly(bench, 30)
    long = await bench.submit(text=THREE_PARTS, ttl_s=50)
    assert await bench.claim("north") is None
    assert await bench.send("south") == long


async def test_what_has_begun_goes_on_however_late_it_is(bench: Bench) -> None:
    long = await bench.submit(text=THREE_PARTS, ttl_s=100)
    claimed = await bench.take()
    bench.clock.advance(70)
    await bench.gateway.sending.accepted(claimed.parts[0].row, SIMS["north"], 1)
    await bench.gateway.sending.give_back(claimed.row)
    assert await bench.send() == long


@limited(quiet_hours="12:02-13:30", gap_s=40)
async def test_quiet_hours_in_between_count_for_the_time_that_a_message_takes(bench: Bench) -> None:
    with pytest.raises(BadTtl, match="all its parts take"):
        await bench.submit(text="ы" * 400, ttl_s=HOUR, device_id=bench.devices["north"])
    long = await bench.submit(text="ы" * 400, ttl_s=DAY)
    assert (await bench.take()).id == long


@limited(per_day=1)
async def test_what_the_service_centre_has_already_counts_as_sent(bench: Bench) -> None:
    id = await bench.submit()
    await bench.refuse(DUPLICATE)
    assert await bench.last(id) == (Status.SENT, Reason.ACCEPTED)
    await bench.submit()
    assert (await bench.waits()).why is Wait.PER_DAY


@limited(per_day=1)
async def test_what_no_sim_may_send_in_time_is_refused_at_once_with_the_time_to_come_back(bench: Bench) -> None:
    await bench.submit(device_id=bench.devices["north"])
    await bench.send()
    with pytest.raises(NotInTime, match="2026-03-02T12:00Z") as refusal:
        await bench.submit(device_id=bench.devices["north"], ttl_s=DAY - 1)
    assert refusal.value.retry_after_s == DAY
    await bench.submit(device_id=bench.devices["north"], ttl_s=DAY)
    await bench.submit(ttl_s=1)
    await bench.submit(device_id=bench.devices["north"], ttl_s=1, send_at=bench.clock.now + DAY * 1_000)


@limited(per_hour=1)
async def test_what_takes_longer_than_it_lasts_is_refused_at_once(bench: Bench) -> None:
    with pytest.raises(BadTtl, match="all its parts take 7200 s"):
        await bench.submit(device_id=bench.devices["north"], text=THREE_PARTS, ttl_s=2 * HOUR - 1)
    await bench.submit(device_id=bench.devices["north"], text=THREE_PARTS, ttl_s=2 * HOUR)


@limited(per_day=1)
async def test_a_preview_knows_when_a_sim_may_send_again(bench: Bench) -> None:
    await bench.submit(device_id=bench.devices["north"])
    await bench.send()
    token = await bench.gateway.tokens.authenticate(await bench.gateway.tokens.create("client", Right), None)
    request = SendRequest(text="x", phone_number="79990000001", ttl_s=2 * DAY)
    preview = await bench.gateway.submission.preview(request, token)
    ready = {route.device: route.ready_at - bench.clock.now for route in preview.routes}
    assert ready == {bench.devices["north"]: DAY * 1_000, bench.devices["south"]: 0}


# ── reports about what is gone ──


async def test_a_report_about_a_deleted_message_is_dropped_quietly(bench: Bench) -> None:
    await bench.submit("79990000001")
    await bench.gateway.messages.delete(await bench.send())
    for reference, recipient in ((1, "+79990000001"), (1, "+79990000009"), (2, "+79990000001")):
        report = ReceivedReport(
            reference=reference,
            recipient=recipient,
            service_centre_time=bench.clock.now,
            status=0,
            pdu=bytes([reference, len(recipient), int(recipient[-1])]),
        )
        assert await bench.gateway.reports.report_received(SIMS["north"], report) is None
    listed = await bench.gateway.reports.unmatched(10, 1)
    assert {(one.report.reference, one.report.recipient) for one in listed.reports} == {
        (1, "+79990000009"),
        (2, "+79990000001"),
    }
