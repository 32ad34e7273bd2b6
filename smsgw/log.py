"""How the program logs: coloured lines for people, JSON for machines, priorities for the journal.

Knows no subject of its own. Values under names that mean a secret or a message text are blotted out whatever the level.
"""

import logging
import os
import sys
from enum import StrEnum
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


class Format(StrEnum):
    """Shape of a log line."""

    AUTO = "auto"  # console on a terminal and in the journal, JSON otherwise
    CONSOLE = "console"  # for people
    JSON = "json"  # one object a line


WIRE = "smsgw.wire"
_BLOTTED = frozenset({"authorization", "message", "pdu", "pin", "secret", "text", "token"})
# syslog severities, as sd-daemon(3) reads them at the beginning of a line.
_PRIORITY = {"debug": 7, "info": 6, "warning": 4, "error": 3, "exception": 3, "critical": 2}


def configure(*, level: str = "info", format: Format = Format.AUTO, wire: bool = False) -> None:
    """Send everything the program and its libraries log to standard error.

    `wire` switches on the record of what passes between gateway and modems.
    """
    journal = _journal_listens()
    console = format is Format.CONSOLE or (format is Format.AUTO and (sys.stderr.isatty() or journal))
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _blot,
    ]
    if not (console and journal):  # which knows the time of each line itself
        shared.append(structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(console, journal))
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger(WIRE).setLevel(logging.DEBUG if wire else logging.WARNING)
    # Says at INFO which selector it uses, at DEBUG every slow callback: of no use to an operator.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    # Says at DEBUG every statement with its values: texts and numbers.
    logging.getLogger("aiosqlite").setLevel(logging.WARNING)


def _rendering(console: bool, journal: bool) -> list[Processor]:
    processors: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    render: Processor
    if console:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        processors.append(structlog.processors.format_exc_info)
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    return [*processors, _with_priority(render) if journal else render]


def _journal_listens() -> bool:
    """Tell whether standard error is the journal's: the variable alone is also inherited by redirected children."""
    status = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _with_priority(render: Processor) -> Processor:
    def prefixed(logger: WrappedLogger, name: str, event: EventDict) -> str:
        priority = _PRIORITY.get(str(event.get("level")), 6)
        # The journal takes every line for an entry of its own.
        return "\n".join(f"<{priority}>{line}" for line in str(render(logger, name, event)).splitlines())

    return prefixed


def _blot(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    for key in event.keys() & _BLOTTED:
        event[key] = "[hidden]"
    return event


def get(name: str) -> Any:
    """Return the logger of this name."""
    return structlog.stdlib.get_logger(name)
