"""One modem put together: equipment, line, reception; its power and its sending. Knows no commands."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from simmodem.agenda import Agenda
from simmodem.codec import Submit
from simmodem.equipment import CmsError, Equipment
from simmodem.illness import RESTART, Cure, Illnesses, Overhearing
from simmodem.network import Network, Submission
from simmodem.profiles import Profile
from simmodem.reception import Reception
from simmodem.sim import Identity
from simmodem.stages import Stage
from simmodem.terminal import Terminal
from simmodem.ussd import UssdSession

BOOT_S = 0.2
# How long what befalls a send by chance keeps the SIM busy or the modem silent.
MISHAP_S = 0.3

# The lines before OK; None where the final result was written already or comes later.
Answer = list[str] | None


class Fault(StrEnum):
    """What can be made to go wrong with a modem while it runs; the parameters are those of `VirtualModem.fault`."""

    MUTE = "mute"  # answers nothing any more, not even URCs, until "unmute", "reboot" or a cure: until
    UNMUTE = "unmute"  # answers again
    MUTE_AFTER_CTRL_Z = "mute_after_ctrl_z"  # n, after: the network accepts, no answer
    LOSE_AFTER_CTRL_Z = "lose_after_ctrl_z"  # n, after, reaches_network: not accepted, no answer
    OK_ONLY = "ok_only"  # n, after: accepted, OK without +CMGS
    REBOOT_MID_SEND = "reboot_mid_send"  # n, after, reaches_network, down_s: restarts after Ctrl-Z
    HANG_MID_SEND = "hang_mid_send"  # after, reaches_network, until: is mute from Ctrl-Z on
    CMS_ERROR = "cms_error"  # code, n, after: the modem refuses
    FAIL = "fail"  # code, until: every send is refused, or without a code never answered
    HANG_AFTER_SEND = "hang_after_send"  # n, after, seconds: answers this send, then nothing; 0 s: until "unmute"
    REBOOT = "reboot"  # down_s: restarts now
    DEREGISTER = "deregister"  # stat, until: loses the network
    DATA_ONLY = "data_only"  # stat, bearer: has LTE, but for data only, until AT+CGSMS=<bearer>
    REGISTER = "register"  # stat: finds it again
    INTERJECT = "interject"  # lines, after: one URC (header and PDU) before a line of an answer, after others
    SIM_BUSY = "sim_busy"  # n commands, or seconds: the SIM is busy; as a mishap, from a send on
    PIN_TRIES = "pin_tries"  # n: so many tries are left for the PIN


# Those that strike a send, after the PDU and Ctrl-Z.
SEND_FAULTS = {
    Fault.MUTE_AFTER_CTRL_Z, Fault.LOSE_AFTER_CTRL_Z, Fault.OK_ONLY, Fault.REBOOT_MID_SEND, Fault.HANG_MID_SEND,
    Fault.CMS_ERROR, Fault.HANG_AFTER_SEND,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFault:
    """A fault of one send. The parameters are those of `VirtualModem.fault`."""

    kind: Fault
    code: int = 500
    reaches_network: bool = False
    down_s: float = BOOT_S
    until: Cure = Cure.POWER
    seconds: float = 0.0


class Device:
    """A modem without its command language."""

    def __init__(
        self,
        *,
        index: int,
        identity: Identity,
        profile: Profile,
        network: Network,
        agenda: Agenda,
        seed: int = 0,
        noise: bool = False,
    ) -> None:
        self.index = index
        self.profile = profile
        self.terminal = Terminal(profile, noise=noise)
        self.state = Equipment(
            index=index, identity=identity, profile=profile, network=network, agenda=agenda, terminal=self.terminal
        )
        self.reception = Reception(self.state)
        self.illnesses = Illnesses()
        self.overhearing: Overhearing | None = None  # of a modem that hangs
        self.fails_with: int | None = None  # what every send is refused with; 0 is no answer at all
        self.ussd = UssdSession(self.state)
        self.send_faults: deque[PlannedFault | None] = deque()
        self._chance = random.Random(f"mishaps {seed} {index}")
        self._network = network
        self._agenda = agenda
        self._session = 0
        self._until = Cure.POWER
        self.body_expected: Callable[[str], Answer] | None = None
        network.attach(self)

    @property
    def imei(self) -> str:
        return self.state.identity.imei

    @property
    def iccid(self) -> str:
        return self.state.identity.iccid

    @property
    def facts(self) -> dict[str, object]:
        """What the answers of a profile may name in braces."""
        sim = self.state.sim
        iccid = self.iccid + "F" * (len(self.iccid) % 2)
        swapped = "".join(low + high for high, low in zip(iccid[::2], iccid[1::2], strict=True))
        return {
            "iccid": self.iccid,
            "iccid_swapped": swapped,
            "imei": self.imei,
            "sim_state": sim.state.value,
            "pin_tries": sim.pin_tries,
            "puk_tries": sim.puk_tries,
        }

    def take(self, pdu: str) -> bool:
        """Take a message from the network; False leaves it there."""
        return self.reception.take(pdu)

    def announce(self, *lines: str) -> None:
        for line in lines:
            self.terminal.urc(line)

    def ask_body(self, octets: int, action: Callable[[str], Answer]) -> None:
        """Write the prompt for a PDU of `octets`; `action` gets what is entered up to Ctrl-Z."""
        self.body_expected = action
        self.terminal.prompt(octets)

    # ── power ────────────────────────────────────────────────────────────────────────────────────────────────────

    def reboot(self, down_s: float = BOOT_S) -> None:
        """Restart: everything but SIM and memories is forgotten, the boot lines come after `down_s` seconds."""
        self.fall_silent()
        self.illnesses.cure(Cure.RESET)
        self.state.sim.power_cycle()
        self.state.forget_settings()
        self.ussd.reset()
        self.reception.reset()
        session = self._session
        self._agenda.after(down_s, lambda: self._boot(session))

    def reset_bus(self) -> None:
        """Have the USB device reset: a modem that hangs and that this is enough for restarts, another one goes on."""
        self.illnesses.cure(Cure.USB)
        if self.overhearing is not None and self._until <= Cure.USB:
            self.reboot()

    def fall_silent(self) -> None:
        """Stop answering and stop being reachable."""
        self._session += 1
        self.body_expected = self.overhearing = None
        self.state.is_alive = False
        self.terminal.power_off()

    def hang(self, until: Cure) -> None:
        """Fall silent, and obey nothing but what is so strong a cure."""
        self.fall_silent()
        self.overhearing = Overhearing((RESTART, *(f"AT{line}" for line in self.profile.reset_commands)))
        self._until = until

    def overhear(self, data: bytes) -> None:
        """Take the input of a modem that hangs."""
        cure = self.overhearing.hear(data) if self.overhearing is not None else None
        if cure is None or cure < self._until:
            return
        if cure is Cure.RESET:
            self.reboot()
        else:
            self.illnesses.cure(cure)
            self.speak_again()

    def speak_again(self) -> None:
        """End `fall_silent` with all settings as they were, the echo excepted."""
        self.overhearing = None
        self.state.is_alive = True
        self.terminal.power_on()
        self._agenda.after(0, lambda: self._network.flush(self.index))

    def _boot(self, session: int) -> None:
        if session != self._session:
            return
        self.state.sim.busy_until = self._agenda.now + self.profile.sim_busy_s
        self.speak_again()
        self.announce(*self.profile.boot_urcs)
        if self.profile.sim_pin is None:
            self.announce(*self.profile.sms_ready_urcs)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, submit: Submit) -> None:
        """Hand a part to the network and answer +CMGS when it is settled; raises CmsError (TS 27.005 §4.3)."""
        self.terminal.on_stage(Stage.CTRL_Z)
        if self.ussd.is_open:
            raise CmsError(302)
        fault = self.send_faults.popleft() if self.send_faults else self._mishap()
        if self.fails_with is not None:
            self._fail(self.fails_with)
            return
        if fault is not None and fault.kind is Fault.SIM_BUSY:
            self.state.sim.busy_until = self._agenda.now + fault.seconds
            raise CmsError(self.profile.busy_errors[1])
        if fault is not None and fault.kind is Fault.CMS_ERROR:
            raise CmsError(fault.code)
        if fault is not None and fault.kind is Fault.LOSE_AFTER_CTRL_Z:
            if fault.reaches_network:
                self._next_mr()
            self.terminal.drop()
            return
        strikes_here = fault is not None and fault.kind in (Fault.REBOOT_MID_SEND, Fault.HANG_MID_SEND)
        if fault is None or not strikes_here or fault.reaches_network:
            self._transmit(submit, fault)
        if fault is not None and fault.kind is Fault.REBOOT_MID_SEND:
            self.reboot(fault.down_s)
        if fault is not None and fault.kind is Fault.HANG_MID_SEND:
            self.hang(fault.until)

    def _fail(self, code: int) -> None:
        if code:
            raise CmsError(code)
        self.terminal.drop()

    def _mishap(self) -> PlannedFault | None:
        for kind, likelihood in self.profile.mishaps.items():
            if self._chance.random() < likelihood:
                reaches_network = self._chance.random() < 0.5
                return PlannedFault(kind=Fault(kind), reaches_network=reaches_network, seconds=MISHAP_S)
        return None

    def _transmit(self, submit: Submit, fault: PlannedFault | None) -> None:
        mr = self._next_mr()
        session, link = self._session, self.state.radio_link
        submission = Submission(
            subscriber=self,
            iccid=self.iccid,
            submit=submit,
            mr=mr,
            report_first=self.profile.report_before_cmgs,
            report_copies=2 if self.profile.duplicate_reports else 1,
            national_ra=self.profile.national_ra,
            has_link=link.is_up,
        )
        link.in_use()

        def settled(error: str | None) -> None:
            link.idle()
            if session == self._session:
                self._answer_send(mr, error, fault.kind if fault else None)
                if fault is not None and fault.kind is Fault.HANG_AFTER_SEND:
                    self._hang(fault.seconds)

        self._network.submit(submission, settled)

    def _answer_send(self, mr: int, error: str | None, fault: Fault | None) -> None:
        if error is None:
            self.terminal.on_stage(Stage.TAKEN)
        if fault is Fault.MUTE_AFTER_CTRL_Z:
            self.terminal.drop()
        elif error is not None:
            self.terminal.final(error)
        else:
            if fault is not Fault.OK_ONLY:
                self.terminal.info(f"+CMGS: {mr}{self.profile.reference_tail}")
                self.terminal.on_stage(Stage.REFERENCE)
            self.terminal.final("OK")
            self.terminal.on_stage(Stage.SENT)

    def _hang(self, seconds: float) -> None:
        self.fall_silent()
        session = self._session
        if seconds:
            self._agenda.after(seconds, lambda: self.speak_again() if session == self._session else None)

    def _next_mr(self) -> int:
        sim = self.state.sim
        if self.profile.constant_mr is not None:
            return self.profile.constant_mr
        sim.last_mr = (sim.last_mr + 1) % 256
        return sim.last_mr
