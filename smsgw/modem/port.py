"""Ports: a serial device, a pty or a TCP connection as one thing that bytes go into and come out of.

Knows nothing of AT. Whatever goes wrong is an `OSError` that says what to do.
"""

import asyncio
import concurrent.futures
import contextlib
import errno
import fcntl
import os
import socket
import termios
from collections.abc import Callable

import serial
import serial_asyncio

from smsgw.modem.holders import holders

SOCKET_SCHEME = "socket://"
_PTY_MAJORS = range(136, 144)  # Unix98 pty slaves, as the kernel's devices.txt numbers them
_EARLY_LIMIT = 65536  # bytes kept while nobody listens yet


class PortError(OSError):
    """A port that cannot be opened, or is gone; the text says what to do."""


class Port(asyncio.Protocol):
    """An open port. Set `on_data` and `on_lost` by `listen`; close it with `close`, which never waits for the modem."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._transport: asyncio.Transport | None = None
        self._on_data: Callable[[bytes], None] | None = None
        self._on_lost: Callable[[PortError], None] | None = None
        self._early = bytearray()
        self._lost: PortError | None = None
        self._gone = asyncio.Event()
        self._closing = False

    def listen(self, on_data: Callable[[bytes], None], on_lost: Callable[[PortError], None]) -> None:
        """Pass on what comes, beginning with what came already, and finally the loss of the port."""
        self._on_data, self._on_lost = on_data, on_lost
        if self._early:
            on_data(bytes(self._early))
            self._early.clear()
        if self._lost is not None:
            on_lost(self._lost)

    def write(self, data: bytes) -> None:
        """Queue bytes for the modem; raises `PortError` once the port is gone."""
        if self._lost is not None:
            raise self._lost
        assert self._transport is not None
        self._transport.write(data)

    async def close(self) -> None:
        """Close at once, dropping what is not written yet: a port still held gets a new name when plugged again."""
        if self._transport is None:
            return
        if not self._closing:
            self._closing = True
            # A transport that is closing by itself and has nothing left to write needs no second push.
            if not self._transport.is_closing() or self._transport.get_write_buffer_size():
                self._transport.abort()
        await self._gone.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._on_data is not None:
            self._on_data(data)
        elif len(self._early) < _EARLY_LIMIT:
            self._early += data

    def connection_lost(self, error: Exception | None) -> None:
        why = "closed" if self._closing else error or "the far end hung up"
        self._lost = PortError(errno.EIO, f"{self.address} is gone ({why}): is the modem plugged in?")
        self._gone.set()
        if self._on_lost is not None and not self._closing:
            self._on_lost(self._lost)


async def open_port(address: str, baud: int = 115200, *, limit_s: float = 10.0) -> Port:
    """Open a device path or `socket://host:port`; raises `PortError` within `limit_s` seconds."""
    try:
        async with asyncio.timeout(limit_s):
            if address.startswith(SOCKET_SCHEME):
                return await _open_socket(address)
            return await _open_serial(address, baud)
    except TimeoutError as error:
        raise PortError(errno.ETIMEDOUT, f"{address} did not open within {limit_s:g} s: is the far end up?") from error


async def _open_socket(address: str) -> Port:
    host, _, number = address.removeprefix(SOCKET_SCHEME).rpartition(":")
    if not host or not number.isascii() or not number.isdigit() or not 0 < int(number) < 65536:
        raise PortError(errno.EINVAL, f"{address} is no address: write socket://host:port")
    port = Port(address)
    loop = asyncio.get_running_loop()
    try:
        transport, _protocol = await loop.create_connection(lambda: port, host.strip("[]"), int(number))
    except UnicodeError as error:
        raise PortError(errno.EINVAL, f"{address}: {host} is no host name; correct it") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise PortError(error.errno or errno.EIO, f"{address}: {reason}; is ser2net running there?") from error
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return port


async def _open_serial(address: str, baud: int) -> Port:
    """The device is opened in a thread: a driver may block for seconds. A cancelled open closes what it still opens."""
    job: concurrent.futures.Future[serial.Serial] = concurrent.futures.Future()
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, _fulfil, job, address, baud)
    try:
        device = await asyncio.wrap_future(job)
    except asyncio.CancelledError:
        job.add_done_callback(_close_unwanted)
        raise
    port = Port(address)
    transport, _protocol = await serial_asyncio.connection_for_serial(loop, lambda: port, device)
    port.connection_made(transport)  # the transport itself calls it only in the next turn of the loop
    return port


def _fulfil(job: "concurrent.futures.Future[serial.Serial]", address: str, baud: int) -> None:
    if not job.set_running_or_notify_cancel():
        return
    try:
        job.set_result(_open_device(address, baud))
    except BaseException as error:
        job.set_exception(error)


def _close_unwanted(job: "concurrent.futures.Future[serial.Serial]") -> None:
    if not job.cancelled() and job.exception() is None:
        job.result().close()


class _Device(serial.Serial):
    """A serial device that keeps what the modem has said while nobody listened: reports among it lie nowhere else."""

    def _reset_input_buffer(self) -> None:
        """Do not do what opening does to be rid of stale bytes: the dialogue finds its place without it."""


def _open_device(address: str, baud: int) -> serial.Serial:
    try:
        device = _Device(address, baud, exclusive=True)
    except ValueError as error:
        raise PortError(errno.EINVAL, f"{address}: {error}; is the baud rate {baud} one it knows?") from error
    except (OSError, termios.error) as error:
        raise _explain(address, error) from error
    with contextlib.suppress(OSError, termios.error):
        if not _is_pty(device.fileno()):
            fcntl.ioctl(device.fileno(), termios.TIOCEXCL)
        _keep_lines_up(device.fileno())
    # The transport flushes when it closes, inside the event loop: a hung modem would freeze the whole program.
    device.flush = lambda: _let_go(device)  # type: ignore[method-assign]
    return device


def _is_pty(fd: int) -> bool:
    """On a pty whose other side keeps it open, TIOCEXCL would outlive a killed process: there the lock must do."""
    return os.major(os.fstat(fd).st_rdev) in _PTY_MAJORS


def _keep_lines_up(fd: int) -> None:
    """Without HUPCL, closing does not drop DTR, on which some modems hang up or restart."""
    attributes = termios.tcgetattr(fd)
    attributes[2] &= ~termios.HUPCL
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _let_go(device: serial.Serial) -> None:
    """Drop what is not written, else close() may wait half a minute for it, and let others open the device."""
    with contextlib.suppress(OSError, termios.error):
        termios.tcflush(device.fileno(), termios.TCOFLUSH)
        fcntl.ioctl(device.fileno(), termios.TIOCNXCL)


def _explain(address: str, error: Exception) -> PortError:
    number = _number(error)
    match number:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            hint = "there is no such device; is the modem plugged in, and is the name right?"
        case errno.EACCES | errno.EPERM:
            hint = "not allowed; add the user of this program to the group dialout"
        case errno.EBUSY | errno.EAGAIN:
            users = ", ".join(holders(address)) or "another program"
            hint = f"in use by {users}; stop the other program, or let ModemManager ignore this device"
        case errno.ENOTTY | errno.EINVAL:
            hint = "this is no serial device"
        case _:
            hint = str(error)
    return PortError(number or errno.EIO, f"{address}: {hint}")


def _number(error: BaseException | None) -> int | None:
    """pyserial hides some error numbers in the exception it was handling."""
    while error is not None:
        if error.args and isinstance(error.args[0], int):
            return error.args[0]
        error = error.__context__
    return None
