"""Use-cases of canaries: sending those that are due, knowing them when they arrive, and judging those that do not.

A canary is an ordinary message that belongs to no client. What it says cannot be guessed, so that nobody else can make
an incoming message vanish: only what was put on the wire, comes to the right SIM and has not come before is one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial

from smsgw.config import CanaryConfig, SimConfig
from smsgw.errors import CallerError
from smsgw.gateway import limits
from smsgw.gateway.devices import Devices
from smsgw.gateway.submission import Submission
from smsgw.model import CanaryReport, CanaryState, Flight, Hindrance, Reason, SendRequest, Status
from smsgw.policy import canary as rules
from smsgw.store import canaries, devices, sims
from smsgw.store.db import Database, Tx

_SECOND_MS = 1_000
_HOUR_MS = 3_600 * _SECOND_MS
# The network keeps none for longer than a day; what comes after this is an incoming message like any other.
_KNOWN_FOR_MS = 30 * 24 * _HOUR_MS
_MARK = "smsgw canary "
_TOKEN_OCTETS = 8
_AFTER_ALL_OTHERS = 0  # priority


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """A SIM that a canary goes from or to."""

    device: str
    slot: int
    limits: SimConfig


class Canaries:
    """The canaries of the configuration. `zone` is where quiet hours and months are meant."""

    def __init__(
        self,
        db: Database,
        configured: tuple[CanaryConfig, ...],
        devices: Devices,
        submission: Submission,
        zone: tzinfo,
        changed: Callable[[], None],
    ) -> None:
        self._db = db
        self._configured = configured
        self._devices = devices
        self._submission = submission
        self._zone = zone
        self._changed = changed
        self._put_off: dict[str, str] = {}  # why those that are due are not sent, by name

    async def look(self, up_s: float, *, may_send: bool = True) -> None:
        """Judge the canaries whose time is over, and send those that are due.

        `up_s` is how many seconds the gateway has been running: one that arrives is only heard while it does.
        """
        if not self._configured:
            return
        due = await self._db.write(partial(self._look, up_s=up_s, may_send=may_send))
        self._put_off = {name: str(why) for name, why in due.items() if why}
        if len(due) > len(self._put_off):
            self._changed()

    async def reports(self) -> list[CanaryReport]:
        """Tell how it stands with each canary."""
        if not self._configured:
            return []
        async with self._db.snapshot() as connection:
            return [
                self._report(
                    canary.name,
                    await canaries.last_two(connection, canary.name),
                    await canaries.last_sent(connection, canary.name),
                    await canaries.last_arrived(connection, canary.name),
                )
                for canary in self._configured
            ]

    def _report(self, name: str, last_two: list[Flight], sent: Flight | None, arrived: Flight | None) -> CanaryReport:
        state, why = rules.standing(last_two, self._put_off.get(name, ""))
        return CanaryReport(
            name=name,
            state=state,
            why=why,
            last_sent=sent.sent_at if sent else None,
            last_arrived=arrived.arrived_at if arrived else None,
            seconds=sent.took_s if sent else None,
            delivered_seconds=sent.delivered_in_s if sent else None,
        )

    # ── within the transaction ──

    def _look(self, tx: Tx, up_s: float, may_send: bool) -> dict[str, str]:
        """Return, for each canary that is due, what keeps it from being sent; '' if it has been."""
        listening_since = tx.now - int(up_s * _SECOND_MS)
        due: dict[str, str] = {}
        for canary in self._configured:
            flight = canaries.latest(tx, canary.name)
            if flight is not None and flight.state is CanaryState.WAITING:
                self._judge(tx, canary, flight, listening_since)
            elif may_send and rules.is_due(flight.begun_at if flight else None, canary.every_h * _HOUR_MS, tx.now):
                due[canary.name] = self._send(tx, canary)
        return due

    def _judge(self, tx: Tx, canary: CanaryConfig, flight: Flight, listening_since: int) -> None:
        if flight.sent_at is None:
            if why := self._unsent(tx, canary, flight):
                canaries.end(tx, flight.row, CanaryState.NOT_SENT, why)
        elif rules.is_overdue(flight.sent_at, canary.within_s * _SECOND_MS, listening_since, tx.now):
            if self._end(tx, canary.to_modem, canary.to_slot):
                canaries.end(tx, flight.row, CanaryState.LOST)
            else:
                canaries.end(tx, flight.row, CanaryState.NOT_SENT, Hindrance.SWITCHED_OFF)

    def _unsent(self, tx: Tx, canary: CanaryConfig, flight: Flight) -> str:
        """Tell why a canary will not be sent any more; '' if it may be."""
        ending = canaries.ending_of_message(tx, flight.row)
        if ending is None:
            return Hindrance.DELETED
        status, reason = ending
        if status != Status.SEND_ERROR:
            return ""
        return reason if reason != Reason.EXPIRED else self._wanted(tx, canary, flight) or reason

    def _wanted(self, tx: Tx, canary: CanaryConfig, flight: Flight) -> str:
        """Tell what has kept a canary waiting as somebody wants it; '' if nothing has."""
        sender, receiver = self._ends(tx, canary)
        if sender is None or receiver is None:
            return Hindrance.SWITCHED_OFF
        if wait := self._wait(tx, canary, sender, tx.now):
            return wait
        sim = sims.seen_in(tx, sender.device, sender.slot)
        return Hindrance.BUSY if sim and canaries.has_sent_others(tx, sim, flight.begun_at) else ""

    def _send(self, tx: Tx, canary: CanaryConfig) -> str:
        """Let a canary join the queue; returns what keeps it from that, '' if nothing does."""
        sender, receiver = self._ends(tx, canary)
        if sender is None or receiver is None:
            return Hindrance.SWITCHED_OFF
        if wait := self._wait(tx, canary, sender, tx.now + canary.within_s * _SECOND_MS):
            return wait
        text = _MARK + secrets.token_hex(_TOKEN_OCTETS)
        try:
            message = self._submission.enter(tx, _request(canary, sender, text))
        except CallerError:
            return Hindrance.CLOSED
        canaries.forget(tx, tx.now - _KNOWN_FOR_MS)
        canaries.begin(tx, name=canary.name, text=text, message=message, device=receiver.device, slot=receiver.slot)
        return ""

    def _wait(self, tx: Tx, canary: CanaryConfig, sender: _End, until: int) -> str:
        """Tell why the SIM that sends a canary waits until then or longer; '' if it does not."""
        # One that was never seen has sent nothing, and has its quiet hours all the same.
        sim = sims.seen_in(tx, sender.device, sender.slot) or ""
        found = (
            limits.standstill(tx, sim, sender.limits, self._zone),
            limits.bars(tx, sim, sender.limits, _number(canary), self._zone),
        )
        return next((wait.why for wait in found if wait and wait.until >= until), "")

    def _ends(self, tx: Tx, canary: CanaryConfig) -> tuple[_End | None, _End | None]:
        return (
            self._end(tx, canary.from_modem, canary.from_slot),
            self._end(tx, canary.to_modem, canary.to_slot),
        )

    def _end(self, tx: Tx, modem: str, slot: int) -> _End | None:
        """Find a SIM that a canary goes from or to; None while its device is switched off, or if it was deleted."""
        for device, config in self._devices.configured.items():
            if config.name == modem and devices.is_active(tx, device):
                of_sim = config.in_slot(slot or config.sim.slot)
                return _End(device=device, slot=of_sim.slot, limits=of_sim)
        return None


def has_arrived(tx: Tx, sim: str, text: str) -> bool:
    """Tell whether a message that a SIM has received is a canary that was due there, and record that it is there."""
    text = text.strip()
    return text.startswith(_MARK) and canaries.arrive(tx, text, sim)


def _request(canary: CanaryConfig, sender: _End, text: str) -> SendRequest:
    return SendRequest(
        text=text,
        phone_number=_number(canary),
        device_id=sender.device,
        to_sim=sender.slot,
        priority=_AFTER_ALL_OTHERS,
        ttl_s=canary.within_s,
        on_uncertain="fail",
    )


def _number(canary: CanaryConfig) -> str:
    return canary.to_number.removeprefix("+")
