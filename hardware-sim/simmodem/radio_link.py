"""The radio link of one modem, which a submission needs and AT+CMMS keeps for the next one (TS 27.005 §3.5.6)."""

from simmodem.agenda import Agenda, Appointment

CLOSED, UNTIL_IDLE, KEPT = range(3)  # <n> of AT+CMMS


class RadioLink:
    """Whether a submission finds the link there; without AT+CMMS it never does.

    It is kept for `kept_s` seconds from an answer to the next PDU; the standard leaves 1 to 5 s to the modem.
    """

    def __init__(self, agenda: Agenda, kept_s: float) -> None:
        self.mode = CLOSED
        self.is_up = False
        self._agenda = agenda
        self._kept_s = kept_s
        self._closing: Appointment | None = None

    def choose(self, mode: int) -> None:
        """Do as AT+CMMS says."""
        self.mode = mode
        if mode == CLOSED:
            self.is_up = False

    def in_use(self) -> None:
        """A submission begins."""
        if self._closing is not None:
            self._closing.cancel()

    def idle(self) -> None:
        """A submission has ended."""
        if self.mode != CLOSED:
            self.is_up = True
            self._closing = self._agenda.after(self._kept_s, self._close)

    def forget(self) -> None:
        """Be as after a restart."""
        self.in_use()
        self.choose(CLOSED)

    def _close(self) -> None:
        self.is_up = False
        if self.mode == UNTIL_IDLE:
            self.mode = CLOSED
