"""The house as drawn: every room imports only rooms below it, and the pure rooms import neither clock nor I/O."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SMSGW = ROOT / "smsgw"
SIMMODEM = ROOT / "hardware-sim" / "simmodem"

# From the roof down; rooms on one floor do not know each other.
FLOORS: list[set[str]] = [
    {"__main__"},
    {"cli"},
    {"commands", "demo"},
    {"daemon", "detect", "upkeep", "console", "config_files"},
    {"mqtt"},
    {"api", "scheduler", "webhooks"},
    {"gateway"},
    {"store", "modem"},
    {"policy", "rendering"},
    {"at", "gsm", "config", "log", "notify", "waiting", "zone"},
    {"model"},
    {"errors"},
    {"__init__"},
]
PURE = {"at", "gsm", "policy", "rendering", "config", "model", "errors"}
# What would let a pure room see time, chance, the outside or the log.
IMPURE_MODULES = {
    "aiohttp",
    "aiosqlite",
    "asyncio",
    "io",
    "logging",
    "os",
    "pathlib",
    "random",
    "secrets",
    "serial",
    "serial_asyncio",
    "socket",
    "sqlite3",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}
# What only one room each may touch.
OWNED = {
    "sqlite3": {"store"},
    "aiosqlite": {"store"},
    "serial": {"modem"},
    "serial_asyncio": {"modem"},
    "aiomqtt": {"mqtt"},
    "paho": {"mqtt"},
}


def room(path: Path) -> str:
    return path.relative_to(SMSGW).parts[0].removesuffix(".py")


def floor(name: str) -> int:
    for number, names in enumerate(FLOORS):
        if name in names:
            return number
    raise AssertionError(f"smsgw/{name} stands on no floor of tests/test_layers.py; give it one")


def imported_modules(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import; write the whole name"
            assert node.module is not None
            modules.update({node.module} | {f"{node.module}.{alias.name}" for alias in node.names})
    return modules


SOURCES = sorted(SMSGW.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(SMSGW)))
def test_imports_point_only_downwards(path: Path) -> None:
    here = room(path)
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[0] != "smsgw":
            continue
        there = parts[1] if len(parts) > 1 else "__init__"
        if there == "__version__" or there == here:
            continue
        assert floor(there) > floor(here), f"smsgw/{here} imports {module}, which does not stand below it"


@pytest.mark.parametrize("path", [p for p in SOURCES if room(p) in PURE], ids=lambda p: str(p.relative_to(SMSGW)))
def test_pure_rooms_know_no_clock_and_no_io(path: Path) -> None:
    roots = {module.split(".")[0] for module in imported_modules(path)}
    assert not roots & IMPURE_MODULES


@pytest.mark.parametrize("path", [p for p in SOURCES if room(p) in PURE], ids=lambda p: str(p.relative_to(SMSGW)))
def test_pure_rooms_never_ask_for_the_present_time(path: Path) -> None:
    calls = {
        n.func.attr
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    assert not calls & {"now", "utcnow", "today"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(SMSGW)))
def test_each_library_is_touched_by_its_own_room_only(path: Path) -> None:
    roots = {module.split(".")[0] for module in imported_modules(path)}
    for library, owners in OWNED.items():
        assert library not in roots or room(path) in owners


@pytest.mark.parametrize("path", sorted(SIMMODEM.rglob("*.py")), ids=lambda p: str(p.relative_to(SIMMODEM)))
def test_the_virtual_modem_shares_no_code_with_the_gateway(path: Path) -> None:
    assert not {module for module in imported_modules(path) if module.split(".")[0] == "smsgw"}


@pytest.mark.parametrize("path", SOURCES + sorted(SIMMODEM.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_knows(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
