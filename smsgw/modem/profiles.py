"""What differs between vendors, as data: start values that the driver checks against what the modem accepts.

A profile never says that something works, only what to try first and what to leave out.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from smsgw.at.commands import SUBMIT_S
from smsgw.at.errors import Vendor
from smsgw.modem import slots
from smsgw.modem.slots import SlotCommands

Indications = tuple[int, ...]

# mode, mt, bm, ds, bfr of 27.005 §3.4.1, best first: reports handed over, reports stored, no reports, messages only.
LADDER: tuple[Indications, ...] = (
    (2, 1, 0, 1, 0),
    (2, 1, 0, 2, 0),
    (1, 1, 0, 1, 0),
    (1, 1, 0, 2, 0),
    (3, 1, 0, 1, 0),
    (2, 1, 0, 1, 1),  # firmware that only clears the buffer
    (2, 1, 0, 1),
    (2, 1, 0, 0, 0),  # no reports
    (1, 1),
    (1, 2, 0, 0, 0),  # messages handed over, not stored
)
ICCID_COMMANDS = ("AT+CCID", "AT+ICCID", "AT+CICCID", "AT+CRSM=176,12258,0,0,10")  # the last reads EF_ICCID itself
RESTART = "AT+CFUN=1,1"  # 27.007 §8.2
EMPTY_VERIFY = 'AT+CSIM=10,"0020000100"'  # costs no try (ETSI TS 102 221 §11.1.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One family of modems. Times are seconds; commands are whole lines.

    `maker` and `model` are what `AT+CGMI` and `AT+CGMM` must contain, in lower case. `accepts_bare_ok` is for the few
    old modems that never print `+CMGS:`: an `OK` is then taken for success. Without `lists_messages`, stored messages
    are read slot by slot. `reset_first` restarts the modem; what only switches it off is of no use. With `packs_ussd`,
    USSD strings travel as packed septets, whatever the character set.
    """

    name: str
    vendor: Vendor | None = None
    maker: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    indications_first: tuple[Indications, ...] = ()
    memories: tuple[str, ...] = ("ME", "SM")
    quiet_commands: tuple[str, ...] = ()
    iccid_first: tuple[str, ...] = ()
    pin_counter: str | None = None
    slot_ways: tuple[SlotCommands, ...] = ()
    reset_first: tuple[str, ...] = ()
    prompt_delay_s: float = 0.0
    command_gap_s: float = 0.0
    submit_timeout_s: float = SUBMIT_S
    accepts_bare_ok: bool = False
    lists_messages: bool = True
    packs_ussd: bool = False

    @property
    def ladder(self) -> tuple[Indications, ...]:
        """The forms of message indication to try, in order."""
        return tuple(dict.fromkeys((*self.indications_first, *LADDER)))

    @property
    def iccid_commands(self) -> tuple[str, ...]:
        """The ways to ask for the ICCID, in order."""
        return tuple(dict.fromkeys((*self.iccid_first, *ICCID_COMMANDS)))

    @property
    def every_slot_way(self) -> tuple[SlotCommands, ...]:
        """The ways to choose a SIM slot, in order; the last is that of the standard."""
        return (*self.slot_ways, slots.CSUS)

    @property
    def reset_commands(self) -> tuple[str, ...]:
        """The ways to restart the modem, in order."""
        return tuple(dict.fromkeys((*self.reset_first, RESTART)))

    @property
    def pin_counters(self) -> tuple[str, ...]:
        """The ways to ask how many tries the PIN has left, in order."""
        return (EMPTY_VERIFY,) if self.pin_counter is None else (self.pin_counter, EMPTY_VERIFY)


GENERIC = Profile(name="generic", prompt_delay_s=0.05)

# The first that fits is chosen: narrower rows stand before wider ones of the same maker.
PROFILES: tuple[Profile, ...] = (
    Profile(
        name="huawei-e1",
        vendor=Vendor.HUAWEI,
        maker=("huawei",),
        model=("e15", "e16", "e17", "e22", "e303"),
        indications_first=((2, 1, 0, 2, 0), (1, 1, 0, 2, 0)),
        memories=("SM", "ME"),
        quiet_commands=("AT^CURC=0", "AT^PORTSEL=1"),
        iccid_first=("AT^ICCID?",),
        pin_counter="AT^CPIN?",
        slot_ways=(slots.SCICHG,),
        reset_first=("AT^RESET",),
        prompt_delay_s=0.05,
        lists_messages=False,  # AT+CMGL hangs after hours
        packs_ussd=True,
    ),
    Profile(
        name="huawei",
        vendor=Vendor.HUAWEI,
        maker=("huawei",),
        indications_first=((2, 1, 0, 2, 0), (1, 1, 0, 2, 0)),
        memories=("SM", "ME"),
        quiet_commands=("AT^CURC=0", "AT^PORTSEL=1"),
        iccid_first=("AT^ICCID?",),
        pin_counter="AT^CPIN?",
        slot_ways=(slots.SCICHG,),
        reset_first=("AT^RESET",),
        prompt_delay_s=0.05,
        packs_ussd=True,
    ),
    Profile(
        name="zte",
        maker=("zte",),
        indications_first=((1, 1, 0, 1, 0), (2, 1, 0, 2, 0)),
        memories=("SM", "ME"),
        prompt_delay_s=0.05,
    ),
    Profile(
        name="simcom-a76xx",
        vendor=Vendor.SIMCOM,
        maker=("simcom",),
        model=("a76", "a79"),
        indications_first=((1, 1, 0, 1, 0),),  # ds=1 needs mode 1
        quiet_commands=("AT+AUTOCSQ=0",),
        iccid_first=("AT+CICCID",),
        pin_counter="AT+SPIC",
        slot_ways=(slots.SWITCHSIM,),
        reset_first=("AT+CRESET",),
    ),
    Profile(
        name="simcom-7600",
        vendor=Vendor.SIMCOM,
        maker=("simcom incorporated",),
        indications_first=((2, 1, 0, 1, 0),),
        quiet_commands=("AT+AUTOCSQ=0",),
        iccid_first=("AT+CICCID",),
        pin_counter="AT+SPIC",
        slot_ways=(slots.SMSIMCFG,),
        reset_first=("AT+CRESET",),
    ),
    Profile(
        name="simcom-800",
        vendor=Vendor.SIMCOM,
        maker=("simcom",),
        indications_first=((2, 1, 0, 1, 0),),
        quiet_commands=("AT+AUTOCSQ=0",),
        iccid_first=("AT+CCID",),
        pin_counter="AT+SPIC",
        prompt_delay_s=0.1,
        command_gap_s=0.05,  # swallows commands that come right behind a result
    ),
    Profile(
        name="quectel-m",
        vendor=Vendor.QUECTEL,
        maker=("quectel",),
        model=("m95", "m66", "m10", "mc60", "m35"),
        indications_first=((2, 1, 0, 1, 0),),
        iccid_first=("AT+QCCID",),
        pin_counter="AT+QPINC?",
        slot_ways=(slots.QDSIM,),
        prompt_delay_s=0.1,
        command_gap_s=0.05,
    ),
    Profile(
        name="quectel",
        vendor=Vendor.QUECTEL,
        maker=("quectel",),
        indications_first=((2, 1, 0, 1, 0), (2, 1, 0, 2, 0)),
        quiet_commands=('AT+QURCCFG="urcport","usbat"',),
        iccid_first=("AT+QCCID",),
        pin_counter="AT+QPINC?",
        slot_ways=(slots.QUIMSLOT, slots.QDSIM),
    ),
    Profile(
        name="wavecom",
        vendor=Vendor.WAVECOM,
        maker=("wavecom", "fastrack"),
        indications_first=((2, 1, 0, 1, 0),),
        memories=("SM",),
        quiet_commands=("AT+WIND=0",),
        reset_first=("AT+CFUN=1",),  # a soft start, with this make
        prompt_delay_s=0.1,
        command_gap_s=0.05,
    ),
    Profile(
        name="sierra-fastrack",
        vendor=Vendor.WAVECOM,
        maker=("sierra",),
        model=("fxt", "fastrack"),
        indications_first=((2, 1, 0, 1, 0),),
        memories=("SM",),
        quiet_commands=("AT+WIND=0",),
        reset_first=("AT+CFUN=1",),  # a soft start, with this make
        prompt_delay_s=0.1,
        command_gap_s=0.05,
    ),
    Profile(
        name="motorola",
        vendor=Vendor.MOTOROLA,
        maker=("motorola",),
    ),
    Profile(
        name="itegno",
        vendor=Vendor.ITEGNO,
        maker=("itegno",),
    ),
    Profile(
        name="sierra",
        vendor=Vendor.SIERRA,
        maker=("sierra",),
        indications_first=((2, 1, 0, 1, 0), (2, 1, 0, 2, 0)),
        iccid_first=("AT!ICCID?",),
        pin_counter="AT+CPINC?",
        slot_ways=(slots.UIMS,),
        reset_first=("AT!RESET",),
    ),
    Profile(
        name="telit",
        vendor=Vendor.TELIT,
        maker=("telit",),
        indications_first=((2, 1, 0, 1, 0),),
        quiet_commands=("AT#QSS=1",),
        iccid_first=("AT#CCID",),
        pin_counter="AT#PCT",
        slot_ways=(slots.SIMSELECT,),
        reset_first=("AT#REBOOT",),
        command_gap_s=0.08,
        submit_timeout_s=180.0,
    ),
    Profile(
        name="u-blox",
        vendor=Vendor.UBLOX,
        maker=("u-blox", "ublox"),
        indications_first=((2, 1, 0, 1, 0), (1, 1, 0, 1, 0)),
        iccid_first=("AT+CCID",),
        pin_counter="AT+UPINCNT",
        reset_first=("AT+CFUN=16",),
    ),
    Profile(
        name="cinterion",
        vendor=Vendor.CINTERION,
        maker=("cinterion", "gemalto", "siemens", "thales"),
        indications_first=((2, 1, 0, 1, 1), (2, 1, 0, 2, 1), (3, 2, 0, 1, 1)),
        iccid_first=("AT^SCID",),
        pin_counter="AT^SPIC",
        slot_ways=(slots.SIM_CS,),
        prompt_delay_s=0.1,
        command_gap_s=0.05,
    ),
    Profile(
        name="qualcomm",
        maker=("qualcomm", "novatel", "option"),
        indications_first=((1, 1, 0, 1, 0), (1, 1, 0, 2, 0)),  # mode 2 is advertised, but refused
        prompt_delay_s=0.05,
    ),
    GENERIC,
)

PROFILE_NAMES: tuple[str, ...] = tuple(profile.name for profile in PROFILES)


def choose(cgmi: str, cgmm: str) -> Profile:
    """Choose by maker and model as the modem prints them; the generic profile fits everything."""
    maker, model = cgmi.lower(), cgmm.lower()
    for profile in PROFILES:
        if _contains(maker, profile.maker) and _contains(model, profile.model):
            return profile
    return GENERIC


def named(name: str) -> Profile:
    """Return the profile of this name; raises `KeyError` that lists the names there are."""
    for profile in PROFILES:
        if profile.name == name:
            return profile
    raise KeyError(f"no profile {name!r}; there are {', '.join(PROFILE_NAMES)}")


def _contains(text: str, words: Iterable[str]) -> bool:
    wanted = tuple(words)
    return not wanted or any(word in text for word in wanted)
