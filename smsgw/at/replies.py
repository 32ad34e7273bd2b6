"""Typed reading of answers about the modem, the SIM and the network (27.007); `sms_replies` reads the rest.

Pure functions from lines to values. Where firmware differs, every known form is read; a line in no known form raises
`ReplyError`, and nothing else is ever raised.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from smsgw.at.urcs import is_registration_urc


class ReplyError(ValueError):
    """An answer that cannot be read; names the command and quotes what came. The modem is at fault, not the caller."""

    def __init__(self, what: str, lines: Sequence[str]) -> None:
        super().__init__(f"{what} cannot be read from {list(lines)!r}")
        self.what = what
        self.lines = tuple(lines)


def is_number(text: str) -> bool:
    """Tell whether `text` is a decimal number of sane length."""
    return re.fullmatch(r"[0-9]{1,9}", text) is not None


def fields(text: str) -> list[str]:
    """Split at commas outside quotes; blanks around fields and the quotes themselves are dropped."""
    if not text.strip():
        return []
    return [field.strip().strip('"').strip() for field in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', text)]


def tail(prefix: str, lines: Sequence[str], what: str) -> str:
    """Return what follows `prefix` in the last line that carries it."""
    found = [line[len(prefix) :].strip() for line in lines if line.startswith(prefix)]
    if not found:
        raise ReplyError(what, lines)
    return found[-1]


def integers(text: str, what: str, lines: Sequence[str]) -> list[int]:
    """Read every field as a number; `ReplyError` if one is not."""
    values = fields(text)
    if not values or not all(map(is_number, values)):
        raise ReplyError(what, lines)
    return [int(value) for value in values]


def text_answer(lines: Sequence[str]) -> str:
    """Read an answer that is one line of text, with or without a prefix and quotes: maker, model, revision."""
    for line in lines:
        if text := re.sub(r"^\+[A-Z]+:", "", line).strip().strip('"').strip():
            return text
    raise ReplyError("a line of text", lines)


def imei(lines: Sequence[str]) -> str:
    """Read the IMEI: 14 to 17 digits, however they are wrapped (27.007 §5.4)."""
    return _digits("the IMEI", lines, r"(?<![0-9])[0-9]{14,17}(?![0-9])")


def imsi(lines: Sequence[str]) -> str:
    """Read the IMSI: 6 to 15 digits (27.007 §5.6)."""
    return _digits("the IMSI", lines, r"(?<![0-9])[0-9]{6,15}(?![0-9])")


def _digits(what: str, lines: Sequence[str], pattern: str) -> str:
    for line in lines:
        if found := re.search(pattern, line):
            return found[0]
    raise ReplyError(what, lines)


def last_reference(lines: Sequence[str]) -> int:
    """Read the last used TP-MR from the answer to a READ BINARY of EF_SMSS (31.102 §4.2.9)."""
    for line in lines:
        # 90 xx and 91 xx are the status words of success (ETSI TS 102 221 §10.2.1).
        if found := re.match(r'\+CRSM:\s*14[45]\s*,\s*[0-9]+\s*,\s*"?([0-9A-Fa-f]{2})', line):
            return int(found[1], 16)
    raise ReplyError("the last message reference", lines)


def register(lines: Sequence[str]) -> int:
    """Read the value of an S-register (V.250 §5.3.2)."""
    for line in lines:
        if re.fullmatch("[0-9]{1,3}", line, re.ASCII):
            return int(line)
    raise ReplyError("the register", lines)


def iccid(lines: Sequence[str]) -> str:
    """Read the ICCID as 18 to 20 digits beginning with 89 (ITU-T E.118).

    Firmware prints it quoted or bare, after numbers (`!ICCID: 0,…`), padded with F, or with the nibbles of every octet
    swapped, as the SIM stores it (EF_ICCID, 3GPP TS 11.11 §10.1.1).
    """
    for line in lines:
        for found in re.findall(r"(?<![0-9A-Fa-f])[0-9]{17,20}[0-9A-Fa-f]{0,3}(?![0-9A-Fa-f])", line):
            for digits in (found, _swap_nibbles(found)):
                plain = digits.rstrip("Ff")
                if re.fullmatch(r"89[0-9]+", plain) and 18 <= len(plain) <= 20:
                    return plain
    raise ReplyError("the ICCID", lines)


def _swap_nibbles(digits: str) -> str:
    pairs = zip(digits[1::2], digits[0::2], strict=False)
    return "".join(low + high for low, high in pairs)


class PinState(StrEnum):
    """What the SIM waits for (27.007 §8.3)."""

    READY = "READY"  # nothing
    SIM_PIN = "SIM PIN"  # its PIN
    SIM_PUK = "SIM PUK"  # its PUK: too many wrong PINs
    SIM_PIN2 = "SIM PIN2"  # a PIN that messages do not need
    SIM_PUK2 = "SIM PUK2"  # a PUK that messages do not need
    DEVICE_LOCK = "PH-SIM PIN"  # the modem is locked to another SIM
    NETWORK_LOCK = "PH-NET PIN"  # the modem is locked to a network, a provider or a company
    NOT_INSERTED = "NOT INSERTED"  # no SIM
    NOT_READY = "NOT READY"  # the SIM is still starting


_PIN_STATES = {
    **{state.value: state for state in PinState},
    "PH-SIM PUK": PinState.DEVICE_LOCK,
    "PH-FSIM PIN": PinState.DEVICE_LOCK,
    "PH-FSIM PUK": PinState.DEVICE_LOCK,
    "NO SIM": PinState.NOT_INSERTED,
    "SIM REMOVED": PinState.NOT_INSERTED,
}


def pin_state(lines: Sequence[str]) -> PinState:
    """Read what the SIM waits for; a bare `OK` means ready (27.007 §8.3)."""
    if not lines:
        return PinState.READY
    state = tail("+CPIN:", lines, "the PIN state").strip('"').strip().upper()
    if state.startswith("PH-") and state not in _PIN_STATES:
        return PinState.NETWORK_LOCK
    if state not in _PIN_STATES:
        raise ReplyError("the PIN state", lines)
    return _PIN_STATES[state]


class RegistrationState(IntEnum):
    """Registration with a network, as numbered in 27.007 §7.2."""

    IDLE = 0  # not registered and not searching
    HOME = 1  # registered at home
    SEARCHING = 2  # not registered, searching
    DENIED = 3  # the network refuses this SIM or modem
    UNKNOWN = 4  # out of coverage, or the modem does not say
    ROAMING = 5  # registered abroad
    HOME_SMS_ONLY = 6  # registered at home, for messages only
    ROAMING_SMS_ONLY = 7  # registered abroad, for messages only
    EMERGENCY_ONLY = 8  # emergency calls only
    HOME_NO_CSFB = 9  # registered at home, calls by fallback not preferred
    ROAMING_NO_CSFB = 10  # registered abroad, calls by fallback not preferred
    RESTRICTED = 11  # restricted local service: neither messages nor calls

    @property
    def takes_messages(self) -> bool:
        """Tell whether messages can be sent in this state."""
        return self in _TAKES_MESSAGES

    @property
    def is_roaming(self) -> bool:
        """Tell whether the network is not the SIM's own: a message may cost more there."""
        return self in _ROAMING


_REGISTRATION_STATES = {int(state): state for state in RegistrationState}
_TAKES_MESSAGES = frozenset(RegistrationState(number) for number in (1, 5, 6, 7, 9, 10))
_ROAMING = frozenset(RegistrationState(number) for number in (5, 7, 10))


def registration(lines: Sequence[str]) -> RegistrationState:
    """Read the state from an answer `n,stat[,…]` or an unsolicited line `stat[,…]` (27.007 §7.2)."""
    found = [line for line in lines if re.match(r"\+C(E|G)?REG:", line)]
    if not found:
        raise ReplyError("the registration", lines)
    values = fields(found[-1].partition(":")[2]) or [""]
    place = 0 if is_registration_urc(found[-1]) else 1
    # A line that was cut may have fewer fields than commas.
    state = values[place] if place < len(values) else ""
    if not is_number(state):
        raise ReplyError("the registration", lines)
    return _REGISTRATION_STATES.get(int(state), RegistrationState.UNKNOWN)


def ims_takes_messages(lines: Sequence[str]) -> bool:
    """Tell from `+CIREG: n,reg[,ext]` whether messages can go over IMS: bit 4 of `ext` (27.007 §8.71)."""
    found = re.fullmatch(
        r"[0-9]\s*,\s*1\s*(?:,\s*\"?([0-9A-Fa-f]{1,8})\"?.*)?", tail("+CIREG:", lines, "the IMS state")
    )
    return found is not None and (found[1] is None or bool(int(found[1], 16) & 4))


def signal_dbm(lines: Sequence[str]) -> int | None:
    """Read the signal strength in dBm; `None` if the modem does not know it (27.007 §8.5)."""
    rssi = integers(tail("+CSQ:", lines, "the signal"), "the signal", lines)[0]
    if 0 <= rssi <= 31:
        return -113 + 2 * rssi
    return -116 + (rssi - 100) if 100 <= rssi <= 191 else None  # 27.007 §8.69: the scale of TD-SCDMA and LTE


def operator(lines: Sequence[str]) -> str | None:
    """Read the operator's name or number; `None` while there is none (27.007 §7.3)."""
    values = fields(tail("+COPS:", lines, "the operator"))
    return values[2] if len(values) > 2 and values[2] else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Charge in percent and whether it is being charged."""

    percent: int
    charging: bool


def battery(lines: Sequence[str]) -> Battery | None:
    """Read the battery `bcs,bcl[,mV]`; `None` where there is none or only a voltage is told (27.007 §8.4)."""
    answer = tail("+CBC:", lines, "the battery")
    if re.fullmatch(r"[0-9.]+\s*V", answer):
        return None
    values = integers(answer, "the battery", lines)
    if len(values) < 2 or values[0] not in (0, 1, 2) or not 0 <= values[1] <= 100:
        return None  # bcs 2 on some modems: charging finished; 3: power fault
    return Battery(percent=values[1], charging=values[0] == 1)


def functionality(lines: Sequence[str]) -> int:
    """Read the functionality level: 1 is full, 0 and 4 have no radio (27.007 §8.2)."""
    return integers(tail("+CFUN:", lines, "the functionality"), "the functionality", lines)[0]


def pin_tries(lines: Sequence[str]) -> int | None:
    """Read how many tries the PIN has left, from any vendor's counter; `None` if the modem does not know.

    `+CSIM:` carries the status word of an empty VERIFY, which costs no try (3GPP TS 11.11 §9.4, ETSI TS 102 221
    §11.1.9).
    """
    for line in lines:
        for pattern in _COUNTERS:
            if found := pattern.fullmatch(line):
                return int(found[1], 16)
    return None


_COUNTERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r'\+CSIM:\s*[0-9]+\s*,\s*"?63C([0-9A-F])"?',
        r"\^CPIN:\s*[^,]*,\s*[0-9]*\s*,\s*[0-9]+\s*,\s*([0-9]),.*",  # state, , puk, pin, puk2, pin2
        r"\+SPIC:\s*([0-9])\s*(?:,.*)?",  # pin, puk, pin2, puk2
        r'\+QPINC:\s*"SC"\s*,\s*([0-9]).*',
        r'\+CPINC:\s*(?:"SC"\s*,\s*)?([0-9])\s*(?:,.*)?',
        r"\+UPINCNT:\s*([0-9])\s*(?:,.*)?",
        r"#PCT:\s*([0-9])\s*",
        r"\^SPIC:\s*([0-9])\s*(?:,.*)?",
    )
)
