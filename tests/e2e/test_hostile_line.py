"""A million bytes of nonsense on the serial line: the worker lives, memory does not grow, and no message is made up.

SMSGW_FUZZ_SEED repeats a run as far as chance goes; when the bytes arrive is not in its hands.
"""

import asyncio
import os
import random
import traceback
from functools import partial
from pathlib import Path

import pytest

from noise import HostileLine, Noise, hostile_line
from simmodem import VirtualModems
from smsgw.scheduler import worker
from world import IMPATIENT, World, configure, running, until

NOISE = 1_100_000  # bytes
MESSAGES = 40
LEAST_SUBMITTED = MESSAGES // 8  # in spite of the noise
ANY_NUMBER = 10_000
GROWTH_LIMIT = 5_000_000  # bytes; a few hundred thousand are usual
PATIENCE_S = 0.05
SENT = {2, 4, 5}


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SMSGW_FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SMSGW_FUZZ_SEED={chosen}")
    return chosen


@pytest.fixture
async def defects(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes what the supervisor calls a defect, and every error that ends in the event loop."""
    noted: list[str] = []
    monkeypatch.setattr(
        worker.logger, "exception", lambda event, **fields: noted.append(f"{event}: {traceback.format_exc()}")
    )
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: noted.append(f"{context}"))
    return noted


def resident() -> int:
    """Tell how many bytes of memory this process uses."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def assault(line: HostileLine, noise: Noise, w: World) -> tuple[list[str], int]:
    """Say all the noise, between dialogues and inside them, while messages are sent; give their ids and the growth."""
    ids: list[str] = []
    before = resident()
    while line.noise_said < NOISE:
        if line.noise_said * MESSAGES >= NOISE * len(ids):
            ids.append(await w.send(f"message {len(ids)}", f"7999{len(ids):03}{len(ids):03}1"))
        if len(ids) == MESSAGES // 4:
            before = resident()
        match noise.chance.randrange(5):
            case 0:
                line.change(noise.spoil)
            case 1 | 2:
                line.change(partial(noise.interrupt, heard=line.heard))
            case _:
                line.put(noise.burst(line.heard))
        await line.is_calm()
        await line.has_answered(noise.chance.randint(0, 40), PATIENCE_S)
    return ids, resident() - before


@pytest.mark.parametrize("is_deaf", [False, True], ids=["a modem that sends", "a modem that sends nothing"])
async def test_noise_on_the_line_makes_no_message_of_what_was_not_sent(
    tmp_path: Path, seed: int, defects: list[str], is_deaf: bool
) -> None:
    noise = Noise(seed, references=not is_deaf)
    async with VirtualModems(tmp_path / "modems", 1, report_delay=(0.0, 0.1)) as virtual:
        with hostile_line(virtual.paths[0]) as line:
            config = configure(tmp_path, [Path(line.address)], uncertain_after_s=2)
            async with running(config, virtual, IMPATIENT) as w:
                await w.all_ready()
                lost = virtual.modems[0].send_faults
                virtual.fault(0, "lose_after_ctrl_z", n=ANY_NUMBER if is_deaf else 0)
                ids, growth = await assault(line, noise, w)
                await nothing_is_made_up(w, ids)
                submitted = ANY_NUMBER - len(lost) if is_deaf else len(virtual.network.ledger)
                assert submitted >= LEAST_SUBMITTED
                lost.clear()
                await w.reaches(await w.send("after it all"), 4)
                for id in ids:
                    await until(partial(is_over, w, id), f"message {id} at its end")
                await nothing_is_made_up(w, ids)
    assert not defects, defects[0]
    assert growth < GROWTH_LIMIT


async def is_over(w: World, id: str) -> bool:
    return (await w.message(id))["status"] not in (0, 1)


async def nothing_is_made_up(w: World, ids: list[str]) -> None:
    """Hold what the gateway says against what the network has taken; what was in doubt is not sent again."""
    for id in ids:
        detail = await w.detail(id)
        taken = sum(message.text == detail["message"] for message in w.virtual.network.messages)
        outcomes = [attempt["outcome"] for attempt in detail["parts"][0]["attempts"]]
        assert taken or not SENT & {entry["status"] for entry in detail["timeline"]}, detail
        assert "unknown" not in outcomes[:-1], detail
        assert taken <= 1 + outcomes.count("refused"), detail
