"""What the program writes to standard error; each test configures a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from smsgw import log

START = "import logging, structlog\nfrom smsgw import log\nlogger = log.get('smsgw.test')\n"


def written(program: str, tmp_path: Path, *, settings: str = "", journal: bool = False, **environment: str) -> str:
    """Run a program after `log.configure(settings)` and return its standard error."""
    path = tmp_path / "stderr"
    # The locale is the barest there is: a daemon may be started without any.
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", **environment}
    with path.open("wb") as stderr:
        if journal:
            status = os.fstat(stderr.fileno())
            environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        code = f"{START}log.configure({settings})\n{program}"
        subprocess.run([sys.executable, "-c", code], env=environment, stderr=stderr, check=True, timeout=60)
    return path.read_text(encoding="utf-8")


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_has_one_object_a_line_with_what_is_needed_to_find_things(tmp_path: Path) -> None:
    program = "logger.info('ready', port=8080)\nlogger.warning('two\\nlines', a=None, b=b'\\x00', c=[1, 'x'])"
    first, second = objects(written(program, tmp_path, settings="format=log.Format.JSON"))
    assert first.pop("timestamp").endswith("Z")
    assert first == {"event": "ready", "level": "info", "logger": "smsgw.test", "port": 8080}
    assert (second["event"], second["a"], second["c"]) == ("two\nlines", None, [1, "x"])


def test_cyrillic_stays_readable(tmp_path: Path) -> None:
    text = written("logger.info('готово', operator='МТС «Ё»')", tmp_path, settings="format=log.Format.JSON")
    assert "готово" in text
    assert objects(text)[0]["operator"] == "МТС «Ё»"


def test_half_a_surrogate_pair_does_not_break_a_line(tmp_path: Path) -> None:
    (line,) = objects(written("logger.info('odd', name='a\\ud83d')", tmp_path, settings="format=log.Format.JSON"))
    assert line["event"] == "odd"


def test_what_is_not_a_terminal_gets_json_by_itself(tmp_path: Path) -> None:
    assert objects(written("logger.info('x')", tmp_path))[0]["event"] == "x"


def test_the_console_format_is_for_people_and_has_no_colours_in_a_file(tmp_path: Path) -> None:
    text = written("logger.warning('готово', modem='north')", tmp_path, settings="format=log.Format.CONSOLE")
    assert "warning" in text
    assert "готово" in text
    assert "modem=north" in text
    assert "\x1b" not in text
    assert not text.startswith(("{", "<"))


def test_levels_below_the_chosen_one_are_left_out(tmp_path: Path) -> None:
    program = "for level in ('debug', 'info', 'warning', 'error'): getattr(logger, level)(level)"
    for level, expected in (("debug", 4), ("info", 3), ("warning", 2), ("error", 1)):
        assert len(objects(written(program, tmp_path, settings=f"level='{level}'"))) == expected


def test_the_journal_gets_its_priorities(tmp_path: Path) -> None:
    program = (
        "for level in ('debug', 'info', 'warning', 'error', 'critical'): getattr(logger, level)('x')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logger.exception('y')\n"
    )
    settings = "level='debug', format=log.Format.JSON"
    lines = written(program, tmp_path, settings=settings, journal=True).splitlines()
    assert [line[:3] for line in lines] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<3>"]
    assert all(json.loads(line[3:]) for line in lines)


def test_the_journal_is_read_by_people(tmp_path: Path) -> None:
    program = (
        "logger.info('modem', modem='north', state='ready')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logger.exception('y')\n"
    )
    first, *others = written(program, tmp_path, journal=True).splitlines()
    assert first.startswith("<6>[info")
    assert "modem=north state=ready" in first
    assert all(line.startswith("<3>") for line in others)
    assert "<3>ZeroDivisionError: division by zero" in others


async def test_what_the_database_is_asked_is_not_logged(tmp_path: Path) -> None:
    program = "logging.getLogger('aiosqlite').debug('executing SELECT topsecret')"
    assert "topsecret" not in written(program, tmp_path, settings="level='debug'")


def test_a_file_of_a_process_that_merely_inherited_the_journals_variable_gets_none(tmp_path: Path) -> None:
    assert objects(written("logger.info('x')", tmp_path, JOURNAL_STREAM="8:1"))
    assert objects(written("logger.info('x')", tmp_path, JOURNAL_STREAM="garbage"))


@pytest.mark.parametrize("style", ["JSON", "CONSOLE"])
def test_secrets_and_texts_are_blotted_whatever_the_level(tmp_path: Path, style: str) -> None:
    names = ("authorization", "message", "pdu", "pin", "secret", "text", "token")
    given = ", ".join(f"{name}='секрет-1234'" for name in names)
    program = (
        f"logger.error('e', modem='north', {given})\nstructlog.contextvars.bind_contextvars(token='секрет-1234')\n"
    )
    program += "logger.debug('d')\nlogger.bind(pin='секрет-1234').info('i')"
    text = written(program, tmp_path, settings=f"level='debug', format=log.Format.{style}")
    assert "1234" not in text
    assert text.count("[hidden]") >= len(names) + 2
    assert "north" in text


@pytest.mark.parametrize("style", ["JSON", "CONSOLE"])
def test_an_exception_brings_its_traceback(tmp_path: Path, style: str) -> None:
    program = "try: {}['мост']\nexcept KeyError: logger.exception('failed')"
    text = written(program, tmp_path, settings=f"format=log.Format.{style}")
    assert "Traceback (most recent call last)" in text
    assert "KeyError: 'мост'" in text
    if style == "JSON":
        (line,) = objects(text)
        assert (line["event"], line["level"]) == ("failed", "error")


def test_libraries_are_heard_in_the_same_form(tmp_path: Path) -> None:
    program = (
        "logging.getLogger('aiohttp.server').warning('odd %s', 'request')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('aiohttp.server').exception('broken')\n"
    )
    warning, error = objects(written(program, tmp_path))
    assert (warning["event"], warning["level"], warning["logger"]) == ("odd request", "warning", "aiohttp.server")
    assert "ZeroDivisionError" in error["exception"]


def test_what_is_bound_to_a_request_is_on_every_line_of_it(tmp_path: Path) -> None:
    program = "structlog.contextvars.bind_contextvars(request='6654a4e8f152')\nlogger.info('a')\n"
    program += "logging.getLogger('aiohttp').error('b')"
    assert [line["request"] for line in objects(written(program, tmp_path))] == ["6654a4e8f152"] * 2


WIRE = f"log.get('{log.WIRE}').debug('> AT')\nlog.get('{log.WIRE}.north').debug('< OK')\nlogger.debug('other')"


def test_the_dialogue_with_modems_is_silent_even_among_details(tmp_path: Path) -> None:
    assert [line["event"] for line in objects(written(WIRE, tmp_path, settings="level='debug'"))] == ["other"]


def test_the_dialogue_with_modems_is_heard_where_it_is_wanted_and_nothing_else_grows_louder(tmp_path: Path) -> None:
    assert [line["event"] for line in objects(written(WIRE, tmp_path, settings="wire=True"))] == ["> AT", "< OK"]


def test_configuring_again_does_not_say_everything_twice(tmp_path: Path) -> None:
    assert len(objects(written("log.configure()\nlogger.info('once')", tmp_path))) == 1
