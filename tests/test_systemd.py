"""What the daemon needs of the files that install it: the unit, the user, the rule against ModemManager."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from smsgw.config import StoreConfig

ROOT = Path(__file__).resolve().parent.parent
UNIT = ROOT / "systemd" / "smsgw.service"
USER = ROOT / "systemd" / "sysusers.d" / "smsgw.conf"
RULES = ROOT / "systemd" / "udev" / "77-smsgw.rules"
SECONDS = {"": 1, "s": 1, "min": 60, "h": 3_600}


def settings(section: str) -> dict[str, list[str]]:
    """Read one section of the unit; a setting may stand there several times (systemd.syntax(7))."""
    read: defaultdict[str, list[str]] = defaultdict(list)
    current = ""
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"\[(\w+)\]", line):
            current = header[1]
        elif line and not line.startswith("#") and current == section:
            name, separator, value = line.partition("=")
            assert separator, line
            read[name].append(value)
    return read


def setting(section: str, name: str) -> str:
    (only,) = settings(section)[name]
    return only


def seconds(name: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\w*)", setting("Service", name)).groups()  # type: ignore[union-attr]
    return int(number) * SECONDS[unit]


def test_systemd_waits_until_the_daemon_says_that_it_is_ready() -> None:
    assert setting("Service", "Type") == "notify"


def test_the_daemon_is_started_as_it_is_installed() -> None:
    assert setting("Service", "ExecStart") == "/opt/smsgw/bin/smsgw run --config /etc/smsgw/config.toml"
    assert setting("Install", "WantedBy") == "multi-user.target"


def test_the_daemon_is_given_its_own_grace_time_to_stop() -> None:
    from smsgw.api import server
    from smsgw.daemon import GRACE_S
    from smsgw.webhooks.pace import Pace

    # The web server gives its requests that long to be answered, and once more to be ended.
    assert seconds("TimeoutStopSec") >= 2 * server._GRACE_S + GRACE_S + Pace().answer_s + 15


def test_a_daemon_that_hangs_is_noticed() -> None:
    assert 30 <= seconds("WatchdogSec") <= 120


def test_the_daemon_is_restarted_for_as_long_as_it_takes_but_not_over_a_mistake_in_its_configuration() -> None:
    from smsgw.cli import USAGE

    assert setting("Service", "Restart") == "always"
    assert seconds("RestartSec") >= 1
    assert setting("Unit", "StartLimitIntervalSec") == "0"
    assert setting("Service", "RestartPreventExitStatus") == str(USAGE)


def test_the_daemon_has_a_user_of_its_own_that_reaches_serial_ports_and_nothing_else() -> None:
    user = setting("Service", "User")
    assert re.search(rf"^u {user} ", USER.read_text(encoding="utf-8"), re.MULTILINE)
    assert setting("Service", "SupplementaryGroups") == "dialout"
    assert setting("Service", "CapabilityBoundingSet") == ""
    assert setting("Service", "NoNewPrivileges") == "yes"


def test_messages_are_kept_where_the_configuration_says_and_nobody_else_can_read_them() -> None:
    assert StoreConfig().path.startswith(f"/var/lib/{setting('Service', 'StateDirectory')}/")
    assert setting("Service", "StateDirectoryMode") == "0700"


@pytest.mark.parametrize(
    "hiding", ["PrivateDevices", "ProtectClock", "DevicePolicy", "DeviceAllow", "PrivateNetwork", "PrivateUsers"]
)
def test_nothing_hides_the_serial_ports_or_the_network(hiding: str) -> None:
    assert hiding not in settings("Service")


def test_the_daemon_may_open_the_sockets_that_it_needs() -> None:
    assert {"AF_UNIX", "AF_INET", "AF_INET6"} <= set(setting("Service", "RestrictAddressFamilies").split())


def test_the_clock_is_waited_for_where_something_sets_it() -> None:
    assert {"network.target", "time-set.target", "time-sync.target"} <= set(setting("Unit", "After").split())


def test_modem_manager_reads_the_rule_before_its_own() -> None:
    assert RULES.name < "80-mm-candidate.rules"


def test_every_vendor_is_taken_from_modem_manager_as_a_whole_device() -> None:
    text = RULES.read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if line.startswith("ATTR{idVendor}")]
    assert rules
    for rule in rules:
        assert re.fullmatch(r'ATTR\{idVendor\}=="[0-9a-f]{4}", ENV\{ID_MM_DEVICE_IGNORE\}="1"', rule)
    assert len(set(rules)) == len(rules)


def test_the_daemon_may_reset_the_usb_device_of_a_modem_of_these_vendors_and_no_other_device() -> None:
    group = setting("Service", "Group")
    granting = [line for line in RULES.read_text(encoding="utf-8").splitlines() if "GROUP=" in line or "MODE=" in line]
    assert granting == [f'ENV{{ID_MM_DEVICE_IGNORE}}=="1", GROUP="{group}", MODE="0660"']


def test_every_jump_in_the_rules_has_its_landing() -> None:
    text = RULES.read_text(encoding="utf-8")
    assert set(re.findall(r'GOTO="(\w+)"', text)) == set(re.findall(r'LABEL="(\w+)"', text))


def test_every_file_that_the_instructions_install_exists() -> None:
    named = re.findall(r"sudo install -\S+ (?:-g \w+ )?(\S+) /etc", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert {str(path.relative_to(ROOT)) for path in (UNIT, USER, RULES)} <= set(named)
    assert all((ROOT / name).is_file() for name in named)
