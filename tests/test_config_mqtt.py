"""[mqtt]: what may stand there, and that no password is ever shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from configuring import SECRET, mistakes, the_mistake
from smsgw import config_files
from smsgw.config import ConfigError, MqttConfig, load
from smsgw.config_files import ensure_runnable, read_config

FULL = """\
[mqtt]
host = "broker.lan"
port = 8883
username = "gateway"
password = "s3cr3t"
tls = true
ca_file = "/etc/smsgw/ca.pem"
topic = "house/sms"
discovery = ""
client_id = "smsgw-north"
token = "house"
notify_number = "+79991234567"
"""


def test_everything_that_may_be_set_is_read() -> None:
    assert load(FULL, {}).mqtt == MqttConfig(
        host="broker.lan",
        port=8883,
        username="gateway",
        password="s3cr3t",
        tls=True,
        ca_file="/etc/smsgw/ca.pem",
        topic="house/sms",
        discovery="",
        client_id="smsgw-north",
        token="house",
        notify_number="+79991234567",
    )


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("host = 'mqtt://broker'", "host", "without port and brackets"),
        ("port = 0", "port", "from 1 to 65535"),
        ("password_file = 'secret'", "password_file", "from / on"),
        ("topic = ''", "topic", "without +, #"),
        ("topic = 'a/#'", "topic", "without +, #"),
        ("topic = '/a'", "topic", "without / at its ends"),
        ("topic = '$SYS'", "topic", "without +, #"),
        ("discovery = 'a/'", "discovery", "without / at its ends"),
        ("client_id = 'a b'", "client_id", "up to 64"),
        ("token = 'a'\nnotify_number = '12'", "notify_number", "3 to 20 digits"),
        ("notify_number = '79991234567'", "notify_number", "needs token"),
        ("username = 'u'\npassword = 'a'\npassword_file = '/b'", "password_file", "not both"),
        ("password = 'a'", "username", "is missing"),
        ("ca_file = '/a'", "ca_file", "tls = true"),
        ("tls = 1", "tls", "true or false"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(text: str, key: str, what: str) -> None:
    told = the_mistake(f"[mqtt]\n{text}")
    assert told.startswith(f"mqtt.{key}: ")
    assert what in told


@pytest.mark.parametrize(
    "text",
    [
        f"password = {SECRET}",
        f"password = ['{SECRET}']",
        f"username = 'u'\npassword_file = '{SECRET}'",
        f"username = 'u'\npassword = '{SECRET}'\npassword_file = 'x'",
    ],
)
def test_no_mistake_shows_a_password(text: str) -> None:
    assert SECRET not in str(mistakes(f"[mqtt]\n{text}"))


def test_a_password_is_not_shown_with_the_settings() -> None:
    assert "s3cr3t" not in repr(load(FULL, {}))


def written(folder: Path, text: str) -> str:
    path = folder / "smsgw.toml"
    path.write_text(text)
    return str(path)


def test_a_password_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("pass word\n")
    config = read_config(written(tmp_path, f"[mqtt]\nusername = 'u'\npassword_file = '{secret}'\n"))
    assert config.mqtt.password == "pass word"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff"])
def test_a_file_without_a_password_is_a_mistake(tmp_path: Path, content: bytes | None) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mqtt\.password_file") as raised:
        read_config(written(tmp_path, f"[mqtt]\nusername = 'u'\npassword_file = '{secret}'\n"))
    assert len(raised.value.mistakes) == 1


def test_a_missing_library_is_one_clear_line_and_only_where_a_broker_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_files, "find_spec", lambda name: None)
    ensure_runnable(load("", {}))
    with pytest.raises(ConfigError) as raised:
        ensure_runnable(load(FULL, {}))
    (told,) = raised.value.mistakes
    assert "install smsgw[mqtt]" in told


def test_without_a_broker_nothing_of_mqtt_is_imported() -> None:
    code = "import sys, smsgw.cli, smsgw.daemon; assert not {'aiomqtt', 'paho', 'smsgw.mqtt'} & sys.modules.keys()"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
