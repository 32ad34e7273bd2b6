"""One modem put together: equipment, line, reception; its power and its sending. Knows no commands."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from simmodem.agenda import Agenda
from simmodem.codec import Submit
from simmodem.equipment import CmsError, Equipment
from simmodem.network import Network, Submission
from simmodem.profiles import Profile
from simmodem.reception import Reception
from simmodem.sim import Identity
from simmodem.terminal import Terminal

BOOT_S = 0.2

# The lines before OK; None where the final result was written already or comes later.
Answer = list[str] | None


class SendFault(StrEnum):
    """What goes wrong with one send, after the PDU and Ctrl-Z."""

    MUTE = "mute_after_ctrl_z"  # the network accepts, no answer ever comes
    LOSE = "lose_after_ctrl_z"  # the network never sees it, no answer ever comes
    OK_ONLY = "ok_only"  # the network accepts, OK comes without +CMGS
    REBOOT = "reboot_mid_send"  # the modem restarts instead of answering
    REFUSE = "cms_error"  # the modem answers +CMS ERROR: <code>


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """A fault of one send. `reaches_network`: REBOOT lets the message be accepted, LOSE uses up its reference."""

    kind: SendFault
    code: int = 500
    reaches_network: bool = False
    down_s: float = BOOT_S


class Device:
    """A modem without its command language."""

    def __init__(
        self, *, index: int, identity: Identity, profile: Profile, network: Network, agenda: Agenda, noise: bool
    ) -> None:
        self.index = index
        self.profile = profile
        self.terminal = Terminal(profile, noise=noise)
        self.state = Equipment(
            index=index, identity=identity, profile=profile, network=network, agenda=agenda, terminal=self.terminal
        )
        self.reception = Reception(self.state)
        self.send_faults: deque[PlannedFault | None] = deque()
        self._network = network
        self._agenda = agenda
        self._session = 0
        self.body_expected: Callable[[str], Answer] | None = None
        network.attach(self)

    @property
    def imei(self) -> str:
        return self.state.identity.imei

    @property
    def iccid(self) -> str:
        return self.state.identity.iccid

    def take(self, pdu: str) -> bool:
        """Take a message from the network; False leaves it there."""
        return self.reception.take(pdu)

    def announce(self, *lines: str) -> None:
        for line in lines:
            self.terminal.urc(line)

    def ask_body(self, action: Callable[[str], Answer]) -> None:
        """Write the prompt; `action` gets what is entered up to Ctrl-Z."""
        self.body_expected = action
        self.terminal.prompt()

    # ── power ────────────────────────────────────────────────────────────────────────────────────────────────────

    def reboot(self, down_s: float = BOOT_S) -> None:
        """Restart: everything but SIM and memories is forgotten, the boot lines come after `down_s` seconds."""
        self.fall_silent()
        self.state.sim.power_cycle()
        self.state.forget_settings()
        self.reception.reset()
        session = self._session
        self._agenda.after(down_s, lambda: self._boot(session))

    def fall_silent(self) -> None:
        """Stop answering and stop being reachable."""
        self._session += 1
        self.body_expected = None
        self.state.is_alive = False
        self.terminal.power_off()

    def speak_again(self) -> None:
        """End `fall_silent` with all settings as they were, the echo excepted."""
        self.state.is_alive = True
        self.terminal.power_on()
        self._agenda.after(0, lambda: self._network.flush(self.index))

    def _boot(self, session: int) -> None:
        if session != self._session:
            return
        self.speak_again()
        self.announce(*self.profile.boot_urcs)
        if self.profile.sim_pin is None:
            self.announce(*self.profile.sms_ready_urcs)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, submit: Submit) -> None:
        """Hand a part to the network and answer +CMGS when it is settled; raises CmsError (TS 27.005 §4.3)."""
        fault = self.send_faults.popleft() if self.send_faults else None
        if fault is not None and fault.kind is SendFault.REFUSE:
            raise CmsError(fault.code)
        if fault is not None and fault.kind is SendFault.LOSE:
            if fault.reaches_network:
                self._next_mr()
            self.terminal.drop()
            return
        if fault is None or fault.kind is not SendFault.REBOOT or fault.reaches_network:
            self._transmit(submit, fault)
        if fault is not None and fault.kind is SendFault.REBOOT:
            self.reboot(fault.down_s)

    def _transmit(self, submit: Submit, fault: PlannedFault | None) -> None:
        mr = self._next_mr()
        session = self._session
        submission = Submission(
            subscriber=self,
            submit=submit,
            mr=mr,
            report_first=self.profile.report_before_cmgs,
            report_copies=2 if self.profile.duplicate_reports else 1,
            national_ra=self.profile.national_ra,
        )

        def settled(error: str | None) -> None:
            if session == self._session:
                self._answer_send(mr, error, fault.kind if fault else None)

        self._network.submit(submission, settled)

    def _answer_send(self, mr: int, error: str | None, fault: SendFault | None) -> None:
        if fault is SendFault.MUTE:
            self.terminal.drop()
        elif error is not None:
            self.terminal.final(error)
        else:
            if fault is not SendFault.OK_ONLY:
                self.terminal.info(f"+CMGS: {mr}")
            self.terminal.final("OK")

    def _next_mr(self) -> int:
        sim = self.state.sim
        if self.profile.constant_mr is not None:
            return self.profile.constant_mr
        sim.last_mr = (sim.last_mr + 1) % 256
        return sim.last_mr
