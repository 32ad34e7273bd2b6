"""python-gsmmodem, written by others for real modems, sends and receives through the virtual one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from peers import INCOMING, OUTGOING, PARTS, RECIPIENT, accepted, comes_to

from simmodem import Profile, Rule, VirtualModems

pytestmark = pytest.mark.interop

# It begins to wait for a report only when it has the answer to its send.
REPORT_DELAY_S = 0.5
# It looks for messages in "ME" if there is one.
MESSAGES_IN_ME = Profile(memories=(("ME", 50), ("SM", 20), ("SR", 10)))


class Peer:
    """The library on a modem; it blocks, so it works in threads, and what it says it says in threads of its own."""

    def __init__(self, vm: VirtualModems) -> None:
        # Not everybody who collects these tests has it.
        from gsmmodem.modem import GsmModem, SentSms

        self.delivered = SentSms.DELIVERED
        self.received: list[Any] = []
        self.modem = GsmModem(str(vm.paths[0]), smsReceivedCallbackFunc=self.received.append)

    async def does(self, verb: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return await asyncio.to_thread(verb, *arguments, **more)

    def texts(self) -> list[tuple[str, str]]:
        """Give sender and text of what came in, the parts of a long message joined."""
        parts = sorted((sms.number, *_place(sms), sms.text) for sms in list(self.received))
        joined = groupby(parts, key=lambda part: part[:2])
        return sorted((number, "".join(part[-1] for part in group)) for (number, _), group in joined)


def _place(sms: Any) -> tuple[str, int]:
    """Tell which message a part belongs to, and its number there."""
    for element in sms.udh:
        if hasattr(element, "reference"):
            return f"{element.reference}", element.number
    return sms.text, 1


@pytest.fixture
async def vm(tmp_path: Path) -> AsyncIterator[VirtualModems]:
    delay = (REPORT_DELAY_S, REPORT_DELAY_S)
    async with VirtualModems(tmp_path, report_delay=delay, profile=MESSAGES_IN_ME) as vm:
        yield vm


@asynccontextmanager
async def connected(vm: VirtualModems) -> AsyncIterator[Peer]:
    peer = Peer(vm)
    await peer.does(peer.modem.connect)
    try:
        yield peer
    finally:
        await peer.does(peer.modem.close)


async def test_what_python_gsmmodem_sends_arrives_once_and_is_reported(vm: VirtualModems) -> None:
    # While it reads one report it is deaf for the next: of the long message only the last part is reported.
    vm.network.rules += [Rule(nth=part, reports=()) for part in range(len(OUTGOING), PARTS)]
    async with connected(vm) as peer:
        for text in OUTGOING:
            sms = await peer.does(peer.modem.sendSms, RECIPIENT, text, waitForDeliveryReport=True)
            assert (sms.report.reference, sms.status) == (vm.network.ledger[-1].mr, peer.delivered)
    assert accepted(vm) == Counter(OUTGOING)
    assert len(vm.network.ledger) == PARTS


async def test_python_gsmmodem_takes_in_what_the_network_delivers(vm: VirtualModems) -> None:
    *short, long = INCOMING
    vm.incoming(0, *long)
    async with connected(vm) as peer:
        await peer.does(peer.modem.processStoredSms)
        assert peer.texts() == [long]
        for number, (sender, text) in enumerate(short, 1):
            vm.incoming(0, sender, text)
            await comes_to(peer.texts, sorted([long, *short[:number]]))
            await comes_to(lambda: [memory.slots for memory in vm.modems[0].state.storage.memories.values()], [{}] * 3)
