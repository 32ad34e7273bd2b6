"""The radio link that is kept between two messages: when a modem is asked to, and what comes of its answers."""

import pytest
from scripted_peer import IMPATIENT, Peer, framed, in_turn

from configuring import NORTH, modem as configured, the_mistake
from smsgw.modem import kept_link
from smsgw.modem.driver import Modem
from smsgw.modem.kept_link import KeptLink
from smsgw.modem.link import Link, NotSent, OutcomeUnknown, Refused

OK = framed("OK")
ACCEPTED = framed("+CMGS: 64", "OK")
PDU = bytes.fromhex("0031000C914477000910320000A70AE8329BFD4697D9EC37")
KEEP, LET_GO, SEND = "AT+CMMS=1", "AT+CMMS=0", "AT+CMGS=23"


class Clock:
    """A monotonic clock that moves only when told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    chosen = Clock()
    monkeypatch.setattr(kept_link, "time", chosen)
    return chosen


@pytest.fixture
async def modem(peer: Peer, link: Link, clock: Clock) -> Modem:
    peer.answers |= {KEEP: OK, LET_GO: OK}
    peer.commands.clear()
    return Modem(link, kept_link=KeptLink("north", is_wanted=True))


async def send(modem: Modem, times: int = 1) -> list[int | None]:
    return [await modem.send_pdu(PDU, 23) for _ in range(times)]


async def test_it_is_kept_only_where_the_operator_wants_that(peer: Peer, link: Link) -> None:
    peer.commands.clear()
    assert await send(Modem(link)) == [64]
    assert peer.commands == [SEND]
    assert not configured(NORTH).keep_link
    assert configured(f"{NORTH}keep_link = true").keep_link
    assert the_mistake(f"{NORTH}keep_link = 'yes'").startswith("modems.north.keep_link: true or false is needed")


async def test_a_modem_is_asked_once_while_messages_follow_each_other(peer: Peer, modem: Modem, clock: Clock) -> None:
    assert await send(modem, 3) == [64, 64, 64]
    assert peer.commands == [KEEP, SEND, SEND, SEND]


async def test_after_a_pause_it_is_asked_again(peer: Peer, modem: Modem, clock: Clock) -> None:
    await send(modem)
    clock.now += 0.9
    await send(modem)
    clock.now += 1.0
    await send(modem)
    assert peer.commands == [KEEP, SEND, SEND, KEEP, SEND]


async def test_a_new_session_expects_nothing_of_the_one_before(peer: Peer, link: Link, clock: Clock) -> None:
    peer.answers |= {KEEP: OK}
    peer.commands.clear()
    kept = KeptLink("north", is_wanted=True)
    await send(Modem(link, kept_link=kept))
    kept.begin()
    await send(Modem(link, kept_link=kept))
    assert peer.commands == [KEEP, SEND, KEEP, SEND]


@pytest.mark.parametrize("answer", ["ERROR", "+CMS ERROR: 303", "+CME ERROR: 4"])
async def test_a_modem_that_refuses_sends_as_ever_and_is_not_asked_again(
    peer: Peer, modem: Modem, clock: Clock, answer: str
) -> None:
    peer.answers[KEEP] = framed(answer)
    assert await send(modem) == [64]
    clock.now += 60
    assert await send(modem) == [64]
    assert peer.commands == [KEEP, SEND, SEND]


@pytest.mark.parametrize("code", [81, 98, 528])
async def test_a_refusal_on_account_of_the_link_lets_go_of_it(
    peer: Peer, modem: Modem, clock: Clock, code: int
) -> None:
    peer.result = in_turn(framed(f"+CMS ERROR: {code}"), ACCEPTED)
    with pytest.raises(Refused):
        await send(modem)
    clock.now += 60
    assert await send(modem, 2) == [64, 64]
    assert peer.commands == [KEEP, SEND, LET_GO, SEND, SEND]


async def test_any_other_refusal_is_no_reason_to_let_go_of_it(peer: Peer, modem: Modem) -> None:
    peer.result = in_turn(framed("+CMS ERROR: 41"), ACCEPTED)
    with pytest.raises(Refused):
        await send(modem)
    assert await send(modem) == [64]
    assert peer.commands == [KEEP, SEND, KEEP, SEND]


async def test_the_same_refusal_without_a_kept_link_changes_nothing(peer: Peer, modem: Modem) -> None:
    peer.answers[KEEP] = framed("ERROR")
    peer.result = in_turn(framed("+CMS ERROR: 528"), ACCEPTED)
    with pytest.raises(Refused):
        await send(modem)
    assert await send(modem) == [64]
    assert peer.commands == [KEEP, SEND, SEND]


@pytest.mark.parametrize("command", [KEEP, LET_GO])
async def test_a_port_that_dies_over_it_has_sent_nothing(peer: Peer, modem: Modem, command: str) -> None:
    def die() -> str:
        peer.unplug()
        return ""

    peer.result = framed("+CMS ERROR: 528")
    peer.answers[command] = die
    if command == LET_GO:
        with pytest.raises(Refused):
            await send(modem)
        peer.bodies.clear()
    with pytest.raises(NotSent):
        await send(modem)
    assert peer.bodies == []


async def test_a_modem_that_falls_silent_over_it_is_asked_twice_and_then_sends_without(peer: Peer) -> None:
    peer.answers[KEEP] = ""
    kept = KeptLink("north", is_wanted=True)
    for _ in range(2):
        async with Link.open(peer.address, pace=IMPATIENT) as link:
            await link.synchronise()
            kept.begin()
            with pytest.raises(NotSent):
                await send(Modem(link, kept_link=kept))
    async with Link.open(peer.address, pace=IMPATIENT) as link:
        await link.synchronise()
        kept.begin()
        assert await send(Modem(link, kept_link=kept)) == [64]
    assert peer.commands.count(KEEP) == 2


async def test_what_goes_wrong_behind_the_pdu_is_as_unknown_as_ever(peer: Peer, modem: Modem) -> None:
    def die() -> str:
        peer.unplug()
        return ""

    peer.result = die
    with pytest.raises(OutcomeUnknown):
        await send(modem)
