"""Where on USB the modems were met: kept over a restart, and for one modem in each socket."""

import os
from dataclasses import replace

from smsgw.config import Config
from smsgw.gateway import Gateway
from smsgw.model import UsbPlace
from support import Clock, open_gateway

PLACE = UsbPlace(socket="1-1.4", make="2c7c:0125:", interface=2)
ELSEWHERE = replace(PLACE, socket="1-1.3")


async def places(gateway: Gateway) -> list[UsbPlace | None]:
    return [device.place for device in await gateway.devices.listed()]


async def test_a_modem_that_was_never_met_is_nowhere(gateway: Gateway) -> None:
    assert await places(gateway) == [None, None]


async def test_where_it_was_met_last_is_known_after_a_restart(config: Config, clock: Clock) -> None:
    async with open_gateway(config, clock) as gateway:
        north = (await gateway.devices.listed())[0].id
        await gateway.devices.placed(north, PLACE)
        await gateway.devices.placed(north, ELSEWHERE)
    async with open_gateway(config, clock) as gateway:
        assert await places(gateway) == [ELSEWHERE, None]


async def test_who_was_in_a_socket_before_is_there_no_more_whatever_is_there_now(gateway: Gateway) -> None:
    north, south = [device.id for device in await gateway.devices.listed()]
    await gateway.devices.placed(north, PLACE)
    await gateway.devices.placed(south, ELSEWHERE)
    assert await places(gateway) == [PLACE, ELSEWHERE]
    other = replace(PLACE, make="1e0e:9001:7", interface=3)
    await gateway.devices.placed(south, other)
    assert await places(gateway) == [None, other]


async def test_it_is_forgotten_where_a_modem_was_when_another_one_is_there(gateway: Gateway) -> None:
    north, south = [device.id for device in await gateway.devices.listed()]
    await gateway.devices.placed(north, PLACE)
    await gateway.devices.placed(south, ELSEWHERE)
    await gateway.devices.displaced(north)
    assert await places(gateway) == [None, ELSEWHERE]


def written(config: Config) -> tuple[int, int]:
    """Tell how much was written to the log of the database, and when last."""
    log = os.stat(f"{config.store.path}-wal")
    return log.st_size, log.st_mtime_ns


async def test_what_is_known_already_is_not_written_again(config: Config, gateway: Gateway) -> None:
    north = (await gateway.devices.listed())[0].id
    await gateway.devices.placed(north, PLACE)
    before = written(config)
    await gateway.devices.placed(north, PLACE)
    assert written(config) == before
    await gateway.devices.placed(north, ELSEWHERE)
    assert written(config) != before
