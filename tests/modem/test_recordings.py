"""The folder of recordings: readable, bounded, and in nobody's way whatever the disk does."""

import logging
import resource
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from scripted_peer import until

from smsgw.modem import recordings
from smsgw.modem.recordings import Recordings, latest
from smsgw.modem.tape import Direction, Tape


class Seconds:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    caplog.set_level(logging.INFO, logger="smsgw.modem")
    yield caplog
    structlog.reset_defaults()


def recorded(said: bytes = b"\r\nOK\r\n") -> Tape:
    tape = Tape()
    tape.add(Direction.HEARD, said)
    return tape


def keep(folder: Path, modem: str = "north", reason: str = "it fell silent", **settings: int) -> None:
    kept = Recordings(folder, **settings)
    kept.keep(modem, recorded(), reason)
    kept.close()


def texts(folder: Path) -> list[str]:
    return [path.read_text() for path in sorted(folder.iterdir())]


def test_a_recording_says_what_it_is_of_and_the_log_names_it(folder: Path, log: pytest.LogCaptureFixture) -> None:
    keep(folder, reason="no answer to +79991234567\nat all")
    (path,) = folder.iterdir()
    first, second, third, *_, last = path.read_text().splitlines()
    assert first == "smsgw recording 1"
    assert second.startswith("# modem north, written 20")
    assert third == "# no answer to +00000000000 at all"
    assert last.endswith(r" < \r\nOK\r\n")
    assert [record.__dict__["file"] for record in log.records] == [str(path)]
    assert path.name.startswith("north.20")


def test_a_recording_is_nobody_elses_business(folder: Path) -> None:
    keep(folder)
    (path,) = folder.iterdir()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (folder, path)] == [0o700, 0o600]


def test_a_modem_is_recorded_once_a_minute_and_each_for_itself(folder: Path, clock: Seconds) -> None:
    kept = Recordings(folder, monotonic=clock)
    for modem, reason in (("north", "first"), ("north", "second"), ("south", "third")):
        kept.keep(modem, recorded(), reason)
    clock.now += 60
    kept.keep("south-2", recorded(), "fourth")
    kept.close()
    assert ["first" in text or "third" in text or "fourth" in text for text in texts(folder)] == [True] * 3


@pytest.mark.parametrize(
    ("pauses", "recovers", "files"),
    [((59,), False, 1), ((3_599,), False, 1), ((3_600,), False, 2), ((60,), True, 2), ((59,), True, 1)],
)
def test_the_same_reason_again_is_news_only_after_an_hour_or_a_recovery(
    folder: Path, clock: Seconds, pauses: tuple[int, ...], recovers: bool, files: int
) -> None:
    kept = Recordings(folder, monotonic=clock)
    for pause in (0, *pauses):
        clock.now += pause
        kept.keep("north", recorded(), "it does not answer")
        if recovers:
            kept.recovered("north")
    kept.close()
    assert len(list(folder.iterdir())) == files


def test_nothing_is_written_of_nothing(folder: Path) -> None:
    kept = Recordings(folder)
    kept.keep("north", Tape(), "the port is not there")
    kept.close()
    assert not folder.exists()


def test_the_oldest_recordings_go_and_what_is_none_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MOST_FILES", 3)
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    for day in (1, 2, 3, 4):
        (folder / f"{'ab'[day % 2]}.2026010{day}T000000.000000Z.txt").write_text("old")
    keep(folder)
    names = sorted(path.name for path in folder.iterdir())
    assert [name[:16] for name in names] == ["a.20260104T00000", "b.20260103T00000", names[2][:16], "notes.txt"]


def test_the_recordings_are_bounded_in_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recordings, "MOST_BYTES", 2_000)
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"north.2026010{day}T000000.000000Z.txt").write_bytes(bytes(700))
    keep(folder)
    assert len(list(folder.iterdir())) == 3
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 2_000


def test_the_latest_recording_of_a_modem_is_found(folder: Path) -> None:
    assert latest(folder, "north") is None
    folder.mkdir()
    for name in (
        "north.20260101T000000.000000Z.txt",
        "north.20260102T000000.000000Z.txt",
        "north-2.20260103T000000.000000Z.txt",
    ):
        (folder / name).touch()
    assert latest(folder, "north") == folder / "north.20260102T000000.000000Z.txt"
    assert latest(folder, "south") is None


def test_a_disk_that_has_other_needs_is_left_alone_with_one_warning(
    folder: Path, log: pytest.LogCaptureFixture, clock: Seconds
) -> None:
    kept = Recordings(folder, keep_free=1 << 62, monotonic=clock)
    for reason in ("first", "second", "third"):
        clock.now += 60
        kept.keep("north", recorded(), reason)
    kept.close()
    assert list(folder.iterdir()) == []
    assert [record.message for record in log.records] == ["recordings cannot be kept"]


async def test_a_folder_that_cannot_be_had_is_told_of_once_and_again_after_it_could(
    folder: Path, log: pytest.LogCaptureFixture, clock: Seconds
) -> None:
    kept = Recordings(folder, monotonic=clock)
    told: list[str] = []
    for is_obstructed in (True, False, True):
        obstruct(folder, is_obstructed)
        clock.now += 60
        kept.keep("north", recorded(), f"at {clock.now}")
        told.append("recordings cannot be kept" if is_obstructed else "recording")
        await until(lambda: [record.message for record in log.records] == told)
    clock.now += 60
    kept.keep("north", recorded(), "still not there")
    kept.close()
    assert [record.message for record in log.records] == told


def obstruct(folder: Path, is_there: bool) -> None:
    """Put a file in the place of the folder, or take it away."""
    if folder.is_dir():
        shutil.rmtree(folder)
    folder.unlink(missing_ok=True)
    if is_there:
        folder.touch()


def test_what_is_cut_short_by_a_full_disk_leaves_nothing(folder: Path, log: pytest.LogCaptureFixture) -> None:
    _, most = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, most))
    try:
        keep(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(folder.iterdir()) == []
    assert [record.message for record in log.records] == ["recordings cannot be kept"]


def test_a_sim_with_a_port_of_its_own_has_recordings_of_its_own(folder: Path) -> None:
    kept = Recordings(folder)
    for modem in ("box/1", "box/2", "box"):
        kept.keep(modem, recorded(), f"what ailed {modem}")
    kept.close()
    for modem in ("box/1", "box/2", "box"):
        found = latest(folder, modem)
        assert found is not None
        assert f"# what ailed {modem}\n" in found.read_text(encoding="ascii")
    assert latest(folder, "box/3") is None
