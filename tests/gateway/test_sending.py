"""From submission to the last report: what clients see of every outcome a worker can store."""

from pathlib import Path

import pytest

from smsgw.at.errors import ErrorKind, Verdict, describe
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import ClaimedMessage, PartState, Reason, ReceivedReport, SendRequest, Status
from support import LONG_S, Clock, open_gateway, with_sending

SIM = "8944000000000000001"
OTHER_SIM = "8944000000000000002"
IMEI, OTHER_IMEI = "490154203237518", "490154203237526"
MARK = 123  # set in the modem while it was running
BLAMES_SIM = 8  # operator determined barring: tried through another SIM
NUMBER = "79991234567"
DELIVERED, STILL_TRYING, REJECTED = 0x00, 0x30, 0x42
THREE_PARTS = "ы" * 150


async def submit(gateway: Gateway, text: str = "Привет", **fields: object) -> str:
    return await gateway.submission.submit(SendRequest(text=text, phone_number=NUMBER, **fields), None)  # type: ignore[arg-type]


async def device(gateway: Gateway, name: str = "north") -> str:
    return next(d.id for d in await gateway.devices.listed() if d.name == name)


async def claim(
    gateway: Gateway, name: str = "north", sim: str = SIM, reference_before: int | None = None
) -> ClaimedMessage:
    claimed = await gateway.sending.claim(await device(gateway, name), sim, 1, reference_before)
    assert claimed is not None
    return claimed


async def take_part(gateway: Gateway, name: str = "north", sim: str = SIM) -> int:
    """Claim the next message, which puts its next part on the wire."""
    return (await claim(gateway, name, sim)).parts[0].row


async def send_all(gateway: Gateway, first_reference: int = 10) -> None:
    """Send every part of the next message without trouble."""
    for offset, part in enumerate((await claim(gateway)).parts):
        if offset:
            await gateway.sending.submitting(part.row, await device(gateway), SIM)
        await gateway.sending.accepted(part.row, SIM, first_reference + offset)


def report(clock: Clock, status: int, reference: int = 10, recipient: str = NUMBER) -> ReceivedReport:
    return ReceivedReport(
        reference=reference,
        recipient=recipient,
        service_centre_time=clock.now,
        status=status,
        pdu=bytes([6, reference, status]),
    )


async def status(gateway: Gateway, id: str) -> Status:
    return (await gateway.messages.get(id)).status


async def reasons(gateway: Gateway, id: str) -> list[tuple[Status, Reason]]:
    return [(entry.status, entry.reason) for entry in (await gateway.messages.detail(id)).timeline]


async def part_states(gateway: Gateway, id: str) -> list[PartState]:
    return [part.state for part in (await gateway.messages.detail(id)).parts]


def cms(code: int) -> Verdict:
    return describe(ErrorKind.CMS, code)


def file_content(config: Config) -> bytes:
    return Path(config.store.path).read_bytes()


async def test_a_message_goes_from_waiting_to_delivered(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    assert await status(gateway, id) is Status.WAITING
    part = await take_part(gateway)
    assert await status(gateway, id) is Status.PROCESSING
    await gateway.sending.accepted(part, SIM, 10)
    assert await status(gateway, id) is Status.SENT
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED))
    assert await status(gateway, id) is Status.DELIVERED
    assert await reasons(gateway, id) == [
        (Status.WAITING, Reason.SUBMITTED),
        (Status.PROCESSING, Reason.CLAIMED),
        (Status.SENT, Reason.ACCEPTED),
        (Status.DELIVERED, Reason.REPORT_DELIVERED),
    ]


async def test_messages_are_claimed_in_the_order_of_submission(gateway: Gateway) -> None:
    ids = [await submit(gateway, f"{n}") for n in range(20)]
    assert [(await claim(gateway)).id for _ in ids] == ids


async def test_a_message_for_one_device_is_never_claimed_by_another(gateway: Gateway) -> None:
    id = await submit(gateway, device_id=await device(gateway, "south"))
    assert await gateway.sending.claim(await device(gateway, "north"), SIM, 1) is None
    assert (await claim(gateway, "south", OTHER_SIM)).id == id


async def test_a_message_for_one_slot_waits_for_that_slot(gateway: Gateway) -> None:
    await submit(gateway, to_sim=1)
    assert await gateway.sending.claim(await device(gateway), SIM, 2) is None
    await claim(gateway)


async def test_a_device_that_is_switched_off_claims_nothing(gateway: Gateway) -> None:
    await submit(gateway)
    await gateway.devices.switch(await device(gateway, "north"), False)
    with pytest.raises(DeviceSwitchedOff):
        await claim(gateway, "north")
    await claim(gateway, "south", OTHER_SIM)


async def test_one_claimed_message_is_never_claimed_twice(gateway: Gateway) -> None:
    await submit(gateway)
    await claim(gateway)
    assert await gateway.sending.claim(await device(gateway, "south"), OTHER_SIM, 1) is None


async def test_nothing_is_claimed_behind_a_part_whose_outcome_is_not_stored(gateway: Gateway) -> None:
    await submit(gateway, "first")
    second = await submit(gateway, "second")
    part, north = await take_part(gateway), await device(gateway)
    assert await gateway.sending.claim(north, SIM, 1, behind=part) is None
    assert await part_states(gateway, second) == [PartState.PENDING]
    await gateway.sending.accepted(part, SIM, 10)
    claimed = await gateway.sending.claim(north, SIM, 1, behind=part)
    assert isinstance(claimed, ClaimedMessage)
    assert claimed.id == second


async def test_a_permanent_refusal_is_final_and_says_why(gateway: Gateway) -> None:
    id = await submit(gateway)
    await gateway.sending.refused(await take_part(gateway), cms(1), "+CMS ERROR: 1")
    assert await status(gateway, id) is Status.SEND_ERROR
    detail = await gateway.messages.detail(id)
    assert (detail.timeline[-1].reason, detail.timeline[-1].detail) == (Reason.REFUSED, "+CMS ERROR: 1")
    assert detail.parts[0].attempts[0].detail == "+CMS ERROR: 1"


async def test_a_temporary_refusal_is_tried_again_later_until_the_attempts_are_used_up(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    id = await submit(gateway)
    for attempt in range(1, config.sending.attempts + 1):
        await gateway.sending.refused(await take_part(gateway), cms(42), "+CMS ERROR: 42")
        assert (await gateway.messages.detail(id)).attempts == attempt
        assert await gateway.sending.claim(await device(gateway), SIM, 1) is None
        clock.advance(720)
    assert await status(gateway, id) is Status.SEND_ERROR
    assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.OUT_OF_ATTEMPTS)


async def test_a_message_that_waits_for_its_retry_does_not_hold_up_the_next(gateway: Gateway, clock: Clock) -> None:
    first, second = await submit(gateway, "1"), await submit(gateway, "2")
    await gateway.sending.refused(await take_part(gateway), cms(42), "+CMS ERROR: 42")
    assert (await claim(gateway)).id == second
    due = await gateway.housekeeping.next_due()
    assert due is not None
    clock.now = due
    assert (await claim(gateway)).id == first


async def test_lost_service_costs_no_attempt(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    for _ in range(20):
        await gateway.sending.refused(await take_part(gateway), cms(331), "+CMS ERROR: 331")
        clock.advance(120)
    assert await status(gateway, id) is Status.WAITING
    assert (await gateway.messages.detail(id)).attempts == 0


async def test_a_message_that_is_held_time_and_again_makes_way_for_others(gateway: Gateway, clock: Clock) -> None:
    held, other = await submit(gateway, "held"), await submit(gateway, "other")
    await gateway.sending.refused(await take_part(gateway), cms(302), "+CMS ERROR: 302")
    assert (await claim(gateway)).id == other
    waited = []
    for _ in range(8):
        due = (await gateway.messages.detail(held)).not_before
        assert due is not None
        waited.append((due - clock.now) // 1_000)
        clock.now = due
        await gateway.sending.refused(await take_part(gateway), cms(302), "+CMS ERROR: 302")
    assert waited == [5, 10, 20, 40, 80, 120, 120, 120]


async def test_a_message_that_never_gets_away_makes_way_for_others_from_the_second_time_on(
    gateway: Gateway, clock: Clock
) -> None:
    await submit(gateway, "stubborn")
    other = await submit(gateway, "other")
    for _ in range(2):
        await gateway.sending.not_sent(await take_part(gateway), "no prompt")
    assert (await claim(gateway)).id == other


async def test_a_doubt_lasts_as_long_as_is_configured_from_when_it_arose(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        id = await submit(gateway)
        await take_part(gateway)
    clock.advance(3_000)
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        await gateway.housekeeping.sweep(LONG_S)
        assert await part_states(gateway, id) == [PartState.UNCERTAIN]
        clock.advance(config.sending.uncertain_after_s)
        await gateway.housekeeping.sweep(LONG_S)
        assert await status(gateway, id) is Status.WAITING


async def test_a_doubt_waits_for_its_proof_as_long_however_long_the_gateway_was_away(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    id = await submit(gateway)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    clock.advance(86_400)
    await gateway.housekeeping.sweep(config.sending.uncertain_after_s - 0.1)
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]
    await gateway.housekeeping.sweep(config.sending.uncertain_after_s)
    assert await part_states(gateway, id) == [PartState.FAILED]


async def test_a_doubt_waits_for_a_sim_that_is_out_of_use_but_not_for_ever(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    north, after_s = await device(gateway), config.sending.uncertain_after_s
    id = await put_in_doubt(gateway, None)
    clock.advance(1)
    await gateway.devices.sim_seen(north, OTHER_SIM, None, 2)
    clock.advance(2 * after_s)
    await gateway.housekeeping.sweep(LONG_S)
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]
    await gateway.devices.sim_seen(north, SIM, None, 1)
    clock.advance(after_s - 1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]
    clock.advance(1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await part_states(gateway, id) == [PartState.FAILED]


async def test_a_doubt_about_a_sim_that_stays_away_ends_after_a_day(gateway: Gateway, clock: Clock) -> None:
    id = await put_in_doubt(gateway, None)
    clock.advance(1)
    await gateway.devices.sim_seen(await device(gateway), OTHER_SIM, None, 2)
    clock.advance(86_400)
    await gateway.housekeeping.sweep(LONG_S)
    assert await part_states(gateway, id) == [PartState.FAILED]


async def test_a_defect_of_one_modem_leaves_the_messages_of_another_alone(gateway: Gateway) -> None:
    begun, submitting, elsewhere = [await submit(gateway, text) for text in (THREE_PARTS, "on the wire", "elsewhere")]
    await gateway.sending.accepted(await take_part(gateway), SIM, 10)
    await take_part(gateway)
    await take_part(gateway, "south", OTHER_SIM)
    assert await gateway.sending.recover(await device(gateway)) == 2
    assert await part_states(gateway, begun) == [PartState.ACCEPTED, PartState.PENDING, PartState.PENDING]
    assert await part_states(gateway, submitting) == [PartState.UNCERTAIN]
    assert await part_states(gateway, elsewhere) == [PartState.SUBMITTING]


async def test_what_certainly_did_not_leave_may_go_through_another_modem(gateway: Gateway) -> None:
    id = await submit(gateway)
    await gateway.sending.not_sent(await take_part(gateway), "no prompt")
    assert await status(gateway, id) is Status.WAITING
    part = await take_part(gateway, "south", OTHER_SIM)
    await gateway.sending.accepted(part, OTHER_SIM, 3)
    assert await status(gateway, id) is Status.SENT


async def test_an_unknown_outcome_is_never_sent_again_by_itself_and_ends_as_an_error(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    id = await submit(gateway)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    assert await status(gateway, id) is Status.PROCESSING
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]
    clock.advance(config.sending.uncertain_after_s - 1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await gateway.sending.claim(await device(gateway), SIM, 1) is None
    assert await status(gateway, id) is Status.PROCESSING
    clock.advance(1)
    await gateway.housekeeping.sweep(LONG_S)
    assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.OUTCOME_UNKNOWN)


async def test_an_unknown_outcome_is_sent_again_where_the_policy_says_so(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        id = await submit(gateway)
        for _ in range(config.sending.attempts):
            await gateway.sending.unknown(await take_part(gateway), "no answer")
            clock.advance(601)
            await gateway.housekeeping.sweep(LONG_S)
        assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.OUTCOME_UNKNOWN)
        assert len((await gateway.messages.detail(id)).parts[0].attempts) == config.sending.attempts


async def test_a_report_proves_that_an_unanswered_message_had_arrived(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    clock.advance(20)
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=77))
    assert await status(gateway, id) is Status.DELIVERED
    attempt = (await gateway.messages.detail(id)).parts[0].attempts[0]
    assert (attempt.outcome, attempt.reference) == ("accepted", 77)


async def test_an_answer_that_comes_late_settles_the_doubt_and_the_rest_goes_out(gateway: Gateway) -> None:
    id = await submit(gateway, THREE_PARTS)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    assert await gateway.sending.answered_late(SIM, 10)
    assert await part_states(gateway, id) == [PartState.ACCEPTED, PartState.PENDING, PartState.PENDING]
    assert [part.number for part in (await claim(gateway)).parts] == [2, 3]


async def test_a_late_answer_is_nobodys_unless_the_last_submission_of_its_sim_is_in_doubt(
    gateway: Gateway,
) -> None:
    assert not await gateway.sending.answered_late(SIM, 10)
    doubtful = await submit(gateway, "in doubt")
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    assert not await gateway.sending.answered_late(OTHER_SIM, 10)
    await submit(gateway, "after")
    await send_all(gateway, 11)
    assert not await gateway.sending.answered_late(SIM, 10)
    assert await part_states(gateway, doubtful) == [PartState.UNCERTAIN]


async def put_in_doubt(gateway: Gateway, reference_before: int | None, sim: str = SIM, text: str = "Привет") -> str:
    """Submit a message whose outcome stays unknown, after the SIM remembered this reference."""
    await gateway.devices.sim_seen(await device(gateway), sim, None, 1)
    id = await submit(gateway, text)
    part = (await claim(gateway, sim=sim, reference_before=reference_before)).parts[0].row
    await gateway.sending.unknown(part, "no answer")
    return id


async def rely_on_record(gateway: Gateway) -> None:
    await gateway.devices.sim_seen(await device(gateway), SIM, None, 1)
    await gateway.sending.record_learned(SIM, IMEI)
    await gateway.devices.boot_marked(SIM, MARK)


@pytest.mark.parametrize("reference", [0, 7, 255])
async def test_a_sim_that_remembers_the_reference_of_before_proves_that_nothing_left(
    gateway: Gateway, reference: int
) -> None:
    await rely_on_record(gateway)
    id = await put_in_doubt(gateway, reference)
    assert await gateway.sending.sim_remembers(SIM, IMEI, MARK, reference)
    assert await status(gateway, id) is Status.WAITING
    detail = await gateway.messages.detail(id)
    assert (detail.attempts, detail.sim) == (0, None)
    assert (await claim(gateway)).id == id


@pytest.mark.parametrize(("before", "now"), [(7, 6), (7, 9), (255, 1), (7, 200), (None, 7)])
async def test_a_reference_that_no_single_message_explains_proves_nothing(
    gateway: Gateway, before: int | None, now: int
) -> None:
    await rely_on_record(gateway)
    id = await put_in_doubt(gateway, before)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, now)
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]


@pytest.mark.parametrize(("before", "now"), [(7, 8), (254, 255), (255, 0)])
async def test_what_a_sim_has_counted_has_left_and_the_rest_follows(gateway: Gateway, before: int, now: int) -> None:
    id = await put_in_doubt(gateway, before, text=THREE_PARTS)
    assert not await gateway.sending.sim_remembers(SIM, None, None, now)
    assert await status(gateway, id) is Status.WAITING
    claimed = await claim(gateway)
    assert (claimed.id, [part.number for part in claimed.parts]) == (id, [2, 3])
    second, third = claimed.parts
    await gateway.sending.accepted(second.row, SIM, 102)
    await gateway.sending.submitting(third.row, await device(gateway), SIM)
    await gateway.sending.accepted(third.row, SIM, 103)
    assert await part_states(gateway, id) == [PartState.LEFT, PartState.ACCEPTED, PartState.ACCEPTED]
    assert await status(gateway, id) is Status.PROCESSING


async def test_what_follows_a_part_that_has_left_goes_through_its_sim(gateway: Gateway) -> None:
    id = await put_in_doubt(gateway, 7, text=THREE_PARTS)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    assert await gateway.sending.claim(await device(gateway, "south"), OTHER_SIM, 1) is None
    assert (await claim(gateway)).id == id


async def test_a_report_tells_of_a_part_that_has_left_that_it_arrived(gateway: Gateway, clock: Clock) -> None:
    id = await put_in_doubt(gateway, 7)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    assert (await gateway.messages.detail(id)).parts[0].attempts[0].reference == 8
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=8)) == id
    assert await status(gateway, id) is Status.DELIVERED


async def test_an_answer_that_comes_after_the_sim_has_counted_settles_the_doubt(gateway: Gateway) -> None:
    id = await put_in_doubt(gateway, 7)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    assert await gateway.sending.answered_late(SIM, 8)
    assert await status(gateway, id) is Status.SENT


async def test_no_record_takes_back_that_a_part_has_left(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    id = await put_in_doubt(gateway, 7)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
    assert await part_states(gateway, id) == [PartState.LEFT]


async def test_a_part_that_has_left_and_is_not_answered_ends_in_time_after_the_rest_has_gone(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    id = await put_in_doubt(gateway, 7, text=THREE_PARTS)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    clock.advance(config.sending.uncertain_after_s)
    await gateway.housekeeping.sweep(LONG_S)
    second, third = (await claim(gateway)).parts
    await gateway.housekeeping.sweep(LONG_S)
    await gateway.sending.accepted(second.row, SIM, 9)
    await gateway.sending.submitting(third.row, await device(gateway), SIM)
    await gateway.sending.accepted(third.row, SIM, 10)
    clock.advance(config.sending.uncertain_after_s - 1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await status(gateway, id) is Status.PROCESSING
    clock.advance(1)
    await gateway.housekeeping.sweep(LONG_S)
    assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.OUTCOME_UNKNOWN)


async def test_a_late_report_about_what_is_to_be_sent_again_breaks_nothing(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        waiting = await put_in_doubt(gateway, 7)
        await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
        clock.advance(config.sending.uncertain_after_s)
        await gateway.housekeeping.sweep(LONG_S)
        assert await part_states(gateway, waiting) == [PartState.PENDING]
        assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=8)) is None
        clock.advance(config.sending.ttl_s)
        await gateway.housekeeping.sweep(LONG_S)
        assert await part_states(gateway, waiting) == [PartState.EXPIRED]
        assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=8)) is None


async def test_what_a_record_has_said_of_one_attempt_settles_no_later_one(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        await gateway.devices.sim_seen(await device(gateway), SIM, None, 1)
        await gateway.devices.boot_marked(SIM, MARK)
        id = await put_in_doubt(gateway, 7)
        assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
        clock.advance(config.sending.uncertain_after_s)
        await gateway.housekeeping.sweep(LONG_S)
        await gateway.sending.unknown(await take_part(gateway), "no answer")
        await gateway.sending.record_learned(SIM, IMEI)
        assert await part_states(gateway, id) == [PartState.UNCERTAIN]


async def test_an_old_doubt_about_one_part_ends_no_message_with_a_new_one_about_another(
    gateway: Gateway, clock: Clock
) -> None:
    await rely_on_record(gateway)
    id = await put_in_doubt(gateway, 7, text=THREE_PARTS)
    await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    clock.advance(700)
    second = (await claim(gateway, reference_before=8)).parts[0].row
    await gateway.sending.unknown(second, "no answer")
    clock.advance(1)
    await gateway.housekeeping.sweep(LONG_S)
    assert await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
    assert await part_states(gateway, id) == [PartState.LEFT, PartState.PENDING, PartState.PENDING]


async def goes_through_another_sim(gateway: Gateway, why: str) -> tuple[str, int]:
    """Let one SIM surely not send a part, and another one try; returns the message and the first modem's mark."""
    await rely_on_record(gateway)
    south, mark = await device(gateway, "south"), MARK
    await gateway.devices.sim_seen(south, OTHER_SIM, None, 1)
    await gateway.devices.seen(south, None)
    id = await submit(gateway)
    part = (await claim(gateway, reference_before=7)).parts[0].row
    if why == "no prompt":
        await gateway.sending.not_sent(part, "no prompt came")
    elif why == "refused":
        await gateway.sending.refused(part, cms(BLAMES_SIM), f"+CMS ERROR: {BLAMES_SIM}")
    else:
        await gateway.sending.recover()
        assert await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
        mark += 1
        await gateway.devices.boot_marked(SIM, mark)
    assert (await claim(gateway, "south", OTHER_SIM, reference_before=40)).parts[0].row == part
    await gateway.sending.recover()
    return id, mark


@pytest.mark.parametrize("has_left", [False, True])
@pytest.mark.parametrize("why", ["no prompt", "refused", "not counted"])
async def test_what_one_sim_has_not_counted_proves_nothing_of_what_another_has_submitted_since(
    gateway: Gateway, why: str, has_left: bool
) -> None:
    id, mark = await goes_through_another_sim(gateway, why)
    if has_left:
        await gateway.sending.sim_remembers(OTHER_SIM, OTHER_IMEI, MARK, 41)
    before = await part_states(gateway, id)
    assert before == [PartState.LEFT if has_left else PartState.UNCERTAIN]
    assert not await gateway.sending.sim_remembers(SIM, IMEI, mark, 7)
    assert await part_states(gateway, id) == before


async def test_a_late_answer_at_one_sim_proves_nothing_of_what_another_has_submitted_since(gateway: Gateway) -> None:
    id, _ = await goes_through_another_sim(gateway, "no prompt")
    assert not await gateway.sending.answered_late(SIM, 8)
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]


async def test_a_gateway_that_never_runs_for_long_ends_a_doubt_after_a_week(
    gateway: Gateway, clock: Clock, config: Config
) -> None:
    id = await submit(gateway)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    for _ in range(7):
        assert await part_states(gateway, id) == [PartState.UNCERTAIN]
        clock.advance(86_400)
        await gateway.housekeeping.sweep(config.sending.uncertain_after_s - 1)
    assert await part_states(gateway, id) == [PartState.FAILED]


async def test_another_sim_in_the_only_slot_is_not_waited_for(gateway: Gateway, clock: Clock) -> None:
    id = await put_in_doubt(gateway, None)
    clock.advance(1)
    await gateway.devices.sim_seen(await device(gateway), OTHER_SIM, None, 1)
    clock.advance(600)
    await gateway.housekeeping.sweep(LONG_S)
    assert await part_states(gateway, id) == [PartState.FAILED]


async def test_a_mark_of_one_sim_says_nothing_of_another_in_the_same_modem(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    await put_in_doubt(gateway, 7)
    await gateway.devices.sim_seen(await device(gateway), OTHER_SIM, None, 2)
    await gateway.devices.boot_marked(OTHER_SIM, MARK)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)


async def test_of_a_message_whose_rest_was_refused_nothing_is_sent_again(config: Config, clock: Clock) -> None:
    async with open_gateway(with_sending(config, uncertain="resend"), clock) as gateway:
        id = await put_in_doubt(gateway, 7, text=THREE_PARTS)
        await gateway.sending.sim_remembers(SIM, IMEI, MARK, 8)
        await gateway.sending.refused(await take_part(gateway), cms(1), "+CMS ERROR: 1")
        assert await status(gateway, id) is Status.SEND_ERROR
        clock.advance(config.sending.uncertain_after_s)
        await gateway.housekeeping.sweep(LONG_S)
        assert await part_states(gateway, id) == [PartState.FAILED, PartState.FAILED, PartState.CANCELLED]
        assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.REFUSED)
        assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=8)) == id
        assert await status(gateway, id) is Status.SEND_ERROR


async def test_what_a_record_has_said_counts_once_it_is_known_to_be_kept_up(gateway: Gateway) -> None:
    id = await put_in_doubt(gateway, 7)
    await gateway.devices.boot_marked(SIM, MARK)
    other = await put_in_doubt(gateway, 7)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
    await gateway.sending.record_learned(SIM, OTHER_IMEI)
    assert await part_states(gateway, other) == [PartState.UNCERTAIN]
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
    await gateway.sending.record_learned(SIM, IMEI)
    assert await status(gateway, other) is Status.WAITING
    assert await part_states(gateway, id) == [PartState.UNCERTAIN]


async def test_what_a_record_has_said_is_forgotten_when_it_turns_out_not_to_be_kept_up(gateway: Gateway) -> None:
    id = await put_in_doubt(gateway, 7)
    await gateway.devices.boot_marked(SIM, MARK)
    doubtful = await put_in_doubt(gateway, 7)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
    await gateway.sending.record_learned(SIM, None)
    await gateway.sending.record_learned(SIM, IMEI)
    for each in (id, doubtful):
        assert await part_states(gateway, each) == [PartState.UNCERTAIN]


async def test_a_record_that_is_not_known_to_be_kept_up_proves_nothing(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    await put_in_doubt(gateway, 7)
    await gateway.sending.record_learned(SIM, None)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)


async def test_a_record_proves_nothing_about_another_modem_or_after_a_restart_of_the_modem(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    await put_in_doubt(gateway, 7)
    assert not await gateway.sending.sim_remembers(SIM, OTHER_IMEI, MARK, 7)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, 15, 7)
    await gateway.devices.boot_marked(SIM, None)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)


async def test_a_mark_that_was_set_later_tells_nothing_about_an_older_doubt(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    await put_in_doubt(gateway, 7)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, 15, 7)
    await gateway.devices.boot_marked(SIM, MARK + 1)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK + 1, 7)


async def test_what_a_sim_remembers_speaks_for_its_last_submission_only(gateway: Gateway) -> None:
    await rely_on_record(gateway)
    await put_in_doubt(gateway, 7)
    await submit(gateway, "after")
    await send_all(gateway, 8)
    assert not await gateway.sending.sim_remembers(SIM, IMEI, MARK, 7)
    assert not await gateway.sending.sim_remembers(OTHER_SIM, IMEI, MARK, 7)


async def test_delivered_wins_over_an_outcome_that_had_stayed_unknown(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    await gateway.sending.unknown(await take_part(gateway), "no answer")
    clock.advance(700)
    await gateway.housekeeping.sweep(LONG_S)
    assert await status(gateway, id) is Status.SEND_ERROR
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference=77))
    assert await status(gateway, id) is Status.DELIVERED


async def test_a_long_message_resumes_at_the_first_part_that_is_not_accepted_on_the_same_sim(
    gateway: Gateway, clock: Clock
) -> None:
    id = await submit(gateway, THREE_PARTS)
    claimed = await claim(gateway)
    first, second, _ = claimed.parts
    await gateway.sending.accepted(first.row, SIM, 10)
    await gateway.sending.submitting(second.row, await device(gateway), SIM)
    await gateway.sending.refused(second.row, cms(42), "+CMS ERROR: 42")
    clock.advance(3_000)
    assert await gateway.sending.claim(await device(gateway, "south"), OTHER_SIM, 1) is None
    again = await claim(gateway)
    assert again.id == id
    assert [part.number for part in again.parts] == [2, 3]


async def test_a_part_that_is_refused_for_good_stops_the_rest(gateway: Gateway) -> None:
    id = await submit(gateway, THREE_PARTS)
    await gateway.sending.refused(await take_part(gateway), cms(1), "+CMS ERROR: 1")
    assert await part_states(gateway, id) == [PartState.FAILED, PartState.CANCELLED, PartState.CANCELLED]
    assert await status(gateway, id) is Status.SEND_ERROR


async def test_a_long_message_is_delivered_when_its_last_part_is(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway, THREE_PARTS)
    await send_all(gateway)
    for reference in (12, 10):
        await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference))
        assert await status(gateway, id) is Status.SENT
    await gateway.reports.report_received(SIM, report(clock, DELIVERED, 11))
    assert await status(gateway, id) is Status.DELIVERED


async def test_one_undelivered_part_makes_a_delivery_error_that_only_delivery_mends(
    gateway: Gateway, clock: Clock
) -> None:
    id = await submit(gateway, THREE_PARTS)
    await send_all(gateway)
    await gateway.reports.report_received(SIM, report(clock, REJECTED, 11))
    assert await status(gateway, id) is Status.DELIVERY_ERROR
    for reference in (10, 12):
        await gateway.reports.report_received(SIM, report(clock, DELIVERED, reference))
        assert await status(gateway, id) is Status.DELIVERY_ERROR
    await gateway.reports.report_received(SIM, report(clock, DELIVERED, 11))
    assert await status(gateway, id) is Status.DELIVERED


async def test_still_trying_changes_nothing_but_is_remembered(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    await send_all(gateway)
    assert await gateway.reports.report_received(SIM, report(clock, STILL_TRYING))
    assert await status(gateway, id) is Status.SENT
    assert (await gateway.messages.detail(id)).parts[0].report_status == STILL_TRYING
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED))
    assert await status(gateway, id) is Status.DELIVERED


async def test_a_failure_after_delivery_and_a_repeated_report_change_nothing(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    await send_all(gateway)
    for told in (DELIVERED, DELIVERED, REJECTED, STILL_TRYING):
        assert await gateway.reports.report_received(SIM, report(clock, told))
        assert await status(gateway, id) is Status.DELIVERED
    assert len(await reasons(gateway, id)) == 4


async def test_a_report_that_overtakes_its_answer_is_applied_when_the_answer_comes(
    gateway: Gateway, clock: Clock
) -> None:
    id = await submit(gateway)
    part = await take_part(gateway)
    assert not await gateway.reports.report_received(SIM, report(clock, DELIVERED, 42))
    await gateway.sending.accepted(part, SIM, 42)
    assert await status(gateway, id) is Status.DELIVERED


@pytest.mark.parametrize("spelling", ["79991234567", "+79991234567", "89991234567", "9991234567", "0079991234567"])
async def test_a_report_is_matched_however_the_network_writes_the_number(
    gateway: Gateway, clock: Clock, spelling: str
) -> None:
    id = await submit(gateway)
    await send_all(gateway)
    assert await gateway.reports.report_received(SIM, report(clock, DELIVERED, recipient=spelling))
    assert await status(gateway, id) is Status.DELIVERED


async def test_a_report_of_another_sim_or_another_number_matches_nothing(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway)
    await send_all(gateway)
    clock.advance(3_600)
    assert not await gateway.reports.report_received(OTHER_SIM, report(clock, DELIVERED))
    assert not await gateway.reports.report_received(SIM, report(clock, DELIVERED, recipient="79990000000"))
    assert await status(gateway, id) is Status.SENT


async def test_a_reference_that_came_round_again_belongs_to_the_message_sent_last_before_the_stamp(
    gateway: Gateway, clock: Clock
) -> None:
    old = await submit(gateway, "old")
    await send_all(gateway)
    clock.advance(3_600)
    new = await submit(gateway, "new")
    await send_all(gateway)
    clock.advance(5)
    await gateway.reports.report_received(SIM, report(clock, DELIVERED))
    assert [await status(gateway, id) for id in (old, new)] == [Status.SENT, Status.DELIVERED]


async def test_a_message_expires_unsent(gateway: Gateway, clock: Clock, config: Config) -> None:
    id = await submit(gateway, THREE_PARTS)
    clock.advance(config.sending.ttl_s)
    assert await gateway.sending.claim(await device(gateway), SIM, 1) is None
    await gateway.housekeeping.sweep(LONG_S)
    assert (await reasons(gateway, id))[-1] == (Status.SEND_ERROR, Reason.EXPIRED)
    assert set(await part_states(gateway, id)) == {PartState.EXPIRED}


async def test_what_waits_for_a_deleted_device_is_given_up_and_the_rest_is_not(gateway: Gateway) -> None:
    north = await device(gateway, "north")
    bound, free = await submit(gateway, device_id=north), await submit(gateway)
    await gateway.devices.delete(north)
    assert (await reasons(gateway, bound))[-1] == (Status.SEND_ERROR, Reason.DEVICE_GONE)
    assert (await claim(gateway, "south", OTHER_SIM)).id == free


async def test_what_a_deleted_device_gives_back_is_given_up_by_the_next_sweep(gateway: Gateway) -> None:
    north = await device(gateway, "north")
    id = await submit(gateway, device_id=north)
    part = await take_part(gateway, "north")
    await gateway.devices.delete(north)
    await gateway.sending.not_sent(part, "no prompt")
    await gateway.housekeeping.sweep(LONG_S)
    assert await status(gateway, id) is Status.SEND_ERROR


async def test_after_a_crash_the_rest_of_a_message_waits_again_and_what_was_on_the_wire_is_in_doubt(
    config: Config, clock: Clock
) -> None:
    async with open_gateway(config, clock) as gateway:
        on_the_wire, begun = await submit(gateway, "1"), await submit(gateway, THREE_PARTS)
        await take_part(gateway)
        await gateway.sending.accepted(await take_part(gateway, "south", OTHER_SIM), OTHER_SIM, 10)
    async with open_gateway(config, clock) as gateway:
        assert await part_states(gateway, on_the_wire) == [PartState.UNCERTAIN]
        assert await status(gateway, on_the_wire) is Status.PROCESSING
        assert (await reasons(gateway, begun))[-1] == (Status.WAITING, Reason.INTERRUPTED)
        again = await claim(gateway, "south", OTHER_SIM)
        assert (again.id, [part.number for part in again.parts]) == (begun, [2, 3])


async def test_a_deleted_device_stays_deleted_after_a_restart(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        ids = {d.name: d.id for d in await gateway.devices.listed()}
        await gateway.devices.delete(ids["north"])
    async with open_gateway(config, clock) as gateway:
        assert {d.name: d.id for d in await gateway.devices.listed()} == {"south": ids["south"]}
        assert (await gateway.devices.register(config.modems)).deleted == ("north",)


async def test_a_pin_is_offered_once_unless_the_sim_took_it(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        assert await gateway.devices.may_enter_pin(SIM, "1234", True)
        await gateway.devices.pin_answered(SIM, "1234", True)
        assert await gateway.devices.may_enter_pin(SIM, "1234", True)
    async with open_gateway(config, clock) as gateway:
        assert not await gateway.devices.may_enter_pin(SIM, "1234", False)
        assert await gateway.devices.may_enter_pin(SIM, "4321", False)
        assert await gateway.devices.may_enter_pin(OTHER_SIM, "1234", False)
    assert b"1234" not in file_content(config)


async def test_a_pin_that_was_never_answered_may_be_tried_once_more_while_the_sim_has_counted_no_refusal(
    gateway: Gateway,
) -> None:
    assert await gateway.devices.may_enter_pin(SIM, "1234", True)
    assert not await gateway.devices.may_enter_pin(SIM, "1234", False)
    assert await gateway.devices.may_enter_pin(SIM, "1234", True)
    assert not await gateway.devices.may_enter_pin(SIM, "1234", True)


async def test_a_pin_that_the_sim_called_wrong_is_never_entered_again(gateway: Gateway) -> None:
    assert await gateway.devices.may_enter_pin(SIM, "1234", True)
    await gateway.devices.pin_answered(SIM, "1234", False)
    assert not await gateway.devices.may_enter_pin(SIM, "1234", True)


async def test_two_long_messages_in_a_row_to_one_number_never_share_a_reference(gateway: Gateway) -> None:
    references = []
    for _ in range(3):
        await submit(gateway, THREE_PARTS)
        references.append({part.pdu[-134 - 3] for part in (await claim(gateway)).parts[:2]})
    assert all(len(of_one) == 1 for of_one in references)
    assert len(set.union(*references)) == 3


async def test_a_late_report_about_a_deleted_message_does_not_settle_a_newer_one(
    gateway: Gateway, clock: Clock
) -> None:
    old = await submit(gateway, "old")
    await send_all(gateway)
    late = report(clock, DELIVERED)
    await gateway.messages.delete(old)
    clock.advance(2 * 86_400)
    new = await submit(gateway, "new")
    await send_all(gateway)
    assert not await gateway.reports.report_received(SIM, late)
    assert await status(gateway, new) is Status.SENT
