"""The moves that messages, parts and devices may make, as the contract and the drawings list them."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from smsgw.errors import Language
from smsgw.model import (
    DEVICE_TRANSITIONS,
    PART_TRANSITIONS,
    STATUS_TEXTS,
    TRANSITIONS,
    DeviceState,
    IllegalMove,
    PartState,
    Status,
    advance,
    sources,
)

Table = Mapping[Any, frozenset[Any]]
TABLES: list[tuple[type[Enum], Table]] = [
    (Status, TRANSITIONS),
    (PartState, PART_TRANSITIONS),
    (DeviceState, DEVICE_TRANSITIONS),
]
each_table = pytest.mark.parametrize(("kind", "table"), TABLES, ids=lambda v: v.__name__ if isinstance(v, type) else "")


def reachable(table: Table, start: Any) -> set[Any]:
    """Every state that some sequence of moves leads to."""
    seen: set[Any] = set()
    ahead = [start]
    while ahead:
        for target in table[ahead.pop()] - seen:
            seen.add(target)
            ahead.append(target)
    return seen


def test_a_message_makes_exactly_the_moves_of_the_contract() -> None:
    moves = {(int(source), int(target)) for source, targets in TRANSITIONS.items() for target in targets}
    assert moves == {(0, 1), (1, 2), (1, 3), (1, 0), (0, 3), (2, 4), (2, 5), (1, 4), (1, 5), (5, 4), (3, 4)}


def test_nothing_leaves_delivered() -> None:
    assert not TRANSITIONS[Status.DELIVERED]
    assert not PART_TRANSITIONS[PartState.DELIVERED]


def test_only_delivered_leads_out_of_a_failure() -> None:
    for failure in (Status.SEND_ERROR, Status.DELIVERY_ERROR):
        assert TRANSITIONS[failure] == {Status.DELIVERED}
    for lost in (PartState.FAILED, PartState.UNDELIVERED):
        assert PART_TRANSITIONS[lost] == {PartState.DELIVERED}


def test_a_part_gets_to_the_network_only_by_being_submitted() -> None:
    assert sources(PART_TRANSITIONS, PartState.SUBMITTING) == (PartState.PENDING,)
    from_the_wire = {PartState.SUBMITTING, PartState.UNCERTAIN, PartState.LEFT}
    assert set(sources(PART_TRANSITIONS, PartState.ACCEPTED)) == from_the_wire
    assert set(sources(PART_TRANSITIONS, PartState.LEFT)) == {PartState.UNCERTAIN}


def test_a_part_in_doubt_is_never_put_on_the_wire_directly() -> None:
    for doubt in (PartState.UNCERTAIN, PartState.LEFT):
        assert PartState.SUBMITTING not in PART_TRANSITIONS[doubt]


def test_the_status_numbers_and_texts_are_those_of_the_contract() -> None:
    assert [(int(s), text) for s, text in STATUS_TEXTS[Language.RU].items()] == [
        (0, "Ждет обработки"),
        (1, "Взято в обработку"),
        (2, "Отправлено"),
        (3, "Ошибка отправки"),
        (4, "Доставлено"),
        (5, "Ошибка доставки"),
    ]
    assert list(STATUS_TEXTS[Language.EN].values()) == [
        *["Waiting", "Processing", "Sent", "Send error", "Delivered", "Delivery error"]
    ]


def test_every_language_has_a_text_for_every_status() -> None:
    assert {language: set(texts) for language, texts in STATUS_TEXTS.items()} == {
        language: set(Status) for language in Language
    }


@each_table
def test_every_state_has_its_moves_and_none_to_itself(kind: type[Enum], table: Table) -> None:
    assert set(table) == set(kind)
    assert all(state not in targets for state, targets in table.items())


@pytest.mark.parametrize(
    ("table", "start"),
    [(TRANSITIONS, Status.WAITING), (PART_TRANSITIONS, PartState.PENDING), (DEVICE_TRANSITIONS, DeviceState.OFFLINE)],
)
def test_every_state_is_reached_from_the_first(table: Table, start: Any) -> None:
    assert reachable(table, start) | {start} == set(table)


@pytest.mark.parametrize("state", DeviceState)
def test_every_device_finds_its_way_back(state: DeviceState) -> None:
    assert {DeviceState.READY, DeviceState.DISABLED} <= reachable(DEVICE_TRANSITIONS, state)


def test_a_device_can_be_switched_off_and_only_by_going_offline_on_again() -> None:
    assert set(sources(DEVICE_TRANSITIONS, DeviceState.DISABLED)) == set(DeviceState) - {DeviceState.DISABLED}
    assert DEVICE_TRANSITIONS[DeviceState.DISABLED] == {DeviceState.OFFLINE}


def test_whatever_has_the_port_open_can_lose_it() -> None:
    for state in (
        *[DeviceState.OPENING, DeviceState.INITIALISING, DeviceState.REGISTERING],
        *[DeviceState.READY, DeviceState.SENDING],
    ):
        assert {DeviceState.RECOVERING, DeviceState.OFFLINE} <= DEVICE_TRANSITIONS[state]


@each_table
def test_advance_makes_every_listed_move_and_no_other(kind: type[Enum], table: Table) -> None:
    for current in kind:
        for target in kind:
            if target in table[current]:
                assert advance(table, current, target) is target
            else:
                with pytest.raises(IllegalMove, match=f"{current.name} may not become {target.name}"):
                    advance(table, current, target)


@each_table
def test_sources_is_the_table_read_backwards(kind: type[Enum], table: Table) -> None:
    backwards = {(source, target) for target in kind for source in sources(table, target)}
    assert backwards == {(source, target) for source, targets in table.items() for target in targets}
