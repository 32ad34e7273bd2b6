"""One connection to the broker, from CONNECT to the end: publish, subscribe, hear, acknowledge.

The only module that knows aiomqtt. What that does not offer is asked of paho-mqtt, on which it stands: to acknowledge
a command only once it is stored, and to be told whether the broker delivers it again.
"""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import aiomqtt
from aiomqtt.exceptions import MqttConnectError

from smsgw.config import MqttConfig
from smsgw.mqtt.pace import Pace

# Messages that are not kept by the broker until they are acknowledged; more of them are dropped.
_WAITING = 1_000
# Return codes of CONNACK, MQTT 3.1.1 §3.2.2.3, as aiomqtt hands them over: as those of MQTT 5.
_REFUSED = (4, 5, 134, 135)


class Away(Exception):
    """The broker cannot be reached, or no longer."""

    is_refused = False


class Refused(Away):
    """The broker does not want this user."""

    is_refused = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message that the broker has brought."""

    topic: str
    payload: bytes
    qos: int
    mid: int  # packet identifier
    is_retained: bool
    is_again: bool  # it may have been delivered before


class Connection:
    """A connection that stands; every call raises `Away` when it stands no longer."""

    def __init__(self, client: aiomqtt.Client, heard: asyncio.Queue[Heard], answer_s: float) -> None:
        self._client = client
        self._heard = heard
        self._answer_s = answer_s

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Hand a message over to the broker and return when it has it (QoS 1)."""
        async with _answered_within(self._answer_s):
            await self._client.publish(topic, payload, qos=1, retain=retain)

    async def subscribe(self, topic: str, qos: int) -> bool:
        """Subscribe and tell whether the broker lets us."""
        async with _answered_within(self._answer_s):
            codes = await self._client.subscribe(topic, qos=qos)
        return not any(code.is_failure if hasattr(code, "is_failure") else code >= 128 for code in codes)

    async def hear(self) -> Heard:
        """Return the next message that has come in."""
        return await self._heard.get()

    def acknowledge(self, heard: Heard) -> None:
        """Tell the broker that it need not bring a message again."""
        if heard.qos:
            self._client._client.ack(heard.mid, heard.qos)

    async def lasts(self) -> NoReturn:
        """Wait until the connection is no more."""
        with _told_as_away():
            # Nothing ever comes this way: what the broker brings is put aside before.
            async for _ in self._client.messages:
                pass
        raise Away("the broker has ended the connection")


@contextmanager
def _told_as_away() -> Iterator[None]:
    """Turn what aiomqtt raises into `Away`."""
    try:
        yield
    except MqttConnectError as error:
        if _code(error) in _REFUSED:
            raise Refused("the broker refuses username, password or client_id") from error
        raise Away(str(error)) from error
    except TimeoutError as error:
        raise Away("the broker does not answer") from error
    except (aiomqtt.MqttError, OSError, ValueError) as error:
        raise Away(str(error) or type(error).__name__) from error


@asynccontextmanager
async def _answered_within(seconds: float) -> AsyncIterator[None]:
    """Wait no longer; aiomqtt's own limit is wait_for, which before Python 3.12 can lose a cancellation."""
    with _told_as_away():
        async with asyncio.timeout(seconds):
            yield


def _code(error: MqttConnectError) -> int | None:
    return error.rc if isinstance(error.rc, int) or error.rc is None else error.rc.value


@asynccontextmanager
async def connected(config: MqttConfig, identifier: str, status: str, pace: Pace) -> AsyncIterator[Connection]:
    """Connect to the broker, which says "offline" at the topic `status` once we are gone; raises `Away`."""
    trust = await _trust(config)
    await _reach(config, trust, pace)
    heard: asyncio.Queue[Heard] = asyncio.Queue()
    client = _client(config, identifier, status, pace, trust)
    paho = client._client
    paho.connect_timeout = pace.connect_s
    paho.manual_ack_set(True)
    paho.on_message = lambda _, __, message: _put_aside(heard, message)
    try:
        async with _answered_within(pace.connect_s + pace.answer_s):
            await client.__aenter__()
        yield Connection(client, heard, pace.answer_s)
    finally:
        await _leave(client, status, pace)


async def _trust(config: MqttConfig) -> ssl.SSLContext | None:
    if not config.tls:
        return None
    try:
        # Reads files.
        return await asyncio.to_thread(ssl.create_default_context, cafile=config.ca_file or None)
    except (OSError, ssl.SSLError) as error:
        raise Away(f"[mqtt] ca_file cannot be used: {error}") from error


async def _reach(config: MqttConfig, trust: ssl.SSLContext | None, pace: Pace) -> None:
    """Make sure that there is somebody to talk to: paho-mqtt connects in a thread that nothing could stop."""
    try:
        async with asyncio.timeout(pace.connect_s):
            _, writer = await asyncio.open_connection(config.host, config.port, ssl=trust)
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()
    except TimeoutError as error:
        raise Away(f"{config.host} port {config.port} does not answer") from error
    except ssl.SSLCertVerificationError as error:
        raise Away(f"its certificate is not trusted ({error}): name your own authority in [mqtt] ca_file") from error
    except (OSError, ValueError) as error:
        raise Away(str(error)) from error


def _client(
    config: MqttConfig, identifier: str, status: str, pace: Pace, trust: ssl.SSLContext | None
) -> aiomqtt.Client:
    return aiomqtt.Client(
        config.host,
        config.port,
        username=config.username or None,
        password=config.password or None,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V311,
        will=aiomqtt.Will(status, b"offline", qos=1, retain=True),
        # The broker keeps what comes in for us while we are away.
        clean_session=False,
        timeout=math.inf,
        keepalive=pace.keepalive_s,
        tls_context=trust,
    )


def _put_aside(heard: asyncio.Queue[Heard], message: Any) -> None:
    if message.qos == 0 and heard.qsize() >= _WAITING:
        return
    heard.put_nowait(
        Heard(
            topic=message.topic,
            payload=bytes(message.payload),
            qos=message.qos,
            mid=message.mid,
            is_retained=message.retain,
            is_again=message.dup,
        )
    )


async def _leave(client: aiomqtt.Client, status: str, pace: Pace) -> None:
    """Say farewell if there is somebody to hear it, and leave no socket open, which aiomqtt sometimes does."""
    paho = client._client
    with suppress(aiomqtt.MqttError, TimeoutError, ValueError):
        if paho.is_connected() and not client._disconnected.done():
            async with asyncio.timeout(pace.farewell_s):
                await client.publish(status, b"offline", qos=1, retain=True)
                await client.__aexit__(None, None, None)
    paho._sock_close()
    if client._disconnected.done():
        client._disconnected.exception()
