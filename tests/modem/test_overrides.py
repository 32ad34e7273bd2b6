"""What a configuration says of one modem goes before the profile of its family, cell by cell."""

from dataclasses import fields, replace
from typing import Any

import pytest
from scripted_peer import Peer

from configuring import NORTH, modem, the_mistake
from smsgw.at.errors import Vendor
from smsgw.config import VENDORS, OverridesConfig
from smsgw.modem.driver import Modem, PinPolicy
from smsgw.modem.link import Link
from smsgw.modem.overrides import overridden
from smsgw.modem.profiles import GENERIC, Profile, named

SECTION = f"{NORTH}[modems.north.overrides]\n"
# What chooses a profile, and the ways to choose a slot, which [modems.NAME] slot_command replaces.
NOT_HERE = {"name", "maker", "model", "slot_ways", "reset_first"}


@pytest.mark.parametrize(
    ("setting", "value", "cell", "expected"),
    [
        ("indications", "1,1,0,2,0; 2,1", "indications_first", ((1, 1, 0, 2, 0), (2, 1))),
        ("memories", "SM; ME", "memories", ("SM", "ME")),
        ("quiet_commands", "AT^CURC=0;AT+WIND=0", "quiet_commands", ("AT^CURC=0", "AT+WIND=0")),
        ("quiet_commands", "", "quiet_commands", ()),
        ("iccid_commands", "AT+CCID", "iccid_first", ("AT+CCID",)),
        ("pin_counter", "AT+SPIC", "pin_counter", "AT+SPIC"),
        ("pin_counter", "", "pin_counter", None),
        ("prompt_delay_ms", 0, "prompt_delay_s", 0.0),
        ("command_gap_ms", 250, "command_gap_s", 0.25),
        ("submit_timeout_s", 60, "submit_timeout_s", 60.0),
        ("accepts_bare_ok", "yes", "accepts_bare_ok", True),
        ("lists_messages", "no", "lists_messages", False),
        ("packs_ussd", "no", "packs_ussd", False),
        ("vendor", "telit", "vendor", Vendor.TELIT),
    ],
)
def test_every_cell_can_be_configured(setting: str, value: object, cell: str, expected: object) -> None:
    config = modem(f"{SECTION}{setting} = {value!r}").overrides
    huawei = named("huawei")
    assert overridden(huawei, config) == replace(huawei, **{cell: expected})
    environment: dict[str, Any] = {f"SMSGW_MODEMS__NORTH__OVERRIDES__{setting.upper()}": str(value)}
    assert modem(**environment).overrides == config


def test_no_cell_is_left_out() -> None:
    texts = {f.name: "yes" for f in fields(OverridesConfig) if f.default == "auto"}
    changed = {
        "vendor": "telit",
        "indications": "9,9",
        "memories": "XX",
        "pin_counter": "",
        "lists_messages": "no",
        "packs_ussd": "no",
    }
    config = OverridesConfig(**texts | changed, prompt_delay_ms=1, command_gap_ms=1, submit_timeout_s=1)  # type: ignore[arg-type]
    huawei = named("huawei")
    other = overridden(huawei, config)
    same = {f.name for f in fields(Profile) if getattr(other, f.name) == getattr(huawei, f.name)}
    assert same == NOT_HERE


def test_the_profile_stays_as_it_is_where_nothing_is_configured() -> None:
    assert overridden(GENERIC, OverridesConfig()) is GENERIC


def test_the_vendors_are_those_whose_errors_are_known() -> None:
    assert set(VENDORS) == set(Vendor)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("indications = '2'", "indications: auto, or forms such as \"2,1,0,1,0\" is needed, not '2'"),
        ("memories = 'sm'", "memories: auto, or such as"),
        ("quiet_commands = 'CURC'", 'quiet_commands: auto, "", or AT commands parted by ";"'),
        ("prompt_delay_ms = -2", "prompt_delay_ms: a whole number from -1 to 10000"),
        ("lists_messages = true", "lists_messages: text in quotes is needed"),
        ("lists_messages = 'maybe'", "lists_messages: one of auto, yes, no is needed"),
        ("vendor = 'nokia'", "vendor: one of auto, quectel"),
        ("prompt_delay = 1", "prompt_delay: unknown key; did you mean prompt_delay_ms?"),
    ],
)
def test_a_wrong_cell_is_named(line: str, complaint: str) -> None:
    assert the_mistake(SECTION + line).startswith(f"modems.north.overrides.{complaint}")


async def test_a_modem_is_set_up_as_configured(peer: Peer, link: Link) -> None:
    async def never(*arguments: object) -> bool:
        raise AssertionError("no PIN is asked for")

    peer.answers |= {"AT+CGMI": "\r\nTelit\r\n\r\nOK\r\n", "AT+CPIN?": "\r\nOK\r\n", "AT+CMGF=0": "\r\nOK\r\n"}
    configured = Modem(link, overrides=OverridesConfig(quiet_commands="AT+CALM=1", command_gap_ms=1, vendor="sierra"))
    identity = await configured.initialise(PinPolicy(pin=None, may_enter=never, answered=never))  # type: ignore[arg-type]
    assert (identity.profile, link.command_gap_s, link.vendor) == ("telit", 0.001, "sierra")
    assert "AT+CALM=1" in peer.commands
    assert "AT#QSS=1" not in peer.commands
