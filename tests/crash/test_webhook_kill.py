"""kill -9 of the gateway and of the receiver of its webhooks, again and again: every event arrives, in order."""

import asyncio
import json
import random
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crash_world import Client, UnreliableReceiver, daemon, make_token, rows

from simmodem import VirtualModems
from smsgw.model import EventKind, Status, WebhookWish
from support import Clock, open_gateway
from world import configure, until

ROUNDS = 6
SENDER = "+79990000000"
# Of devices nothing is stored that what was told of them could be held against.
OF_MESSAGES = frozenset(EventKind) - {EventKind.DEVICE_STATUS}
TRANSACTIONS = ("_claim", "_accepted", "_received", "take_in", "_attempted")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that the receiver had, whatever it answered."""

    id: str
    body: str

    @property
    def seq(self) -> int:
        return int(self.id[8:], 16)

    @property
    def subject(self) -> str:
        subject: str = json.loads(self.body)["data"]["id"]
        return subject

    @property
    def status(self) -> int | None:
        status: int | None = json.loads(self.body)["data"].get("status")
        return status


async def make_webhook(folder: Path, ports: list[Path], url: str) -> None:
    async with open_gateway(configure(folder, ports), Clock()) as gateway:
        await gateway.webhooks.create(WebhookWish(name="shop", url=url, events=OF_MESSAGES))


def arrivals(ledger: Path) -> list[Arrival]:
    # The last line may have been cut by a kill.
    return [Arrival(*json.loads(line)) for line in ledger.read_text().split("\n") if line.endswith("]")]


def events(folder: Path) -> dict[str, int]:
    """List the events of messages that are stored: numbers by public id."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        found = connection.execute("SELECT seq, at FROM events WHERE kind != 'device.status'").fetchall()
    return {f"{at // 1_000:08x}{seq:016x}": seq for seq, at in found}


def changes(folder: Path) -> dict[str, list[int]]:
    """List, by message, the statuses that it has had after the first, one after the other."""
    with closing(sqlite3.connect(folder / "smsgw.db")) as connection:
        found = connection.execute(
            "SELECT m.id, t.status FROM timeline t JOIN messages m ON m.seq = t.message ORDER BY t.id"
        ).fetchall()
    by_message: dict[str, list[int]] = defaultdict(list)
    for id, status in found:
        if not by_message[id] or by_message[id][-1] != status:
            by_message[id].append(status)
    return {id: statuses[1:] for id, statuses in by_message.items()}


def assert_all_told(folder: Path, told: list[Arrival]) -> None:
    stored = events(folder)
    assert {one.id for one in told} == set(stored), "an event never arrived, or one arrived that is not stored"
    bodies: dict[str, str] = {}
    last: dict[str, int] = defaultdict(int)
    statuses: dict[str, list[int]] = defaultdict(list)
    for one in told:
        assert bodies.setdefault(one.id, one.body) == one.body, "a repeat says something else"
        assert one.seq >= last[one.subject], "an earlier event arrived after a later one"
        if one.seq > last[one.subject] and one.status is not None:
            statuses[one.subject].append(one.status)
        last[one.subject] = one.seq
    assert statuses == changes(folder), "what was told is not what has happened"


async def test_every_event_arrives_in_order_however_often_both_sides_are_killed(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    ledger = tmp_path / "told"
    ledger.touch()
    async with VirtualModems(tmp_path, 2, report_delay=(0.0, 0.2)) as virtual:
        client = Client(await make_token(tmp_path, virtual.paths))
        await make_webhook(tmp_path, virtual.paths, f"http://127.0.0.1:{unused_tcp_port}/")
        for round in range(ROUNDS):
            receiver = UnreliableReceiver(unused_tcp_port, ledger, seed + round)
            deadly = {"transaction": draw.choice(TRANSACTIONS), "nth": draw.randint(1, 12), "when": "before"}
            options = draw.choice([{}, deadly, deadly | {"when": "after"}])
            async with daemon(tmp_path, virtual.paths, doubt_s=1, **options) as process:
                if process.port is not None:
                    await client.post(process, [f"{round}-{n}" for n in range(8)])
                for n in range(3):
                    virtual.incoming(n % 2, SENDER, f"incoming {round}-{n}")
                await asyncio.sleep(draw.uniform(0.1, 0.6))
                receiver.kill()
                await asyncio.sleep(draw.uniform(0.0, 0.3))
                process.kill()
        receiver = UnreliableReceiver(unused_tcp_port, ledger, seed, failing=0.1)
        async with daemon(tmp_path, virtual.paths, doubt_s=1) as heir:
            await client.settled_messages(heir, lambda message: message["status"] not in (0, 1))

            async def all_told() -> bool:
                waiting = rows(tmp_path, "SELECT count(*) FROM deliveries WHERE state = 'waiting'")
                received = rows(tmp_path, "SELECT count(*) FROM inbound")
                return waiting == [0] and received == [3 * ROUNDS]

            await until(all_told, "every event told", 60)
        receiver.kill()
    told = arrivals(ledger)
    assert_all_told(tmp_path, told)
    assert len(told) > len({one.id for one in told}), "nothing was ever repeated"
    assert Status.DELIVERED in {one.status for one in told}
    assert rows(tmp_path, "SELECT count(*) FROM deliveries WHERE state = 'parked'") == [0]
