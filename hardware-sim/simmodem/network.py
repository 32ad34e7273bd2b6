"""The simulated SMS centre: accepts or refuses what modems send, reports, delivers, and writes down what it took.

Keeps the USSD menu, and what was dialled. Knows no AT and no ptys; time comes from the agenda, the calendar from
`wall`.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from simmodem import codec, deliver
from simmodem.agenda import Agenda
from simmodem.codec import Submit
from simmodem.ledger import Ledger, LedgerEntry, LedgerMessage
from simmodem.menu import MENU, Page

DELIVERED = 0x00
UNASSIGNED_NUMBER = "+CMS ERROR: 1"
SERVICE_CENTRE = "+447700900999"
_NUMBERLESS = "unknown"  # the sender of what comes from a modem that has no number here

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens to some of the submitted parts; the first rule that fits decides.

    `recipient` None fits every number ("+" does not matter). `nth` counts, from 1, the parts sent to that recipient
    (to anyone, without one) since the rule was given; None fits each of them. `error` is the whole final result,
    e.g. "+CMS ERROR: 21". `reports` are the TP-ST values sent in this order, if the part asks for reports at all.
    Delays are seconds and stand in for those of the network; `report_delay` passes before every report, `arrival`
    before a part is at the modem that has its recipient's number; None: it never is, whatever the reports say.
    """

    recipient: str | None = None
    nth: int | None = None
    error: str | None = None
    reports: tuple[int, ...] = (DELIVERED,)
    report_delay: float | None = None
    network_time: float | None = None
    arrival: float | None = 0.0

    def __post_init__(self) -> None:
        if not all(isinstance(status, int) and 0 <= status <= 0xFF for status in self.reports):
            raise ValueError(f"reports {self.reports!r}: each TP-ST is a number from 0 to 255")
        if self.nth is not None and self.nth < 1:
            raise ValueError(f"nth {self.nth!r}: parts are counted from 1")

    def concerns(self, recipient: str) -> bool:
        return self.recipient is None or _is_same(self.recipient, recipient)


def _is_same(number: str, other: str) -> bool:
    return number.removeprefix("+") == other.removeprefix("+")


class Subscriber(Protocol):
    """What the network needs of a modem."""

    index: int

    @property
    def iccid(self) -> str: ...

    def take(self, pdu: str) -> bool:
        """Take a message from the network; False says "not now", and the network keeps it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One part on its way into the network, and how its modem wants reports."""

    subscriber: Subscriber
    iccid: str
    submit: Submit
    mr: int
    report_first: bool = False
    report_copies: int = 1
    national_ra: tuple[str, str] | None = None
    has_link: bool = False  # from the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Airtime:
    """What one submission of a modem costs on the air: the seconds to set up its link, 0 with one, and all others."""

    modem: int
    link_s: float
    network_s: float


class Network:
    """One SMS centre for all modems of a simulation.

    A submission takes as long as `network_time` says, and as `link_time` says before that unless its modem has kept the
    link of the one before, which it does for `link_kept_s` seconds (see `RadioLink`).
    """

    def __init__(
        self,
        agenda: Agenda,
        wall: Callable[[], datetime],
        *,
        seed: int = 0,
        network_time: Range = (0.0, 0.0),
        report_delay: Range = (0.0, 0.0),
        link_time: Range = (0.0, 0.0),
        link_kept_s: float = 3.0,
        rules: Sequence[Rule] = (),
        numbers: Sequence[str] = (),
        ledger: Ledger | None = None,
    ) -> None:
        self.rules: list[Rule] = list(rules)
        # By modem; what is sent to one of them arrives there.
        self.numbers: list[str] = list(numbers)
        self.menu: dict[str, Page] = dict(MENU)
        # The USSD codes and replies of each modem; None where it ended a session.
        self.dialled: list[tuple[int, str | None]] = []
        self.network_time = network_time
        self.report_delay = report_delay
        self.link_time = link_time
        self.link_kept_s = link_kept_s
        self.airtimes: list[Airtime] = []  # of every submission, in order
        self._agenda = agenda
        self._wall = wall
        self._random = random.Random(f"network {seed}")
        self._random_link = random.Random(f"link {seed}")
        self._ledger = ledger or Ledger()
        # The rule is kept beside its count, so that its id stays its own.
        self._counts: dict[int, tuple[Rule, int]] = {}
        self._waiting: dict[tuple[int, str], deque[str]] = {}  # by modem and SIM
        self._subscribers: dict[int, Subscriber] = {}
        self._reference = self._random.randrange(256)

    @property
    def ledger(self) -> list[LedgerEntry]:
        """Every part the network accepted, in order."""
        return self._ledger.entries

    @property
    def messages(self) -> list[LedgerMessage]:
        """Every message all parts of which the network accepted, in order of completion."""
        return self._ledger.messages

    def waiting(self, index: int) -> int:
        """Count the messages the network still holds for a modem."""
        return sum(len(pdus) for (modem, _), pdus in self._waiting.items() if modem == index)

    def attach(self, subscriber: Subscriber) -> None:
        self._subscribers[subscriber.index] = subscriber

    def submit(self, submission: Submission, settled: Callable[[str | None], None]) -> None:
        """Take a part; `settled` is called after the network's time with None or the error it was refused with."""
        rule = self._rule_for(submission.submit.recipient)
        error = rule.error or self._objection(submission.submit)
        network_s = self._random.uniform(*self.network_time) if rule.network_time is None else rule.network_time
        link_s = 0.0 if submission.has_link else self._random_link.uniform(*self.link_time)
        self.airtimes.append(Airtime(modem=submission.subscriber.index, link_s=link_s, network_s=network_s))

        def settle() -> None:
            if error is not None:
                settled(error)
                return
            self._accept(submission)
            self._forward(submission, rule)
            if submission.report_first:
                self._report(submission, rule, 0.0)
            settled(None)
            if not submission.report_first:
                self._report(submission, rule, None)

        self._agenda.after(link_s + network_s, settle)

    def _rule_for(self, recipient: str) -> Rule:
        chosen: Rule | None = None
        for rule in self.rules:
            if not rule.concerns(recipient):
                continue
            count = self._counts.get(id(rule), (rule, 0))[1] + 1
            self._counts[id(rule)] = (rule, count)
            if chosen is None and rule.nth in (None, count):
                chosen = rule
        return chosen or Rule()

    def _objection(self, submit: Submit) -> str | None:
        # No country code begins with 0: the usual mark of a national number sent as an international one.
        return UNASSIGNED_NUMBER if submit.recipient.startswith("+0") else None

    def _accept(self, submission: Submission) -> None:
        self._ledger.accept(
            time=self._wall(),
            modem=submission.subscriber.index,
            iccid=submission.iccid,
            mr=submission.mr,
            submit=submission.submit,
        )

    def _forward(self, submission: Submission, rule: Rule) -> None:
        """Deliver a part to the modem that has its recipient's number, if one has."""
        submit, numbers = submission.submit, self.numbers
        there = next((index for index, number in enumerate(numbers) if _is_same(number, submit.recipient)), None)
        if there is None or rule.arrival is None:
            return
        here = submission.subscriber.index
        sender = numbers[here] if here < len(numbers) else _NUMBERLESS
        pdu = deliver.forward(submit, sender, smsc=SERVICE_CENTRE, moment=self._wall())
        self._agenda.after(rule.arrival, lambda: self.deliver(there, pdu))

    def _report(self, submission: Submission, rule: Rule, first_delay: float | None) -> None:
        if not submission.submit.wants_report:
            return
        submitted = self._wall()
        delay = 0.0
        for place, status in enumerate(rule.reports):
            pause = self._random.uniform(*self.report_delay) if rule.report_delay is None else rule.report_delay
            delay += first_delay if place == 0 and first_delay is not None else pause
            for _ in range(submission.report_copies):
                self._plan_report(submission, status, submitted, delay)

    def _plan_report(self, submission: Submission, status: int, submitted: datetime, delay: float) -> None:
        recipient, iccid = submission.submit.recipient, submission.iccid
        if submission.national_ra and recipient.startswith("+" + submission.national_ra[0]):
            recipient = submission.national_ra[1] + recipient.removeprefix("+" + submission.national_ra[0])

        def send() -> None:
            report = deliver.build_report(
                mr=submission.mr,
                recipient=recipient,
                status=status,
                smsc=SERVICE_CENTRE,
                submitted=submitted,
                discharged=self._wall(),
            )
            self.deliver(submission.subscriber.index, report, iccid)

        if submission.report_first and delay == 0.0:
            send()
        else:
            self._agenda.after(delay, send)

    def incoming(self, index: int, sender: str, text: str, *, message_class: int | None = None) -> None:
        """Send a text to a modem, in as many parts as it needs; raises ValueError for an impossible sender."""
        self._reference = (self._reference + 1) % 256
        parts = deliver.build_deliver(
            sender,
            text,
            smsc=SERVICE_CENTRE,
            moment=self._wall(),
            reference=self._reference,
            message_class=message_class,
        )
        for pdu in parts:
            self.deliver(index, pdu)

    def incoming_pdu(self, index: int, pdu: str) -> None:
        """Send any PDU, well-formed or not, to a modem; raises ValueError for what is not hex."""
        codec.octets_of(pdu)
        self.deliver(index, pdu.upper())

    def deliver(self, index: int, pdu: str, iccid: str | None = None) -> None:
        """Deliver to a modem, or to one SIM of it, when that is in use; without one to the SIM in use now."""
        self._waiting_for(index, iccid).append(pdu)
        self.flush(index)

    def take_back(self, index: int, pdu: str) -> None:
        """Keep a message that its modem did not confirm, before all others, until the next `flush`."""
        self._waiting_for(index).appendleft(pdu)

    def flush(self, index: int) -> None:
        """Deliver what waits for the SIM in use of a modem, in order, as far as it takes it."""
        waiting = self._waiting_for(index)
        while waiting and self._subscribers[index].take(waiting[0]):
            waiting.popleft()

    def _waiting_for(self, index: int, iccid: str | None = None) -> deque[str]:
        return self._waiting.setdefault((index, iccid or self._subscribers[index].iccid), deque())
