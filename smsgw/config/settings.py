"""Every setting, with its default and what it may be; frozen dataclasses."""

from dataclasses import dataclass, field, replace

from smsgw.errors import Language

AUTO = "auto"  # the profile is chosen by what the modem says of itself
PIN = r"[0-9]{4,8}"
LONGEST_TTL_S = 38_102_400  # 63 weeks, TS 23.040 §9.2.3.12.1
UNCERTAIN = ("fail", "resend")  # what to do with a part whose outcome stays unknown
# Whose meaning the numbers of errors have.
VENDORS = (
    "quectel", "simcom", "cinterion", "telit", "wavecom", "sierra", "motorola", "u-blox", "huawei", "itegno",
)  # fmt: skip
_YES_NO = (AUTO, "yes", "no")
_COMMAND = r"[Aa][Tt][^;\x00-\x1f]+"
_PATH = r"[^\x00-\x1f]+"
_HOST = r"[^\s/:\[\]]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*(%\w+)?"
_TOPIC = r"[^\s+#$/\x00-\x1f]+(/[^\s+#$/\x00-\x1f]+)*"
_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_TCP_PORT = r"(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_PORT = {"pattern": rf"(/{_PATH}|socket://[^:/\s]+:{_TCP_PORT})?", "hint": "/dev/… or socket://HOST:PORT"}
_FOR_SLOT = {"pattern": r"([Aa][Tt][^\x00-\x1f{}]*\{slot0?\}[^\x00-\x1f{}]*)?", "hint": "AT…{slot}…"}
_IMEI = {"pattern": r"([0-9]{15})?", "hint": "an IMEI of 15 digits"}


def _some(item: str) -> str:
    """Make the pattern of one or more of `item`, or of what leaves it to the profile."""
    return rf"{AUTO}|{item}(\s*;\s*{item})*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """[server]: where the HTTP API listens and how it answers."""

    # An empty host would silently mean every network.
    host: str = field(
        default="127.0.0.1",
        metadata={
            "pattern": _HOST,
            "hint": "an address or a host name, without port and brackets,",
        },
    )
    port: int = field(default=8080, metadata={"min": 0, "max": 65535})
    language: Language = Language.RU
    rate_limit: int = field(default=50, metadata={"min": 0, "max": 1_000_000})  # requests per second, token and path
    max_body: int = field(default=65_536, metadata={"min": 1_024, "max": 16_777_216})  # bytes
    maintenance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreConfig:
    """[store]: where messages are kept."""

    path: str = field(
        default="/var/lib/smsgw/smsgw.db",
        metadata={"pattern": f"/{_PATH}", "hint": "the path of the database file, from / on,"},
    )
    keep_days: int = field(default=365, metadata={"min": 0, "max": 36_500})
    keep_free_mb: int = field(default=32, metadata={"min": 0, "max": 1_000_000})  # MiB; 0 = none


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingConfig:
    """[sending]: limits of a message and what to do when sending does not work at once."""

    max_parts: int = field(default=10, metadata={"min": 1, "max": 255})
    max_waiting: int = field(default=100_000, metadata={"min": 1, "max": 100_000_000})  # messages in the queue
    attempts: int = field(default=5, metadata={"min": 1, "max": 100})
    ttl_s: int = field(default=86_400, metadata={"min": 60, "max": LONGEST_TTL_S})
    uncertain: str = field(default="fail", metadata={"choices": UNCERTAIN})
    uncertain_after_s: int = field(default=600, metadata={"min": 1, "max": 604_800})
    timezone: str = field(
        default="", metadata={"pattern": "([A-Za-z0-9_+/-]+)?", "hint": "a time zone such as Europe/Moscow"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksConfig:
    """[webhooks]: where clients may be told of what happens, and whose certificates are believed."""

    refuse_private: bool = False  # addresses outside the public networks
    ca_file: str = field(
        default="",
        metadata={"pattern": f"(/{_PATH})?", "hint": "the path of a file of certificates (PEM), from / on,"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttConfig:
    """[mqtt]: the broker that is told what happens and may bring commands; without a host there is none."""

    host: str = field(
        default="",
        metadata={"pattern": f"({_HOST})?", "hint": "an address or a host name, without port and brackets,"},
    )
    port: int = field(default=1883, metadata={"min": 1, "max": 65535})
    username: str = ""
    password: str = field(default="", repr=False)
    password_file: str = field(
        default="",
        metadata={"pattern": f"(/{_PATH})?", "hint": "the path of a file that holds the password, from / on,"},
    )
    tls: bool = False
    ca_file: str = field(
        default="",
        metadata={"pattern": f"(/{_PATH})?", "hint": "the path of a file of certificates (PEM), from / on,"},
    )
    topic: str = field(
        default="smsgw",
        metadata={"pattern": _TOPIC, "hint": "a topic without +, #, $ and spaces, and without / at its ends,"},
    )
    discovery: str = field(
        default="homeassistant",
        metadata={"pattern": f"({_TOPIC})?", "hint": "a topic without +, #, $ and spaces, and without / at its ends,"},
    )
    client_id: str = field(
        default="", metadata={"pattern": "[A-Za-z0-9_-]{0,64}", "hint": "up to 64 letters, digits, - or _"}
    )
    token: str = field(default="", metadata={"pattern": ".{0,64}", "hint": "the name of a token"})
    notify_number: str = field(
        default="", metadata={"pattern": r"(\+?[0-9]{3,20})?", "hint": "a phone number of 3 to 20 digits"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SimConfig:
    """[[modems.NAME.sims]]: one SIM slot of a modem, and what may be sent from it; 0 is no limit.

    `port` or `imei` it has only in a module that uses all of its SIMs at once, each at a port of its own.
    """

    slot: int = field(default=1, metadata={"min": 1, "max": 255})
    port: str = field(default="", metadata=_PORT)
    imei: str = field(default="", metadata=_IMEI)
    name: str = ""
    pin: str = field(default="", repr=False, metadata={"pattern": f"({PIN})?", "hint": "a PIN of 4 to 8 digits"})
    pin_file: str = ""
    per_minute: int = field(default=0, metadata={"min": 0, "max": 10_000})  # parts
    per_hour: int = field(default=0, metadata={"min": 0, "max": 100_000})
    per_day: int = field(default=0, metadata={"min": 0, "max": 1_000_000})
    per_month: int = field(default=0, metadata={"min": 0, "max": 10_000_000})
    recipients_per_month: int = field(default=0, metadata={"min": 0, "max": 10_000_000})
    gap_s: int = field(default=0, metadata={"min": 0, "max": 3_600})  # from one part to the next
    roaming: bool = True  # whether it may send in a network that is not its own
    quiet_hours: str = field(
        default="", metadata={"pattern": f"({_TIME}-{_TIME})?", "hint": 'hours such as "22:00-07:00"'}
    )
    balance_code: str = field(default="", metadata={"pattern": "[0-9*#+]{0,182}", "hint": 'a code such as "*100#"'})
    balance_pattern: str = (
        r"(-?[0-9]+(?:\s[0-9]{3}\b)*(?:[.,][0-9]+)*)"  # a regular expression; its group finds the number
    )
    balance_every_h: int = field(default=24, metadata={"min": 1, "max": 720})
    balance_least: int = field(default=0, metadata={"min": 0, "max": 1_000_000_000})  # 0 = whatever is left

    @property
    def has_limits(self) -> bool:
        """Tell whether anything but the network limits what may be sent."""
        limits = (self.per_minute, self.per_hour, self.per_day, self.per_month, self.recipients_per_month, self.gap_s)
        return any(limits) or bool(self.quiet_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverridesConfig:
    """[modems.NAME.overrides]: what one modem needs otherwise than its profile says; each default leaves it at that."""

    indications: str = field(
        default=AUTO, metadata={"pattern": _some(r"[0-9](,[0-9]){1,4}"), "hint": 'auto, or forms such as "2,1,0,1,0"'}
    )
    memories: str = field(default=AUTO, metadata={"pattern": _some("[A-Z]{2}"), "hint": 'auto, or such as "ME; SM"'})
    quiet_commands: str = field(
        default=AUTO, metadata={"pattern": f"({_some(_COMMAND)})?", "hint": 'auto, "", or AT commands parted by ";"'}
    )
    iccid_commands: str = field(
        default=AUTO, metadata={"pattern": _some(_COMMAND), "hint": 'auto, or AT commands parted by ";"'}
    )
    pin_counter: str = field(
        default=AUTO, metadata={"pattern": f"({AUTO}|{_COMMAND})?", "hint": 'auto, "", or an AT command'}
    )
    prompt_delay_ms: int = field(default=-1, metadata={"min": -1, "max": 10_000})
    command_gap_ms: int = field(default=-1, metadata={"min": -1, "max": 10_000})
    submit_timeout_s: int = field(default=0, metadata={"min": 0, "max": 600})
    accepts_bare_ok: str = field(default=AUTO, metadata={"choices": _YES_NO})
    lists_messages: str = field(default=AUTO, metadata={"choices": _YES_NO})
    packs_ussd: str = field(default=AUTO, metadata={"choices": _YES_NO})
    vendor: str = field(default=AUTO, metadata={"choices": (AUTO, *VENDORS)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ModemConfig:
    """[modems.NAME]: one modem and the SIMs in its slots, of which it uses one at a time or all at once.

    Without `port` it is looked for by its IMEI.
    """

    name: str
    port: str = field(default="", metadata=_PORT)
    imei: str = field(default="", metadata=_IMEI)
    baud: int = field(default=115_200, metadata={"min": 300, "max": 4_000_000})
    profile: str = AUTO
    keep_link: bool = False
    slot_command: str = field(default="", metadata=_FOR_SLOT)
    bind_command: str = field(default="", metadata=_FOR_SLOT)
    slot_stay_s: int = field(default=120, metadata={"min": 0, "max": 86_400})
    slot_wait_s: int = field(default=300, metadata={"min": 0, "max": 86_400})
    reset_command: str = field(
        default="", metadata={"pattern": r"(AT[!-~ ]{1,60})?", "hint": "a command such as AT+CFUN=1,1"}
    )
    power_hub: str = field(
        default="",
        metadata={
            "pattern": r"([1-9][0-9]*-[1-9][0-9]*(\.[1-9][0-9]*)*)?",
            "hint": 'the place of a hub as uhubctl shows it, such as "1-1.4" (never a root hub, which has no hyphen),',
        },
    )
    power_port: int = field(default=0, metadata={"min": 0, "max": 31})
    sims: tuple[SimConfig, ...] = (SimConfig(),)
    overrides: OverridesConfig = OverridesConfig()

    @property
    def may_be_elsewhere(self) -> bool:
        """Tell whether it may be looked for at other ports than the configured one."""
        return bool(self.imei) and not self.port.startswith("socket:")

    @property
    def outlet(self) -> str:
        """Where its power can be switched; empty if nowhere."""
        return self.power_hub and f"port {self.power_port} of hub {self.power_hub}"

    @property
    def outlet_socket(self) -> str:
        """The USB socket that has its power from there, as the kernel calls it; empty if there is none."""
        return self.power_hub and f"{self.power_hub}.{self.power_port}"

    @property
    def sim(self) -> SimConfig:
        """The SIM that the modem uses when nothing waits for another one."""
        return self.sims[0]

    @property
    def uses_all_sims(self) -> bool:
        """Tell whether its SIMs are in use at the same time, each at a port of its own."""
        return any(sim.port or sim.imei for sim in self.sims)

    def lines(self) -> tuple["ModemConfig", ...]:
        """Return what there is to be served: the modem, or each of the SIMs that it uses at once as if it had but that.

        Those are named NAME/SLOT.
        """
        if not self.uses_all_sims:
            return (self,)
        return tuple(
            replace(
                self,
                name=f"{self.name}/{sim.slot}",
                port=sim.port,
                imei=sim.imei,
                sims=(replace(sim, port="", imei=""),),
            )
            for sim in self.sims
        )

    def in_slot(self, slot: int) -> SimConfig:
        """Return what is configured of the SIM in a slot, which may be nothing."""
        return next((sim for sim in self.sims if sim.slot == slot), SimConfig(slot=slot))


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryConfig:
    """[canaries.NAME]: a message that one SIM sends to another, or to itself, to see that sending and receiving work.

    Slot 0 is the first of its modem that has a section.
    """

    name: str
    from_modem: str = ""
    from_slot: int = field(default=0, metadata={"min": 0, "max": 255})
    to_modem: str = ""
    to_slot: int = field(default=0, metadata={"min": 0, "max": 255})
    to_number: str = field(default="", metadata={"pattern": r"(\+?[0-9]{3,20})?", "hint": "a number of 3 to 20 digits"})
    every_h: int = field(default=24, metadata={"min": 1, "max": 720})
    within_s: int = field(default=600, metadata={"min": 60, "max": 86_400})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration."""

    server: ServerConfig = ServerConfig()
    store: StoreConfig = StoreConfig()
    sending: SendingConfig = SendingConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    mqtt: MqttConfig = MqttConfig()
    modems: tuple[ModemConfig, ...] = ()
    canaries: tuple[CanaryConfig, ...] = ()
