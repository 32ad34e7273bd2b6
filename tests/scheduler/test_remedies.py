"""What is done to a modem that refuses: nothing, setting it up again, restarting it, and not too often."""

import pytest

from smsgw.at.errors import ErrorKind, Verdict, describe
from smsgw.scheduler.remedies import Remedies, Remedy

HOUR_S = 3_600.0


def cms(code: int) -> Verdict:
    return describe(ErrorKind.CMS, code)


class Watch:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def remedies(watch: Watch) -> Remedies:
    return Remedies(watch)


@pytest.mark.parametrize("code", [300, 305, 313])
def test_where_it_is_the_first_advice_the_modem_is_set_up_again_at_once(remedies: Remedies, code: int) -> None:
    assert remedies.after(cms(code)) is Remedy.SET_UP


def test_a_sim_that_waits_for_a_pin_is_asked_by_setting_the_modem_up(remedies: Remedies) -> None:
    assert remedies.after(describe(ErrorKind.CME, 11)) is Remedy.SET_UP


@pytest.mark.parametrize("code", [302, 311, 316, 500])
def test_where_it_is_a_later_advice_it_waits_for_three_refusals_in_a_row(remedies: Remedies, code: int) -> None:
    assert [remedies.after(cms(code)) for _ in range(3)] == [Remedy.NONE, Remedy.NONE, Remedy.SET_UP]


def test_a_message_that_is_accepted_begins_the_count_anew(remedies: Remedies) -> None:
    for _ in range(5):
        assert remedies.after(cms(500)) is Remedy.NONE
        assert remedies.after(cms(500)) is Remedy.NONE
        remedies.accepted()


@pytest.mark.parametrize("code", [1, 8, 21, 42, 331])
def test_what_the_modem_is_not_to_blame_for_leaves_it_alone(remedies: Remedies, code: int) -> None:
    assert {remedies.after(cms(code)) for _ in range(20)} == {Remedy.NONE}


def test_a_modem_that_was_set_up_in_vain_is_restarted(remedies: Remedies) -> None:
    assert [remedies.after(cms(300)) for _ in range(3)] == [Remedy.SET_UP, Remedy.RESTART, Remedy.SET_UP]
    remedies.accepted()
    assert remedies.after(cms(300)) is Remedy.SET_UP


def test_a_restart_is_not_the_cure_for_everything(remedies: Remedies) -> None:
    assert [remedies.after(cms(305)) for _ in range(4)] == [Remedy.SET_UP] * 4


def test_a_modem_is_restarted_three_times_an_hour_at_most(remedies: Remedies, watch: Watch) -> None:
    chosen = [remedies.after(cms(300)) for _ in range(20)]
    assert chosen.count(Remedy.RESTART) == 3
    watch.now += HOUR_S + 1
    assert Remedy.RESTART in [remedies.after(cms(300)) for _ in range(2)]
