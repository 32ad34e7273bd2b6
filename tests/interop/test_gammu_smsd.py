"""gammu's SMS daemon, written by others for real modems, sends and receives through the virtual one."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from peers import DEBIAN, INCOMING, OUTGOING, PARTS, RECIPIENT, accepted, comes_to, daemon, is_cyrillic, run

from simmodem import Profile, VirtualModems

pytestmark = pytest.mark.interop

# Of a report that the modem stores, gammu notes only that there is one; one that is handed over it reads.
HANDS_REPORTS_OVER = Profile(cnmi_advertised=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1), (0, 1)))
SMSD, INJECT = DEBIAN / "usr/bin/gammu-smsd", DEBIAN / "usr/bin/gammu-smsd-inject"
FOLDERS = ("inbox", "outbox", "sent", "error")


class Smsd:
    """The daemon's folders beside a modem. What gammu keeps of a message is hex of UTF-16, after `Text00 = `."""

    def __init__(self, vm: VirtualModems, folder: Path) -> None:
        self.vm = vm
        self.config = folder / "smsdrc"
        self._folder = folder
        for name in FOLDERS:
            (folder / name).mkdir()
        self.config.write_text(
            f"""[gammu]
device = {vm.paths[0]}
connection = at115200
[smsd]
service = files
inboxpath = {folder}/inbox/
outboxpath = {folder}/outbox/
sentsmspath = {folder}/sent/
errorsmspath = {folder}/error/
inboxformat = detail
deliveryreport = sms
commtimeout = 1
receivefrequency = 1
""",
            encoding="utf-8",
        )

    async def inject(self, text: str) -> None:
        """Put a text that wants a report into the outbox."""
        coding = ["-unicode"] if is_cyrillic(text) else []
        await run(
            *(INJECT, "-c", self.config, "TEXT", RECIPIENT, "-report"),
            *(*coding, "-autolen", f"{len(text)}", "-text", text),
        )

    def kept(self, folder: str) -> list[str]:
        """Read all that is in a folder; gammu's comments there are cut anywhere."""
        return [path.read_text(encoding="utf-8", errors="replace") for path in (self._folder / folder).iterdir()]

    def sent(self) -> int:
        """Count the messages that are put away as sent."""
        return sum(set(re.findall(r"^State = (\w*)$", kept, re.MULTILINE)) == {"Sent"} for kept in self.kept("sent"))

    def reports(self) -> list[tuple[str, str, str]]:
        """Give number, reference and text of the reports that came in."""
        return sorted(
            (_field("Number", kept), _field("MessageReference", kept), _text(kept))
            for kept in self.kept("inbox")
            if _field("PDU", kept) == "Status_Report"
        )

    def received(self) -> list[tuple[str, str]]:
        """Give sender and text of the messages that came in."""
        return sorted(
            (_field("Number", kept), _text(kept)) for kept in self.kept("inbox") if _field("PDU", kept) == "Deliver"
        )


def _field(name: str, kept: str) -> str:
    found = re.search(rf'^{name} = "?(.*?)"?$', kept, re.MULTILINE)
    return found[1] if found else ""


def _text(kept: str) -> str:
    pieces = re.findall(r"^Text\d\d = (\w*)$", kept, re.MULTILINE)
    # gammu keeps as many characters as there are septets, of which € takes two.
    return "".join(bytes.fromhex(piece).decode("utf-16-be") for piece in pieces).rstrip("\0")


@pytest.fixture
async def smsd(tmp_path: Path) -> AsyncIterator[Smsd]:
    async with VirtualModems(tmp_path / "modems", profile=HANDS_REPORTS_OVER) as vm:
        yield Smsd(vm, tmp_path)


async def test_what_gammu_smsd_sends_arrives_once_and_is_reported(smsd: Smsd) -> None:
    for text in OUTGOING:
        await smsd.inject(text)
    async with daemon(SMSD, "-c", smsd.config):
        await comes_to(lambda: accepted(smsd.vm), Counter(OUTGOING))
        await comes_to(smsd.sent, len(OUTGOING))
        await comes_to(smsd.reports, sorted((RECIPIENT, f"{part.mr}", "Delivered") for part in smsd.vm.network.ledger))
    assert len(smsd.vm.network.ledger) == PARTS
    assert (smsd.kept("outbox"), smsd.kept("error")) == ([], [])


async def test_gammu_smsd_takes_in_what_the_network_delivers(smsd: Smsd) -> None:
    for sender, text in INCOMING[:2]:
        smsd.vm.incoming(0, sender, text)
    async with daemon(SMSD, "-c", smsd.config):
        await comes_to(smsd.received, sorted(INCOMING[:2]))
        for sender, text in INCOMING[2:]:
            smsd.vm.incoming(0, sender, text)
        await comes_to(smsd.received, sorted(INCOMING))
    assert not any(memory.slots for memory in smsd.vm.modems[0].state.storage.memories.values())
