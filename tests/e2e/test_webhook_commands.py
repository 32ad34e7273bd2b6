"""Webhooks on the command line as a person uses them: real processes, also beside a gateway that runs."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands import smsgw
from receiver import Receiver, answering, receiver
from smsgw.config import Config
from smsgw.model import Answer, DeliveryState, SendRequest
from support import Clock, open_gateway
from world import World, until, world

SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=\n")
URL = "http://127.0.0.1:9/hook"
NUMBER = "79991234567"
SIM = "8944000000000000001"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "smsgw.db"


@pytest.fixture
def file(tmp_path: Path, database: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[store]\npath = "{database}"\n')
    return path


class Line:
    """The commands about webhooks, with one configuration."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command; returns its exit code and what it has printed on both streams."""
        ended = smsgw("webhook", *arguments, "--config", str(self.file))
        assert "Traceback" not in ended.stderr
        return ended.returncode, ended.stdout, ended.stderr

    def says(self, *arguments: str) -> str:
        """Run a command that goes well and return what it prints."""
        code, printed, hints = self.run(*arguments)
        assert code == 0, hints
        return printed

    def fails(self, *arguments: str) -> str:
        """Run a command that fails and return the one line that says why."""
        code, printed, reason = self.run(*arguments)
        assert (code, printed, reason.count("\n")) == (1, "", 1)
        return reason

    async def soon(self, *arguments: str) -> str:
        """As `says`, while other things go on."""
        return await asyncio.to_thread(self.says, *arguments)


@pytest.fixture
def line(file: Path) -> Line:
    return Line(file)


def facts(shown: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (row.partition(":") for row in shown.splitlines())}


def test_a_secret_is_printed_alone_and_once(line: Line) -> None:
    code, secret, hints = line.run("create", "shop", URL, "--header", "Authorization: Bearer geheim")
    assert code == 0
    assert SECRET.fullmatch(secret)
    assert "only now" in hints
    listed, shown = line.says("list"), line.says("show", "shop")
    assert listed.startswith(f"shop\ton\tdevice.status,sms.received,sms.status\t{URL}\t0 waiting\t")
    id = facts(shown)["id"]
    assert id in hints
    assert facts(shown)["header"] == "Authorization: ***"
    for printed in (hints, listed, shown):
        assert secret.strip() not in printed
        assert "geheim" not in printed


def test_a_webhook_is_known_by_its_name_or_its_id(line: Line) -> None:
    line.says("create", "shop", URL)
    id = facts(line.says("show", "shop"))["id"]
    line.says("create", id, URL)  # a name that looks like the id of another
    line.says("disable", id)
    assert [row.split("\t")[1] for row in line.says("list").splitlines()] == ["on", "off"]
    line.says("delete", id)
    line.says("disable", id.upper())
    assert line.says("list").startswith("shop\toff\t")
    line.says("enable", "shop")
    assert line.says("list").startswith("shop\ton\t")
    line.says("delete", "shop")
    assert "no webhook shop" in line.fails("delete", "shop")
    assert line.run("list") == (0, "", "There are no webhooks yet; make one with: smsgw webhook create NAME URL\n")


def test_an_edit_changes_what_is_given_and_nothing_else(line: Line) -> None:
    line.says("create", "shop", URL, "--event", "sms.status", "--event", "sms.received", "--header", "X-Key: 1")
    before = facts(line.says("show", "shop"))
    assert before["events"] == "sms.received,sms.status"
    for arguments, changed in (
        (("--url", "https://example.com/"), {"url": "https://example.com/"}),
        (("--event", "device.status"), {"events": "device.status"}),
        (("--header", "X-New: a: b"), {"header": "X-New: ***"}),
    ):
        line.says("edit", "shop", *arguments)
        before |= changed
        assert facts(line.says("show", "shop")) == before
    line.says("edit", "shop", "--no-headers")
    assert "header" not in facts(line.says("show", "shop"))


def test_a_rotation_prints_the_new_secret_alone(line: Line) -> None:
    first = line.says("create", "shop", URL)
    code, second, hints = line.run("rotate", "shop")
    assert (code, bool(SECRET.fullmatch(second)), first == second) == (0, True, False)
    assert "only now" in hints
    assert "the one before" in line.says("show", "shop")


def test_what_is_wrong_is_told_in_one_line(line: Line) -> None:
    assert "http://HOST/PATH" in line.fails("create", "shop", "example.com")
    assert "Host" in line.fails("create", "shop", URL, "--header", "Host: x")
    line.says("create", "shop", URL)
    assert "already" in line.fails("create", "shop", URL)
    assert "bank" in line.fails("show", "bank")
    assert "bank" in line.fails("retry", "--parked", "bank")
    assert "0123456789abcdef01234567" in line.fails("retry", "0123456789abcdef01234567")
    assert "example.com" in line.fails("edit", "shop", "--url", "example.com")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("create", "shop"), "URL"),
        (("create", "shop", URL, "--event", "sms.sent"), "sms.sent"),
        (("create", "shop", URL, "--header", "X-Key"), "X-Key"),
        (("edit", "shop"), "--no-headers"),
        (("deliveries", "shop", "--state", "lost"), "lost"),
        (("deliveries", "shop", "--limit", "0"), "'0'"),
        (("retry",), "--parked"),
        (("retry", "5"), "'5'"),
        (("retry", "0123456789abcdef01234567", "--parked", "shop"), "--parked"),
        ((), "ACTION"),
    ],
)
def test_wrong_usage_is_named(line: Line, arguments: tuple[str, ...], named: str) -> None:
    ended = smsgw("webhook", *arguments, *(("--config", str(line.file)) if arguments else ()))
    assert ended.returncode == 2
    assert named in ended.stderr


@pytest.mark.parametrize(
    "action", [("list",), ("show", "x"), ("enable", "x"), ("rotate", "x"), ("deliveries", "x"), ("retry", "0" * 24)]
)
def test_looking_for_webhooks_makes_no_database(line: Line, database: Path, action: tuple[str, ...]) -> None:
    assert str(database) in line.fails(*action)
    assert not database.exists()


async def given_up(config: Config, clock: Clock) -> list[str]:
    """Let three messages be told to nobody for so long that they are given up."""
    async with open_gateway(config, clock) as gateway:
        device = (await gateway.devices.listed())[0].id
        for text in ("one", "two", "three"):
            await gateway.submission.submit(SendRequest(text=text, phone_number=NUMBER), None)
            assert await gateway.sending.claim(device, SIM, 1)
        clock.advance(4 * 86_400)
        await gateway.housekeeping.sweep(1e9)
        (webhook,) = await gateway.webhooks.listed()
        page = await gateway.webhooks.deliveries(webhook.id, None, 10, 1)
    assert [one.state for one in page.deliveries] == [DeliveryState.PARKED] * 3
    return [one.id for one in page.deliveries]


async def test_deliveries_are_shown_in_a_table_and_those_given_up_begin_again(
    line: Line, config: Config, clock: Clock
) -> None:
    line.says("create", "shop", URL)
    assert line.run("deliveries", "shop") == (0, "", "There are none.\n")
    newest, middle, oldest = await given_up(config, clock)
    headings, *rows = line.says("deliveries", "shop").splitlines()
    assert headings.split()[:3] == ["ID", "EVENT", "ABOUT"]
    assert [row.split()[0] for row in rows] == [newest, middle, oldest]
    assert {row.split()[1] for row in rows} == {"sms.status"}
    code, printed, hints = line.run("deliveries", "shop", "--limit", "1")
    assert (code, printed.splitlines()[1].split()[0], "1 of 3" in hints) == (0, newest, True)
    line.says("retry", middle)
    assert middle in line.says("deliveries", "shop", "--state", "waiting")
    assert middle not in line.says("deliveries", "shop", "--state", "parked")
    assert line.run("retry", "--parked", "shop")[2].startswith("2 ")
    assert line.says("deliveries", "shop", "--state", "parked") == ""
    assert "\t3 waiting\t" in line.says("list")


async def test_what_a_strangers_server_says_does_not_command_the_terminal(
    line: Line, config: Config, clock: Clock
) -> None:
    line.says("create", "shop", URL)
    await given_up(config, clock)
    said = Answer(took_ms=1, status=302, error="HTTP 302 leads to \x1b[2Jnowhere", is_gone=True)
    async with open_gateway(config, clock) as gateway:
        await gateway.deliveries.attempted(1, said, URL)
    for printed in (line.says("deliveries", "shop"), line.says("show", "shop")):
        assert "leads to ?[2Jnowhere" in printed


# ── beside a gateway that runs ──


@pytest.fixture
async def w(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as opened:
        yield opened


@pytest.fixture
async def received() -> AsyncIterator[Receiver]:
    async with receiver() as opened:
        yield opened


async def test_a_running_gateway_sees_within_seconds_what_the_commands_have_done(
    w: World, line: Line, received: Receiver
) -> None:
    secret = (await line.soon("create", "shop", received.url, "--header", "X-Key: 1")).strip()
    id = await w.send("one")
    first, *_ = await received.when(lambda: about(received, id)[-1:] == [4])
    assert about(received, id) == [1, 2, 4]
    assert (first.is_signed_with(secret), first.headers["X-Key"]) == (True, "1")
    table = await line.soon("deliveries", "shop", "--state", "delivered")
    assert table.count(id) >= 2
    await line.soon("disable", "shop")
    silent = await w.send("two")
    await w.reaches(silent, 4)
    await line.soon("enable", "shop")
    last = await w.send("three")
    await received.when(lambda: about(received, last)[-1:] == [4])
    assert about(received, silent) == []


async def test_what_waits_at_a_webhook_is_told_when_a_command_has_switched_it_on(
    w: World, line: Line, received: Receiver
) -> None:
    received.behave = answering(410)
    await line.soon("create", "shop", received.url)
    id = await w.send("one")
    await w.reaches(id, 4)

    async def is_off() -> bool:
        return not (await w.get_json("/webhooks"))["webhooks"][0]["is_active"]

    await until(is_off, "switched off")
    assert about(received, id) == [1]  # what has happened since then it is not told
    received.behave = answering(204)
    await line.soon("enable", "shop")
    refused, taken, *_ = await received.has(2)
    assert (taken.id, taken.body) == (refused.id, refused.body)


def about(received: Receiver, id: str) -> list[int]:
    """List the statuses of a message that were told."""
    contents = [one.content["data"] for one in received.told]
    return [data["status"] for data in contents if data["id"] == id]


async def test_the_daemon_tests_a_webhook_over_the_api(w: World, received: Receiver) -> None:
    received.behave = answering(200, "ok")
    body = {"name": "shop", "url": received.url, "events": ["sms.status"]}
    async with w.client.post(f"{w.url}/webhooks", json=body) as response:
        made = await response.json()
    result = await w.post(f"/webhooks/{made['id']}/test", {})
    assert (result["delivered"], result["answer"]) == (True, "ok")
    assert received.told[0].is_signed_with(made["secret"])


# ── whose certificates are believed ──


def test_check_names_a_file_of_certificates_that_cannot_be_used(file: Path, tmp_path: Path) -> None:
    named = tmp_path / "ca.pem"
    with file.open("a") as config:
        config.write(f'[webhooks]\nca_file = "{named}"\n')
    missing = smsgw("check", "--config", str(file))
    named.write_text("no certificate")
    wrong = smsgw("check", "--config", str(file))
    assert [missing.returncode, wrong.returncode] == [2, 2]
    assert f"webhooks.ca_file: {named} cannot be read: No such file" in missing.stderr
    assert f"webhooks.ca_file: {named} cannot be read: it holds no certificates" in wrong.stderr
    elsewhere = smsgw("check", "--config", str(file), SMSGW_WEBHOOKS__CA_FILE="")
    assert elsewhere.returncode == 0
