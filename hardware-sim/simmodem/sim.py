"""The SIM card and who it says it is: identity, PIN and PUK counters, SMS files (3GPP TS 31.102, 27.007 §8)."""

from dataclasses import dataclass, replace
from enum import StrEnum

from simmodem.profiles import Smss


class SimState(StrEnum):
    """What AT+CPIN? answers."""

    ABSENT = "NOT INSERTED"  # no card in the slot
    READY = "READY"  # usable
    PIN = "SIM PIN"  # waits for the PIN
    PUK = "SIM PUK"  # blocked by wrong PINs
    BLOCKED = "BLOCKED"  # blocked by wrong PUKs, for ever


PUK_TRIES = 10


def luhn_digit(digits: str) -> str:
    """Compute the check digit of IMEI and ICCID (ISO/IEC 7812-1 Annex B)."""
    doubled = (int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-sum(value // 10 + value % 10 for value in doubled) % 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The numbers that tell one modem with its SIM from another."""

    imei: str
    iccid: str
    imsi: str

    @classmethod
    def of(cls, seed: int, index: int) -> "Identity":
        """Derive the identity of modem `index`; the same seed gives the same one again."""
        # Test ranges: network 001-01 (ITU-T E.212), type allocation codes beginning with 001 (GSMA TS.06).
        digits = f"{(1000 * seed + index) % 1_000_000:06}"
        body, serial = f"00100001{digits}", f"890101{digits}{digits}"
        return cls(imei=body + luhn_digit(body), iccid=serial + luhn_digit(serial), imsi=f"001010000{digits}")

    def with_sim(self, slot: int) -> "Identity":
        """Give the identity that the modem has with the SIM in a slot, from 1, another one in each."""
        serial = f"8901{slot:02}{self.iccid[6:-1]}"
        return replace(self, iccid=serial + luhn_digit(serial), imsi=f"00101000{slot - 1}{self.imsi[9:]}")


class Sim:
    """One card: PIN state, message reference, service centre address."""

    def __init__(
        self,
        identity: Identity,
        *,
        pin: str | None,
        puk: str,
        pin_tries: int,
        service_centre: str,
        smss: Smss,
        last_mr: int,
        pin_tries_spent: int = 0,
        is_inserted: bool = True,
    ) -> None:
        self.identity = identity
        self.is_inserted = is_inserted
        self.pin = pin
        self.puk = puk
        self.service_centre = service_centre
        self.last_mr = last_mr
        self._smss = smss
        self.busy_commands = 0
        self.busy_until = 0.0
        self._tries_allowed = pin_tries
        self.pin_tries = pin_tries - pin_tries_spent
        self.puk_tries = PUK_TRIES
        self._verified = pin is None

    @property
    def state(self) -> SimState:
        if not self.is_inserted:
            return SimState.ABSENT
        if self.puk_tries == 0:
            return SimState.BLOCKED
        if self.pin_tries == 0:
            return SimState.PUK
        return SimState.READY if self._verified else SimState.PIN

    def power_cycle(self) -> None:
        """Forget that the PIN was entered; the counters stay on the card."""
        self._verified = self.pin is None
        self.busy_commands = 0
        self.busy_until = 0.0

    def enter_pin(self, pin: str) -> bool:
        """Try a PIN; a wrong one costs a try."""
        self._verified = pin == self.pin
        self.pin_tries = self._tries_allowed if self._verified else self.pin_tries - 1
        return self._verified

    def enter_puk(self, puk: str, new_pin: str) -> bool:
        """Try a PUK; the right one sets a new PIN."""
        if puk != self.puk:
            self.puk_tries -= 1
            return False
        self.pin, self._verified = new_pin, True
        self.pin_tries, self.puk_tries = self._tries_allowed, PUK_TRIES
        return True

    def is_busy(self, now: float) -> bool:
        """Say whether the card refuses this one command as busy; counts it."""
        if self.busy_commands > 0:
            self.busy_commands -= 1
            return True
        return now < self.busy_until

    def answer_apdu(self, apdu: str) -> str:
        """Answer the status words of an empty VERIFY PIN or UNBLOCK PIN, which spends no try (TS 102 221 §11.1.9)."""
        tries = {"0020000100": self.pin_tries, "002C000100": self.puk_tries}.get(apdu)
        if tries is None:
            return "6D00"
        return f"63C{tries:X}" if tries else "6983"

    def read_binary(self, file: int) -> bytes | None:
        """Give the content of EF_ICCID or EF_SMSS, None for a file that is not there (TS 31.102 §4.2.9)."""
        iccid = self.identity.iccid + "F" * (len(self.identity.iccid) % 2)
        files = {0x2FE2: bytes.fromhex("".join(b + a for a, b in zip(iccid[::2], iccid[1::2], strict=True)))}
        if self._smss is not Smss.MISSING:
            files[0x6F43] = bytes([self.last_mr if self._smss is Smss.FOLLOWS else 0xFF, 0xFF])
        return files.get(file)
