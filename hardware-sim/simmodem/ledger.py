"""What the network accepted: one entry per part, one message when all its parts are there."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from simmodem.codec import Submit


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One accepted part. `pdu` is what the modem was given, in upper-case hex; text of 8-bit data is its hex."""

    time: datetime
    modem: int
    iccid: str
    mr: int
    recipient: str
    text: str
    seq: int
    total: int
    reference: int | None
    alphabet: str
    dcs: int
    wants_report: bool
    pdu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMessage:
    """One complete message: the texts of its parts joined in order, each part decoded by itself."""

    time: datetime
    modem: int
    iccid: str
    recipient: str
    text: str
    references: tuple[int, ...]


Key = tuple[str, str, int | None, int, int]


@dataclass(slots=True)
class Ledger:
    """In memory, and as JSON lines when `path` is given; every line is flushed at once."""

    path: Path | None = None
    entries: list[LedgerEntry] = field(default_factory=list)
    messages: list[LedgerMessage] = field(default_factory=list)
    _partial: dict[Key, dict[int, LedgerEntry]] = field(default_factory=dict)

    def accept(self, *, time: datetime, modem: int, iccid: str, mr: int, submit: Submit) -> None:
        """Write down one part, and the message when this part completes it."""
        concatenation = submit.concatenation
        entry = LedgerEntry(
            time=time,
            modem=modem,
            iccid=iccid,
            mr=mr,
            recipient=submit.recipient,
            text=submit.text,
            seq=concatenation.seq if concatenation else 1,
            total=concatenation.total if concatenation else 1,
            reference=concatenation.reference if concatenation else None,
            alphabet=submit.alphabet.value,
            dcs=submit.dcs,
            wants_report=submit.wants_report,
            pdu=submit.pdu,
        )
        self.entries.append(entry)
        self._write("part", entry)
        self._join(entry, concatenation.bits if concatenation else 0)

    def _join(self, entry: LedgerEntry, bits: int) -> None:
        key = (entry.iccid, entry.recipient, entry.reference, bits, entry.total)
        parts = self._partial.setdefault(key, {})
        parts[entry.seq] = entry
        if len(parts) < entry.total:
            return
        del self._partial[key]
        ordered = [parts[seq] for seq in sorted(parts)]
        message = LedgerMessage(
            time=entry.time,
            modem=entry.modem,
            iccid=entry.iccid,
            recipient=entry.recipient,
            text="".join(part.text for part in ordered),
            references=tuple(part.mr for part in ordered),
        )
        self.messages.append(message)
        self._write("message", message)

    def _write(self, kind: str, fact: LedgerEntry | LedgerMessage) -> None:
        if self.path is None:
            return
        # Opened anew for each line, so that whoever rotates or removes the file is never fought.
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **as_json(fact)}, ensure_ascii=False) + "\n")


def as_json(fact: LedgerEntry | LedgerMessage) -> dict[str, Any]:
    """Give a ledger fact in JSON's types; times in ISO 8601."""
    return {**asdict(fact), "time": fact.time.isoformat()}
