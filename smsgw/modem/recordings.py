"""The folder of recordings: written when something went wrong, bounded, and never in anybody's way.

A thread of its own masks and writes, one after the other, so that neither a slow disk nor the work delays a modem. What
cannot be written is forgotten, with one warning until it can be again.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from smsgw import log
from smsgw.modem.recording import compose
from smsgw.modem.redaction import redact, redact_words
from smsgw.modem.tape import Chunk, Tape

MOST_FILES = 50
MOST_BYTES = 4 << 20
_PAUSE_S = 60.0  # between two recordings of one modem
_SAME_S = 3_600.0  # and where the reason is the same as last time: a modem that stays silent must not push out the rest
_NAME = re.compile(r"(?P<modem>[A-Za-z0-9_-]+(\.[0-9]+)?)\.[0-9]{8}T[0-9]{6}\.[0-9]{6}Z\.txt")
_NEVER = -_SAME_S

logger = log.get("smsgw.modem")


def folder_beside(database: Path) -> Path:
    """Return the folder of the recordings for a gateway with this database."""
    return database.with_name("recordings")


def latest(folder: Path, modem: str) -> Path | None:
    """Return the newest recording of this modem, if there is one; raises `OSError`."""
    return max((path for path in _listed(folder) if _modem_of(path) == _in_a_name(modem)), key=_age_key, default=None)


class Recordings:
    """Keeps tapes as files in `folder`, as long as so many bytes are left free there as shall be; close it at the end.

    `monotonic` gives seconds.
    """

    def __init__(self, folder: Path, *, keep_free: int = 0, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._keep_free = keep_free
        self._monotonic = monotonic
        self._last: dict[str, tuple[float, str]] = {}
        self._is_failing = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="recordings")

    def keep(self, modem: str, tape: Tape, reason: str) -> None:
        """Have what is on the tape written; empties it, and waits for nothing."""
        chunks = tape.take()
        now = self._monotonic()
        last, last_reason = self._last.get(modem, (_NEVER, ""))
        if not chunks or now - last < (_SAME_S if reason == last_reason else _PAUSE_S):
            return
        self._last[modem] = (now, reason)
        self._writer.submit(self._write, modem, chunks, reason)

    def recovered(self, modem: str) -> None:
        """Take the next fault for a new one, even if it is the same again."""
        if modem in self._last:
            self._last[modem] = (self._last[modem][0], "")

    def close(self) -> None:
        """Wait for what is being written, and take no more."""
        self._writer.shutdown()

    def _write(self, modem: str, chunks: Sequence[Chunk], reason: str) -> None:
        try:
            text = compose(redact(chunks), modem=modem, reason=redact_words(reason), written=time.time())
            path = self._put(modem, text.encode("ascii", "backslashreplace"))
        except OSError as error:
            if not self._is_failing:
                logger.warning("recordings cannot be kept", folder=str(self._folder), reason=error.strerror)
            self._is_failing = True
        except Exception:
            logger.exception("defect", modem=modem)
        else:
            self._is_failing = False
            logger.info("recording", modem=modem, file=str(path))

    def _put(self, modem: str, content: bytes) -> Path:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._make_room(len(content))
        path = self._folder / f"{_in_a_name(modem)}.{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.txt"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        return path

    def _make_room(self, needed: int) -> None:
        """Remove the oldest until the new one fits; raises `OSError` where the disk has other needs."""
        if shutil.disk_usage(self._folder).free < self._keep_free + needed:
            raise OSError(0, "the disk is nearly full")
        kept = sorted(_listed(self._folder), key=_age_key)
        size = needed + sum(path.stat().st_size for path in kept)
        while kept and (len(kept) >= MOST_FILES or size > MOST_BYTES):
            oldest = kept.pop(0)
            size -= oldest.stat().st_size
            oldest.unlink()


def _listed(folder: Path) -> list[Path]:
    """List the recordings, and nothing else that somebody has put there."""
    return [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.exists() else []


def _modem_of(path: Path) -> str:
    found = _NAME.fullmatch(path.name)
    return found["modem"] if found else ""


def _age_key(path: Path) -> str:
    return path.name.removeprefix(_modem_of(path))


def _in_a_name(modem: str) -> str:
    """One SIM of several that a module uses at once is called NAME/SLOT."""
    return modem.replace("/", ".")
