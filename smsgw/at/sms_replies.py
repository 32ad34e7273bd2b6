"""Typed reading of answers about messages (27.005): references, stores, listings, indications, the service centre.

Pure functions from lines to values; a line in no known form raises `ReplyError`, and nothing else is ever raised.
Decodes no PDU: a PDU is handed on as its hex line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from smsgw.at.replies import ReplyError, fields, integers, is_number, tail


def message_reference(lines: Sequence[str]) -> int | None:
    """Read TP-MR from `+CMGS: mr[,…]`; `None` if the line is missing or carries none (27.005 §4.3)."""
    for line in lines:
        if found := re.match(r"\+CMGS:\s*([0-9]{1,3})\b", line):
            return int(found[1]) if int(found[1]) <= 255 else None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message lies: memory name and index; indices start at 0 or 1 and may have holes."""

    memory: str
    index: int


def stored_at(line: str) -> Place:
    """Read `+CMTI:` and `+CDSI:`, which say where a message or a report has been stored (27.005 §3.4.1)."""
    values = fields(line.partition(":")[2])
    if not line.startswith(("+CMTI:", "+CDSI:")) or len(values) < 2 or not is_number(values[1]) or not values[0]:
        raise ReplyError("the place of a message", (line,))
    return Place(memory=values[0], index=int(values[1]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPdu:
    """One entry of a listing: its index, its status (0 unread, 1 read, 2 unsent, 3 sent) and its PDU in hex.

    One that is not whole is shorter than its header says: something was lost on the line.
    """

    index: int
    status: int
    pdu: str
    is_whole: bool = True


def listed(lines: Sequence[str]) -> list[ListedPdu]:
    """Read a whole listing (27.005 §3.4.2, §4.1).

    Entries without a PDU are empty slots; they are left out, as are garbled ones: those will be listed again.
    """
    entries = []
    for header, following in pairwise([*lines, ""]):
        if not header.startswith("+CMGL:"):
            continue
        values = fields(header[len("+CMGL:") :])
        if len(values) > 1 and is_number(values[0]) and _is_pdu(following):
            whole = _is_whole(following, values[-1])
            entries.append(ListedPdu(index=int(values[0]), status=_status(values[1]), pdu=following, is_whole=whole))
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPdu:
    """One stored message in hex; whole as in `ListedPdu`."""

    pdu: str
    is_whole: bool = True


def read(lines: Sequence[str]) -> ReadPdu | None:
    """Read the PDU of one stored message; `None` if nothing is stored there (27.005 §4.2)."""
    for header, following in pairwise([*lines, ""]):
        if header.startswith("+CMGR:"):
            values = fields(header[len("+CMGR:") :]) or [""]
            return ReadPdu(pdu=following, is_whole=_is_whole(following, values[-1])) if _is_pdu(following) else None
    return None


def _is_pdu(line: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]+", line) is not None


def _is_whole(pdu: str, length: str) -> bool:
    """The length counts the TPDU; on some firmware the service centre in front of it too."""
    if len(pdu) % 2:
        return False
    octets = len(pdu) // 2
    if not is_number(length):
        return True
    return octets - 1 - int(pdu[:2], 16) >= int(length) or octets == int(length)


def _status(text: str) -> int:
    return int(text) if text in ("0", "1", "2", "3") else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How full a message store is."""

    used: int
    total: int


def usages(lines: Sequence[str]) -> list[Usage]:
    """Read the fill of one to three stores, with or without their names (27.005 §3.2.2)."""
    values = [value for value in fields(tail("+CPMS:", lines, "the message stores")) if is_number(value)]
    if len(values) < 2 or len(values) % 2:
        raise ReplyError("the message stores", lines)
    numbers = [int(value) for value in values]
    return [Usage(used=used, total=total) for used, total in zip(numbers[::2], numbers[1::2], strict=True)]


def store_groups(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Read which stores may be chosen for reading, writing and receiving; one group if there are no brackets."""
    answer = tail("+CPMS:", lines, "the possible message stores")
    groups = re.findall(r"\(([^()]*)\)", answer) or [answer]
    return [tuple(dict.fromkeys(re.findall(r'"([A-Z]{2})"', group))) for group in groups]


def current_stores(lines: Sequence[str]) -> list[str]:
    """Read the names of the chosen stores; empty where the modem does not print them."""
    return re.findall(r'"([A-Z]{2})"', tail("+CPMS:", lines, "the message stores"))


def service_centre(lines: Sequence[str]) -> str | None:
    """Read the service centre address, `None` if none is stored; UCS2 hex is what some modems print (27.005 §3.3.1)."""
    values = fields(tail("+CSCA:", lines, "the service centre address"))
    address = values[0] if values else ""
    if len(address) >= 16 and re.fullmatch(r"(00[23][0-9A-Fa-f])+", address):
        address = bytes.fromhex(address).decode("utf-16-be")
    return address or None


def message_service(lines: Sequence[str]) -> int:
    """Read the chosen message service: 1 means that we must acknowledge what we are handed (27.005 §3.2.1)."""
    return integers(tail("+CSMS:", lines, "the message service"), "the message service", lines)[0]


def indications(lines: Sequence[str]) -> tuple[int, ...]:
    """Read the form of message indication in force: mode, mt, bm, ds, bfr (27.005 §3.4.1)."""
    return tuple(integers(tail("+CNMI:", lines, "the indications"), "the indications", lines))


def possible_indications(lines: Sequence[str]) -> list[frozenset[int]] | None:
    """Read what each value of `AT+CNMI` may be: `(0-2),(0,1)…`; `None` if the answer is in no known form."""
    groups = re.findall(r"\(([^()]*)\)", tail("+CNMI:", lines, "the possible indications"))
    if not groups or not all(re.fullmatch(r"[\d\s,-]*", group, re.ASCII) for group in groups):
        return None
    return [frozenset(_expand(group)) for group in groups]


def _expand(group: str) -> set[int]:
    values: set[int] = set()
    for first, last in re.findall(r"(\d{1,2})\s*(?:-\s*(\d{1,2}))?", group):
        values.update(range(int(first), int(last or first) + 1))
    return values


def message_bearer(lines: Sequence[str]) -> int:
    """Read the bearer for messages: 0 packet, 1 circuit, 2 packet preferred, 3 circuit preferred (27.007 §10.1.21)."""
    return integers(tail("+CGSMS:", lines, "the bearer for messages"), "the bearer for messages", lines)[0]
