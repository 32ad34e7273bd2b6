"""kill -9 at every point inside the AT dialogue, as the modem sees it: nothing is lost, nothing is doubled silently.

The line stands still at a chosen point while the daemon is killed; another one takes over what it finds: the rows, the
SIM's record and whatever is still on the line. The first part of all that is sent is "first", the third is the second
one of a long message, when the SIM's record has been seen to follow.
"""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from crash_world import Client, Process, daemon, incoming_texts, make_token

from simmodem import GENERIC, Profile, Rule, Stage, VirtualModems
from smsgw.model import Status
from world import DEADLINE_S, until

NUMBER, SENDER = "79991234567", "+79990000000"
LONG = "длинное " * 20  # three parts
MESSAGES = ["first", LONG, "third"]
STRUCK = {1: "first", 3: LONG}  # the message that the nth part belongs to
INCOMING = [f"incoming {number}" for number in range(4)]
ARRIVES, UNKNOWN = {Status.DELIVERED}, {Status.SEND_ERROR}

STORES_REPORTS = Profile(cnmi_advertised=((0, 1, 2), (0, 1), (0,), (0, 2), (0, 1)))
HANDS_OVER = Profile(cnmi_advertised=((0, 1), (0, 2), (0,), (0,), (0, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill when the modem reaches a stage for the nth time; with `heard`, once the daemon has read all up to there.

    `struck` counts the part that it strikes, `ends` says how the message of that may end (as all others if it is None),
    `taken` whether the network has the part. With `loses`, the incoming message that is on the line then may be gone.
    Beside the kill, `fault` may befall the modem.
    """

    stage: Stage
    nth: int = 1
    heard: bool = False
    why: str = ""
    struck: int = 0
    ends: set[Status] | None = None
    taken: bool = True
    loses: bool = False
    reports: bool = True
    report_delay: float = 0.0
    profile: Profile = GENERIC
    fault: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.stage}-{self.nth}{self.why and '-' + self.why}"


class Killer:
    """Kills a daemon at a stage: an observer of modems."""

    def __init__(self, kill: Kill) -> None:
        self.victim: Process
        self.virtual: VirtualModems
        self.has_struck = False
        self._kill = kill
        self._seen = 0

    def __call__(self, modem: int, stage: Stage) -> None:
        self._seen += stage is self._kill.stage
        if self._seen == self._kill.nth and not self.has_struck:
            self.has_struck = True
            self._strike(modem)

    def _strike(self, modem: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while self._kill.heard and not self.virtual.is_heard(modem):
            assert time.monotonic() < deadline, "the daemon does not read"
        self.victim.kill()
        if self._kill.stage in (Stage.PROMPT, Stage.HALF_PDU):
            # What it still wrote must not carry the dialogue beyond the point where it died.
            self.virtual.lose_input(modem)


def modems(folder: Path, kill: Kill, killer: Killer) -> VirtualModems:
    rules = [] if kill.reports else [Rule(reports=())]
    delay = (kill.report_delay, kill.report_delay)
    return VirtualModems(folder, profile=kill.profile, rules=rules, report_delay=delay, observer=killer)


OUTGOING = [
    # Nothing has left. Before the first answer nobody knows whether the SIM's record is kept, so it proves nothing.
    Kill(stage=Stage.PROMPT, nth=1, ends=UNKNOWN, taken=False),
    Kill(stage=Stage.PROMPT, nth=3),
    Kill(stage=Stage.HALF_PDU, nth=1, ends=UNKNOWN, taken=False),
    Kill(stage=Stage.HALF_PDU, nth=3),
    Kill(stage=Stage.CTRL_Z, nth=3, why="lost", fault={"kind": "lose_after_ctrl_z"}),
    # Nothing has been taken, but the record has moved on, or the modem has started again, which may lose a record.
    Kill(
        stage=Stage.CTRL_Z,
        nth=3,
        why="lost but counted",
        ends=UNKNOWN,
        taken=False,
        fault={"kind": "lose_after_ctrl_z", "reaches_network": True},
    ),
    Kill(
        stage=Stage.CTRL_Z, nth=3, why="restart", ends=UNKNOWN, taken=False, fault={"kind": "reboot_mid_send"}
    ),
    # The answer lies on the line for the next session.
    Kill(stage=Stage.CTRL_Z, nth=1),
    Kill(stage=Stage.CTRL_Z, nth=3),
    Kill(stage=Stage.TAKEN, nth=1),
    Kill(stage=Stage.TAKEN, nth=3),
    Kill(stage=Stage.TAKEN, nth=3, why="no reports", reports=False),
    # The reference died with the daemon; only a report can tell.
    Kill(stage=Stage.REFERENCE, nth=1, heard=True),
    Kill(stage=Stage.REFERENCE, nth=3, heard=True),
    Kill(stage=Stage.REFERENCE, nth=1, heard=True, why="no reports", reports=False, ends=UNKNOWN),
    Kill(stage=Stage.REFERENCE, nth=3, heard=True, why="no reports", reports=False, ends=UNKNOWN),
    # Read and stored, read only, or on the line: in each case the report is still to come.
    Kill(stage=Stage.SENT, nth=1),
    Kill(stage=Stage.SENT, nth=3),
]  # fmt: skip


# The reports come when everything is sent: nothing but a report, or a message, is on the line.
REPORTS_LATER = 0.3
REPORTED = [
    Kill(stage=Stage.REPORT_HEADER, nth=1, heard=True, report_delay=REPORTS_LATER),
    Kill(stage=Stage.REPORT_HEADER, nth=3, heard=True, report_delay=REPORTS_LATER),
    # Read and not yet put down it is gone.
    Kill(stage=Stage.REPORT, nth=1, report_delay=REPORTS_LATER, ends={Status.SENT, Status.DELIVERED}),
    Kill(stage=Stage.REPORT, nth=3, report_delay=REPORTS_LATER, ends={Status.SENT, Status.DELIVERED}),
    Kill(stage=Stage.REPORT_STORED, nth=1, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
    Kill(stage=Stage.REPORT_STORED, nth=3, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
    Kill(stage=Stage.READ, nth=len(INCOMING) + 1, struck=1, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
    Kill(stage=Stage.DELETED, nth=len(INCOMING) + 1, struck=1, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
]

RECEIVED = [
    Kill(stage=Stage.MESSAGE_STORED, nth=1),
    Kill(stage=Stage.MESSAGE_STORED, nth=3),
    Kill(stage=Stage.READ, nth=1),
    Kill(stage=Stage.READ, nth=3),
    Kill(stage=Stage.DELETED, nth=1),
    Kill(stage=Stage.DELETED, nth=3),
    Kill(stage=Stage.MESSAGE_HEADER, nth=1, heard=True, profile=HANDS_OVER, reports=False),
    Kill(stage=Stage.MESSAGE_HEADER, nth=3, heard=True, profile=HANDS_OVER, reports=False),
    # Nobody is asked whether it has arrived: read and not yet put down it is gone.
    Kill(stage=Stage.MESSAGE, nth=1, profile=HANDS_OVER, reports=False, loses=True),
    Kill(stage=Stage.MESSAGE, nth=3, profile=HANDS_OVER, reports=False, loses=True),
]


@pytest.mark.parametrize("kill", OUTGOING + REPORTED, ids=str)
async def test_a_kill_while_a_part_goes_out(tmp_path: Path, kill: Kill) -> None:
    killer = Killer(kill)
    async with modems(tmp_path, kill, killer) as killer.virtual:
        virtual, client = killer.virtual, Client(await make_token(tmp_path, killer.virtual.paths))
        virtual.fault(0, "deregister")
        if kill.fault:
            virtual.fault(0, after=kill.nth - 1, **kill.fault)
        async with daemon(tmp_path, virtual.paths) as killer.victim:
            await client.post(killer.victim, numbered(MESSAGES))
            assert len(client.promised) == len(MESSAGES)
            for text in INCOMING:
                virtual.incoming(0, SENDER, text)
            virtual.fault(0, "register")
            assert await killer.victim.ends() == -9
        assert killer.has_struck
        await judge(tmp_path, virtual, client, kill)


@pytest.mark.parametrize("kill", RECEIVED, ids=str)
async def test_a_kill_while_a_message_comes_in(tmp_path: Path, kill: Kill) -> None:
    killer = Killer(kill)
    async with modems(tmp_path, kill, killer) as killer.virtual:
        virtual, client = killer.virtual, Client(await make_token(tmp_path, killer.virtual.paths))
        async with daemon(tmp_path, virtual.paths) as killer.victim:
            await client.post(killer.victim, numbered(["first"]))
            await client.settled_messages(killer.victim)
            for text in INCOMING:
                virtual.incoming(0, SENDER, text)
                await until(partial(is_stored, tmp_path, killer, text), "the message stored, or the daemon killed")
            assert await killer.victim.ends() == -9
        assert killer.has_struck
        await judge(tmp_path, virtual, client, kill)


async def is_stored(folder: Path, killer: Killer, text: str) -> bool:
    return killer.has_struck or text in incoming_texts(folder)


async def judge(folder: Path, virtual: VirtualModems, client: Client, kill: Kill) -> None:
    """Let another daemon finish the work; hold what clients were told against what network and database have."""
    usual = ARRIVES if kill.reports else {Status.SENT}
    struck = STRUCK.get(kill.struck or kill.nth)

    def ending(text: str) -> set[Status]:
        return kill.ends if kill.ends and text == struck else usual

    async with daemon(folder, virtual.paths) as heir:
        await client.post(heir, numbered(["posted after the kill"]))
        messages = await client.settled_messages(heir, lambda m: m["status"] in ending(m["message"]))

        async def all_stored() -> bool:
            missing = set(INCOMING) - set(incoming_texts(folder))
            return missing <= ({INCOMING[kill.nth - 1]} if kill.loses else set())

        await until(all_stored, "every incoming message stored")
    assert client.promised == [message["id"] for message in reversed(messages)]
    assert max(Counter(part.pdu for part in virtual.network.ledger).values()) == 1, "a part was sent twice"
    for message in messages:
        taken = [part for part in virtual.network.ledger if part.text in message["message"]]
        if message["status"] == Status.SEND_ERROR:
            assert message["error"]["reason"] == "outcome_unknown"
            assert len(taken) == kill.taken + (message["message"] == LONG)
        else:
            assert len(taken) == len(message["parts"])
    assert max(Counter(incoming_texts(folder)).values()) == 1, "an incoming message was stored twice"


def numbered(texts: Iterable[str]) -> list[tuple[str, str]]:
    return [(text, NUMBER) for text in texts]
