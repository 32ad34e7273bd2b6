"""What share of the possible a daemon sends: the time that its parts need by the model, against the time they took.

The least a part needs is what the network takes for it and what its bytes take on the serial line. Works for whatever
sends in PDU mode through modems that a `Wire` watches; knows no gateway.
"""

from dataclasses import dataclass

from simmodem import LedgerEntry, Network, Stage
from suite.wire import Wire

_BITS_PER_BYTE = 10  # a start bit, eight and a stop bit
_PROMPT = "\r\n> "


@dataclass(frozen=True, slots=True, kw_only=True)
class AirUse:
    """The parts of all modems together, in seconds; `links` of them had to set up a radio link."""

    parts: int
    links: int
    network_s: float
    line_s: float
    taken_s: float

    @property
    def possible_s(self) -> float:
        """The least that they need."""
        return self.network_s + self.line_s

    @property
    def percent(self) -> float:
        """The share of the time taken in which network or line were at work."""
        return 100 * self.possible_s / self.taken_s


def line_s(entry: LedgerEntry, baud: int) -> float:
    """Return what the bytes that sending a part takes need on the line: AT+CMGS, prompt, PDU, +CMGS and OK."""
    service_centre = 1 + int(entry.pdu[:2], 16)
    command = f"AT+CMGS={len(entry.pdu) // 2 - service_centre}\r"
    answer = f"\r\n+CMGS: {entry.mr}\r\n\r\nOK\r\n"
    octets = len(command) + len(_PROMPT) + len(f"{entry.pdu}\x1a") + len(answer)
    return octets * _BITS_PER_BYTE / baud


def air_use(wire: Wire, network: Network, baud: int) -> AirUse:
    """Look at what each modem sent, from the reference of its first part to that of its last; that of all together.

    For a network that has refused nothing: a part that it takes twice counts twice.
    """
    parts, links, network_s, lines_s, taken_s = 0, 0, 0.0, 0.0, 0.0
    for modem in list(wire.reached):
        references = wire.times(Stage.REFERENCE, modem)
        airtimes = [airtime for airtime in network.airtimes if airtime.modem == modem][1:]
        entries = [entry for entry in network.ledger if entry.modem == modem][1:]
        if not len(references[1:]) == len(airtimes) == len(entries):
            raise ValueError(f"modem {modem} sent {len(airtimes)} parts, of which {len(entries)} were accepted")
        parts += len(entries)
        links += sum(airtime.link_s > 0 for airtime in airtimes)
        network_s += sum(airtime.link_s + airtime.network_s for airtime in airtimes)
        lines_s += sum(line_s(entry, baud) for entry in entries)
        taken_s += references[-1] - references[0]
    return AirUse(parts=parts, links=links, network_s=network_s, line_s=lines_s, taken_s=taken_s)
