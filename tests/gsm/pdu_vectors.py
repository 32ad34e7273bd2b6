"""The PDUs of tests/data/pdu_vectors.toml, for every test that reads or writes them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

Vector = dict[str, Any]

_DEFAULTS: Vector = {
    "number": "447700900123",
    "type": 1,
    "text": None,
    "octets": None,
    "encoding": "gsm7",
    "flash": False,
    "concatenation": None,
    "validity_s": None,
    "status_report": False,
    "encodes": True,
    "protocol_id": 0,
    "is_for_people": True,
    "more_to_come": False,
    "waiting": None,
    "time": None,
}

_TABLES = tomllib.loads((Path(__file__).parent.parent / "data" / "pdu_vectors.toml").read_text(encoding="utf-8"))


def vectors(kind: str) -> list[Vector]:
    return [_DEFAULTS | vector for vector in _TABLES[kind]]


def each(*kinds: str) -> pytest.MarkDecorator:
    """Run a test once for every vector of these kinds."""
    chosen = [vector for kind in kinds for vector in vectors(kind)]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector["id"])
