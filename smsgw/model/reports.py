"""Status reports, and the attempts that they may be about."""

from dataclasses import dataclass

from smsgw.model.states import PartState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedReport:
    """A status report as it matters for matching (3GPP TS 23.040 §9.2.2.3); time in Unix milliseconds."""

    reference: int
    recipient: str
    service_centre_time: int | None
    status: int
    pdu: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedReport:
    """A status report that no message was waiting for; time in Unix milliseconds."""

    received_at: int
    sim: str
    report: ReceivedReport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """One page of a list of unmatched reports, newest first, and how many there are in all."""

    total: int
    reports: tuple[UnmatchedReport, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An attempt that a status report may be about; times in Unix milliseconds."""

    part: int
    submitted_at: int
    ended_at: int | None
    state: PartState
    recipient: str
