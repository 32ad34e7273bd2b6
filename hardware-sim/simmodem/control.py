"""The control socket: JSON lines in, JSON lines out, to inject messages and faults while a simulation runs.

Requests name what to do: `{"do": "incoming", "modem": 0, "sender": "+1202…", "text": "…"}`; answers have "ok".
"""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from simmodem.ledger import as_json
from simmodem.network import Rule
from simmodem.virtual import VirtualModems

REQUEST_LIMIT = 1 << 20
ANSWER_TIMEOUT_S = 10.0

Request = dict[str, Any]
Answer = dict[str, Any]


def _incoming(vm: VirtualModems, request: Request) -> Answer:
    vm.incoming(request.get("modem", 0), request["sender"], request["text"], message_class=request.get("message_class"))
    return {}


def _incoming_pdu(vm: VirtualModems, request: Request) -> Answer:
    vm.incoming_pdu(request.get("modem", 0), request["pdu"])
    return {}


def _fault(vm: VirtualModems, request: Request) -> Answer:
    parameters = {key: value for key, value in request.items() if key not in ("do", "modem", "kind")}
    vm.fault(request.get("modem", 0), request["kind"], **parameters)
    return {}


def _rule(vm: VirtualModems, request: Request) -> Answer:
    parameters = {key: value for key, value in request.items() if key != "do"}
    if "reports" in parameters:
        parameters["reports"] = tuple(parameters["reports"])
    # The newest rule goes first: it is the one its author wants to see at work.
    vm.network.rules.insert(0, Rule(**parameters))
    return {"rules": len(vm.network.rules)}


def _clear_rules(vm: VirtualModems, request: Request) -> Answer:
    vm.network.rules.clear()
    return {}


def _ledger(vm: VirtualModems, request: Request) -> Answer:
    return {"parts": [as_json(entry) for entry in vm.network.ledger[request.get("since", 0) :]]}


def _messages(vm: VirtualModems, request: Request) -> Answer:
    return {"messages": [as_json(message) for message in vm.network.messages[request.get("since", 0) :]]}


def _modems(vm: VirtualModems, request: Request) -> Answer:
    return {
        "modems": [
            {
                "modem": modem.index,
                "path": str(path),
                "device": vm.device(modem.index),
                "imei": modem.imei,
                "iccid": modem.iccid,
                "registration": modem.state.registration.value,
                "waiting": vm.network.waiting(modem.index),
            }
            for modem, path in zip(vm.modems, vm.paths, strict=True)
        ]
    }


ACTIONS: dict[str, Callable[[VirtualModems, Request], Answer]] = {
    "incoming": _incoming,
    "incoming_pdu": _incoming_pdu,
    "fault": _fault,
    "rule": _rule,
    "clear_rules": _clear_rules,
    "ledger": _ledger,
    "messages": _messages,
    "modems": _modems,
}


def answer(vm: VirtualModems, line: str) -> Answer:
    """Carry out one request; whatever is wrong with it is said in the answer."""
    try:
        request = json.loads(line)
        if not isinstance(request, dict) or request.get("do") not in ACTIONS:
            raise ValueError(f'"do" must be one of {", ".join(ACTIONS)}')
        return {"ok": True, **ACTIONS[request["do"]](vm, request)}
    except KeyError as error:
        return {"ok": False, "error": f"{error.args[0]!r} is missing"}
    except (ValueError, TypeError, AttributeError) as error:
        return {"ok": False, "error": str(error)}


@contextlib.asynccontextmanager
async def serving(vm: VirtualModems, path: Path) -> AsyncIterator[None]:
    """Listen on a unix socket that only its owner may use; raises OSError when the path cannot be had."""
    talks: set[asyncio.Task[None]] = set()

    # A plain function: asyncio 3.11 complains aloud about a coroutine that is cancelled while the program ends.
    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(_talk(vm, reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_unix_server(connected, path, limit=REQUEST_LIMIT)
    try:
        await asyncio.to_thread(path.chmod, 0o600)
        yield
    finally:
        server.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _talk(vm: VirtualModems, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            reply = json.dumps(answer(vm, line.decode("utf-8", "replace")), ensure_ascii=False)
            writer.write(reply.encode("utf-8", "replace") + b"\n")
            await writer.drain()
    except (ConnectionError, ValueError):
        # The other side left, or sent a line beyond every limit.
        pass
    finally:
        writer.close()


def ask(path: Path, request: str) -> str:
    """Send one request line and give the answer line; raises OSError when nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(request.encode() + b"\n")
        with connection.makefile(encoding="utf-8") as lines:
            return lines.readline().rstrip("\n")
