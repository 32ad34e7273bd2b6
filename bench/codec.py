"""How long the parts of the gateway take that are pure calculation: texts, PDUs, and the dialogue with a modem.

Each operation is repeated for a fifth of a second, in this process and five times over; the fastest of the five counts,
in processor time, so that what else the machine does distorts it little. Nothing is read or written. What is encoded is
what a request makes of a text: its parts, ready for the modem. What is decoded was written by the simulator. A dialogue
is one message on its way out with the echo on: command, prompt, PDU, reference, OK, and the report of its delivery
behind it; the modem's bytes come in the four pieces in which a fast line hands them over, or one by one.
"""

import argparse
import time
import timeit
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from simmodem.deliver import build_deliver, build_report
from smsgw.at import commands
from smsgw.at.engine import Engine
from smsgw.gsm.pdu import decode, encode_message
from smsgw.gsm.text import split
from smsgw.gsm.whole import is_received
from suite.section import Section, Table, program

REPEATS, LEAST_S, QUICK_S = 5, 0.2, 0.01
NUMBER, SERVICE_CENTRE = "79991234567", "+447700900999"
DAY_S = 86_400
MOMENT = datetime(2025, 3, 4, 12, 30, tzinfo=UTC)

LATIN = "Your code is 4711. Do not tell it to anybody."
CYRILLIC = "Ваш код 4711, никому его не говорите"
FULL_LATIN = (LATIN * 4)[:160]
FULL_CYRILLIC = (CYRILLIC * 2)[:70]
FIVE_PARTS = (CYRILLIC * 10)[:330]
LONG_LATIN = (LATIN * 40)[:1_530]
LONG_CYRILLIC = (CYRILLIC * 20)[:670]

Operation = Callable[[], object]


def encoding(text: str) -> Operation:
    """Return what makes the parts of a text."""
    return lambda: encode_message(text, NUMBER, reference=7, validity_s=DAY_S)


def decoding(pdu: str) -> Operation:
    """Return what reads a PDU."""
    return lambda: decode(pdu)


def received(sender: str, text: str) -> str:
    """Return a message of one part as a modem hands it over."""
    (pdu,) = build_deliver(sender, text, smsc=SERVICE_CENTRE, moment=MOMENT, reference=1)
    return pdu


def report() -> str:
    """Return a report as a modem hands it over."""
    return build_report(
        mr=1, recipient=f"+{NUMBER}", status=0, smsc=SERVICE_CENTRE, submitted=MOMENT, discharged=MOMENT
    )


class Dialogue:
    """One message on its way out: what is written, and what the modem writes before and behind that."""

    def __init__(self, size: int | None) -> None:
        (part,) = encode_message(CYRILLIC, NUMBER, reference=7, validity_s=DAY_S)
        self._command = commands.submit(part.pdu, part.length)
        body = part.pdu.hex().upper().encode("ascii")
        pdu = report()
        told = f"\r\n+CDS: {len(pdu) // 2 - 8}\r\n{pdu}\r\n".encode("ascii")
        self._before = [*pieces(self._command.wire + b"\r\n> ", size)]
        self._behind = [
            piece for whole in (body, b"\r\n+CMGS: 12\r\n\r\nOK\r\n", told) for piece in pieces(whole, size)
        ]

    def run(self) -> int:
        """Hold the dialogue, and count its events."""
        engine = Engine(is_received)
        engine.send(self._command)
        events = sum(len(engine.receive(piece)) for piece in self._before)
        engine.send_body()
        return events + sum(len(engine.receive(piece)) for piece in self._behind)


def pieces(data: bytes, size: int | None) -> Iterator[bytes]:
    """Cut bytes into pieces; without a size there is one."""
    size = size or len(data)
    return (data[start : start + size] for start in range(0, len(data), size))


def operations() -> dict[str, dict[str, Operation]]:
    """Return what is measured, by table."""
    whole, one_by_one = Dialogue(None), Dialogue(1)
    assert whole.run() == one_by_one.run() == 5, "a prompt, an echo, a reference, the end, a report"
    report_pdu = report()
    return {
        "A text on its way out": {
            "encode, short, GSM 7-bit": encoding(LATIN),
            "encode, 160 characters, GSM 7-bit": encoding(FULL_LATIN),
            "encode, short, UCS-2": encoding(CYRILLIC),
            "encode, five parts, UCS-2": encoding(FIVE_PARTS),
            "split alone, ten parts, GSM 7-bit": lambda: split(LONG_LATIN),
            "split alone, ten parts, UCS-2": lambda: split(LONG_CYRILLIC),
        },
        "What comes in": {
            "decode a message of 160 characters, GSM 7-bit": decoding(received(f"+{NUMBER}", FULL_LATIN)),
            "decode a message of 70 characters, UCS-2": decoding(received("Bank", FULL_CYRILLIC)),
            "decode a report": decoding(report_pdu),
            "tell the whole PDU of a report": lambda: is_received(report_pdu),
        },
        "The dialogue for one message": {"as a fast line brings it": whole.run, "byte by byte": one_by_one.run},
    }


def cost_us(operation: Operation, least_s: float) -> float:
    """Return what one operation takes, in microseconds of processor time."""
    timer = timeit.Timer(operation, timer=time.process_time)
    number = 1
    while timer.timeit(number) < least_s:
        number *= 2
    return 1e6 * min(timer.repeat(REPEATS, number)) / number


def table(title: str, rows: dict[str, Operation], least_s: float) -> Table:
    """Measure one table."""
    costs = {name: cost_us(operation, least_s) for name, operation in rows.items()}
    return Table(
        title=title, columns=("", "µs each", "a second"), rows=[(name, us, 1e6 / us) for name, us in costs.items()]
    )


async def measure(options: argparse.Namespace) -> Section:
    """Measure every operation."""
    least_s = QUICK_S if options.quick else LEAST_S
    return Section(
        title="The codec",
        tables=[table(title, rows, least_s) for title, rows in operations().items()],
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be chosen: nothing more."""


if __name__ == "__main__":
    program(__doc__ or "", measure, add_options)
