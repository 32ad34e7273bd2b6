"""Sends requests on many connections, each the next one as soon as the last is answered; a process of its own.

Takes on standard input what is to be sent (JSON: a list of whole HTTP/1.1 requests, gone through again and again) and
writes on standard output what came of it. Of the answers it reads the status and the length only, so that it costs
little beside the server that it measures; it is the same for every server.
"""

import argparse
import asyncio
import json
import re
import selectors
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import cycle
from pathlib import Path
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, socket
from urllib.parse import urlsplit

from children import die_with_parent

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"
_GOOD = b"HTTP/1.1 200 "
_LOADS = Path(__file__)
_PATIENCE_S = 60.0  # for the last answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What became of the requests: `good` and `bad` count all answers, the rest is of the measured seconds."""

    good: int
    bad: int
    measured: int
    seconds: float
    latencies_s: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.measured / self.seconds


def post(path: str, body: object, token: str = "") -> str:
    """Write a request with a JSON body."""
    content = json.dumps(body, ensure_ascii=False)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content.encode())}\r\n\r\n{content}"
    )


async def load(url: str, requests: Sequence[str], *, connections: int, seconds: float, warm_up_s: float = 0.5) -> Load:
    """Let another process send requests for so long, after a time that is not measured."""
    port = urlsplit(url).port
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_LOADS), str(port), str(connections), str(seconds), str(warm_up_s)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    written, _ = await process.communicate(json.dumps(requests).encode())
    if process.returncode:
        raise RuntimeError(f"the load ended by itself with {process.returncode}")
    return Load(**json.loads(written))


# ── in the other process ──


@dataclass(slots=True)
class _Connection:
    socket: socket
    sent_at: float = 0.0
    answer: bytes = b""

    def send(self, request: bytes) -> None:
        self.answer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Take what has come, and tell whether that is the whole answer."""
        received = self.socket.recv(65_536)
        if not received:
            raise ConnectionError(f"closed in the middle of an answer: {self.answer!r}")
        self.answer += received
        head, end, body = self.answer.partition(_HEAD_END)
        if not end:
            return False
        length = _LENGTH.search(head)
        if length is None:
            raise ValueError(f"an answer without a length: {head!r}")
        return len(body) >= int(length[1])


@dataclass(slots=True)
class _Sender:
    requests: Iterator[bytes]
    begins: float
    ends: float
    good: int = 0
    bad: int = 0
    latencies_s: list[float] = field(default_factory=list)

    def run(self, connections: Sequence[_Connection]) -> None:
        """Send until the time is over and everything is answered."""
        with selectors.DefaultSelector() as selector:
            for connection in connections:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                connection.send(next(self.requests))
            while selector.get_map():
                ready = selector.select(_PATIENCE_S)
                if not ready:
                    raise TimeoutError("nothing is answered any more")
                for key, _ in ready:
                    if key.data.is_answered() and not self._goes_on(key.data):
                        selector.unregister(key.fileobj)

    def _goes_on(self, connection: _Connection) -> bool:
        now = time.perf_counter()
        is_good = connection.answer.startswith(_GOOD)
        self.good += is_good
        self.bad += not is_good
        if self.begins <= now < self.ends and is_good:
            self.latencies_s.append(now - connection.sent_at)
        if now < self.ends:
            connection.send(next(self.requests))
        return now < self.ends


def _connected(port: int) -> _Connection:
    connection = socket(AF_INET, SOCK_STREAM)
    connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    connection.connect(("127.0.0.1", port))
    return _Connection(connection)


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float, help="that are measured")
    parser.add_argument("warm_up", type=float, help="seconds before that")
    options = parser.parse_args()
    requests = cycle([request.encode() for request in json.load(sys.stdin)])
    connections = [_connected(options.port) for _ in range(options.connections)]
    begins = time.perf_counter() + options.warm_up
    sender = _Sender(requests, begins, begins + options.seconds)
    sender.run(connections)
    found = Load(
        good=sender.good,
        bad=sender.bad,
        measured=len(sender.latencies_s),
        seconds=options.seconds,
        latencies_s=sender.latencies_s,
    )
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    _main()
