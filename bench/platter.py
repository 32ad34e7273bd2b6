"""A disk as it is after a power cut: it holds what was synced, and of what was written since perhaps a part.

Knows files and blocks, no SQLite. The folder with the database stands for what programs see (the page cache), the
platter, a folder beside it, for what would be there if the power went now.
"""

import random
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

LASTING = ("", "-wal", "-journal")  # what SQLite keeps beside a database for the time after a crash
SHARED_MEMORY = "-shm"
BLOCKS = (512, 4096)  # what disks write whole, in octets


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """What happens to be on the disk of what was never synced: each block with this probability."""

    share: float
    block: int

    @classmethod
    def drawn(cls) -> "Luck":
        """Draw a share and a size of block."""
        return cls(share=random.random(), block=random.choice(BLOCKS))

    def strikes(self) -> bool:
        """Throw the dice for one block."""
        return random.random() < self.share


NONE = Luck(share=0.0, block=BLOCKS[-1])  # nothing but what was synced


class Platter:
    """What has reached the disk, file by file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def keep(self, name: str, content: bytes | memoryview) -> None:
        """Let a file's content have reached the disk; a cut in the middle of it leaves the older one."""
        draft = self.folder / f"{name}.draft"
        draft.write_bytes(content)
        draft.rename(self.folder / name)

    def forget_deleted(self, seen: Path) -> None:
        """Let the deletions in a folder have reached the disk, as its own sync does."""
        for path in self.folder.iterdir():
            if not (seen / path.name).exists():
                path.unlink()

    def cut(self, database: Path, luck: Luck = NONE) -> None:
        """Put in the place of a database, whose processes are gone, what the disk holds of it."""
        for suffix in LASTING:
            seen = database.with_name(f"{database.name}{suffix}")
            survivor = survives(_content(self.folder / seen.name), _content(seen), luck)
            if survivor is None:
                seen.unlink(missing_ok=True)
                (self.folder / seen.name).unlink(missing_ok=True)
            else:
                seen.write_bytes(survivor)
                self.keep(seen.name, survivor)
        database.with_name(f"{database.name}{SHARED_MEMORY}").unlink(missing_ok=True)


def survives(synced: bytes | None, seen: bytes | None, luck: Luck) -> bytes | None:
    """Tell what a cut leaves of a file; None stands for a file that is not there."""
    if seen is None:
        return None if luck.strikes() else synced
    old, new = _blocks(synced or b"", luck.block), _blocks(seen, luck.block)
    blocks = [
        after if after is not None and after != before and luck.strikes() else before
        for before, after in zip_longest(old, new)
    ]
    if len(new) < len(old) and luck.strikes():
        del blocks[len(new) :]
    while blocks and blocks[-1] is None:  # the file ends with the last block that is there
        blocks.pop()
    if not blocks:
        return synced and b""
    # What was never written, before something that was, reads as zeros.
    return b"".join((block or b"").ljust(luck.block, b"\0") for block in blocks[:-1]) + blocks[-1]


def _blocks(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
