"""A database that is found damaged: no new messages although there are places for them, and health that tells."""

import pytest
from api_client import opened

from files import damage_table, make
from smsgw.config import Config
from smsgw.errors import StorageUnavailable
from support import Clock


async def test_once_damage_is_known_nothing_new_is_taken(config: Config, clock: Clock) -> None:
    damage_table(await make(config), "inbound_parts")
    async with opened(config, clock) as api:
        # What nobody has met nobody knows.
        assert (await api.send()).status == 200
        assert (await api.call("GET", "/health")).status == 200
        with pytest.raises(StorageUnavailable):
            await api.gateway.inbox.received(await api.device(), "sim", b"pdu")
        refused = await api.send()
        assert (refused.status, refused.code) == (503, 4004)
        assert "файл базы повреждён" in refused.text
        health = await api.call("GET", "/health")
        assert (health.status, "файл базы повреждён" in health.json["reasons"][0]) == (503, True)
        # What is whole can still be read.
        assert (await api.listed())["pagination"]["total_records"] == 1
