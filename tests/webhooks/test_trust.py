"""Whom the gateway talks to: certificates it believes, and networks it keeps out of."""

import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outbox import all_told, attempted, hook, listed, send, sender

from receiver import receiver
from smsgw.config import Config, WebhooksConfig
from smsgw.errors import BadUrl
from smsgw.gateway import Gateway
from smsgw.policy import wrong_with_url
from support import Clock, open_gateway

TLS = Path(__file__).parent.parent / "data" / "tls"


@pytest.fixture
def certified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "server.pem")
    return context


async def test_a_certificate_of_nobody_known_is_not_believed(
    gateway: Gateway, config: Config, clock: Clock, certified: ssl.SSLContext
) -> None:
    async with receiver(ssl_context=certified) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await attempted(gateway, webhook, 1)
        answer = (await listed(gateway, webhook))[-1].answer
    assert received.told == []
    assert answer is not None
    assert answer.error is not None
    assert "ca_file" in answer.error


async def test_ones_own_authority_is_believed_if_it_is_named(
    gateway: Gateway, config: Config, clock: Clock, certified: ssl.SSLContext
) -> None:
    config = replace(config, webhooks=WebhooksConfig(ca_file=str(TLS / "authority.pem")))
    async with receiver(ssl_context=certified) as received, sender(gateway, config, clock):
        webhook, _ = await hook(gateway, received.url)
        await send(gateway)
        await all_told(gateway, webhook)
    assert len(received.told) == 2


async def test_a_file_without_certificates_is_named(gateway: Gateway, config: Config, clock: Clock) -> None:
    config = replace(config, webhooks=WebhooksConfig(ca_file=str(TLS / "none.pem")))
    with pytest.raises(OSError, match=r"ca_file .*none\.pem"):
        async with sender(gateway, config, clock):
            pass


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "１２７.０.０.１", "①②⑦.0.0.1", "127。0。0。1", "[::ffff:127.0.0.1]", "here.example"],
)
async def test_where_private_networks_are_refused_an_older_webhook_there_is_not_told(
    config: Config, clock: Clock, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def found_here(name: str, *rest: Any, **further: Any) -> Any:
        return look_up("127.0.0.1" if name == "here.example" else name, *rest, **further)

    monkeypatch.setattr(socket, "getaddrinfo", found_here)
    async with open_gateway(config, clock) as gateway, receiver() as received:
        webhook, _ = await hook(gateway, received.url.replace("127.0.0.1", host))
        await send(gateway)
        async with sender(gateway, replace(config, webhooks=WebhooksConfig(refuse_private=True)), clock):
            await attempted(gateway, webhook, 1)
        answer = (await listed(gateway, webhook))[-1].answer
    assert received.told == []
    assert answer is not None
    assert answer.error is not None
    assert "private network" in answer.error


async def test_where_private_networks_are_refused_none_can_be_made(config: Config, clock: Clock) -> None:
    config = replace(config, webhooks=WebhooksConfig(refuse_private=True))
    async with open_gateway(config, clock) as gateway:
        with pytest.raises(BadUrl, match="private"):
            await hook(gateway, "http://192.168.1.5/")
        await hook(gateway, "https://example.org/")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org",
        "https://example.org:8443/a/b?c=d&e=%20",
        "http://192.168.1.5:8080/hook",
        "http://[fd00::1]:8080/",
        "http://nas.local/",
        "http://пример.рф/путь",
    ],
)
def test_addresses_that_may_be_told(url: str) -> None:
    assert wrong_with_url(url, refuse_private=False) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "was given"),
        ("example.org/hook", "was given"),
        ("ftp://example.org/", "was given"),
        ("http:///hook", "was given"),
        ("file:///etc/passwd", "was given"),
        ("http://example.org:99999/", "port"),
        ("http://example.org:x/", "port"),
        ("http://example.org:0/", "port"),
        ("http://[::1/", "port"),
        ("http://a b/", "space"),
        ("http://example.org/\n", "space"),
        ("http://user:secret@example.org/", "headers"),
        ("http://example.org/#part", "#"),
        ("http://example.org/" + "x" * 2_048, "longer"),
    ],
)
def test_addresses_that_may_not(url: str, said: str) -> None:
    wrong = wrong_with_url(url, refuse_private=False)
    assert wrong is not None
    assert said in wrong.en
    assert "secret" not in wrong.en + wrong.ru


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "[::1]",
        "[fe80::1]",
        "[fd00::1]",
        "[fec0::1]",
        "[::ffff:10.0.0.1]",
        "[::10.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:a00:1::1]",
        "localhost",
        "nas.local",
        "LOCALHOST.",
    ],
)
def test_what_is_private(host: str) -> None:
    assert wrong_with_url(f"http://{host}/", refuse_private=True) is not None


@pytest.mark.parametrize("host", ["93.184.216.34", "[2a00:1450:4001::1]", "[64:ff9b::93.184.216.34]", "example.org"])
def test_what_is_public(host: str) -> None:
    assert wrong_with_url(f"http://{host}/", refuse_private=True) is None
