"""smstools, written by others for real modems, sends and receives through the virtual one."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from peers import DEBIAN, INCOMING, OUTGOING, PARTS, RECIPIENT, accepted, comes_to, daemon

from simmodem import Profile, VirtualModems

pytestmark = pytest.mark.interop

# smstools looks into one store only: reports must be put where messages are.
ONE_STORE = Profile(report_memory="SM")
NUMBER = RECIPIENT.removeprefix("+")
DELIVERED = "0,Ok,short message received by the SME"
SMSD = DEBIAN / "usr/sbin/smsd"
FOLDERS = ("outgoing", "checked", "sent", "failed", "incoming", "report")


class Smsd:
    """The daemon's folders beside a modem: headers, an empty line and a text in each file."""

    def __init__(self, vm: VirtualModems, folder: Path) -> None:
        self.vm = vm
        self.config = folder / "smsd.conf"
        self._folder = folder
        for name in FOLDERS:
            (folder / name).mkdir()
        folders = "\n".join(f"{name} = {folder / name}" for name in FOLDERS)
        self.config.write_text(
            f"""devices = north
{folders}
logfile = {folder}/log
infofile = {folder}/info
pidfile = {folder}/pid
loglevel = 7
delaytime = 1
errorsleeptime = 1
executable_check = no
incoming_utf8 = yes
decode_unicode_text = yes

[north]
device = {vm.paths[0]}
init = AT+CNMI=2,1,0,2,0
incoming = yes
report = yes
rtscts = no
""",
            encoding="utf-8",
        )

    def queue(self, name: str, text: str) -> None:
        """Put a text into the outgoing folder, at once and whole."""
        draft = self._folder / "draft"
        draft.write_text(f"To: {NUMBER}\nAlphabet: UTF-8\n\n{text}", encoding="utf-8")
        draft.rename(self._folder / "outgoing" / name)

    def names(self, *folders: str) -> list[str]:
        """Give the names of the files in some folders."""
        return sorted(path.name for folder in folders for path in (self._folder / folder).iterdir())

    def texts(self, folder: str) -> list[tuple[str, str]]:
        """Give number and text of all that is in a folder."""
        written = [path.read_text(encoding="utf-8") for path in (self._folder / folder).iterdir()]
        return sorted(_parsed(text) for text in written)

    def reports(self) -> list[tuple[str, list[str]]]:
        """Give number, reference and outcome of the reports that came in."""
        return sorted(
            (number, re.findall(r"^(?:Message_id|Status): (.*)$", text, re.MULTILINE))
            for number, text in self.texts("report")
        )


def _parsed(written: str) -> tuple[str, str]:
    head, _, text = written.partition("\n\n")
    number = re.search(r"^From: (.*)$", head, re.MULTILINE)
    return number[1] if number else "", text


@pytest.fixture
async def smsd(tmp_path: Path) -> AsyncIterator[Smsd]:
    async with VirtualModems(tmp_path / "modems", profile=ONE_STORE) as vm:
        yield Smsd(vm, tmp_path)


async def test_what_smstools_sends_arrives_once_and_is_reported(smsd: Smsd) -> None:
    for number, text in enumerate(OUTGOING):
        smsd.queue(f"{number}", text)
    names = smsd.names("outgoing")
    async with daemon(SMSD, "-t", "-c", smsd.config):
        await comes_to(lambda: accepted(smsd.vm), Counter(OUTGOING))
        await comes_to(lambda: smsd.names("sent"), names)
        await comes_to(smsd.reports, sorted((NUMBER, [f"{part.mr}", DELIVERED]) for part in smsd.vm.network.ledger))
    assert len(smsd.vm.network.ledger) == PARTS
    assert smsd.names("outgoing", "checked", "failed") == []


async def test_smstools_takes_in_what_the_network_delivers(smsd: Smsd) -> None:
    expected = [(sender.removeprefix("+"), text) for sender, text in INCOMING]
    for sender, text in INCOMING[:2]:
        smsd.vm.incoming(0, sender, text)
    async with daemon(SMSD, "-t", "-c", smsd.config):
        await comes_to(lambda: smsd.texts("incoming"), sorted(expected[:2]))
        for sender, text in INCOMING[2:]:
            smsd.vm.incoming(0, sender, text)
        await comes_to(lambda: smsd.texts("incoming"), sorted(expected))
    assert not any(memory.slots for memory in smsd.vm.modems[0].state.storage.memories.values())
