"""Random histories of a queue: whatever modems, networks and clients do, no move is illegal and every message ends."""

import asyncio
import json
import tempfile
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smsgw import policy
from smsgw.at.errors import ErrorKind, describe
from smsgw.config import Config, ModemConfig, SimConfig, StoreConfig
from smsgw.errors import BadTtl, MessageBusy, NotInTime
from smsgw.gateway import Gateway
from smsgw.gateway.devices import DeviceSwitchedOff
from smsgw.model import ClaimedMessage, EventKind, PartState, ReceivedReport, SendRequest, Standstill, Status
from support import LONG_S, Clock, open_gateway, with_sending

SIMS = {"north": "8944000000000000001", "south": "8944000000000000002"}
IMEI, MARK = "490154203237518", 123
NUMBERS = ("79991234567", "79997654321")
TEXTS = ("short", "ы" * 150)
REFUSALS = (1, 8, 8, 21, 41, 42, 69, 111, 302, 316, 322, 331, 332, 500, 512, 513)
PER_MINUTE, PER_HOUR = 2, 6  # of the one SIM that has limits
OUTCOMES = st.sampled_from(("accepted", "accepted", "accepted", "bare", "not sent", "unknown", "left", *REFUSALS))
TOLD = (0x00, 0x30, 0x42, 0x46)


@dataclass
class Hand:
    """What the worker of one modem has in hand: a claimed message, the parts left, the one on the wire."""

    claimed: ClaimedMessage
    left: list[int]
    on_wire: int | None = None


class Histories(RuleBasedStateMachine):
    """Two modems' workers, clients, networks and the clock, one step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.stack = AsyncExitStack()
        self.hands: dict[str, Hand] = {}
        self.references = dict.fromkeys(SIMS, 0)
        self.gone: set[int] = set()  # the parts that have left a modem
        self.ids: list[str] = []
        self.submitted: list[int] = []  # when the limited SIM has submitted something that the network may have
        self.gateway = self.start()
        self.devices = {d.name: d.id for d in self.do(self.gateway.devices.listed())}
        for name, sim in SIMS.items():
            self.do(self.gateway.devices.sim_seen(self.devices[name], sim, None, 1))
            self.do(self.gateway.sending.record_learned(sim, IMEI))
            self.do(self.gateway.devices.boot_marked(sim, MARK))

    def do(self, action: Any) -> Any:
        return self.runner.run(action)

    def start(self) -> Gateway:
        config = Config(
            store=StoreConfig(path=str(Path(self.folder.name) / "smsgw.db")),
            modems=(
                ModemConfig(name="north", port="/dev/north"),
                ModemConfig(
                    name="south",
                    port="/dev/south",
                    sims=(SimConfig(per_minute=PER_MINUTE, per_hour=PER_HOUR, recipients_per_month=1, gap_s=3),),
                ),
            ),
        )
        config = with_sending(config, ttl_s=3_600, attempts=3)
        gateway: Gateway = self.do(self.stack.enter_async_context(open_gateway(config, self.clock)))
        return gateway

    def teardown(self) -> None:
        self.kill_and_start()
        for _ in range(3):
            self.clock.advance(4_000)
            self.do(self.gateway.housekeeping.sweep(LONG_S))
        ends = {self.do(self.gateway.messages.get(id)).status for id in self.ids}
        self.assert_everything_was_told()
        self.do(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()
        assert ends <= {Status.SENT, Status.SEND_ERROR, Status.DELIVERED, Status.DELIVERY_ERROR}

    def assert_everything_was_told(self) -> None:
        """What is told of each message is what its history says, no more and no less."""
        told = self.do(self.gateway.events.after(0, [EventKind.SMS_STATUS], 100_000))
        assert {event.subject for event in told} <= set(self.ids)
        for id in self.ids:
            history = [entry.status for entry in self.do(self.gateway.messages.detail(id)).timeline]
            changes = [now for before, now in pairwise(history) if now is not before]
            assert [json.loads(event.data)["status"] for event in told if event.subject == id] == changes

    # ── clients and time ──

    @initialize(texts=st.lists(st.sampled_from(TEXTS), min_size=3, max_size=8))
    def begin_with(self, texts: list[str]) -> None:
        for text in texts:
            self.submit(text, NUMBERS[0], "", None, 0)

    @rule(
        text=st.sampled_from(TEXTS),
        number=st.sampled_from(NUMBERS),
        pinned=st.sampled_from(("", *SIMS)),
        wanted=st.sampled_from((None, "fail", "resend")),
        later_s=st.sampled_from((0, 30)),
    )
    def submit(self, text: str, number: str, pinned: str, wanted: str | None, later_s: int) -> None:
        request = SendRequest(
            text=text,
            phone_number=number,
            device_id=self.devices[pinned] if pinned else "",
            on_uncertain=wanted,
            send_at=self.clock.now + later_s * 1_000,
        )
        with suppress(NotInTime, BadTtl):
            self.ids.append(self.do(self.gateway.submission.submit(request, None)))

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        id = data.draw(st.sampled_from(self.ids))
        try:
            self.do(self.gateway.messages.delete(id))
        except MessageBusy:
            assert any(hand.claimed.id == id for hand in self.hands.values())
        else:
            self.ids.remove(id)

    @rule(seconds=st.sampled_from((1, 10, 200, 700)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.do(self.gateway.housekeeping.sweep(LONG_S))

    @rule()
    def modems_are_online(self) -> None:
        for device in self.devices.values():
            self.do(self.gateway.devices.seen(device, None))

    @rule()
    def kill_and_start(self) -> None:
        """A kill leaves what workers have in hand as it is."""
        self.hands.clear()
        self.clock.advance(1)  # the ids of a new process are told from those of the last by the second
        self.do(self.stack.aclose())
        self.stack = AsyncExitStack()
        self.gateway = self.start()

    # ── workers ──

    @rule(name=st.sampled_from(tuple(SIMS)), outcomes=st.lists(OUTCOMES, min_size=1, max_size=10))
    def work(self, name: str, outcomes: list[str | int]) -> None:
        for outcome in outcomes:
            self.take_step(name, outcome)

    def take_step(self, name: str, outcome: str | int) -> None:
        """A worker claims, puts a part on the wire, or learns what became of it."""
        hand = self.hands.get(name)
        if hand is None:
            self.claim(name)
        elif hand.on_wire is None:
            if self.stands_still(name):
                self.do(self.gateway.sending.give_back(hand.claimed.row))
                del self.hands[name]
                return
            hand.on_wire = hand.left.pop(0)
            before = self.references[name]
            self.do(self.gateway.sending.submitting(hand.on_wire, self.devices[name], SIMS[name], before))
        elif not self.is_taken(name, hand.on_wire, outcome) or not hand.left:
            del self.hands[name]
        else:
            hand.on_wire = None

    def stands_still(self, name: str) -> bool:
        row = self.hands[name].claimed.row
        found = self.do(self.gateway.sending.between_parts(row, self.devices[name], SIMS[name], 1))
        assert not isinstance(found, Standstill) or found.until > self.clock.now
        return found is not None

    def claim(self, name: str) -> None:
        claimed = self.do(self.gateway.sending.claim(self.devices[name], SIMS[name], 1, self.references[name]))
        if isinstance(claimed, Standstill):
            assert claimed.until > self.clock.now
        if isinstance(claimed, ClaimedMessage):
            assert claimed.id in self.ids
            assert all(hand.claimed.id != claimed.id for hand in self.hands.values())
            first, *rest = [part.row for part in claimed.parts]
            assert not self.gone.intersection((first, *rest)), "what has left is sent again"
            self.hands[name] = Hand(claimed, rest, on_wire=first)

    def is_taken(self, name: str, part: int, outcome: str | int) -> bool:
        """Store an outcome; tells whether the worker goes on with the message."""
        sending = self.gateway.sending
        if isinstance(outcome, int):
            refused = sending.refused(part, describe(ErrorKind.CMS, outcome), f"+CMS ERROR: {outcome}")
            return self.do(refused).next is policy.Next.ACCEPTED
        if outcome != "not sent" and name == "south":
            self.submitted.append(self.clock.now)
        if outcome == "left":
            self.leave(name, part)
        if outcome in ("not sent", "unknown", "left"):
            self.do((sending.not_sent if outcome == "not sent" else sending.unknown)(part, "the line was lost"))
            return False
        self.leave(name, part)
        self.do(sending.accepted(part, SIMS[name], None if outcome == "bare" else self.references[name]))
        return True

    def leave(self, name: str, part: int) -> None:
        """The SIM counts a part that goes out."""
        self.references[name] = (self.references[name] + 1) % 4
        self.gone.add(part)

    @rule(name=st.sampled_from(tuple(SIMS)))
    def leave_and_be_killed(self, name: str) -> None:
        """Nobody sees any more that a part goes out."""
        hand = self.hands.get(name)
        if hand is not None and hand.on_wire is not None:
            self.leave(name, hand.on_wire)
            if name == "south":
                self.submitted.append(self.clock.now)
            self.kill_and_start()

    @rule(name=st.sampled_from(tuple(SIMS)))
    def stop_between_parts(self, name: str) -> None:
        hand = self.hands.get(name)
        if hand is not None and hand.on_wire is None:
            self.do(self.gateway.sending.give_back(hand.claimed.row))
            del self.hands[name]

    # ── what comes later ──

    @rule(
        name=st.sampled_from(tuple(SIMS)),
        reference=st.integers(0, 3),
        number=st.sampled_from(NUMBERS),
        said=st.sampled_from(TOLD),
    )
    def report(self, name: str, reference: int, number: str, said: int) -> None:
        told = ReceivedReport(
            reference=reference,
            recipient=number,
            service_centre_time=self.clock.now,
            status=said,
            pdu=bytes([6, reference, said]),
        )
        self.do(self.gateway.reports.report_received(SIMS[name], told))

    @rule(name=st.sampled_from(tuple(SIMS)), reference=st.integers(0, 3))
    def late_answer(self, name: str, reference: int) -> None:
        if name not in self.hands:
            self.do(self.gateway.sending.answered_late(SIMS[name], reference))

    @rule(name=st.sampled_from(tuple(SIMS)))
    def sim_testifies(self, name: str) -> None:
        if name not in self.hands:
            self.do(self.gateway.sending.sim_remembers(SIMS[name], IMEI, MARK, self.references[name]))

    @rule(name=st.sampled_from(tuple(SIMS)), keeps=st.booleans())
    def modem_is_learned(self, name: str, keeps: bool) -> None:
        self.do(self.gateway.sending.record_learned(SIMS[name], IMEI if keeps else None))

    @rule(name=st.sampled_from(tuple(SIMS)), on=st.booleans())
    def switch(self, name: str, on: bool) -> None:
        self.do(self.gateway.devices.switch(self.devices[name], on))
        if not on:
            try:
                claimed = self.do(self.gateway.sending.claim(self.devices[name], SIMS[name], 1, self.references[name]))
            except DeviceSwitchedOff:
                claimed = None
            assert claimed is None
            self.do(self.gateway.devices.switch(self.devices[name], True))

    @invariant()
    def the_limits_hold(self) -> None:
        for seconds, limit in ((60, PER_MINUTE), (3_600, PER_HOUR)):
            for begin in self.submitted:
                within = [moment for moment in self.submitted if begin <= moment < begin + seconds * 1_000]
                assert len(within) <= limit

    @invariant()
    def the_status_follows_from_the_parts(self) -> None:
        held = {hand.claimed.id for hand in self.hands.values()}
        for id in self.ids:
            detail = self.do(self.gateway.messages.detail(id))
            states = [part.state for part in detail.parts]
            status = detail.message.status
            assert policy.roll_up(states, status, held=id in held) is status
            if status is Status.PROCESSING:
                assert id in held or {PartState.UNCERTAIN, PartState.LEFT} & set(states), "nobody will ever end this"
            assert detail.timeline[-1].status is status


Histories.TestCase.settings = settings(
    max_examples=60, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
test_random_histories = Histories.TestCase
