"""The configuration file: every key, every mistake with its key, and no PIN where people can read it."""

from dataclasses import fields

import pytest

from configuring import NORTH, SECRET, SIMS, mistakes, modem, the_mistake
from smsgw.config import Config, ConfigError, ModemConfig, SendingConfig, ServerConfig, SimConfig, StoreConfig, load
from smsgw.errors import Language

IMEI = "490154203237518"

# ── what is right ──


def test_an_empty_file_is_a_whole_configuration() -> None:
    assert load("", {}) == Config()
    assert load("[server]\n[store]\n[sending]\n[modems]\n", {}) == Config()


def test_every_key_is_read() -> None:
    text = """
        [server]
        host = "::"
        port = 0
        language = "en"
        rate_limit = 0
        max_body = 2048
        maintenance = true
        [store]
        path = "/srv/сообщения.db"
        keep_days = 0
        [sending]
        max_parts = 3
        max_waiting = 7
        attempts = 1
        ttl_s = 60
        uncertain = "resend"
        uncertain_after_s = 1
        timezone = "Europe/Moscow"
        [modems.roof-1]
        port = "socket://10.0.0.7:4001"
        imei = "490154203237518"
        baud = 9600
        profile = "generic"
        [[modems.roof-1.sims]]
        slot = 2
        name = "Оператор"
        pin = "0042"
        per_minute = 1
        per_hour = 2
        per_day = 3
        per_month = 4
        recipients_per_month = 5
        gap_s = 6
        quiet_hours = "22:00-07:30"
        [modems.South_2]
        port = "/dev/serial/by-path/platform-3f980000.usb-usb-0:1.2:1.2-port0"
        [[modems.South_2.sims]]
        pin_file = "/etc/smsgw/pin"
    """
    assert load(text, {}) == Config(
        server=ServerConfig(host="::", port=0, language=Language.EN, rate_limit=0, max_body=2_048, maintenance=True),
        store=StoreConfig(path="/srv/сообщения.db", keep_days=0),
        sending=SendingConfig(
            max_parts=3,
            max_waiting=7,
            attempts=1,
            ttl_s=60,
            uncertain="resend",
            uncertain_after_s=1,
            timezone="Europe/Moscow",
        ),
        modems=(
            ModemConfig(
                name="roof-1",
                port="socket://10.0.0.7:4001",
                imei="490154203237518",
                baud=9_600,
                profile="generic",
                sims=(
                    SimConfig(
                        slot=2,
                        name="Оператор",
                        pin="0042",
                        per_minute=1,
                        per_hour=2,
                        per_day=3,
                        per_month=4,
                        recipients_per_month=5,
                        gap_s=6,
                        quiet_hours="22:00-07:30",
                    ),
                ),
            ),
            ModemConfig(
                name="South_2",
                port="/dev/serial/by-path/platform-3f980000.usb-usb-0:1.2:1.2-port0",
                sims=(SimConfig(pin_file="/etc/smsgw/pin"),),
            ),
        ),
    )


def test_modems_keep_the_order_of_the_file() -> None:
    text = "".join(f"[modems.m{n}]\nport = '/dev/m{n}'\n" for n in (3, 1, 2))
    assert [m.name for m in load(text, {}).modems] == ["m3", "m1", "m2"]


def test_the_language_of_the_configuration_is_a_language() -> None:
    assert load("", {}).server.language is Language.RU
    assert load("server.language = 'en'", {}).server.language is Language.EN


@pytest.mark.parametrize("port", ["/dev/ttyUSB0", "/tmp/модем", "socket://modem.lan:1", "socket://10.1.2.3:65535"])
def test_a_port_is_a_path_or_a_socket(port: str) -> None:
    assert modem(f"[modems.north]\nport = '{port}'").port == port


@pytest.mark.parametrize(
    ("text", "port", "imei"),
    [
        ("port = '/dev/a'", "/dev/a", ""),
        (f"imei = '{IMEI}'", "", IMEI),
        (f"imei = '{IMEI}'\nport = ''", "", IMEI),
        (f"port = '/dev/a'\nimei = '{IMEI}'", "/dev/a", IMEI),
    ],
)
def test_a_modem_is_named_by_its_port_or_its_imei_or_both(text: str, port: str, imei: str) -> None:
    read = modem(f"[modems.north]\n{text}")
    assert (read.port, read.imei) == (port, imei)


def test_modems_without_ports_do_not_share_one() -> None:
    text = f"[modems.north]\nimei = '{IMEI}'\n[modems.south]\nimei = '356938035643809'\n"
    assert [modem.port for modem in load(text, {}).modems] == ["", ""]


@pytest.mark.parametrize(
    ("port", "imei", "may_be_elsewhere"),
    [("", IMEI, True), ("/dev/a", IMEI, True), ("/dev/a", "", False), ("socket://a:1", IMEI, False)],
)
def test_a_modem_on_usb_whose_imei_is_known_may_be_elsewhere(port: str, imei: str, may_be_elsewhere: bool) -> None:
    assert ModemConfig(name="north", port=port, imei=imei).may_be_elsewhere is may_be_elsewhere


# ── one mistake each, named by its key ──

RANGES = [
    ("server", "port", 0, 65_535),
    ("server", "rate_limit", 0, 1_000_000),
    ("server", "max_body", 1_024, 16_777_216),
    ("store", "keep_days", 0, 36_500),
    ("sending", "max_parts", 1, 255),
    ("sending", "max_waiting", 1, 100_000_000),
    ("sending", "attempts", 1, 100),
    ("sending", "ttl_s", 60, 38_102_400),
    ("sending", "uncertain_after_s", 1, 604_800),
]


MODEM_RANGES = [
    ("baud", 300, 4_000_000),
    ("slot_stay_s", 0, 86_400),
    ("slot_wait_s", 0, 86_400),
    ("sims[1].slot", 1, 255),
    ("sims[1].per_minute", 0, 10_000),
    ("sims[1].per_hour", 0, 100_000),
    ("sims[1].per_day", 0, 1_000_000),
    ("sims[1].per_month", 0, 10_000_000),
    ("sims[1].recipients_per_month", 0, 10_000_000),
    ("sims[1].gap_s", 0, 3_600),
]


@pytest.mark.parametrize(("section", "key", "low", "high"), RANGES)
def test_a_number_has_its_limits(section: str, key: str, low: int, high: int) -> None:
    for value in (low, high):
        assert getattr(getattr(load(f"[{section}]\n{key} = {value}", {}), section), key) == value
    for wrong in (low - 1, high + 1):
        told = the_mistake(f"[{section}]\n{key} = {wrong}")
        assert told == f"{section}.{key}: a whole number from {low} to {high} is needed, not {wrong}"


@pytest.mark.parametrize(("key", "low", "high"), MODEM_RANGES)
def test_a_number_of_a_modem_has_its_limits(key: str, low: int, high: int) -> None:
    section = SIMS if key.startswith("sims") else ""
    for wrong in (low - 1, high + 1):
        told = the_mistake(f"{NORTH}{section}{key.rpartition('.')[2]} = {wrong}")
        assert told == f"modems.north.{key}: a whole number from {low} to {high} is needed, not {wrong}"


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("server.port = '8080'", "server.port", "whole number"),
        ("server.port = 8080.0", "server.port", "whole number"),
        ("server.port = true", "server.port", "whole number"),
        ("server.port = [8080]", "server.port", "a list"),
        ("server.port = {is = 8080}", "server.port", "a section"),
        (f"server.port = 0x{'f' * 9_000}", "server.port", "whole number"),
        ("server.maintenance = 1", "server.maintenance", "true or false"),
        ("server.maintenance = 'true'", "server.maintenance", "true or false"),
        ("server.host = 127", "server.host", "text in quotes"),
        ("server.host = ''", "server.host", "an address or a host name"),
        ("server.host = 'http://a'", "server.host", "an address or a host name"),
        ("server.host = '0.0.0.0:8080'", "server.host", "without port"),
        ("server.host = 'gateway.lan:80'", "server.host", "without port"),
        ("server.host = '[::]'", "server.host", "without port and brackets"),
        ("server.language = 'de'", "server.language", "one of ru, en"),
        ("server.language = 1", "server.language", "text in quotes"),
        ("store.path = ''", "store.path", "path of the database"),
        ("store.path = 'smsgw.db'", "store.path", "from / on"),
        ("store.path = '~/smsgw.db'", "store.path", "from / on"),
        ("store.path = ':memory:'", "store.path", "from / on"),
        ("store.path = \"/a\\u0000b\"", "store.path", "path of the database"),
        ("sending.uncertain = 'maybe'", "sending.uncertain", "one of fail, resend"),
        ("sending.ttl_s = 2026-01-01", "sending.ttl_s", "whole number"),
        ("sending.ttl_s = inf", "sending.ttl_s", "whole number"),
        ("[modems.north]\nbaud = 9600", "modems.north.port", "is missing; /dev/… or socket://HOST:PORT"),
        ("[modems.north]\nbaud = 9600", "modems.north.port", "or the imei of a modem on USB"),
        ("[modems.north]\nimei = '490154'", "modems.north.imei", "15 digits"),
        (f"[modems.north]\nport = 'COM3'\nimei = '{IMEI}'", "modems.north.port", "/dev/…"),
        ("[modems.north]\nport = 'COM3'", "modems.north.port", "/dev/…"),
        ("[modems.north]\nport = ''", "modems.north.port", "/dev/…"),
        ("[modems.north]\nport = \"/dev/a\\u0000\"", "modems.north.port", "/dev/…"),
        ("[modems.north]\nport = 'socket://a'", "modems.north.port", "socket://HOST:PORT"),
        ("[modems.north]\nport = 'socket://a:0'", "modems.north.port", "socket://HOST:PORT"),
        ("[modems.north]\nport = 'socket://a:65536'", "modems.north.port", "socket://HOST:PORT"),
        (f"{NORTH}imei = 490154203237518", "modems.north.imei", "text in quotes"),
        (f"{NORTH}imei = '49015420323751'", "modems.north.imei", "15 digits"),
        (f"{NORTH}imei = '{'٣' * 15}'", "modems.north.imei", "15 digits"),
        (f"{NORTH}profile = 'nokia'", "modems.north.profile", "none of auto, generic"),
        (f"{NORTH}profile = 1", "modems.north.profile", "text in quotes"),
        (f"{NORTH}reset_command = 'RESET'", "modems.north.reset_command", "AT+CFUN=1,1"),
        (f"{NORTH}reset_command = \"AT\\rATD112;\"", "modems.north.reset_command", "AT+CFUN=1,1"),
        (f"{NORTH}power_hub = '1-1.4'", "modems.north.power_hub", "together"),
        (f"{NORTH}power_port = 2", "modems.north.power_hub", "together"),
        (f"{NORTH}power_hub = '1'\npower_port = 2", "modems.north.power_hub", "never a root hub"),
        (f"{NORTH}power_hub = 'usb1'\npower_port = 2", "modems.north.power_hub", "never a root hub"),
        (f"{NORTH}power_hub = '1-0'\npower_port = 2", "modems.north.power_hub", "never a root hub"),
        (f"{NORTH}power_hub = '-1'\npower_port = 2", "modems.north.power_hub", "never a root hub"),
        (f"{NORTH}power_port = 32\npower_hub = '1-1'", "modems.north.power_port", "from 0 to 31"),
        (f"{NORTH}{SIMS}name = 1", "modems.north.sims[1].name", "text in quotes"),
        (f"{NORTH}{SIMS}quiet_hours = '22-7'", "modems.north.sims[1].quiet_hours", "22:00-07:00"),
        (f"{NORTH}{SIMS}quiet_hours = '22:00-24:00'", "modems.north.sims[1].quiet_hours", "22:00-07:00"),
        (f"{NORTH}{SIMS}quiet_hours = '22:00-22:00'", "modems.north.sims[1].quiet_hours", "switch the device off"),
        (f"{NORTH}{SIMS}balance_code = 'ATD1'", "modems.north.sims[1].balance_code", '"*100#"'),
        (f"{NORTH}{SIMS}balance_every_h = 0", "modems.north.sims[1].balance_every_h", "from 1 to 720"),
        (f"{NORTH}{SIMS}balance_least = 5", "modems.north.sims[1].balance_least", "needs balance_code"),
        (f"{NORTH}{SIMS}balance_pattern = '['", "modems.north.sims[1].balance_pattern", "one group"),
        (f"{NORTH}{SIMS}balance_pattern = 'a{{99999999999}}'", "modems.north.sims[1].balance_pattern", "one group"),
        (f"{NORTH}{SIMS}balance_pattern = '[[]'", "modems.north.sims[1].balance_pattern", "this one has 0"),
        (f"{NORTH}{SIMS}balance_pattern = '(.)(.)'", "modems.north.sims[1].balance_pattern", "this one has 2"),
        ("sending.timezone = 'Mars; Base'", "sending.timezone", "Europe/Moscow"),
        (f"{NORTH}{SIMS}pin = '1234'\npin_file = '/a'", "modems.north.sims[1].pin_file", "not both"),
        ("[modems.\"two words\"]\nport = '/dev/a'", "modems.two words", "letters, digits, - or _"),
        (f"[modems.{'n' * 33}]\nport = '/dev/a'", f"modems.{'n' * 33}", "1 to 32"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named_by_its_key(text: str, key: str, what: str) -> None:
    told = the_mistake(text)
    assert told.startswith(f"{key}: ")
    assert what in told


@pytest.mark.parametrize("section", ["server", "store", "sending", "modems"])
@pytest.mark.parametrize(("value", "found"), [("3", "a single value"), ("'x'", "a single value"), ("[]", "a list")])
def test_what_is_no_section_is_said_to_be_none(section: str, value: str, found: str) -> None:
    assert the_mistake(f"{section} = {value}") == f"{section}: a section is needed, such as [{section}], not {found}"


def test_an_array_of_modems_is_refused() -> None:
    assert the_mistake("[[modems]]\nport = '/dev/a'").startswith("modems: a section is needed")


def test_a_modem_that_is_no_section_is_refused() -> None:
    assert "modems.north: a section is needed" in mistakes("modems.north = '/dev/a'")[0]


@pytest.mark.parametrize("sims", ["sims = 3", "sims = []", "sims = 'a'", "sims = {slot = 1}", f"sims = [{'{},' * 9}]"])
def test_a_modem_has_one_to_eight_sims(sims: str) -> None:
    told = the_mistake(NORTH + sims)
    assert told.startswith("modems.north.sims: 1 to 8 sections [[modems.north.sims]] are needed")


def test_no_two_sims_of_a_modem_are_in_one_slot() -> None:
    read = modem(f"{NORTH}{SIMS}slot = 2\n{SIMS}name = 'B'")
    assert [(sim.slot, sim.name) for sim in read.sims] == [(2, ""), (1, "B")]
    told = the_mistake(f"{NORTH}{SIMS}slot = 2\n{SIMS}slot = 1\n{SIMS}slot = 2")
    assert told.startswith("modems.north.sims[3].slot: slot 2 has a SIM already")


@pytest.mark.parametrize("command", ["AT+QDSIM={slot0}", "at^simslot={slot}"])
def test_a_command_may_choose_the_slot(command: str) -> None:
    assert modem(f"{NORTH}slot_command = '{command}'").slot_command == command


@pytest.mark.parametrize("command", ["AT+QDSIM=1", "QDSIM={slot}", "AT+X={sim}", "AT+X={slot}{y}"])
def test_a_command_that_names_no_slot_is_refused(command: str) -> None:
    assert the_mistake(f"{NORTH}slot_command = '{command}'").startswith("modems.north.slot_command: AT…{slot}…")


def test_a_sim_that_is_no_section_is_refused() -> None:
    assert the_mistake(f"{NORTH}sims = [3]").startswith("modems.north.sims[1]: a section is needed")


def test_two_modems_never_share_a_port_or_an_imei() -> None:
    south = "[modems.south]\nport = '/dev/north'\n"
    assert the_mistake(NORTH + south) == "modems.south.port: /dev/north is already used by modems.north"
    again = "[modems.south]\nport = '/dev//serial/../north'\n"
    assert the_mistake(NORTH + again) == "modems.south.port: /dev/north is already used by modems.north"
    imei = "imei = '490154203237518'\n"
    told = the_mistake(f"{NORTH}{imei}[modems.south]\nport = '/dev/south'\n{imei}")
    assert told == "modems.south.imei: 490154203237518 is already used by modems.north"


def test_a_modem_that_is_known_by_its_imei_alone_may_have_its_power_switched() -> None:
    anywhere = modem("[modems.north]\nimei = '490154203237518'\npower_hub = '1-1.4'\npower_port = 2\n")
    assert (anywhere.port, anywhere.outlet_socket) == ("", "1-1.4.2")


def test_what_takes_the_power_of_one_modem_never_takes_that_of_another() -> None:
    power = "power_hub = '1-1.4'\npower_port = 2\n"
    south = "[modems.south]\nport = '/dev/south'\n"
    told = the_mistake(f"{NORTH}{power}{south}{power}")
    assert told == "modems.south.power_port: port 2 of hub 1-1.4 is already used by modems.north"
    assert modem(f"{NORTH}{power}").outlet == "port 2 of hub 1-1.4"
    assert modem(f"{NORTH}{power}").outlet_socket == "1-1.4.2"
    assert modem(NORTH).outlet_socket == ""
    load(f"{NORTH}{power}{south}{power.replace('2', '3')}", {})


@pytest.mark.parametrize(
    ("text", "key", "meant"),
    [
        ("[sever]", "sever", "server"),
        ("modem = 1", "modem", "modems"),
        ("[server]\nprot = 8080", "server.prot", "port"),
        ("[server]\nPORT = 8080", "server.PORT", "port"),
        ("[store]\npaht = '/a'", "store.paht", "path"),
        ("[sending]\nttl = 60", "sending.ttl", "ttl_s"),
        ("[sending]\nuncertain_after = 60", "sending.uncertain_after", "uncertain_after_s"),
        (f"{NORTH}buad = 9600", "modems.north.buad", "baud"),
        (f"{NORTH}{SIMS}pinfile = '/a'", "modems.north.sims[1].pinfile", "pin_file"),
    ],
)
def test_a_misspelt_key_is_answered_with_the_one_that_was_meant(text: str, key: str, meant: str) -> None:
    assert the_mistake(text) == f"{key}: unknown key; did you mean {meant}?"


def test_an_unknown_key_that_resembles_none_is_answered_with_those_that_are_known() -> None:
    known = ", ".join(setting.name for setting in fields(StoreConfig))
    assert the_mistake("[store]\nzzz = 1") == f"store.zzz: unknown key; known here: {known}"
    assert (
        the_mistake("[panel]\nx = 1")
        == "panel: unknown key; known here: server, store, sending, webhooks, mqtt, modems, canaries"
    )
    assert the_mistake(f"{NORTH}name = 'x'").startswith("modems.north.name: unknown key; ")


def test_all_mistakes_are_told_at_once() -> None:
    text = f"""
        [server]
        port = 99999
        prot = 1
        [sending]
        uncertain = "maybe"
        [modems.north]
        [modems.south]
        port = "/dev/south"
        [[modems.south.sims]]
        slot = 0
        pin = "{SECRET}9"
    """
    told = mistakes(text, {"SMSGW_SERVER__RATE_LIMIT": "many", "SMSGW_STORE__PATH__DEEPER": "x"})
    assert sorted(mistake.partition(":")[0] for mistake in told) == [
        "modems.north.port",
        "modems.south.sims[1].pin",
        "modems.south.sims[1].slot",
        "sending.uncertain",
        "server.port",
        "server.prot",
        "server.rate_limit",
        "store.path",
    ]


# ── secrets ──


def test_a_pin_is_not_shown_by_repr() -> None:
    config = load(f"{NORTH}{SIMS}pin = '{SECRET}'", {})
    assert config.modems[0].sim.pin == SECRET
    assert SECRET not in repr(config) + str(config.modems) + repr(config.modems[0].sim)


@pytest.mark.parametrize(
    "text",
    [
        f"{NORTH}{SIMS}pin = {SECRET}",
        f"{NORTH}{SIMS}pin = '{SECRET}9'",
        f"{NORTH}{SIMS}pin = ['{SECRET}']",
        f"{NORTH}{SIMS}pin.is = '{SECRET}'",
        f"{NORTH}{SIMS}Pin = '{SECRET}'",
        f"{NORTH}{SIMS}name = ['{SECRET}']",
        f"{NORTH}{SIMS}slot = {{pin = '{SECRET}'}}",
        f"{NORTH}pin = '{SECRET}'",
        f"{NORTH}sims = '{SECRET}'",
        f"{NORTH}sims = {{pin = '{SECRET}'}}",
        f"{NORTH}sims = ['{SECRET}']",
        f"{NORTH}sims = [{SECRET}]",
        f"[[modems]]\nport = '/dev/a'\nsims = [{{pin = '{SECRET}'}}]",
        f"{NORTH}{SIMS}pin = '{SECRET}'\npin = '{SECRET}'",
        f"{NORTH}{SIMS}pin = '{SECRET}",
    ],
)
def test_a_pin_is_never_shown_in_a_mistake(text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(text, {})
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "١٢٣٤", "1234\n", " 1234"])
def test_a_pin_is_four_to_eight_digits(pin: str) -> None:
    told = the_mistake(NORTH, {"SMSGW_MODEMS__NORTH__SIMS__1__PIN": pin})
    assert told == "modems.north.sims[1].pin: a PIN of 4 to 8 digits is needed, not the value given"
