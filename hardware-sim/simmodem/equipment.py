"""The state of one modem that its commands read and change; knows no AT syntax."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum

from simmodem.agenda import Agenda
from simmodem.network import Network
from simmodem.profiles import Profile
from simmodem.radio_link import RadioLink
from simmodem.sim import Identity, Sim, SimState
from simmodem.storage import Storage
from simmodem.terminal import Terminal


class Registration(IntEnum):
    """<stat> of +CREG, +CGREG and +CEREG (TS 27.007 §7.2)."""

    OFF = 0  # not registered, not searching
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    SMS_HOME = 6  # registered for SMS only, home network
    SMS_ROAMING = 7  # registered for SMS only, roaming
    EMERGENCY = 8
    CSFB_HOME = 9  # registered, calls by CS fallback not preferred, home network
    CSFB_ROAMING = 10  # the same, roaming
    RESTRICTED = 11  # emergency services of a restricted operator only


SERVED = {
    Registration.HOME, Registration.ROAMING, Registration.SMS_HOME, Registration.SMS_ROAMING,
    Registration.CSFB_HOME, Registration.CSFB_ROAMING,
}  # fmt: skip
REGISTRATION_COMMANDS = ("+CREG", "+CGREG", "+CEREG")
LOCATION = '"00C3","0012ABCD"'


class CmsError(Exception):
    """The command ends with +CMS ERROR: <code> (TS 27.005 §3.2.5)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class CmeError(Exception):
    """The command ends with +CME ERROR: <code> (TS 27.007 §9.2)."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class CommandError(Exception):
    """The command ends with ERROR: unknown, or parameters it does not have."""


@dataclass(slots=True)
class Settings:
    """What commands set and a reset forgets."""

    cmee: int = 0
    csms: int = 0
    cnmi: tuple[int, ...] = (0, 0, 0, 0, 0)
    cscs: str = "GSM"
    cgsms: int = 3
    s10: int = 15
    cfun: int = 1
    cops_format: int = 0
    registration_urcs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REGISTRATION_COMMANDS, 0))


class Equipment:
    """One modem's SIM, memories, settings, radio and line."""

    def __init__(
        self,
        *,
        index: int,
        identity: Identity,
        profile: Profile,
        network: Network,
        agenda: Agenda,
        terminal: Terminal,
    ) -> None:
        self.index = index
        self.profile = profile
        self.network = network
        self.agenda = agenda
        self.terminal = terminal
        self.radio_link = RadioLink(agenda, network.link_kept_s)
        self.is_alive = True
        self.slot = 0
        slots = max(1, len(profile.slot_commands))
        self.sims = [
            _insert(identity if slot == 1 else identity.with_sim(slot), profile, slot) for slot in range(1, slots + 1)
        ]
        self.storage = Storage(
            profile.memories, base=profile.index_base, report_memory=profile.report_memory, cards=slots
        )
        self.coverage = Registration.HOME
        self.reach = Registration.HOME  # what it finds when it looks for a network
        self.data_until_bearer: int | None = None  # LTE has it, but for data only, until AT+CGSMS=<this>
        self.signal = 20
        self.forget_settings()

    def forget_settings(self) -> None:
        self.storage.choose_default()
        self.radio_link.forget()
        profile = self.profile
        self.settings = Settings(cmee=profile.cmee_default, csms=profile.csms_default, cscs=profile.character_set)

    @property
    def sim(self) -> Sim:
        """The SIM in use."""
        return self.sims[self.slot]

    @property
    def identity(self) -> Identity:
        return self.sim.identity

    def use_slot(self, slot: int) -> None:
        """Turn to the SIM in a slot, from 0, which starts afresh."""
        if slot != self.slot and not self.profile.ignores_slots:
            self.change(lambda: self._turn_to(slot))
            self.agenda.after(0, lambda: self.network.flush(self.index))

    def _turn_to(self, slot: int) -> None:
        self.slot = slot
        self.sim.power_cycle()
        self.storage.use_card(slot)

    @property
    def registration(self) -> Registration:
        """Where the modem stands: off without power, radio or an open SIM, else as the coverage is."""
        usable = self.is_alive and self.settings.cfun == 1 and self.sim.state is SimState.READY
        return self.coverage if usable else Registration.OFF

    @property
    def is_served(self) -> bool:
        return self.registration in SERVED

    def change(self, action: Callable[[], None]) -> None:
        """Do what may change the registration and announce it where it did (+CREG and its sisters)."""
        before = self.registration
        action()
        if self.registration is before:
            return
        for command, mode in self.settings.registration_urcs.items():
            if mode:
                self.terminal.urc(f"{command}: {self.registration_fields(command, mode)}")
        if self.is_served:
            self.agenda.after(0, lambda: self.network.flush(self.index))

    def registration_fields(self, command: str, mode: int) -> str:
        has_data = (
            command == "+CEREG" and self.data_until_bearer is not None and self.registration is not Registration.OFF
        )
        stat = Registration.HOME if has_data else self.registration
        location = f",{LOCATION},{self.profile.access_technology}" if mode == 2 and stat in SERVED else ""
        return f"{stat.value}{location}"


def _insert(identity: Identity, profile: Profile, slot: int) -> Sim:
    pin = profile.slot_pins[slot - 1] if slot <= len(profile.slot_pins) else profile.sim_pin
    return Sim(
        identity,
        pin=pin,
        puk=profile.puk,
        pin_tries=profile.pin_tries,
        service_centre=profile.service_centre,
        smss=profile.smss,
        last_mr=profile.last_mr,
        pin_tries_spent=profile.pin_tries_spent,
        is_inserted=slot not in profile.empty_slots,
    )
