"""How one make of modem differs from another, as data (3GPP TS 27.005, 27.007 leave all of this open)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class CdsLength(StrEnum):
    """What the number in `+CDS: <length>` counts."""

    TPDU = "tpdu"  # octets of the TPDU, as TS 27.005 §3.4.1 says
    WITH_SERVICE_CENTRE = "with_service_centre"  # octets of the whole PDU, as SIMCom prints
    SECOND_FIELD = "second_field"  # `+CDS: ,<length>`, as ZTE prints


class Smss(StrEnum):
    """What EF_SMSS on the SIM, the last used message reference, is like (TS 31.102 §4.2.9)."""

    FOLLOWS = "follows"  # written with every submission
    STALE = "stale"  # never written
    MISSING = "missing"  # not on the card


class EmptySlot(StrEnum):
    """What AT+CMGR answers for a slot that holds nothing."""

    ERROR = "error"  # +CMS ERROR: 321
    OK = "ok"  # a bare OK
    BLANK = "blank"  # `+CMGR: 0,,0` and an empty PDU


class UssdOrder(StrEnum):
    """When the network's answer to AT+CUSD is written."""

    AFTER_OK = "after_ok"
    BEFORE_OK = "before_ok"  # the final result waits for it
    WITHOUT_OK = "without_ok"  # and is forgotten


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Every switch of a virtual modem; the defaults are a well-behaved generic one."""

    # Identification
    manufacturer: str = "Simmodem"
    model: str = "SM-1"
    revision: str = "SM-1 R1.0"
    # Line
    echo: bool = True
    extra_crs: int = 0  # CRs before the CR LF that opens a line
    split_prompt: bool = False  # CR LF, `>` and the space are written apart
    cmee_levels: tuple[int, ...] = (0, 1, 2)
    cmee_default: int = 0
    unknown_command: str = "ERROR"  # Huawei: COMMAND NOT SUPPORT
    answers: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )  # further commands (without AT, upper case) and the lines they answer before OK
    reset_commands: tuple[str, ...] = ()  # besides +CFUN=1,1; without AT, upper case
    boot_urcs: tuple[str, ...] = ("RDY", "+CFUN: 1")
    sms_ready_urcs: tuple[str, ...] = ()  # after boot and PIN, e.g. "SMS Ready"
    # SIM
    sim_pin: str | None = None
    puk: str = "12345678"
    pin_tries: int = 3
    sim_busy_after_pin: int = 0  # SIM commands answered with "SIM busy" after the PIN was taken
    answers_csim: bool = True
    smss: Smss = Smss.FOLLOWS
    service_centre: str = "+447700900999"
    slot_commands: tuple[str, ...] = ()  # what chooses slot 1, 2 … (without AT and quotes, upper case); none: one slot
    slot_query: tuple[str, tuple[str, ...]] = ("", ())  # what asks for the slot, and the answer for each
    slot_pins: tuple[str | None, ...] = ()  # the PIN of the SIM in each slot, where it is not `sim_pin`
    empty_slots: tuple[int, ...] = ()  # without a SIM, from 1
    ignores_slots: bool = False  # says OK and stays with the SIM it has
    # Storage
    memories: tuple[tuple[str, int], ...] = (("SM", 20), ("ME", 50), ("SR", 10))
    report_memory: str = "SR"  # where ds=2 stores reports and what +CDSI names
    index_base: int = 1
    empty_slot: EmptySlot = EmptySlot.ERROR
    ghost_slots: tuple[int, ...] = ()  # free slots that AT+CMGL lists with an empty PDU
    full_urc: str | None = None  # e.g. "+SMS FULL"
    # Notification: <mode>, <mt>, <bm>, <ds>, <bfr> of AT+CNMI (TS 27.005 §3.4.1)
    cnmi_advertised: tuple[tuple[int, ...], ...] = ((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1, 2), (0, 1))
    cnmi_refused: frozenset[tuple[int, int]] = frozenset()  # (position, value) advertised and refused all the same
    csms_default: int = 0
    ack_timeout_s: float = 15.0  # how long the network waits for AT+CNMA
    cds_length: CdsLength = CdsLength.TPDU
    # Sending
    report_before_cmgs: bool = False
    duplicate_reports: bool = False
    national_ra: tuple[str, str] | None = None  # reports name +<first>… as <second>…, e.g. ("44", "0")
    constant_mr: int | None = None
    escape_answer: str = "OK"  # what ESC in a prompt is answered with
    # USSD
    packs_ussd: bool = False  # strings are packed septets in hex, whatever AT+CSCS says, as with Huawei
    ussd_order: UssdOrder = UssdOrder.AFTER_OK
    character_set: str = "GSM"  # of AT+CSCS after a reset
    access_technology: int = 7  # <AcT> of +COPS and +CREG: 0 GSM, 2 UTRAN, 7 LTE


GENERIC = Profile()
