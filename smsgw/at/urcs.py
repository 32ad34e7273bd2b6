"""Unsolicited lines: which lines no command asked for, which of them announce a PDU, which tell of a restart.

Data and look-ups; what to do about a line is decided elsewhere.
"""

import re
from enum import IntEnum

# A hex line follows (27.005 §3.4.1): a message, a status report, a cell broadcast message.
TWO_LINE = ("+CMT:", "+CDS:", "+CBM:")

_STANDARD = (
    "+CMTI:", "+CDSI:", "+CBMI:", "+CUSD:", "+CRING:", "+CLIP:", "+CCWA:", "+CREG:", "+CGREG:", "+CEREG:", "+CIREGU:",
    "+CGEV:", "+CPIN:", "+CTZV:", "+CTZE:", "+CTZDST:", "+CIEV:", "+CSSU:", "+CSSI:", "+NITZ", "+CSQ:", "+CFUN:",
    "+CMGS:",  # the answer to a send that was given up: its reference is still worth knowing
)  # fmt: skip
_VENDORS = (
    # Huawei
    "^RSSI", "^HCSQ:", "^BOOT", "^MODE:", "^SRVST:", "^SIMST:", "^CSNR:", "^DSFLOWRPT:", "^STIN:", "^NWTIME:",
    "^HRSSILVL", "^NDISSTAT", "^ORIG:", "^CONF:", "^CONN:", "^CEND:", "^SMMEMFULL", "^RFSWITCH:", "^LTERSRP:", "^EONS:",
    "^LWURC:", "^ECCLIST:",
    # ZTE
    "+ZUSIMR:", "+ZDONR:", "+ZPASR:", "+ZPSTM:", "+ZEND",
    # Quectel
    "+QIND:", "+QUSIM:", "+QIURC:", "+QLWURC:", "POWERED DOWN", "+QSIMSTAT",
    # SIMCom
    "+CNSMOD:", "+SIMCARD:", "*PSUTTZ", "*ATREADY", "+SMS FULL", "UNDER-VOLTAGE", "OVER-VOLTAGE", "NORMAL POWER DOWN",
    "+CMTE:",
    # Cinterion
    "^SYSSTART", "^SHUTDOWN", "^SSIM READY", "^SBC:",
    # Telit
    "#STN:", "#QSS:",
    # u-blox
    "+UU", "+UCALLSTAT:", "+PBREADY", "+AT: READY",
    # Option, Ericsson, MediaTek, Wavecom
    "_OSIGQ:", "_OBS:", "*EMRDY", "*E2NAP", "+PACSP", "+EUSIM:", "+ESIMS:", "+WIND:",
)  # fmt: skip
_PREFIXES = TWO_LINE + _STANDARD + _VENDORS
# A voice call may print these at any time; they end a command only when it dialled (V.250 §6.3.1).
CALL_RESULTS = ("NO CARRIER", "NO DIALTONE", "BUSY", "NO ANSWER", "CONNECT")
_WHOLE_LINES = frozenset(
    (
        "RING",
        "RDY",
        "Call Ready",
        "SMS Ready",
        "PB DONE",
        "SMS DONE",
        "START",
        "1",
        "2",
        "3",
        "6",
        "7",
        "8",
        *CALL_RESULTS,
    )
)
_ONE_LINE_REPORT = re.compile(r"\+C(DS|MT|BM):([^,]*,){3}")


def is_registration_urc(line: str) -> bool:
    """Tell an unsolicited `stat[,"lac",…]` from an answer `n,stat[,…]` (27.007 §7.2).

    The area code is quoted, or hex of four digits; a second field of few digits is the state.
    """
    if not line.startswith(("+CREG:", "+CGREG:", "+CEREG:")):
        return False
    second = line.partition(":")[2].split(",")[1:2]
    return not second or re.fullmatch(r"\s*[0-9]{1,3}\s*", second[0]) is None


class BootSign(IntEnum):
    """How surely a line tells of a restart."""

    NONE = 0  # nothing of the kind
    LATE = 1  # printed after a restart, but also after the SIM was unlocked or the radio switched on
    FIRST = 2  # printed only when the modem has just started, or is going down


_BOOT_SIGNS = {
    "RDY": BootSign.FIRST,
    "START": BootSign.FIRST,
    "^SYSSTART": BootSign.FIRST,
    "^SHUTDOWN": BootSign.FIRST,
    "*ATREADY": BootSign.FIRST,
    "+AT: READY": BootSign.FIRST,
    "NORMAL POWER DOWN": BootSign.FIRST,
    "POWERED DOWN": BootSign.FIRST,
    "UNDER-VOLTAGE POWER DOWN": BootSign.FIRST,
    "OVER-VOLTAGE POWER DOWN": BootSign.FIRST,
    "^BOOT": BootSign.LATE,
    "+CFUN: 1": BootSign.LATE,
    "Call Ready": BootSign.LATE,
    "SMS Ready": BootSign.LATE,
    "SMS DONE": BootSign.LATE,
    "+QIND: SMS DONE": BootSign.LATE,
}


def is_urc(line: str) -> bool:
    """Tell whether `line` is one that modems print unasked."""
    return line in _WHOLE_LINES or line.startswith(_PREFIXES)


def announces_pdu(line: str) -> bool:
    """Tell whether a hex line follows; a report in text mode has all its fields in one line (27.005 §3.4.1)."""
    return line.startswith(TWO_LINE) and not _ONE_LINE_REPORT.match(line)


def boot_sign(line: str) -> BootSign:
    """Tell how surely `line` means that the modem restarted and forgot its settings."""
    for start, sign in _BOOT_SIGNS.items():
        if line == start or (line.startswith(start) and not line[len(start)].isalnum()):
            return sign
    return BootSign.NONE


def is_reboot(line: str) -> bool:
    """Tell whether `line`, printed in the middle of a session, means that the modem restarted."""
    return boot_sign(line) is not BootSign.NONE
