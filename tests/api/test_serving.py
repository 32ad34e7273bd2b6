"""Serving: request ids, the log, clients that leave, ports that are taken, stopping in order."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
import structlog
from aiohttp import web
from api_client import NUMBER, Api, ModemsByHand, opened
from structlog.typing import EventDict

from smsgw.api.app import LANGUAGE
from smsgw.api.connections import Connections
from smsgw.api.guard import Handler
from smsgw.api.server import serve
from smsgw.config import Config
from smsgw.errors import Language
from smsgw.model import LiveModem
from support import Clock

DEADLINE_S = 10.0


@pytest.fixture
def lines() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as captured:
        yield captured


def answered(lines: list[EventDict]) -> list[EventDict]:
    return [line for line in lines if line["event"] == "answered"]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110  # what is waited for has no event to ring
            await asyncio.sleep(0.005)


# ── request ids and the log ──


async def test_every_answer_has_an_id_of_its_own_that_is_on_its_log_line(api: Api, lines: list[EventDict]) -> None:
    answers = await asyncio.gather(
        *(api.call(method, path) for method, path in (("GET", "/devices"), ("PUT", "/sms"), ("GET", "/x"))),
        api.send(),
        api.send(phone_number="1"),
    )
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert {(line["request"], line["status"]) for line in answered(lines)} == {
        (answer.headers["X-Request-ID"], answer.status) for answer in answers
    }


async def test_a_log_line_tells_who_called_what_and_how_it_went(api: Api, lines: list[EventDict]) -> None:
    await api.call("GET", "/v1/sms?limit=1&search=secret")
    (line,) = answered(lines)
    assert (line["method"], line["path"], line["status"], line["token_name"]) == ("GET", "/v1/sms", 200, "all 0")
    assert line["duration_ms"] >= 0
    assert line["log_level"] == "debug"


async def test_what_was_refused_is_on_the_log_without_asking_for_details(api: Api, lines: list[EventDict]) -> None:
    await api.send(phone_number="1")
    (line,) = answered(lines)
    assert (line["status"], line["log_level"]) == (400, "info")


async def test_a_request_does_not_inherit_the_caller_of_the_one_before_it(api: Api, lines: list[EventDict]) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as one_connection:
        for headers in ({"Authorization": f"Bearer {api.token}"}, {}):
            async with one_connection.get(f"http://127.0.0.1:{api.port}/devices", headers=headers) as response:
                await response.read()
    assert ["token_name" in line for line in answered(lines)] == [True, False]


async def test_neither_texts_nor_numbers_nor_tokens_are_logged(api: Api, lines: list[EventDict]) -> None:
    await api.send("Тайна", "79161234567")
    await api.send("Тайна", "7916123456x")
    await api.call("GET", "/sms?limit=1&search=Тайна")
    await api.call("GET", "/send/79161234567/Тайна")
    await api.call("GET", "/sms/79161234567")
    logged = repr(lines)
    for secret in ("Тайна", "7916123", api.token.rpartition(".")[2]):
        assert secret not in logged


async def test_a_defect_is_logged_with_its_traceback_under_the_hash_that_the_client_got(
    config: Config, clock: Clock, lines: list[EventDict]
) -> None:
    class Broken(ModemsByHand):
        def live(self, device_id: str) -> LiveModem:
            raise ZeroDivisionError

    async with opened(config, clock, Broken()) as api:
        answer = await api.call("GET", "/devices")
    (line,) = (line for line in lines if line["log_level"] == "error")
    assert line["request"] == answer.json["errors"]["hash"]
    assert line["exc_info"]


async def test_callers_mistakes_are_no_errors_of_ours(api: Api, lines: list[EventDict]) -> None:
    await api.call("POST", "/sms/send", raw=b"{")
    await api.call("GET", "/nowhere")
    await api.exchange(b"nonsense\r\n\r\n")
    assert {line["log_level"] for line in lines} == {"info"}


async def test_a_storage_that_fails_is_an_error_in_the_log(api: Api, lines: list[EventDict]) -> None:
    await api.fill_disk()
    for _ in range(200):
        if (await api.send("ы" * 600)).status != 200:
            break
    assert any(line["log_level"] == "error" and line["event"] == "storage unavailable" for line in lines)


async def test_a_head_request_gets_the_head_alone(api: Api) -> None:
    answer = await api.call("HEAD", "/devices")
    assert (answer.status, answer.raw) == (200, b"")
    assert answer.headers["X-Request-ID"]


# ── clients that leave ──


def post(api: Api, body: bytes, announced: int | None = None) -> bytes:
    head = f"POST /sms/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.token}\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % (announced or len(body)) + body


async def test_a_client_that_leaves_before_the_answer_loses_no_message(api: Api, lines: list[EventDict]) -> None:
    disk = threading.Event()
    slow_commit = asyncio.ensure_future(api.database.write(lambda tx: disk.wait(DEADLINE_S)))
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(post(api, f'{{"message": "stays", "phone_number": "{NUMBER}"}}'.encode()))
    # By the time that others have been served after it, it waits for the disk.
    for _ in range(10):
        await api.call("GET", "/devices")
    writer.transport.abort()
    await asyncio.sleep(0)
    disk.set()
    await slow_commit
    await until(lambda: [line["path"] for line in answered(lines)].count("/sms/send") == 1)
    assert await api.texts("stays") == ["stays"]
    assert not [line for line in lines if line["log_level"] == "error"]


async def test_of_clients_that_leave_at_any_moment_each_message_is_stored_or_not_read(
    api: Api, lines: list[EventDict]
) -> None:
    for n in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", api.port)
        writer.write(post(api, f'{{"message": "{n}", "phone_number": "{NUMBER}"}}'.encode()))
        for _ in range(n):
            await asyncio.sleep(0)
        writer.transport.abort()
    await until(lambda: len(lines) == 20)
    stored = len(answered(lines))
    assert {line["event"] for line in lines} <= {"answered", "client went away"}
    assert (await api.listed())["pagination"]["total_records"] == stored
    assert not [line for line in lines if line["log_level"] == "error"]


async def test_a_client_that_leaves_in_the_middle_of_its_body_sends_nothing(
    api: Api, lines: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", api.port)
    writer.write(post(api, b'{"message": "half', 100))
    await writer.drain()
    writer.close()
    await until(lambda: any(line["event"] == "client went away" for line in lines))
    assert (await api.listed())["pagination"]["total_records"] == 0
    assert not [line for line in lines if line["log_level"] == "error"]
    assert not [record for record in caplog.records if record.exc_info]


# ── binding and stopping ──


def app_with(handler: Handler) -> web.Application:
    app = web.Application()
    app[LANGUAGE] = Language.EN
    app.router.add_get("/", handler)
    return app


async def silent(request: web.Request) -> web.Response:
    return web.Response()


@asynccontextmanager
async def taken_port() -> AsyncIterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


async def test_a_taken_port_is_told_with_what_to_do(api: Api) -> None:
    async with taken_port() as port:
        with pytest.raises(OSError, match=rf"127\.0\.0\.1 port {port} .*: another program uses it; .*\[server\]"):
            async with serve(app_with(silent), "127.0.0.1", port):
                pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(OSError, match=rf"cannot listen on {host} port 0"):
        async with serve(app_with(silent), host, 0):
            pass


async def test_a_running_request_is_answered_before_the_server_stops() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        begun.set()
        await go_on.wait()
        return web.Response(text="done")

    async def ask(port: int) -> str:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
            return await response.text()

    async def refused(port: int) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return True
        writer.close()
        return False

    stop = asyncio.Event()
    bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with serve(app_with(slow), "127.0.0.1", 0) as port:
            bound.set_result(port)
            await stop.wait()

    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(run())
        port = await bound
        answer = tasks.create_task(ask(port))
        await begun.wait()
        stop.set()
        while not await refused(port):
            pass
        assert not answer.done()
        go_on.set()
    assert answer.result() == "done"


# ── too many, and too odd ──


async def test_one_client_cannot_hold_every_connection() -> None:
    async with serve(app_with(silent), "127.0.0.1", 0, Connections(most=20)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
        dropped = [reader for reader, _ in held if await is_dropped(reader)]
        assert len(dropped) == 35
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(DEADLINE_S), aiohttp.ClientSession() as session:
            while not await is_answered(session, port):
                pass


async def is_dropped(reader: asyncio.StreamReader) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return await reader.read(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def is_answered(session: aiohttp.ClientSession, port: int) -> bool:
    try:
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False


def test_connections_of_several_clients_are_counted_apart_and_together() -> None:
    connections = Connections(most=8)
    assert [connections.take("a") for _ in range(3)] == [True, True, False]
    assert [connections.take(other) for other in "bbccddee"] == [True] * 6 + [False, False]
    connections.release("a")
    assert connections.take("e")


@pytest.mark.parametrize("target", ["/%0a", "/a%0Ab", "http://example.org", "*"])
async def test_addresses_that_fit_no_pattern_are_unknown(api: Api, target: str, lines: list[EventDict]) -> None:
    method = "OPTIONS" if target == "*" else "GET"
    answer = await api.exchange(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert (answer.status, answer.code) == (404, 4003)
    assert not [line for line in lines if line["log_level"] == "error"]


async def test_a_body_that_cannot_be_unpacked_is_its_clients_mistake(
    api: Api, lines: list[EventDict], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await api.call("POST", "/sms/send", raw=b"notgzip", headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.code) == (400, 1001)
    assert (await api.call("GET", "/devices")).status == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_idle_connections_do_not_hold_up_the_stop(config: Config, clock: Clock) -> None:
    async with asyncio.timeout(DEADLINE_S):
        async with opened(config, clock) as api:
            reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
            await api.call("GET", "/health")
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_failure_outside_every_handler_has_the_body_of_the_contract(lines: list[EventDict]) -> None:
    async def broken(request: web.Request) -> web.Response:
        raise ZeroDivisionError

    async with (
        serve(app_with(broken), "127.0.0.1", 0) as port,
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/") as response,
    ):
        errors = (await response.json())["errors"]
        assert (response.status, errors["code"]) == (500, 1000)
        assert errors["hash"] == response.headers["X-Request-ID"]
    assert [line["request"] for line in lines if line["log_level"] == "error"] == [errors["hash"]]
