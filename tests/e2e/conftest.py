"""Fixtures of the tests with a whole daemon."""

import pytest

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
