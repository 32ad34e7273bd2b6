"""What happens to the disk of a running daemon: every client is answered, what was promised is kept and sent once."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from disk import Answer, Lodger, lodging
from simmodem import Rule, VirtualModems
from world import until

CLIENTS = 64
OPEN_MB, SMALL_MB = 48, 16


@asynccontextmanager
async def modems(folder: Path, *rules: Rule, modems: int = 2) -> AsyncIterator[VirtualModems]:
    async with VirtualModems(folder, modems, network_time=(0.0, 0.0), report_delay=(0.0, 0.0), rules=rules) as virtual:
        yield virtual


def sent(virtual: VirtualModems) -> Counter[str]:
    return Counter(message.text for message in virtual.network.messages)


async def all_delivered(lodger: Lodger, ids: list[str], seconds: float = 60.0) -> None:
    left = set(ids)

    async def none_left() -> bool:
        for id in list(left):
            if await lodger.status_of(id) != 4:
                return False
            left.discard(id)
        return True

    await until(none_left, "everything delivered", seconds)


class Crowd:
    """Clients that post one message after another, whatever they are answered, until they are told to stop."""

    def __init__(self, lodger: Lodger) -> None:
        self._lodger = lodger
        self._posted = 0
        self._stopped = False
        self.taken: dict[str, str] = {}  # text by id
        self.refused: list[Answer] = []

    async def post_until_stopped(self) -> None:
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(self._post())

    def stop(self) -> None:
        self._stopped = True

    async def takes_more(self, count: int) -> None:
        """Wait until so many more messages have been taken."""
        enough = len(self.taken) + count

        async def taken() -> bool:
            return len(self.taken) >= enough

        await until(taken, f"{count} more messages taken")

    async def refusals(self, count: int) -> None:
        """Wait until so many more messages have been refused."""
        enough = len(self.refused) + count

        async def refused() -> bool:
            return len(self.refused) >= enough

        await until(refused, f"{count} more messages refused")

    async def _post(self) -> None:
        while not self._stopped:
            self._posted += 1
            text = f"message {self._posted}"
            answer = await self._lodger.send(text)
            if answer.status == 200:
                self.taken[answer.body["id"]] = text
            else:
                self.refused.append(answer)


async def test_on_a_full_disk_every_client_is_answered_and_every_promise_is_kept(tmp_path: Path) -> None:
    async with (
        modems(tmp_path) as virtual,
        lodging(tmp_path / "disk", virtual.paths, disk_mb=SMALL_MB) as lodger,
        asyncio.TaskGroup() as tasks,
    ):
        crowd = Crowd(lodger)
        posting = tasks.create_task(crowd.post_until_stopped())
        await crowd.takes_more(CLIENTS)
        lodger.fill()
        await crowd.refusals(2 * CLIENTS)
        # Reading takes no room.
        assert await lodger.total() >= CLIENTS
        lodger.free()
        await crowd.takes_more(CLIENTS)
        crowd.stop()
        await posting
        await all_delivered(lodger, list(crowd.taken))
        assert [answer for answer in crowd.refused if not answer.is_refusal] == []
        assert await lodger.total() == len(crowd.taken)
        assert sent(virtual) == Counter(crowd.taken.values())


async def test_with_room_kept_free_a_full_disk_keeps_out_new_messages_only(tmp_path: Path) -> None:
    async with (
        modems(tmp_path, Rule(network_time=0.1), modems=1) as virtual,
        lodging(tmp_path / "disk", virtual.paths, disk_mb=OPEN_MB, keep_free_mb=32) as lodger,
    ):
        ids = [str((await lodger.send(f"{n}")).body["id"]) for n in range(20)]
        lodger.fill(leave=31 << 20)
        refused = await lodger.send("too late")
        batch = await lodger.call("POST", "/sms/send/batch", {"messages": [{"message": "x", "phone_number": "79990"}]})
        assert [refused.is_refusal, batch.is_refusal] == [True, True]
        assert "диск почти заполнен" in refused.text
        assert "освободите место" in refused.text
        assert len(virtual.network.messages) < len(ids)
        virtual.incoming(0, "+79990000000", "comes in all the same")
        await all_delivered(lodger, ids)
        health = await lodger.call("GET", "/health")
        assert (health.status, health.body["status"]) == (200, "degraded")
        assert "диск почти заполнен" in health.body["reasons"][0]

        async def incoming_kept() -> bool:
            return await lodger.count("inbound_parts") == 1

        await until(incoming_kept, "the incoming message kept")
        lodger.free()
        assert (await lodger.call("GET", "/health")).body["status"] == "ok"
        await all_delivered(lodger, [(await lodger.send("in time")).body["id"]])
        assert sent(virtual) == Counter([*map(str, range(20)), "in time"])


async def test_a_disk_that_takes_no_writes_any_more_is_said_and_passes(tmp_path: Path) -> None:
    async with (
        modems(tmp_path, Rule(recipient="79990000002", network_time=0.5), modems=1) as virtual,
        lodging(tmp_path / "disk", virtual.paths, disk_mb=OPEN_MB) as lodger,
    ):
        before = str((await lodger.send("before")).body["id"])
        await all_delivered(lodger, [before])
        on_the_wire = str((await lodger.send("on the wire", "79990000002")).body["id"])

        async def is_on_the_wire() -> bool:
            detail = await lodger.call("GET", f"/sms/{on_the_wire}")
            return bool(detail.body["parts"][0]["state"] == "submitting")

        await until(is_on_the_wire, "one message on the wire")
        lodger.break_writing()
        answers = await asyncio.gather(*(lodger.send(f"meanwhile {n}") for n in range(CLIENTS)))
        assert [answer for answer in answers if not answer.is_refusal] == []
        assert "ошибка ввода-вывода диска" in answers[0].text
        assert (await lodger.call("GET", "/health")).status == 503
        assert await lodger.total() == 2
        lodger.mend_writing()
        after = [str((await lodger.send(f"after {n}")).body["id"]) for n in range(5)]
        await all_delivered(lodger, [on_the_wire, *after])
        assert sent(virtual) == Counter(["before", "on the wire", *(f"after {n}" for n in range(5))])
        assert await lodger.total() == 7


async def test_a_database_that_another_process_locks_is_said_and_passes(tmp_path: Path) -> None:
    async with (
        modems(tmp_path) as virtual,
        lodging(tmp_path / "data", virtual.paths) as lodger,
    ):
        with closing(sqlite3.connect(tmp_path / "data" / "smsgw.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            answers = await asyncio.gather(*(lodger.send(f"meanwhile {n}") for n in range(CLIENTS)))
            assert [answer for answer in answers if not answer.is_refusal] == []
            assert "база занята другим процессом" in answers[0].text
            assert await lodger.total() == 0
        await all_delivered(lodger, [(await lodger.send("after")).body["id"]])
        assert sent(virtual) == {"after": 1}


async def test_damage_under_a_running_daemon_is_said_by_every_call_that_meets_it(tmp_path: Path) -> None:
    async with (
        modems(tmp_path) as virtual,
        lodging(tmp_path / "data", virtual.paths) as lodger,
    ):
        await all_delivered(lodger, [(await lodger.send("before")).body["id"]])
        overwrite(tmp_path / "data" / "smsgw.db")
        answers = [
            await lodger.send("after"),
            await lodger.call("GET", "/sms?limit=1"),
            await lodger.call("GET", "/sms?limit=1&search=before"),
        ]
        assert [answer for answer in answers if not answer.is_refusal] == []
        assert {"файл базы повреждён" in answer.text for answer in answers} == {True}
        health = await lodger.call("GET", "/health")
        assert (health.status, "файл базы повреждён" in health.body["reasons"][0]) == (503, True)
        assert lodger.process.returncode is None
        assert any("damaged" in line for line in lodger.log)
        lodger.process.terminate()
        assert await asyncio.wait_for(lodger.process.wait(), 30) == 0
    assert (tmp_path / "data" / "smsgw.db-wal").exists()


def overwrite(database: Path) -> None:
    """Overwrite all pages but the first under those who have the database open."""
    with closing(sqlite3.connect(database)) as connection:
        # What still lies in the log would be read from there.
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        with database.open("r+b") as file:
            file.seek(4_096)
            file.write(b"\xa5" * (database.stat().st_size - 4_096))
