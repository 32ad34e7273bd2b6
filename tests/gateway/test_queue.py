"""Whose message is next: priorities, turns among clients, and messages that are to wait."""

import asyncio

from hypothesis import given, strategies as st

from smsgw import policy
from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.gsm.pdu import Submit, decode
from smsgw.model import ClaimedMessage, Head, PartState, Right, SendRequest, Status, Token
from support import LONG_S, Clock, open_gateway, with_sending

SIM = "8944000000000000001"
NUMBER = "79991234567"


async def client(gateway: Gateway, name: str) -> Token:
    return await gateway.tokens.authenticate(await gateway.tokens.create(name, Right), None)


async def submit(gateway: Gateway, text: str = "x", token: Token | None = None, **fields: object) -> str:
    request = SendRequest(text=text, phone_number=NUMBER, **fields)  # type: ignore[arg-type]
    return await gateway.submission.submit(request, token)


async def claimed(gateway: Gateway, name: str = "north") -> ClaimedMessage | None:
    device = next(d.id for d in await gateway.devices.listed() if d.name == name)
    return await gateway.sending.claim(device, SIM, 1)


async def order(gateway: Gateway, count: int) -> list[str]:
    """Claim so many messages and return their ids."""
    found = [await claimed(gateway) for _ in range(count)]
    return [message.id for message in found if message]


# ── priorities and turns ──


async def test_higher_priority_goes_first_and_equals_keep_their_order(gateway: Gateway) -> None:
    ids = {priority: [await submit(gateway, priority=priority) for _ in range(2)] for priority in (5, 0, 9)}
    ids[5].append(await submit(gateway))
    assert await order(gateway, 9) == ids[9] + ids[5] + ids[0]


async def test_a_single_message_does_not_wait_for_ten_thousand_of_another_client(gateway: Gateway) -> None:
    bulk, alarm = await client(gateway, "bulk"), await client(gateway, "alarm")
    await asyncio.gather(*(submit(gateway, f"{n}", bulk) for n in range(10_000)))
    urgent = await submit(gateway, "alarm", alarm)
    assert urgent in await order(gateway, 2)


async def test_clients_take_turns_and_each_keeps_its_order(gateway: Gateway) -> None:
    one, other = await client(gateway, "one"), await client(gateway, "other")
    ones = [await submit(gateway, f"{n}", one) for n in range(4)]
    others = [await submit(gateway, f"{n}", other) for n in range(2)]
    assert await order(gateway, 6) == [ones[0], others[0], ones[1], others[1], ones[2], ones[3]]


async def test_messages_of_a_revoked_token_are_sent_in_their_turn(gateway: Gateway) -> None:
    gone, here = await client(gateway, "gone"), await client(gateway, "here")
    orphan, other = await submit(gateway, "orphan", gone), await submit(gateway, "other", here)
    await gateway.tokens.revoke("gone")
    assert set(await order(gateway, 2)) == {orphan, other}


async def test_priority_counts_across_routes_and_clients(gateway: Gateway) -> None:
    one, other = await client(gateway, "one"), await client(gateway, "other")
    north = next(d.id for d in await gateway.devices.listed() if d.name == "north")
    low = await submit(gateway, "low", one, priority=1)
    pinned = await submit(gateway, "pinned", one, priority=7, device_id=north, to_sim=1)
    high = await submit(gateway, "high", other, priority=8)
    assert await order(gateway, 3) == [high, pinned, low]


@given(
    st.lists(st.builds(Head, row=st.integers(), client=st.integers(0, 5), priority=st.integers(0, 9)), min_size=1),
    st.integers(0, 6),
)
def test_nobody_of_the_highest_priority_is_passed_over_twice(heads: list[Head], served_last: int) -> None:
    first = max(head.priority for head in heads)
    rivals = {head.client for head in heads if head.priority == first}
    served = []
    for _ in rivals:
        served_last = policy.next_in_turn(heads, served_last).client
        served.append(served_last)
    assert set(served) == rivals


# ── time ──


async def test_a_message_for_later_waits_until_then(gateway: Gateway, clock: Clock) -> None:
    later = await submit(gateway, "later", send_at=clock.now + 60_000)
    at_once = await submit(gateway, "at once")
    assert await order(gateway, 2) == [at_once]
    assert await gateway.housekeeping.next_due() == clock.now + 60_000
    clock.advance(60)
    assert await order(gateway, 2) == [later]


async def test_a_message_for_a_time_that_has_passed_is_sent_at_once(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway, send_at=clock.now - 1)
    assert await order(gateway, 1) == [id]


async def test_the_life_of_a_message_begins_when_it_is_due(gateway: Gateway, clock: Clock) -> None:
    id = await submit(gateway, send_at=clock.now + 60_000, ttl_s=10)
    assert (await gateway.messages.detail(id)).expires_at == clock.now + 70_000
    clock.advance(69)
    await gateway.housekeeping.sweep(LONG_S)
    assert (await gateway.messages.get(id)).status is Status.WAITING
    clock.advance(1)
    assert await claimed(gateway) is None
    await gateway.housekeeping.sweep(LONG_S)
    assert (await gateway.messages.get(id)).status is Status.SEND_ERROR


async def test_the_network_is_told_how_long_a_message_is_worth_delivering(gateway: Gateway) -> None:
    await submit(gateway, ttl_s=3_600)
    message = await claimed(gateway)
    assert message is not None
    part = decode(message.parts[0].pdu)
    assert isinstance(part, Submit)
    assert part.validity_s == 3_600


# ── other wishes ──


async def test_a_flash_message_is_of_class_0_in_every_part(gateway: Gateway) -> None:
    await submit(gateway, "ы" * 150, flash=True)
    await submit(gateway, "ы" * 150)
    for expected in (0, None):
        message = await claimed(gateway)
        assert message is not None
        parts = [decode(part.pdu) for part in message.parts]
        assert [part.content.message_class for part in parts if isinstance(part, Submit)] == [expected] * 3


async def test_each_message_may_say_what_to_do_when_its_outcome_stays_unknown(config: Config, clock: Clock) -> None:
    for configured, wanted in (("fail", "resend"), ("resend", "fail")):
        async with open_gateway(with_sending(config, uncertain=configured), clock) as gateway:
            id = await submit(gateway, on_uncertain=wanted)
            message = await claimed(gateway)
            assert message is not None
            device = (await gateway.messages.detail(id)).device
            assert device is not None
            await gateway.sending.unknown(message.parts[0].row, "no answer")
            clock.advance(config.sending.uncertain_after_s)
            await gateway.housekeeping.sweep(LONG_S)
            detail = await gateway.messages.detail(id)
            assert detail.on_uncertain == wanted
            settled = {"resend": PartState.PENDING, "fail": PartState.FAILED}[wanted]
            assert [part.state for part in detail.parts] == [settled]
            await gateway.messages.delete(id)
