"""Where a message from the network goes: to the line, into a memory, or back (TS 27.005 §3.4.1, AT+CNMI)."""

from collections.abc import Callable

from simmodem import codec
from simmodem.agenda import Appointment
from simmodem.equipment import Equipment
from simmodem.profiles import CdsLength
from simmodem.storage import MemoryFull, Status

BUFFER_ONLY = 0
STATUS_REPORT = 0x02


class Reception:
    """Routes received PDUs by their kind and class; keeps what waits for AT+CNMA or for a mode that forwards."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._unacknowledged: Appointment | None = None
        self._buffered: list[tuple[str, ...]] = []
        self.unwanted: list[str] = []  # reports that came while AT+CNMI wanted none: they are gone

    def reset(self) -> None:
        self._stop_waiting()
        self._buffered.clear()

    def take(self, pdu: str) -> bool:
        """Route one PDU; False leaves it with the network."""
        if self._unacknowledged or not self._equipment.is_served:
            return False
        return self._take_report(pdu) if self._is_report(pdu) else self._take_message(pdu)

    def set_modes(self, modes: tuple[int, ...]) -> None:
        """Apply <mode>,<mt>,<bm>,<ds>,<bfr>; what was buffered is flushed or, with <bfr> 1, cleared."""
        self._equipment.settings.cnmi = modes
        if modes[0] == BUFFER_ONLY:
            return
        buffered, self._buffered = self._buffered, []
        if modes[4] == 0:
            for lines in buffered:
                self._equipment.terminal.urc(*lines)
        self._flush_network()

    def acknowledge(self) -> bool:
        """Confirm the last directly delivered message (AT+CNMA); False when none waits."""
        if self._unacknowledged is None:
            return False
        self._stop_waiting()
        self._flush_network()
        return True

    def _is_report(self, pdu: str) -> bool:
        octets = bytes.fromhex(pdu)
        tpdu = octets[codec.service_centre_octets(octets) :]
        return bool(tpdu) and tpdu[0] & 0x03 == STATUS_REPORT

    def _take_report(self, pdu: str) -> bool:
        ds = self._equipment.settings.cnmi[3]
        if ds == 1:
            self._forward(f"+CDS: {self._report_length(pdu)}", pdu)
        elif ds == 2:
            memory = self._equipment.storage.reporting
            return self._store(memory.name, pdu, lambda index: f'+CDSI: "{memory.name}",{index}')
        else:
            self.unwanted.append(pdu)
        return True

    def _report_length(self, pdu: str) -> str:
        octets = bytes.fromhex(pdu)
        tpdu = len(octets) - codec.service_centre_octets(octets)
        return {
            CdsLength.TPDU: f"{tpdu}",
            CdsLength.WITH_SERVICE_CENTRE: f"{len(octets)}",
            CdsLength.SECOND_FIELD: f",{tpdu}",
        }[self._equipment.profile.cds_length]

    def _take_message(self, pdu: str) -> bool:
        mt = self._equipment.settings.cnmi[1]
        dcs = _coding_of(pdu)
        kind = codec.message_class(dcs)
        # Class 0 is shown, never stored; class 2 belongs on the SIM; waiting indications of the store groups are
        # never forwarded (TS 23.038 §4).
        must_store = kind == 2 or dcs >> 4 in (0xD, 0xE)
        if (mt == 2 and not must_store) or (mt == 3 and kind == 3) or (mt > 0 and kind == 0):
            octets = bytes.fromhex(pdu)
            self._forward(f"+CMT: ,{len(octets) - codec.service_centre_octets(octets)}", pdu)
            return True
        if kind == 0:
            return True
        storage = self._equipment.storage
        name = "SM" if kind == 2 and "SM" in storage.memories else storage.receiving.name
        return self._store(name, pdu, lambda index: f'+CMTI: "{name}",{index}' if mt else None)

    def _store(self, name: str, pdu: str, announcement: Callable[[int], str | None]) -> bool:
        try:
            index = self._equipment.storage.memories[name].store(Status.UNREAD, pdu)
        except MemoryFull:
            if self._equipment.profile.full_urc:
                self._equipment.terminal.urc(self._equipment.profile.full_urc)
            return False
        if (line := announcement(index)) is not None:
            self._announce(line)
        return True

    def _forward(self, header: str, pdu: str) -> None:
        self._announce(header, pdu)
        if self._equipment.settings.csms == 1:
            self._unacknowledged = self._equipment.agenda.after(
                self._equipment.profile.ack_timeout_s, lambda: self._give_up_waiting(pdu)
            )

    def _announce(self, *lines: str) -> None:
        if self._equipment.settings.cnmi[0] == BUFFER_ONLY:
            self._buffered.append(lines)
        else:
            self._equipment.terminal.urc(*lines)

    def _give_up_waiting(self, pdu: str) -> None:
        # TS 27.005 §3.4.4: without a confirmation in time, direct delivery is switched off and the network tries again.
        self._stop_waiting()
        mode, _, bm, _, bfr = self._equipment.settings.cnmi
        self._equipment.settings.cnmi = (mode, 0, bm, 0, bfr)
        self._equipment.network.take_back(self._equipment.index, pdu)

    def _stop_waiting(self) -> None:
        if self._unacknowledged is not None:
            self._unacknowledged.cancel()
        self._unacknowledged = None

    def _flush_network(self) -> None:
        self._equipment.agenda.after(0, lambda: self._equipment.network.flush(self._equipment.index))


def _coding_of(pdu: str) -> int:
    """Find TP-DCS of a DELIVER; 0 where the PDU is too short to have one."""
    octets = bytes.fromhex(pdu)
    tpdu = octets[codec.service_centre_octets(octets) :]
    place = 4 + (tpdu[1] + 1) // 2 if len(tpdu) > 1 else len(tpdu)
    return tpdu[place] if place < len(tpdu) else 0
