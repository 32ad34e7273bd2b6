"""Webhooks of a whole daemon with virtual modems: what its clients are told without asking."""

from pathlib import Path
from typing import Any

from receiver import Receiver, receiver
from smsgw.model import EventKind, WebhookWish
from world import World, until, world


async def hook(w: World, to: Receiver, *kinds: EventKind) -> None:
    async def is_device_told() -> bool:
        return await w.gateway.events.last() > 0

    # That the modem was ready first.
    await until(is_device_told, "the device told of")
    await w.gateway.webhooks.create(WebhookWish(name="shop", url=to.url, events=frozenset(kinds or EventKind)))


def told(received: Receiver, kind: EventKind) -> list[Any]:
    return [one.content["data"] for one in received.told if one.content["type"] == kind]


async def test_a_message_is_told_from_the_modem_to_its_report(tmp_path: Path) -> None:
    async with receiver() as received, world(tmp_path) as w:
        await hook(w, received, EventKind.SMS_STATUS)
        id = await w.send("Привет")
        await received.has(3)
        assert [data["status"] for data in told(received, EventKind.SMS_STATUS)] == [1, 2, 4]
        assert told(received, EventKind.SMS_STATUS)[-1] == await w.message(id)


async def test_an_incoming_message_is_told_as_the_inbox_shows_it(tmp_path: Path) -> None:
    async with receiver() as received, world(tmp_path) as w:
        await hook(w, received, EventKind.SMS_RECEIVED)
        w.virtual.incoming(0, "+79990000000", "длинное " * 20)
        await received.has(1)
        assert told(received, EventKind.SMS_RECEIVED) == (await w.get_json("/inbox?limit=10"))["inbox_list"]


async def test_a_device_is_told_of_when_it_can_be_used_and_when_not(tmp_path: Path) -> None:
    async with receiver() as received, world(tmp_path) as w:
        await hook(w, received, EventKind.DEVICE_STATUS)
        (device,) = await w.device_ids()
        w.virtual.fault(0, "deregister")
        await received.has(1)
        w.virtual.fault(0, "register")
        await received.has(2)
        await w.gateway.devices.switch(device, False)
        await received.has(3)
        await w.gateway.devices.switch(device, True)
        await received.has(4)
    lost, back, off, on = told(received, EventKind.DEVICE_STATUS)[:4]
    assert lost["state"] == "registering"
    assert lost["error"]
    assert back["state"] in ("ready", "sending")
    assert (off["state"], off["is_active"]) == ("disabled", False)
    assert (on["state"] in ("ready", "sending"), on["is_active"]) == (True, True)
    assert {one["device_id"] for one in (lost, back, off, on)} == {device}
    assert lost.keys() >= {"sim_list", "signal_dbm", "imei", "balances"}


async def test_what_a_modem_does_all_day_is_not_told(tmp_path: Path) -> None:
    async with receiver() as received, world(tmp_path) as w:
        await hook(w, received)
        ids = [await w.send(f"{n}") for n in range(20)]
        for id in ids:
            await w.reaches(id, 4)
        await received.has(60)
    assert told(received, EventKind.DEVICE_STATUS) == []
