"""Every command the gateway sends: its line, the prefixes its answer may carry and how long it may take.

One builder per command. Knows nothing of ports, of the order of commands or of what answers mean; times are seconds and
come from what modem manuals promise, with a margin. One command per line: chained ones hide which of them failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LOCAL_S = 5.0  # answered by the modem alone
SIM_S = 10.0  # needs the SIM or the store
STORE_CHANGE_S = 60.0  # choosing a store right after power-on reads the whole SIM
LISTING_S = 20.0  # first line of a listing
LISTING_SILENCE_S = 10.0  # between two lines of a listing
PIN_S = 30.0
RADIO_S = 30.0  # switching the radio
NETWORK_CHANGE_S = 180.0  # leaving a network, or finding one
NETWORK_STATE_S = 40.0  # asked while the modem is busy searching
PROMPT_S = 10.0
SUBMIT_S = 120.0  # TR1M of 3GPP TS 24.011 §10 is 45 s; loaded cells and slow firmware take longer

_PIN_COUNTER_PREFIXES = ("+CSIM:", "^CPIN:", "+SPIC:", "+QPINC:", "+CPINC:", "+UPINCNT:", "#PCT:", "^SPIC:")
_ICCID_PREFIXES = ("+CCID:", "+QCCID:", "+ICCID:", "+CICCID:", "^ICCID:", "#CCID:", "!ICCID:", "^SCID:", "+CRSM:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line and what counts as its answer.

    `prefixes` are the only prefixed lines that belong to the answer; `bare` also takes lines without any prefix, `pdus`
    the hex line after a prefixed one. Without the line `required`, an `OK` proves nothing; the line `sufficient`
    settles the outcome even when the final result is lost. `body` follows the prompt. Times are seconds; `silence_s` is
    the longest pause inside an answer that may take longer than `timeout_s` as a whole.
    """

    line: str
    prefixes: tuple[str, ...] = ()
    timeout_s: float = LOCAL_S
    silence_s: float | None = None
    body: bytes | None = None
    prompt_timeout_s: float = PROMPT_S
    bare: bool = False
    pdus: bool = False
    required: str | None = None
    sufficient: str | None = None
    dials: bool = False
    secret: bool = False

    @property
    def wire(self) -> bytes:
        """The line as written; a line feed after the CR would land in a prompt."""
        return self.line.encode("ascii") + b"\r"

    @property
    def shown(self) -> str:
        """The line as a log may show it."""
        return f"{self.line.partition('=')[0]}=***" if self.secret else self.line


def attention() -> Command:
    """Ask whether anybody is there."""
    return Command(line="AT")


def plain(line: str, timeout_s: float = LOCAL_S) -> Command:
    """Send a setting that answers with nothing but its final result."""
    return Command(line=line, timeout_s=timeout_s)


def query(line: str, *prefixes: str, timeout_s: float = SIM_S) -> Command:
    """Ask something whose answer carries one of `prefixes`, or none at all on some firmware."""
    return Command(line=line, prefixes=prefixes, bare=True, timeout_s=timeout_s)


def echo_off() -> Command:
    """Stop the modem from repeating what we write (V.250 §6.2.4)."""
    return plain("ATE0")


def verbose_results() -> Command:
    """Ask for `OK` rather than `0` (V.250 §6.2.6)."""
    return plain("ATV1")


def recover_results() -> Command:
    """Bring back a modem that answers with numbers or not at all; some refuse it, harmlessly."""
    return plain("ATQ0V1E0")


def numeric_errors() -> Command:
    """Ask for error numbers instead of `ERROR` or texts (27.007 §9.1)."""
    return plain("AT+CMEE=1")


def manufacturer(line: str = "AT+CGMI") -> Command:
    """Ask who made the modem (27.007 §5.1)."""
    return query(line, "+CGMI:", "+GMI:", timeout_s=LOCAL_S)


def model(line: str = "AT+CGMM") -> Command:
    """Ask for the model (27.007 §5.2)."""
    return query(line, "+CGMM:", "+GMM:", timeout_s=LOCAL_S)


def revision(line: str = "AT+CGMR") -> Command:
    """Ask for the firmware revision (27.007 §5.3)."""
    return query(line, "+CGMR:", "+GMR:", timeout_s=LOCAL_S)


def serial_number(line: str = "AT+CGSN") -> Command:
    """Ask for the IMEI (27.007 §5.4)."""
    return query(line, "+CGSN:", "+GSN:", timeout_s=LOCAL_S)


def functionality() -> Command:
    """Ask whether the radio is on (27.007 §8.2)."""
    return Command(line="AT+CFUN?", prefixes=("+CFUN:",), timeout_s=SIM_S)


def full_functionality() -> Command:
    """Switch the radio on; some modems print `+CFUN: 1` on the way, which is no reboot here."""
    return Command(line="AT+CFUN=1", prefixes=("+CFUN:",), timeout_s=RADIO_S)


def radio_off() -> Command:
    """Switch the radio off and leave the SIM on (27.007 §8.2)."""
    return Command(line="AT+CFUN=4", prefixes=("+CFUN:",), timeout_s=RADIO_S)


def minimum_functionality() -> Command:
    """Switch radio and SIM off; the SIM starts afresh when they are switched on again (27.007 §8.2)."""
    return Command(line="AT+CFUN=0", prefixes=("+CFUN:",), timeout_s=RADIO_S)


def restart(line: str = "AT+CFUN=1,1") -> Command:
    """Restart the modem (27.007 §8.2), or in its vendor's way; not every one answers before it does."""
    return Command(line=line, prefixes=("+CFUN:",), timeout_s=SIM_S)


def leave_network() -> Command:
    """Leave the network (27.007 §7.3)."""
    return plain("AT+COPS=2", timeout_s=NETWORK_CHANGE_S)


def find_network() -> Command:
    """Look for a network and choose by itself (27.007 §7.3)."""
    return plain("AT+COPS=0", timeout_s=NETWORK_CHANGE_S)


def pin_state() -> Command:
    """Ask what the SIM waits for (27.007 §8.3); some modems forget the final result."""
    return Command(line="AT+CPIN?", prefixes=("+CPIN:",), timeout_s=SIM_S, sufficient="+CPIN:")


def enter_pin(pin: str) -> Command:
    """Enter the PIN; the line is secret. `ValueError` unless it is 4 to 8 digits (3GPP TS 11.11 §9.3)."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise ValueError(f"a PIN is 4 to 8 digits; this one has {len(pin)} characters")
    return Command(line=f'AT+CPIN="{pin}"', timeout_s=PIN_S, secret=True)


def pin_counter(line: str) -> Command:
    """Ask how many tries the PIN has left, in the vendor's own way or by an empty VERIFY (27.007 §8.17)."""
    return query(line, *_PIN_COUNTER_PREFIXES)


def iccid(line: str) -> Command:
    """Ask for the number of the SIM card, in the vendor's own way or by reading EF_ICCID (27.007 §8.18)."""
    return query(line, *_ICCID_PREFIXES)


def imsi() -> Command:
    """Ask for the subscriber identity (27.007 §5.6)."""
    return query("AT+CIMI", "+CIMI:")


def registration_reports(domain: str) -> Command:
    """Ask for a line whenever registration changes; `domain` is CREG, CGREG or CEREG (27.007 §7.2)."""
    return plain(f"AT+{domain}=1")


def registration(domain: str) -> Command:
    """Ask for the registration in one domain: CREG, CGREG or CEREG."""
    return Command(line=f"AT+{domain}?", prefixes=(f"+{domain}:",), timeout_s=NETWORK_STATE_S)


def ims_registration() -> Command:
    """Ask whether messages can go over IMS (27.007 §8.71)."""
    return Command(line="AT+CIREG?", prefixes=("+CIREG:",), timeout_s=NETWORK_STATE_S)


def signal_quality() -> Command:
    """Ask for the signal strength (27.007 §8.5)."""
    return Command(line="AT+CSQ", prefixes=("+CSQ:",))


def last_reference() -> Command:
    """Read EF_SMSS, the SIM's record of the last used TP-MR (27.007 §8.18, 31.102 §4.2.9)."""
    return Command(line="AT+CRSM=176,28483,0,0,1", prefixes=("+CRSM:",), timeout_s=SIM_S)


def boot_mark() -> Command:
    """Read S10, which every start of a modem sets back (V.250 §6.3.12) and which nothing else here uses."""
    return Command(line="ATS10?", bare=True)


def set_boot_mark(mark: int) -> Command:
    """Write S10 (V.250 §6.3.12)."""
    return Command(line=f"ATS10={mark}")


def operator() -> Command:
    """Ask for the operator in use (27.007 §7.3)."""
    return Command(line="AT+COPS?", prefixes=("+COPS:",), timeout_s=NETWORK_STATE_S)


def battery() -> Command:
    """Ask for the battery (27.007 §8.4)."""
    return Command(line="AT+CBC", prefixes=("+CBC:",))


def _sms(line: str, *prefixes: str, timeout_s: float = SIM_S) -> Command:
    return Command(line=line, prefixes=prefixes, timeout_s=timeout_s)


def pdu_mode() -> Command:
    """Choose PDU mode (27.005 §3.2.3)."""
    return _sms("AT+CMGF=0")


def message_service() -> Command:
    """Ask whether messages must be acknowledged by us (27.005 §3.2.1)."""
    return _sms("AT+CSMS?", "+CSMS:")


def choose_message_service(service: int) -> Command:
    """0: the modem acknowledges messages itself; 1: we must, with `AT+CNMA`."""
    return _sms(f"AT+CSMS={service}", "+CSMS:")


def possible_stores() -> Command:
    """Ask which message stores there are (27.005 §3.2.2)."""
    return _sms("AT+CPMS=?", "+CPMS:", timeout_s=STORE_CHANGE_S)


def stores() -> Command:
    """Ask which message stores are chosen and how full they are."""
    return Command(line="AT+CPMS?", prefixes=("+CPMS:",), timeout_s=SIM_S, sufficient="+CPMS:")


def choose_stores(*memories: str) -> Command:
    """Choose the stores for reading, writing and receiving; some modems forget the final result."""
    names = ",".join(f'"{name}"' for name in memories)
    return Command(line=f"AT+CPMS={names}", prefixes=("+CPMS:",), timeout_s=STORE_CHANGE_S, sufficient="+CPMS:")


def service_centre() -> Command:
    """Ask for the service centre address kept on the SIM (27.005 §3.3.1)."""
    return _sms("AT+CSCA?", "+CSCA:")


def possible_indications() -> Command:
    """Ask which forms of message indication the modem claims to know (27.005 §3.4.1)."""
    return _sms("AT+CNMI=?", "+CNMI:")


def indications() -> Command:
    """Ask which form of message indication is in force."""
    return _sms("AT+CNMI?", "+CNMI:")


def choose_indications(values: Sequence[int]) -> Command:
    """Choose how messages and reports are announced: mode, mt, bm, ds, bfr; trailing ones may be left out."""
    return _sms("AT+CNMI=" + ",".join(map(str, values)))


def message_bearer() -> Command:
    """Ask whether messages go over the circuit or the packet domain (27.007 §10.1.21)."""
    return _sms("AT+CGSMS?", "+CGSMS:")


def choose_message_bearer(bearer: int) -> Command:
    """0 packet, 1 circuit domain, 2 packet, 3 circuit domain preferred (27.007 §10.1.21)."""
    return _sms(f"AT+CGSMS={bearer}")


def keep_radio_link(mode: int) -> Command:
    """1: keep it from one message to the next, until none has followed for 1 to 5 s; 0: do not (27.005 §3.5.6)."""
    return _sms(f"AT+CMMS={mode}", timeout_s=LOCAL_S)


def list_messages() -> Command:
    """List every stored message: PDU mode knows the state "all" as 4 (27.005 §3.4.2)."""
    return Command(line="AT+CMGL=4", prefixes=("+CMGL:",), timeout_s=LISTING_S, silence_s=LISTING_SILENCE_S, pdus=True)


def read_message(index: int) -> Command:
    """Read one stored message (27.005 §3.4.3)."""
    return Command(line=f"AT+CMGR={index}", prefixes=("+CMGR:",), timeout_s=SIM_S, pdus=True)


def delete_message(index: int) -> Command:
    """Delete exactly the message at `index` (27.005 §3.5.4), never a range: something unread may have arrived."""
    return _sms(f"AT+CMGD={index}")


def acknowledge(*, explicit: bool = True) -> Command:
    """Confirm a message that was handed to us directly (27.005 §3.4.4); some modems know only the bare form."""
    return _sms("AT+CNMA=0" if explicit else "AT+CNMA", timeout_s=LOCAL_S)


def submit(pdu: bytes, length: int, *, timeout_s: float = SUBMIT_S, bare_ok: bool = False) -> Command:
    """Send a TPDU with its service centre address in front (27.005 §3.5.1, §4.3).

    `length` is that of the TPDU alone, in octets. `bare_ok` is for the few old modems that never print `+CMGS:`.
    """
    if not 0 < length < len(pdu):
        raise ValueError(f"the TPDU length {length} does not fit a PDU of {len(pdu)} octets: count without the SCA")
    return Command(
        line=f"AT+CMGS={length}",
        prefixes=("+CMGS:",),
        timeout_s=timeout_s,
        body=pdu.hex().upper().encode("ascii"),
        required=None if bare_ok else "+CMGS:",
        sufficient="+CMGS:",
    )
