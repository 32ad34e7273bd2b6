"""kill -9 at every point inside the AT dialogue, as the modem sees it: nothing is lost, nothing is doubled silently.

The line stands still at a chosen point while the daemon is killed; another one takes over what it finds: the rows, the
SIM's record and whatever is still on the line. The first part of all that is sent is a message of its own; the third is
the second one of a long message, and comes when the SIM's record has been seen to follow.
"""

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from crash_world import (
    INCOMING,
    LONG,
    MESSAGES,
    SENDER,
    AtStage,
    Client,
    Ending,
    Process,
    busy_daemon,
    daemon,
    incoming_texts,
    judge,
    make_token,
)

from simmodem import GENERIC, Profile, Rule, Stage, VirtualModems
from smsgw.model import Status
from world import DEADLINE_S, until

ARRIVES, UNKNOWN = frozenset({Status.DELIVERED}), frozenset({Status.SEND_ERROR})
STRUCK = {1: MESSAGES[0], 3: LONG}  # the message that the nth part belongs to

STORES_REPORTS = Profile(cnmi_advertised=((0, 1, 2), (0, 1), (0,), (0, 2), (0, 1)))
HANDS_OVER = Profile(cnmi_advertised=((0, 1), (0, 2), (0,), (0,), (0, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill when the modem reaches a stage for the nth time; with `heard`, once the daemon has read all up to there.

    `struck` counts the part that it strikes, `ends`, `taken` and `counted` are as in `Ending`. With `loses`, the
    incoming message that is on the line then may be gone. Beside the kill, `fault` may befall the modem.
    """

    stage: Stage
    nth: int = 1
    heard: bool = False
    why: str = ""
    struck: int = 0
    ends: frozenset[Status] | None = None
    taken: bool = True
    counted: bool = False
    loses: bool = False
    reports: bool = True
    report_delay: float = 0.0
    profile: Profile = GENERIC
    fault: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.stage}-{self.nth}{self.why and '-' + self.why}"

    @property
    def ending(self) -> Ending:
        return Ending(
            struck=STRUCK.get(self.struck or self.nth, ""),
            statuses=self.ends,
            taken=self.taken,
            counted=self.counted,
            lost=INCOMING[self.nth - 1] if self.loses else "",
            reports=self.reports,
        )


class Killer:
    """Carries out a kill among modems and a daemon; `at_stage` is what the modems tell it by."""

    def __init__(self, folder: Path, kill: Kill) -> None:
        self.victim: Process
        self.at_stage = AtStage(kill.stage, kill.nth, self._strike)
        self.virtual = VirtualModems(
            folder,
            profile=kill.profile,
            rules=[] if kill.reports else [Rule(reports=())],
            report_delay=(kill.report_delay, kill.report_delay),
            observer=self.at_stage,
        )
        self._kill = kill

    def _strike(self, modem: int) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while self._kill.heard and not self.virtual.is_heard(modem):
            assert time.monotonic() < deadline, "the daemon does not read"
        self.victim.kill()
        if self._kill.stage in (Stage.PROMPT, Stage.HALF_PDU):
            # What it still wrote must not carry the dialogue beyond the point where it died.
            self.virtual.lose_input(modem)


OUTGOING = [
    # Nothing has left. Before the first answer nobody knows whether the SIM's record is kept: it proves it afterwards.
    Kill(stage=Stage.PROMPT, nth=1),
    Kill(stage=Stage.PROMPT, nth=3),
    Kill(stage=Stage.HALF_PDU, nth=1),
    Kill(stage=Stage.HALF_PDU, nth=3),
    Kill(stage=Stage.CTRL_Z, nth=3, why="lost", fault={"kind": "lose_after_ctrl_z"}),
    # Nothing has been taken, but the record has moved on, or the modem has started again, which may lose a record.
    Kill(
        stage=Stage.CTRL_Z,
        nth=3,
        why="lost but counted",
        ends=UNKNOWN,
        taken=False,
        counted=True,
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
    Kill(stage=Stage.REFERENCE, nth=3, heard=True, why="no reports", reports=False, ends=UNKNOWN, counted=True),
    # Read and stored, read only, or on the line: in each case the report is still to come.
    Kill(stage=Stage.SENT, nth=1),
    Kill(stage=Stage.SENT, nth=3),
]  # fmt: skip


# The reports come when everything is sent: nothing but a report, or a message, is on the line.
REPORTS_LATER = 0.3
REPORTED = [
    Kill(stage=Stage.REPORT_HEADER, nth=3, heard=True, report_delay=REPORTS_LATER),
    # Read and not yet put down it is gone.
    Kill(stage=Stage.REPORT, nth=3, report_delay=REPORTS_LATER, ends=ARRIVES | {Status.SENT}),
    Kill(stage=Stage.REPORT_STORED, nth=3, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
    Kill(stage=Stage.READ, nth=len(INCOMING) + 1, struck=1, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
    Kill(stage=Stage.DELETED, nth=len(INCOMING) + 1, struck=1, report_delay=REPORTS_LATER, profile=STORES_REPORTS),
]

RECEIVED = [
    Kill(stage=Stage.MESSAGE_STORED, nth=3),
    Kill(stage=Stage.READ, nth=3),
    Kill(stage=Stage.DELETED, nth=3),
    Kill(stage=Stage.MESSAGE_HEADER, nth=1, heard=True, profile=HANDS_OVER, reports=False),
    Kill(stage=Stage.MESSAGE_HEADER, nth=3, heard=True, profile=HANDS_OVER, reports=False),
    # Nobody is asked whether it has arrived: read and not yet put down it is gone.
    Kill(stage=Stage.MESSAGE, nth=3, profile=HANDS_OVER, reports=False, loses=True),
]


@pytest.mark.parametrize("kill", OUTGOING + REPORTED, ids=str)
async def test_a_kill_while_a_part_goes_out(tmp_path: Path, kill: Kill) -> None:
    killer = Killer(tmp_path, kill)
    async with killer.virtual as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        if kill.fault:
            virtual.fault(0, after=kill.nth - 1, **kill.fault)
        async with busy_daemon(virtual, client) as killer.victim:
            assert await killer.victim.ends() == -9
        assert killer.at_stage.is_reached
        await judge(virtual, client, kill.ending)


@pytest.mark.parametrize("kill", RECEIVED, ids=str)
async def test_a_kill_while_a_message_comes_in(tmp_path: Path, kill: Kill) -> None:
    killer = Killer(tmp_path, kill)
    async with killer.virtual as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        async with daemon(tmp_path, virtual.paths) as killer.victim:
            await client.post(killer.victim, MESSAGES)
            await client.settled_messages(killer.victim, kill.ending.allows)
            for text in INCOMING:
                virtual.incoming(0, SENDER, text)
                await until(partial(is_over, killer, text), "the message stored, or the daemon killed")
            assert await killer.victim.ends() == -9
        assert killer.at_stage.is_reached
        await judge(virtual, client, kill.ending)


async def is_over(killer: Killer, text: str) -> bool:
    return killer.at_stage.is_reached or text in incoming_texts(killer.virtual.directory)
