"""Opening and losing ports: every failure is an OSError that tells the operator what to do."""

import asyncio
import os
import socket
from pathlib import Path

import pytest
from scripted_peer import Peer, until

from smsgw.modem.port import Port, PortError, open_port


def listen(port: Port) -> tuple[list[bytes], list[PortError]]:
    heard: list[bytes] = []
    lost: list[PortError] = []
    port.listen(heard.append, lost.append)
    return heard, lost


async def test_bytes_pass_in_both_directions(peer: Peer) -> None:
    port = await open_port(peer.address)
    heard, lost = listen(port)
    port.write(b"AT\r")
    await until(lambda: b"".join(heard) == b"\r\nOK\r\n")
    assert peer.commands == ["AT"]
    await port.close()
    assert not lost


async def test_what_came_before_anybody_listened_is_not_lost(peer: Peer) -> None:
    port = await open_port(peer.address)
    peer.write("RDY\r\n")
    await asyncio.to_thread(os.sched_yield)
    heard, _ = listen(port)
    await until(lambda: b"".join(heard) == b"RDY\r\n")
    await port.close()


async def test_what_was_said_while_the_port_was_closed_is_not_thrown_away(peer: Peer) -> None:
    peer.say("+CDS: 25")
    port = await open_port(peer.address)
    heard, _ = listen(port)
    await until(lambda: b"+CDS: 25" in b"".join(heard))
    await port.close()


async def test_a_missing_device_asks_whether_the_modem_is_plugged_in(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="plugged in") as failure:
        await open_port(str(tmp_path / "ttyUSB7"))
    assert "ttyUSB7" in str(failure.value)


async def test_what_is_no_serial_device_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(OSError, match="no serial device"):
        await open_port(str(path))


async def test_an_impossible_baud_rate_is_named(peer: Peer) -> None:
    with pytest.raises(OSError, match="baud rate -5"):
        await open_port(peer.address, -5)


async def test_a_second_opener_is_refused_and_told_who_has_the_port(peer: Peer) -> None:
    first = await open_port(peer.address)
    with pytest.raises(OSError, match=rf"in use by .*\({os.getpid()}\)"):
        await open_port(peer.address)
    await first.close()
    second = await open_port(peer.address)
    await second.close()


async def test_unplugging_is_told_once_and_later_writes_fail(peer: Peer) -> None:
    port = await open_port(peer.address)
    _, lost = listen(port)
    peer.unplug()
    await until(lambda: lost)
    assert "plugged in" in str(lost[0])
    with pytest.raises(OSError, match="is gone"):
        port.write(b"AT\r")
    await port.close()
    assert len(lost) == 1


async def test_closing_does_not_wait_for_a_modem_that_reads_nothing(peer: Peer) -> None:
    peer.hang()
    port = await open_port(peer.address)
    port.write(b"x" * 1_000_000)
    async with asyncio.timeout(2):
        await port.close()
    with pytest.raises(OSError, match="is gone"):
        port.write(b"AT\r")


async def test_a_cancelled_open_leaves_the_port_free(peer: Peer) -> None:
    opening = asyncio.ensure_future(open_port(peer.address))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(5):
        while True:
            try:
                port = await open_port(peer.address)
                break
            except OSError:
                await asyncio.sleep(0.01)
    await port.close()


async def test_a_modem_on_another_host_is_reached_by_tcp() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\r") == b"AT\r"
        writer.write(b"\r\nOK\r\n")
        await writer.drain()
        await reader.readuntil(b"\r")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        number = server.sockets[0].getsockname()[1]
        port = await open_port(f"socket://127.0.0.1:{number}")
        heard, lost = listen(port)
        port.write(b"AT\r")
        await until(lambda: b"".join(heard) == b"\r\nOK\r\n")
        port.write(b"AT\r")
        await until(lambda: lost)
        assert "hung up" in str(lost[0])
        await port.close()


async def test_a_host_that_refuses_is_asked_after_ser2net() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        number = reserved.getsockname()[1]
    with pytest.raises(OSError, match="ser2net"):
        await open_port(f"socket://127.0.0.1:{number}")


@pytest.mark.parametrize(
    "address", ["socket://", "socket://host", "socket://host:", "socket://host:99999", "socket://:7"]
)
async def test_a_malformed_address_shows_the_right_form(address: str) -> None:
    with pytest.raises(OSError, match="socket://host:port"):
        await open_port(address)
