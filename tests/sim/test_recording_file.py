"""A recording is read by the virtual modem as the gateway wrote it, byte by byte, and by people without help."""

from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from simmodem import recording
from simmodem.recording import RecordingError, Who
from smsgw.modem.recording import FIRST_LINE, compose, escape
from smsgw.modem.tape import Chunk, Direction

chunks = st.lists(
    st.builds(
        Chunk,
        at=st.floats(0, 1e6),
        wall=st.floats(0, 4e9),
        direction=st.sampled_from(Direction),
        data=st.binary(max_size=80),
    ),
    max_size=20,
)


@given(chunks, st.text(max_size=80))
@example([Chunk(at=1.0, wall=2.0, direction=Direction.HEARD, data=b"\r\n> ")], "")
@example([Chunk(at=1.0, wall=2.0, direction=Direction.HEARD, data=rb"\x1a\r\n")], "\n+0 t > x")
def test_what_is_written_is_read(said: list[Chunk], reason: str) -> None:
    said.sort(key=lambda chunk: chunk.at)
    text = compose(said, modem="north", reason=reason, written=0.0)
    entries = recording.parse(text.encode("ascii", "backslashreplace").decode())
    assert [(entry.who.value, entry.data) for entry in entries] == [(c.direction.value, c.data) for c in said]
    start = said[0].at if said else 0.0
    assert [entry.at for entry in entries] == pytest.approx([chunk.at - start for chunk in said], abs=1e-5)


@given(st.binary())
def test_escaped_bytes_are_one_line_of_ascii_without_a_blank_at_its_end(data: bytes) -> None:
    text = escape(data)
    assert text.isascii()
    assert text.isprintable()
    assert not text.endswith(" ")


def test_a_line_reads_well() -> None:
    chunk = Chunk(at=7.25, wall=1_764_107_763.120331, direction=Direction.WROTE, data=b"AT+CMGS=23\r")
    line = compose([chunk], modem="north", reason="silent", written=0.0).splitlines()[-1]
    assert line == r"   0.000000 2025-11-25T21:56:03.120331Z > AT+CMGS=23\r"


def test_a_recording_that_went_through_a_mail_program_is_read(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(f"{FIRST_LINE}\r\n# north\r\n\r\n0.5 - < \\r\\nOK\\x20\r\n".encode())
    (entry,) = recording.read(path)
    assert (entry.number, entry.at, entry.who, entry.data) == (4, 0.5, Who.MODEM, b"\r\nOK ")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no recording"),
        ("AT\nOK\n", "no recording"),
        (f"{FIRST_LINE}\nhello", "line 2"),
        (f"{FIRST_LINE}\n# all is well\n1.0 - ? OK", "line 3"),
        (f"{FIRST_LINE}\n1.0 - < \\q", "line 2"),
        (f"{FIRST_LINE}\n1.0 - < \\x1", "line 2"),
        (f"{FIRST_LINE}\n1.0 - < \\", "line 2"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(RecordingError, match=complaint):
        recording.parse(text)
