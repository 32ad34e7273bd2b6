"""SMSGW_… variables: they win over the file, their key decides how they are read, and wrong ones are named."""

import pytest

from configuring import NORTH, SECRET, SIMS, mistakes, modem, the_mistake
from smsgw.config import Config, ModemConfig, ServerConfig, SimConfig, WebhooksConfig, load
from smsgw.errors import Language


def test_the_environment_wins_over_the_file() -> None:
    environment = {
        "SMSGW_SERVER__PORT": "9090",
        "SMSGW_SERVER__HOST": "0.0.0.0",
        "SMSGW_SERVER__LANGUAGE": "en",
        "SMSGW_SERVER__MAINTENANCE": "true",
        "SMSGW_STORE__PATH": "/srv/a b.db",
        "SMSGW_SENDING__UNCERTAIN": "resend",
        "SMSGW_WEBHOOKS__REFUSE_PRIVATE": "true",
        "SMSGW_WEBHOOKS__CA_FILE": "/etc/smsgw/ca.pem",
    }
    config = load("[server]\nport = 1\nmaintenance = false\nrate_limit = 3", environment)
    assert config.server == ServerConfig(
        host="0.0.0.0", port=9_090, language=Language.EN, rate_limit=3, maintenance=True
    )
    assert config.store.path == "/srv/a b.db"
    assert config.sending.uncertain == "resend"
    assert config.webhooks == WebhooksConfig(refuse_private=True, ca_file="/etc/smsgw/ca.pem")


def test_the_key_decides_how_a_variable_is_read() -> None:
    read = modem(
        NORTH,
        SMSGW_MODEMS__NORTH__SIMS__1__PIN="0042",
        SMSGW_MODEMS__NORTH__SIMS__1__NAME="77",
        SMSGW_MODEMS__NORTH__SIMS__1__SLOT="2",
        SMSGW_MODEMS__NORTH__IMEI="490154203237518",
        SMSGW_MODEMS__NORTH__BAUD="9600",
    )
    assert (read.imei, read.baud) == ("490154203237518", 9_600)
    assert read.sim == SimConfig(slot=2, name="77", pin="0042")
    assert type(read.sim.pin) is str
    assert modem(NORTH, SMSGW_MODEMS__NORTH__SIMS__1__NAME="true").sim.name == "true"


def test_a_variable_changes_one_key_of_a_sim_and_leaves_the_others() -> None:
    read = modem(f"{NORTH}{SIMS}slot = 2\nname = 'A'", SMSGW_MODEMS__NORTH__SIMS__1__PIN="1234")
    assert read.sim == SimConfig(slot=2, name="A", pin="1234")


@pytest.mark.parametrize("name", ["North", "NORTH", "nOrTh"])
def test_a_variable_finds_a_modem_however_the_file_writes_its_name(name: str) -> None:
    read = modem(f"[modems.{name}]\nport = '/dev/a'", SMSGW_MODEMS__NORTH__BAUD="9600")
    assert (read.name, read.baud) == (name, 9_600)


def test_a_hyphen_in_a_modems_name_is_an_underscore_in_the_variable() -> None:
    read = modem("[modems.Roof-1]\nport = '/dev/a'", SMSGW_MODEMS__ROOF_1__BAUD="9600")
    assert (read.name, read.baud) == ("Roof-1", 9_600)


def test_a_variable_that_may_mean_two_modems_changes_neither() -> None:
    text = "[modems.roof-1]\nport = '/dev/a'\n[modems.roof_1]\nport = '/dev/b'\n"
    told = the_mistake(text, {"SMSGW_MODEMS__ROOF_1__SIMS__1__PIN": SECRET})
    assert told.startswith("SMSGW_MODEMS__ROOF_1__SIMS__1__PIN: ")
    assert SECRET not in told


def test_a_modem_can_come_from_the_environment_alone() -> None:
    read = modem("", SMSGW_MODEMS__NORTH__PORT="/dev/a", SMSGW_MODEMS__NORTH__SIMS__1__PIN="1234")
    assert read == ModemConfig(name="north", port="/dev/a", sims=(SimConfig(pin="1234"),))


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("SMSGW_SERVER__PORT", "eighty", "server.port"),
        ("SMSGW_SERVER__PORT", "", "server.port"),
        ("SMSGW_SERVER__PORT", "9" * 5_000, "server.port"),
        ("SMSGW_SERVER__PORT", "٨٠", "server.port"),
        ("SMSGW_SERVER__MAINTENANCE", "yes", "server.maintenance"),
        ("SMSGW_SERVER__MAINTENANCE", "1", "server.maintenance"),
        ("SMSGW_SERVER__LANGUAGE", "de", "server.language"),
        ("SMSGW_SERVER__PROT", "1", "server.prot"),
        ("SMSGW_SERVR__PORT", "1", "servr"),
        ("SMSGW_MODEMS__NORTH", "1", "modems.north"),
        ("SMSGW_MODEMS__NORTH__SIMS", "1", "modems.north.sims"),
        ("SMSGW_MODEMS__NORTH__SIMS__PIN", SECRET, "SMSGW_MODEMS__NORTH__SIMS__PIN"),
        ("SMSGW_MODEMS__NORTH__SIMS__1", SECRET, "SMSGW_MODEMS__NORTH__SIMS__1"),
        ("SMSGW_MODEMS__NORTH__SIMS__2__PIN", SECRET, "SMSGW_MODEMS__NORTH__SIMS__2__PIN"),
        ("SMSGW_MODEMS__NORTH__PORT__DEEPER", "x", "SMSGW_MODEMS__NORTH__PORT__DEEPER"),
        ("SMSGW_MODEMS__NORTH__PIN", SECRET, "modems.north.pin"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, key: str) -> None:
    told = mistakes(f"{NORTH}{SIMS}", {variable: value})
    assert told[0].startswith(f"{key}: ")
    assert SECRET not in "".join(told)


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SMSGW_SERVER_PORT", "SMSGW_SERVER__PORT"),
        ("SMSGW_STORE_PATH", "SMSGW_STORE__PATH"),
        ("SMSGW_SENDING_UNCERTAIN_AFTER_S", "SMSGW_SENDING__UNCERTAIN_AFTER_S"),
    ],
)
def test_one_underscore_too_few_is_told(variable: str, meant: str) -> None:
    told = the_mistake("", {variable: "1"})
    assert told.startswith(f"{variable}: ")
    assert told.endswith(meant)


def test_variables_that_name_no_section_are_not_for_the_configuration() -> None:
    assert load("", {"SMSGW_CONFIG": "/a", "SMSGW_": "x", "PATH": "/bin", "OTHER__KEY": "1"}) == Config()
