"""Modules that use all of their SIMs at once: what the configuration says of each SIM, and what it must not say."""

import pytest

from configuring import mistakes, the_mistake
from smsgw.config import ModemConfig, SimConfig, load

IMEI, OTHER_IMEI = "490154203237518", "356938035643809"


def box(*sims: str, modem: str = "", name: str = "box") -> str:
    sections = "".join(f"[[modems.{name}.sims]]\nslot = {slot}\n{sim}\n" for slot, sim in enumerate(sims, 1))
    return f"[modems.{name}]\n{modem}\n{sections}"


def test_each_sim_may_have_a_port_and_an_imei_of_its_own() -> None:
    (modem,) = load(box(f"port = '/dev/a'\nimei = '{IMEI}'", f"imei = '{OTHER_IMEI}'"), {}).modems
    assert modem.uses_all_sims
    assert modem == ModemConfig(
        name="box",
        sims=(SimConfig(slot=1, port="/dev/a", imei=IMEI), SimConfig(slot=2, imei=OTHER_IMEI)),
    )


def test_each_such_sim_is_served_as_if_it_were_a_modem_that_shares_the_rest_of_the_section() -> None:
    text = box("port = '/dev/a'\nper_day = 5", "port = '/dev/b'", modem="baud = 9600\nreset_command = 'AT+CRESET'")
    (modem,) = load(text, {}).modems
    first, second = modem.lines()
    assert first == ModemConfig(
        name="box/1", port="/dev/a", baud=9_600, reset_command="AT+CRESET", sims=(SimConfig(slot=1, per_day=5),)
    )
    assert (second.name, second.port, second.sim) == ("box/2", "/dev/b", SimConfig(slot=2))


def test_a_modem_that_uses_one_sim_at_a_time_is_served_as_it_is() -> None:
    (modem,) = load(box("", "", modem="port = '/dev/a'"), {}).modems
    assert not modem.uses_all_sims
    assert modem.lines() == (modem,)


def test_a_sim_may_get_its_port_from_the_environment() -> None:
    (modem,) = load(box("port = '/dev/a'", ""), {"SMSGW_MODEMS__BOX__SIMS__2__PORT": "/dev/b"}).modems
    assert [line.port for line in modem.lines()] == ["/dev/a", "/dev/b"]


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        (box("port = '/dev/a'", ""), "modems.box.sims[2].port", "is missing"),
        (box("", f"imei = '{IMEI}'"), "modems.box.sims[1].port", "is missing"),
        (box("port = '/dev/a'", "port = '/dev/b'", modem="port = '/dev/c'"), "modems.box.port", "one SIM at a time"),
        (box("port = '/dev/a'", "port = '/dev/b'", modem=f"imei = '{IMEI}'"), "modems.box.imei", "one SIM at a time"),
        (
            box("port = '/dev/a'", "port = '/dev/b'", modem="slot_command = 'AT+X={slot}'"),
            "modems.box.slot_command",
            "one SIM at a time",
        ),
        (
            box("", "", modem="port = '/dev/a'\nbind_command = 'AT+X={slot}'"),
            "modems.box.bind_command",
            "ports of their own",
        ),
        (
            box("port = '/dev/a'", "port = '/dev/./a'"),
            "modems.box.sims[2].port",
            "/dev/a is already used by modems.box.sims[1]",
        ),
        (
            box("port = '/dev/a'", "port = '/dev/b'") + box(modem="port = '/dev/b'", name="north"),
            "modems.north.port",
            "/dev/b is already used by modems.box.sims[2]",
        ),
        (
            box("port = '/dev/a'", "port = '/dev/b'") + box("port = '/dev/c'", "port = '/dev/a'", name="other"),
            "modems.other.sims[2].port",
            "/dev/a is already used by modems.box.sims[1]",
        ),
        (box(f"imei = '{IMEI}'", f"imei = '{IMEI}'"), "modems.box.sims[2].imei", "already used by modems.box.sims[1]"),
        (box("port = 'COM1'", "port = '/dev/b'"), "modems.box.sims[1].port", "/dev/… or socket://HOST:PORT is needed"),
        (box("port = '/dev/a'", "port = '/dev/b'\nslot = 1").replace("slot = 2\n", ""), "modems.box.sims[2].slot", "1"),
    ],
)
def test_what_does_not_fit_together_is_named(text: str, key: str, said: str) -> None:
    mistake = the_mistake(text)
    assert mistake.startswith(f"{key}: ")
    assert said in mistake


def test_all_mistakes_about_the_places_of_sims_are_told_at_once() -> None:
    text = box("port = '/dev/a'", "", "port = '/dev/a'", modem="port = '/dev/c'\nslot_command = 'AT+X={slot}'")
    assert [mistake.partition(":")[0] for mistake in mistakes(text)] == [
        "modems.box.sims[2].port",
        "modems.box.port",
        "modems.box.slot_command",
        "modems.box.sims[3].port",
    ]


def test_the_power_of_a_module_may_be_switched_where_each_sim_has_a_port() -> None:
    (modem,) = load(box("port = '/dev/a'", "port = '/dev/b'", modem="power_hub = '1-1'\npower_port = 2"), {}).modems
    assert {line.outlet for line in modem.lines()} == {"port 2 of hub 1-1"}
