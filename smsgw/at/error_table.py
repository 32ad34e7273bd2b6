"""The numbers of +CMS ERROR and +CME ERROR, with the vendors' own.

1-127 are RP causes from the network (3GPP TS 24.011 §8.2.5.4), 128-255 TP failure causes from the service centre
(23.040 §9.2.3.22), 300-500 come from the modem (27.005 §3.2.5). From 510 on every vendor means something else. Data
only.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from smsgw.at.verdicts import Action, Vendor, Verdict

# One letter per action keeps a row on a line.
LETTERS: Mapping[str, tuple[Action, ...]] = {
    "F": (Action.FIX,),
    "P": (Action.PERMANENT,),
    "R": (Action.RETRY,),
    "I": (Action.RETRY_NOW, Action.RETRY),
    "L": (Action.SLOW_DOWN, Action.RETRY),
    "O": (Action.OTHER_SIM,),
    "S": (Action.SIM_FAULT,),
    "M": (Action.REINIT, Action.RESET_MODEM),
    "m": (Action.REINIT,),
    "U": (Action.UNKNOWN_OUTCOME,),
    "W": (Action.WAIT,),
    "C": (Action.CLEAN_STORE,),
    "D": (Action.DUPLICATE_ACCEPTED,),
    "N": (Action.PIN_FLOW,),
    "X": (Action.STOP_SIM,),
    "-": (Action.UNSUPPORTED,),
    "k": (Action.SKIP,),
    "i": (Action.IGNORE,),
}

Row = tuple[str, str, str] | tuple[str, str, str, float]  # numbers, meaning, actions, wait in seconds


def _numbers(text: str) -> Iterable[int]:
    for piece in text.split():
        first, _, last = piece.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _actions(letters: str) -> tuple[Action, ...]:
    return tuple(dict.fromkeys(action for letter in letters for action in LETTERS[letter]))


def _table(*rows: Row) -> Mapping[int, Verdict]:
    verdicts: dict[int, Verdict] = {}
    for numbers, meaning, letters, *wait in rows:
        for number in _numbers(numbers):
            assert number not in verdicts, f"{number} stands twice in one table"
            verdicts[number] = Verdict(
                meaning=meaning, actions=_actions(letters), wait_s=wait[0] if wait else None, code=number
            )
    return MappingProxyType(verdicts)


_STANDARD_CMS = _table(
    ("1", "unassigned number, or a wrong type of number or prefix", "P"),
    ("8", "operator determined barring: plan, unpaid bill or roaming", "SO"),
    ("10", 'call barred: check AT+CLCK="AO",2 and fixed dialling', "SO"),
    ("17", "network failure", "R"),
    ("21", "short message transfer rejected: spam filter, no credit, bad number or wrong service centre", "OP"),
    ("22", "memory capacity exceeded", "R"),
    ("27", "destination out of service", "R"),
    ("28", "unidentified subscriber", "SO"),
    ("29", "facility rejected; a status report may not be allowed", "OP"),
    ("30", "unknown subscriber: the SIM is not known at home", "SO"),
    ("38", "network out of order, or a wrong service centre address", "R", 600),
    ("41", "temporary failure", "I"),
    ("42", "congestion: slow the whole SIM down", "L"),
    ("47", "resources unavailable", "R"),
    ("50", "facility not subscribed: this SIM may not send messages", "SO"),
    ("69", "facility not implemented: landline, short code, status report or wrong service centre", "OP"),
    ("81", "invalid short message transfer reference", "I"),
    ("95", "invalid message", "F"),
    ("96", "invalid mandatory information: type of number, length or service centre", "F"),
    ("97", "message type not implemented", "F"),
    ("98", "not compatible with the protocol state: two sends at once", "I"),
    ("99", "information element not implemented", "F"),
    ("111", "protocol error", "RO"),
    ("127", "interworking: service centre unreachable, number not routable or no credit", "RO"),
    ("128", "telematic interworking not supported", "F"),
    ("129", "short message type 0 not supported", "F"),
    ("130", "cannot replace the short message", "F"),
    ("143", "TP-PID error", "F"),
    ("144", "alphabet not supported", "F"),
    ("145", "message class not supported", "F"),
    ("159", "TP-DCS error", "F"),
    ("160", "command cannot be actioned", "F"),
    ("161", "command unsupported", "F"),
    ("175", "TP command error", "F"),
    ("176", "TPDU not supported", "F"),
    ("192", "service centre busy", "R"),
    ("193", "no service centre subscription", "SO"),
    ("194", "service centre system failure", "R"),
    ("195", "invalid address", "P"),
    ("196", "destination barred", "P"),
    ("197", "duplicate message rejected: an earlier attempt was accepted", "D"),
    ("198", "validity period format not supported: leave it out", "F"),
    ("199", "validity period not supported: leave it out", "F"),
    ("208", "SIM message store full", "CR"),
    ("209", "no message store on the SIM", "CR"),
    ("210", "error in the mobile", "CR"),
    ("211", "memory capacity exceeded", "CR"),
    ("212", "SIM application toolkit busy", "R"),
    ("213", "SIM data download error", "R"),
    ("224-254", "error specific to the operator or the modem", "R"),
    ("255", "unspecified error", "R"),
    ("287", "network failure", "R"),
    ("290", "no resource", "R"),
    ("296", "dual-SIM radio busy", "R"),
    ("297", "dual-SIM radio out of service", "R"),
    ("300", "modem failure", "M"),
    ("301", "message service reserved: another program or port uses it", "W"),
    ("302", "operation not allowed: SIM not ready, radio off or in a call", "WM"),
    ("303", "operation not supported", "F"),
    ("304", "invalid PDU: wrong length, text mode or odd number of digits", "F"),
    ("305", "invalid text mode parameter: the modem fell back to text mode", "m"),
    ("310", "no SIM", "WSN"),
    ("311", "the SIM wants its PIN", "WSN"),
    ("312", "the phone lock wants its PIN", "WSN"),
    ("313", "SIM failure", "mS"),
    ("314", "SIM busy", "I", 2),
    ("315", "wrong SIM", "mS"),
    ("316", "the SIM wants its PUK", "SX"),
    ("317", "the SIM wants its PIN2", "SX"),
    ("318", "the SIM wants its PUK2", "SX"),
    ("320", "memory failure", "R"),
    ("321", "nothing stored at this index", "k"),
    ("322", "message store full", "CW"),
    ("330", "service centre address unknown: set it on the SIM", "F"),
    ("331", "no network service", "W"),
    ("332", "network time-out", "UR", 5),
    ("340", "no acknowledgement expected", "i"),
    ("500", "unknown error", "RM"),
)

# Some firmware (u-blox LENA, Unisoc, ASR) gives the RP causes consecutive numbers.
RENUMBERED = {
    350: 1, 351: 8, 352: 10, 353: 17, 354: 21, 355: 22, 356: 27, 357: 28, 358: 29, 359: 30, 360: 38, 361: 41,
    362: 42, 363: 47, 364: 50, 365: 69, 366: 81, 367: 95, 368: 96, 369: 97, 370: 98, 371: 99, 372: 111, 373: 127,
}  # fmt: skip
_RENUMBERED_CMS = {
    number: Verdict(
        meaning=_STANDARD_CMS[cause].meaning,
        actions=_STANDARD_CMS[cause].actions,
        wait_s=_STANDARD_CMS[cause].wait_s,
        code=number,
    )
    for number, cause in RENUMBERED.items()
}

_VENDOR_UNKNOWN = _table(("512-515", "meaning depends on the vendor, who is unknown", "R"))

CMS: Mapping[int, Verdict] = MappingProxyType({**_STANDARD_CMS, **_RENUMBERED_CMS, **_VENDOR_UNKNOWN})

_SIMCOM_CMS = _table(
    ("224", "connection to the network retried too often", "R"),
    ("225", "no answer from the network in time (TR1M)", "U"),
    ("226", "connection to the network broken", "U"),
    ("512", "\"no error\"", "U"),
    ("513", "message too long", "F"),
    ("514", "bad request parameter", "F"),
    ("515", "message store failure", "R"),
    ("516", "invalid bearer", "F"),
    ("517", "invalid service mode", "F"),
    ("518", "storage type", "F"),
    ("519", "message format", "F"),
    ("520", "too many concatenated messages", "F"),
    ("521", "message layer not ready", "W"),
    ("522", "no service", "W"),
    ("530", "packet service suspended", "R"),
    ("531", "message store full", "CW"),
    ("523", "status report not in the store", "R"),
    ("524", "invalid message type", "R"),
    ("525", "no relay layer entity", "R"),
    ("526", "port in use", "R"),
    ("528", "continuous transmission in a wrong state: AT+CMMS=0", "I"),
    ("529", "sending is not allowed", "S"),
    ("532", "the SIM is being refreshed", "W"),
)  # fmt: skip

CMS_VENDOR: Mapping[Vendor, Mapping[int, Verdict]] = {
    Vendor.QUECTEL: _table(
        ("350", "no bearer for messages (not registered for voice, IMS off) or a bad service centre", "W"),
        ("512", "SIM not ready", "W"),
        ("513", "message too long", "F"),
        ("514", "bad request parameter", "F"),
        ("515", "message store failure", "R"),
        ("517", "invalid service mode", "F"),
        ("528", "continuous transmission in a wrong state: AT+CMMS=0", "I"),
        ("529", "sending is not allowed", "S"),
        ("530", "packet service suspended", "R"),
        ("531", "message store full", "CW"),
        ("604", "message service not ready", "W"),
    ),
    Vendor.SIMCOM: _SIMCOM_CMS,
    Vendor.CINTERION: _table(
        ("512", "cancelled by the user", "R"),
        ("513", "unable to store", "C"),
        ("514", "invalid status", "F"),
        ("515", "invalid character in the address", "F"),
        ("516", "invalid length", "F"),
        ("517", "invalid character in the PDU", "F"),
        ("519", "invalid length or character", "F"),
        ("520", "invalid character in the text", "F"),
        ("521", "no answer from the network in time", "U"),
        ("522", "temporarily not allowed", "R"),
        ("526", "the PIN is deactivated", "N"),
        ("527", "radio resource or mobility management busy", "R"),
        ("532", "SIM not ready", "W"),
        ("534", "cell broadcast error", "R"),
        ("535", "packet service busy", "R"),
        ("538", "bad parameter", "F"),
        ("549", "wrong PDU length", "F"),
        ("550", "wrong message type", "F"),
        ("551", "not hexadecimal", "F"),
        ("553", "wrong user data length", "F"),
        ("554", "wrong service centre length", "F"),
    ),
    Vendor.TELIT: _table(
        ("510", "message blocked by fixed dialling", "P"),
        ("512", "no resources for messages", "R"),
        ("513", "no answer from the network in time (TR1M)", "U"),
        ("514", "lower layer error", "R"),
        ("515", "no response from the network", "U"),
    ),
    Vendor.WAVECOM: _table(
        ("512", "connection could not be established", "R"),
        ("513", "lower layer failure, after 28 or 42 seconds", "UR"),
        ("514", "CP error", "R"),
        ("515", "the modem is still starting", "W", 5),
        ("517", "SIM application toolkit", "R"),
        ("518", "SIM application toolkit", "R"),
        ("528", "location update failed", "W"),
        ("529", "network selection failed", "W"),
    ),
    Vendor.SIERRA: _table(("606", "busy", "W")),
    Vendor.MOTOROLA: _table(
        ("512", "network busy", "R"),
        ("513", "bad destination address", "P"),
        ("514", "wrong body length", "F"),
        ("515", "not in service", "W"),
        ("516", "bad memory", "F"),
        ("517", "ended by the user", "R"),
        ("518-520", "socket error", "R"),
        ("531", "number not in the fixed dialling list", "P"),
    ),
    Vendor.UBLOX: _table(
        ("512", "\"RP-ACK\"", "U"),
        ("513", "no answer from the network in time", "U"),
        ("514", "forwarding availability failed", "R"),
        ("515", "aborted", "R"),
        ("516", "invalid message type", "F"),
        ("517", "no status report in phase 1", "F"),
        ("518-520", "not possible in phase 1", "F"),
        ("521", "validity period missing", "F"),
        ("522", "time stamp missing", "F"),
        ("523", "destination address missing", "F"),
        ("524", "service centre address missing", "F"),
        ("525-527", "address or alphabet not usable", "F"),
        ("528 529", "wrong user data length", "F"),
        ("536 537", "message could not be created", "R"),
        ("538", "connection lost", "U"),
        ("539", "another message is being sent", "W"),
        ("543-546", "rejected by toolkit, fixed or barred dialling", "P"),
        ("604", "no service", "W"),
        ("605", "access class barred", "R"),
        ("606", "connection management busy", "W"),
        ("620-672", "radio or network failure", "R"),
    ),
    Vendor.ITEGNO: _table(("512", "could not abort", "R"), ("513", "the modem wants a reset", "M")),
}  # fmt: skip

CME: Mapping[int, Verdict] = _table(
    ("0", "phone failure", "M"),
    ("1", "no connection to the phone", "M"),
    ("2", "phone adapter link reserved", "M"),
    ("3", "operation not allowed: not ready yet, or never", "WF"),
    ("4", "operation not supported", "-"),
    ("5", "the phone lock wants its PIN", "N"),
    ("6", "the lock to the first SIM wants its PIN", "N"),
    ("7", "the lock to the first SIM wants its PUK", "NX"),
    ("10", "no SIM", "N"),
    ("11", "the SIM wants its PIN", "N"),
    ("12", "the SIM wants its PUK", "NX"),
    ("13", "SIM failure", "NmS"),
    ("14", "SIM busy", "I", 2),
    ("15", "wrong SIM", "NmS"),
    ("16", "wrong PIN: it must not be entered again", "X"),
    ("17", "the SIM wants its PIN2", "N"),
    ("18", "the SIM wants its PUK2", "NX"),
    ("20", "memory full", "C"),
    ("21", "nothing stored at this index", "k"),
    ("22", "not found", "k"),
    ("23", "memory failure", "Ck"),
    ("24", "text too long", "F"),
    ("25", "invalid characters in the text", "F"),
    ("26", "dial string too long", "F"),
    ("27", "invalid characters in the dial string", "F"),
    ("30", "no network service", "W"),
    ("31", "network time-out", "WR"),
    ("32", "emergency calls only", "W"),
    ("40-47", "locked to another network, operator or company", "S"),
    ("48", "hidden key required", "F"),
    ("49", "EAP method not supported", "F"),
    ("50", "incorrect parameters", "F"),
    ("100", "unknown error, or an unknown command", "i"),
    ("103", "illegal mobile", "SW"),
    ("106", "illegal equipment", "SW"),
    ("107", "packet service not allowed", "SW"),
    ("111", "network not allowed", "SW"),
    ("112", "location area not allowed", "SW"),
    ("113", "roaming not allowed", "SW"),
    ("132-134", "data service option, of no concern to messages", "i"),
    ("148-150", "data connection, of no concern to messages", "i"),
    ("257", "network rejected the request", "R"),
    ("258", "retry the operation", "R"),
    ("515", "the modem is still starting or busy with a command", "W", 5),
    ("604", "SIM or message service not ready", "W"),
    ("615", "network failure", "R"),
    ("616", "network down", "R"),
    ("769", "network control", "R"),
    ("770", "the network rejects the SIM", "S"),
    ("771", "call setup failed", "R"),
    ("772", "the SIM has been powered down", "M"),
)

CME_VENDOR: Mapping[Vendor, Mapping[int, Verdict]] = {
    Vendor.CINTERION: _table(
        ("256", "temporarily not allowed", "R"),
        ("257", "barred", "SO"),
        ("258", "phone busy", "R"),
        ("259-261 263", "call refused, of no concern to messages", "R"),
        ("262", "the SIM is blocked", "S"),
    ),
    Vendor.SIMCOM: _table(
        ("100", "unknown command", "-"),
        ("797", "the radio is off: AT+CFUN=1", "m"),
    ),
    Vendor.WAVECOM: _table(("516", "service code error", "i")),
}

UNKNOWN = CMS[500]
