"""Fixtures of the tests with a whole daemon."""

import pytest

from smsgw.at.commands import Command
from smsgw.modem.link import Link


@pytest.fixture
def bring_ups(monkeypatch: pytest.MonkeyPatch) -> list[Link]:
    """Notes each link on which a modem is brought up."""
    seen: list[Link] = []
    synchronise = Link.synchronise

    async def noting(link: Link) -> None:
        seen.append(link)
        await synchronise(link)

    monkeypatch.setattr(Link, "synchronise", noting)
    return seen


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes what modems are ordered that need not answer."""
    given: list[str] = []
    order = Link.order

    async def noting(link: Link, command: Command) -> bool:
        given.append(command.line)
        return await order(link, command)

    monkeypatch.setattr(Link, "order", noting)
    return given
