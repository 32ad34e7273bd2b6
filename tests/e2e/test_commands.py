"""The command line as a person uses it: real processes, real signals, what they print and how they end."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from commands import DEADLINE_S, SMSGW, read_until, smsgw, started
from simmodem import Profile, VirtualModems


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[server]\nport = 0\nrate_limit = 0\n[store]\npath = "{tmp_path}/smsgw.db"\n')
    return path


def post(port: int, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"smsgw \d+\.\d+\.\d+\n", smsgw("--version").stdout)


def test_no_command_is_wrong_usage() -> None:
    assert smsgw().returncode == 2


def test_check_names_every_mistake_with_its_key(config: Path) -> None:
    config.write_text('[server]\nprot = 1\n[sending]\nattempts = 0\n[modems.a]\nport = "nowhere"\n')
    result = smsgw("check", "--config", str(config))
    assert result.returncode == 2
    assert re.search(r"^server\.prot: .*did you mean port", result.stderr, re.M)
    assert re.search(r"^sending\.attempts: ", result.stderr, re.M)
    assert re.search(r"^modems\.a\.port: ", result.stderr, re.M)


def test_check_says_when_all_is_well(config: Path) -> None:
    result = smsgw("check", "--config", str(config))
    assert (result.returncode, result.stderr) == (0, "")
    assert "correct" in result.stdout


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    result = smsgw("run", "--config", str(tmp_path / "nowhere.toml"))
    assert result.returncode == 2
    assert "nowhere.toml" in result.stderr


def test_a_configuration_that_cannot_be_read_is_a_mistake_in_it(tmp_path: Path) -> None:
    folder = smsgw("check", "--config", str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    latin = smsgw("check", "--config", str(tmp_path / "latin.toml"))
    assert [folder.returncode, latin.returncode] == [2, 2]
    assert f"{tmp_path} cannot be used" in folder.stderr
    assert "Is a directory" in folder.stderr
    assert "latin.toml cannot be used" in latin.stderr


def test_a_configuration_of_windows_is_read(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbf" + config.read_bytes().replace(b"\n", b"\r\n"))
    assert smsgw("check", "--config", str(config)).returncode == 0


def test_a_pin_in_the_place_of_its_file_is_not_shown(config: Path) -> None:
    with config.open("a") as file:
        file.write('[modems.a]\nport = "/dev/null"\n[[modems.a.sims]]\npin_file = "98765"\n')
    result = smsgw("check", "--config", str(config))
    assert (result.returncode, "98765" in result.stderr) == (2, False)
    assert "belongs to pin" in result.stderr


@pytest.mark.parametrize("action", [("list",), ("revoke", "x"), ("enable", "x"), ("disable", "x")])
def test_looking_for_tokens_makes_no_database(config: Path, tmp_path: Path, action: tuple[str, ...]) -> None:
    path = tmp_path / "elsewhere" / "a.db"
    result = smsgw("token", *action, "--config", str(config), SMSGW_STORE__PATH=str(path))
    assert (result.returncode, path.parent.exists()) == (1, False)
    assert str(path) in result.stderr


def test_a_pin_may_stand_in_a_file_of_its_own_and_is_checked(config: Path, tmp_path: Path) -> None:
    secret = tmp_path / "pin"
    with config.open("a") as file:
        file.write(f'[modems.a]\nport = "/dev/null"\n[[modems.a.sims]]\npin_file = "{secret}"\n')
    missing = smsgw("check", "--config", str(config))
    secret.write_text("12x4\n")
    wrong = smsgw("check", "--config", str(config))
    secret.write_text("1234\n")
    right = smsgw("check", "--config", str(config))
    assert [missing.returncode, wrong.returncode, right.returncode] == [2, 2, 0]
    assert "modems.a.sims[1].pin_file" in missing.stderr
    assert "12x4" not in wrong.stderr


def test_a_token_is_printed_alone_and_once(config: Path) -> None:
    made = smsgw("token", "create", "shop", "--allow", "sms:send,sms:read", "--config", str(config))
    assert made.returncode == 0
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\n", made.stdout)
    listed = smsgw("token", "list", "--config", str(config))
    assert "shop\ton\tsms:read,sms:send" in listed.stdout
    assert made.stdout.split(".")[2].strip() not in listed.stdout
    again = smsgw("token", "create", "shop", "--config", str(config))
    assert again.returncode == 1
    assert "already" in again.stderr


def test_tokens_are_switched_and_revoked_by_name(config: Path) -> None:
    smsgw("token", "create", "shop", "--config", str(config))
    assert smsgw("token", "disable", "shop", "--config", str(config)).returncode == 0
    assert "shop\toff" in smsgw("token", "list", "--config", str(config)).stdout
    assert smsgw("token", "enable", "shop", "--config", str(config)).returncode == 0
    assert "shop\ton" in smsgw("token", "list", "--config", str(config)).stdout
    assert smsgw("token", "revoke", "shop", "--config", str(config)).returncode == 0
    gone = smsgw("token", "revoke", "shop", "--config", str(config))
    assert gone.returncode == 1
    assert "'shop'" in gone.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--allow", "sms:everything"],
        ["--per-day", "0"],
        ["--per-day", "many"],
        ["--network", "nowhere"],
    ],
)
def test_a_token_asked_for_wrongly_is_refused_with_the_value(config: Path, arguments: list[str]) -> None:
    result = smsgw("token", "create", "shop", *arguments, "--config", str(config))
    assert result.returncode == 2
    assert arguments[1] in result.stderr


def test_the_daemon_logs_json_stops_on_sigterm_and_keeps_others_from_its_database(config: Path) -> None:
    with started("run", "--config", str(config), "--log-format", "json") as process:
        assert process.stderr is not None
        lines = read_until(process.stderr, '"ready"')
        assert json.loads(lines[-1])["port"] > 0
        second = smsgw("run", "--config", str(config))
        assert second.returncode == 1
        assert str(process.pid) in second.stderr
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0
        assert [json.loads(line)["event"] for line in rest.splitlines()][-1] == "stopped"


def test_a_port_that_is_taken_is_named_without_a_traceback(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config.write_text(config.read_text().replace("port = 0", f"port = {port}"))
        result = smsgw("run", "--config", str(config))
    assert result.returncode == 1
    assert str(port) in result.stderr
    assert "Traceback" not in result.stderr


async def test_neither_texts_nor_pins_nor_tokens_reach_the_log_even_with_the_wire_shown(
    config: Path, tmp_path: Path
) -> None:
    async with VirtualModems(tmp_path / "modems", 1, profile=Profile(sim_pin="47110815")) as virtual:
        with config.open("a") as file:
            file.write(f'[modems.a]\nport = "{virtual.paths[0]}"\n[[modems.a.sims]]\npin = "47110815"\n')
        token = smsgw("token", "create", "shop", "--config", str(config)).stdout.strip()
        log = await run_and_send(config, token, "Совершенно секретно 12345")
    assert "AT+CMGS=" in log
    assert "AT+CPIN=***" in log
    for secret in ("47110815", token.split(".")[2], "секретно", "0421043E0432", "79991234567", "9799214365F7"):
        assert secret not in log, f"{secret} is in the log"


async def run_and_send(config: Path, token: str, text: str) -> str:
    """Run the daemon beside this process's virtual modem, send one message, stop, and return the whole log."""
    process = await asyncio.create_subprocess_exec(
        *SMSGW, "run", "--config", str(config), "--log-format", "json", "--log-level", "debug", "--wire",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    log = b""
    port = 0
    while b'"state": "ready"' not in log:
        line = await asyncio.wait_for(process.stderr.readline(), DEADLINE_S)
        log += line
        if b'"event": "ready"' in line:
            port = json.loads(line)["port"]
    body = {"message": text, "phone_number": "79991234567"}
    await asyncio.to_thread(post, port, token, "/sms/send", body)
    while b"status report" not in log:
        log += await asyncio.wait_for(process.stderr.readline(), DEADLINE_S)
    process.terminate()
    _, rest = await asyncio.wait_for(process.communicate(), DEADLINE_S)
    return (log + rest).decode()


def test_the_demo_greets_takes_the_pasted_line_and_cleans_up_on_ctrl_c() -> None:
    with started("demo", "--port", "0", "--modems", "1", "--log-level", "warning") as process:
        assert process.stdout is not None
        greeting = "".join(read_until(process.stdout, "Ctrl-C"))
        folder = re.search(r"/\S*smsgw-demo-\S+", greeting)
        pasted = re.search(r"^ +(curl .*/sms/send.*)$", greeting, re.M)
        assert folder
        assert pasted
        answer = subprocess.run(
            ["bash", "-c", pasted[1]], capture_output=True, text=True, timeout=DEADLINE_S, check=True
        )
        assert re.fullmatch(r"[0-9a-f]{24}", json.loads(answer.stdout)["id"])
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0
        assert errors == ""
        assert not Path(folder[0]).exists()


def test_the_demo_says_what_to_do_when_its_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = smsgw("demo", "--port", str(taken.getsockname()[1]))
    assert result.returncode == 1
    assert "--port" in result.stderr
