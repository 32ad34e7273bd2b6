"""Use-case of a modem with several SIM slots: which of them to use from now on, by what waits for the SIMs in them."""

from collections.abc import Collection
from datetime import tzinfo
from functools import partial

from smsgw import policy
from smsgw.config import SimConfig
from smsgw.gateway import limits
from smsgw.gateway.devices import Devices, ensure_active
from smsgw.model import Head
from smsgw.store import messages, queue, sims
from smsgw.store.db import Database, Tx


class Slots:
    """The SIM slots of all devices; `zone` is where quiet hours and months are meant."""

    def __init__(self, db: Database, configured: Devices, zone: tzinfo) -> None:
        self._db = db
        self._devices = configured
        self._zone = zone

    async def choose(
        self, device: str, sim: str, slot: int, seated_s: float, usable: Collection[int], *, may_send: bool
    ) -> int:
        """Choose, among the usable slots of a device, the one to use from now on; raises `DeviceSwitchedOff`.

        The SIM in the present one has been able to send for `seated_s` seconds; `may_send` tells whether it still is.
        """
        return await self._db.write(
            partial(
                self._choose,
                device=device,
                sim=sim,
                slot=slot,
                seated_ms=int(seated_s * 1_000),
                usable=usable,
                may_send=may_send,
            )
        )

    # ── within the transaction ──

    def _choose(
        self, tx: Tx, device: str, sim: str, slot: int, seated_ms: int, usable: Collection[int], *, may_send: bool
    ) -> int:
        ensure_active(tx, device)
        modem = self._devices.configured[device]
        stay_ms, home = modem.slot_stay_s * 1_000, modem.sim.slot
        is_stuck = not may_send or self._stops_for(tx, device, sim, slot) > stay_ms
        waiting = {slot: [] if is_stuck else self._heads(tx, device, sim, slot)}
        for other in sorted(set(usable) - {slot}):
            its_sim = sims.seen_in(tx, device, other) or ""
            if not self._stops_for(tx, device, its_sim, other):
                waiting[other] = self._heads_in_time(tx, device, its_sim, other, asked_for=not is_stuck)
                waiting[other] += self._sent_away(tx, device, sim, its_sim, other)
        if home not in usable or self._stops_for(tx, device, sims.seen_in(tx, device, home) or "", home) > stay_ms:
            home = slot
        demands = [_demand(tx, one, heads) for one, heads in waiting.items() if heads]
        turns = policy.Turns(home=home, stay_ms=stay_ms, wait_ms=modem.slot_wait_s * 1_000)
        return policy.next_slot(slot, tx.now - seated_ms, demands, turns, tx.now)

    def _stops_for(self, tx: Tx, device: str, sim: str, slot: int) -> int:
        """Tell for how many milliseconds the limits of a SIM let it send nothing."""
        found = limits.standstill(tx, sim, self._limits(device, slot), self._zone)
        return 0 if found is None else found.until - tx.now

    def _heads_in_time(self, tx: Tx, device: str, sim: str, slot: int, *, asked_for: bool) -> list[Head]:
        for _ in range(limits.PASSED_OVER):
            heads = self._heads(tx, device, sim, slot, asked_for=asked_for)
            late = [
                head for head in heads if not limits.is_in_time(tx, head, sim, self._limits(device, slot), self._zone)
            ]
            if not late:
                return heads
            for head in late:
                sims.rule_out(tx, sim, head.row, tx.now + limits.LOOKED_AT_AGAIN_MS, refused=False)
        return []

    def _sent_away(self, tx: Tx, device: str, sim: str, other: str, slot: int) -> list[Head]:
        """List what the present SIM does not take and another one could send."""
        of_other = self._limits(device, slot)
        return [
            head
            for head in queue.sent_away(tx, device, sim, other)
            if limits.is_in_time(tx, head, other, of_other, self._zone)
            and not limits.bars(tx, other, of_other, messages.by_row(tx, head.row)["phone_number"], self._zone)
        ]

    def _heads(self, tx: Tx, device: str, sim: str, slot: int, *, asked_for: bool = False) -> list[Head]:
        barred = limits.strangers_barred(tx, sim, self._limits(device, slot), self._zone)
        known_since = policy.month(tx.now, self._zone)[0] if barred else None
        return queue.heads(tx, device, sim, slot, known_since, asked_for=asked_for)

    def _limits(self, device: str, slot: int) -> SimConfig:
        return self._devices.configured[device].in_slot(slot)


def _demand(tx: Tx, slot: int, heads: list[Head]) -> policy.Demand:
    return policy.Demand(
        slot=slot,
        priority=max(head.priority for head in heads),
        since=min(int(messages.by_row(tx, head.row)["created_at"]) for head in heads),
    )
