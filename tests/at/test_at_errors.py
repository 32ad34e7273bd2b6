"""Every number of the error tables, the vendors' dialects and the texts that stand for numbers."""

import pytest

from smsgw.at.error_table import CME, CME_VENDOR, CMS, CMS_VENDOR, RENUMBERED
from smsgw.at.error_texts import CME_TEXTS, CMS_TEXTS
from smsgw.at.errors import Action, ErrorKind, Vendor, Verdict, describe

STANDARD_CMS = [
    *[1, 8, 10, 17, 21, 22, 27, 28, 29, 30, 38, 41, 42, 47, 50, 69, 81, 95, 96, 97, 98, 99, 111, 127],
    *[128, 129, 130, 143, 144, 145, 159, 160, 161, 175, 176, *range(192, 200), *range(208, 214), *range(224, 256)],
    *[287, 290, 296, 297, *range(300, 306), *range(310, 319), 320, 321, 322, 330, 331, 332, 340, 500],
    *range(350, 374),
]
STANDARD_CME = [
    *[0, 1, 2, 3, 4, 5, *range(10, 19), *range(20, 28), 30, 31, 32, *range(40, 51), 100, 103, 106, 107, 111, 112, 113],
    *[132, 133, 134, 148, 149, 150, 257, 258, 515, 604, 615, 616, 769, 770, 771, 772],
]


@pytest.mark.parametrize("code", STANDARD_CMS)
def test_every_standard_message_error_has_a_meaning_and_an_action(code: int) -> None:
    verdict = describe(ErrorKind.CMS, code)
    assert verdict.code == code
    assert verdict.meaning
    assert verdict.actions


@pytest.mark.parametrize("code", STANDARD_CME)
def test_every_standard_modem_error_has_a_meaning_and_an_action(code: int) -> None:
    verdict = describe(ErrorKind.CME, code)
    assert verdict.code == code
    assert verdict.meaning
    assert verdict.actions


@pytest.mark.parametrize(
    ("code", "actions"),
    [
        (1, (Action.PERMANENT,)),
        (8, (Action.SIM_FAULT, Action.OTHER_SIM)),
        (21, (Action.OTHER_SIM, Action.PERMANENT)),
        (41, (Action.RETRY_NOW, Action.RETRY)),
        (42, (Action.SLOW_DOWN, Action.RETRY)),
        (96, (Action.FIX,)),
        (111, (Action.RETRY, Action.OTHER_SIM)),
        (193, (Action.SIM_FAULT, Action.OTHER_SIM)),
        (196, (Action.PERMANENT,)),
        (197, (Action.DUPLICATE_ACCEPTED,)),
        (208, (Action.CLEAN_STORE, Action.RETRY)),
        (300, (Action.REINIT, Action.RESET_MODEM)),
        (302, (Action.WAIT, Action.REINIT, Action.RESET_MODEM)),
        (305, (Action.REINIT,)),
        (314, (Action.RETRY_NOW, Action.RETRY)),
        (321, (Action.SKIP,)),
        (322, (Action.CLEAN_STORE, Action.WAIT)),
        (330, (Action.FIX,)),
        (331, (Action.WAIT,)),
        (332, (Action.UNKNOWN_OUTCOME, Action.RETRY)),
        (340, (Action.IGNORE,)),
    ],
)
def test_a_message_error_says_what_to_do(code: int, actions: tuple[Action, ...]) -> None:
    assert describe(ErrorKind.CMS, code).actions == actions


@pytest.mark.parametrize(("code", "cause"), RENUMBERED.items())
def test_renumbered_causes_advise_what_the_cause_advises(code: int, cause: int) -> None:
    renumbered, original = describe(ErrorKind.CMS, code), describe(ErrorKind.CMS, cause)
    assert (renumbered.meaning, renumbered.actions) == (original.meaning, original.actions)
    assert renumbered.code == code


def test_quectel_means_a_missing_bearer_by_350() -> None:
    assert describe(ErrorKind.CMS, 350, Vendor.QUECTEL).actions == (Action.WAIT,)
    assert describe(ErrorKind.CMS, 350, Vendor.UBLOX).actions == (Action.PERMANENT,)
    assert describe(ErrorKind.CMS, 351, Vendor.QUECTEL).actions == describe(ErrorKind.CMS, 8).actions


@pytest.mark.parametrize(
    ("vendor", "code", "action"),
    [
        ("quectel", 512, Action.WAIT),
        ("simcom", 512, Action.UNKNOWN_OUTCOME),
        ("telit", 510, Action.PERMANENT),
        ("telit", 513, Action.UNKNOWN_OUTCOME),
        ("cinterion", 532, Action.WAIT),
        ("wavecom", 515, Action.WAIT),
        ("motorola", 513, Action.PERMANENT),
        ("u-blox", 538, Action.UNKNOWN_OUTCOME),
        ("u-blox", 640, Action.RETRY),
        ("simcom", 225, Action.UNKNOWN_OUTCOME),
        ("sierra", 606, Action.WAIT),
        ("itegno", 513, Action.REINIT),
        (None, 513, Action.RETRY),
        ("nobody", 513, Action.RETRY),
    ],
)
def test_the_same_number_means_what_its_vendor_says(vendor: str | None, code: int, action: Action) -> None:
    assert describe(ErrorKind.CMS, code, vendor).actions[0] is action


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ErrorKind.CMS, 999),
        (ErrorKind.CMS, None),
        (ErrorKind.CMS, "gibberish"),
        (ErrorKind.PLAIN, None),
        (ErrorKind.PLAIN, 5),
    ],
)
def test_what_nobody_knows_counts_as_an_unknown_error(kind: ErrorKind, code: int | str | None) -> None:
    assert describe(kind, code).actions == describe(ErrorKind.CMS, 500).actions


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (ErrorKind.CMS, "SIM busy", 314),
        (ErrorKind.CME, "SIM busy", 14),
        (ErrorKind.CMS, "(U)SIM not inserted", 310),
        (ErrorKind.CMS, "Invalid memory index", 321),
        (ErrorKind.CMS, "no network service", 331),
        (ErrorKind.CME, "incorrect password", 16),
        (ErrorKind.CME, " SIM PIN required ", 11),
        (ErrorKind.CMS, "0021", 21),
    ],
)
def test_a_text_stands_for_its_number(kind: ErrorKind, text: str, number: int) -> None:
    assert describe(kind, text) == describe(kind, number)


def test_every_text_leads_to_a_row() -> None:
    assert set(CMS_TEXTS.values()) <= set(CMS)
    assert set(CME_TEXTS.values()) <= set(CME)


def test_a_wrong_pin_stops_the_sim_for_good() -> None:
    assert describe(ErrorKind.CME, 16).actions == (Action.STOP_SIM,)


def test_a_busy_sim_says_how_long_to_wait() -> None:
    assert describe(ErrorKind.CMS, 314).wait_s == 2
    assert describe(ErrorKind.CMS, 38).wait_s == 600


def test_no_vendor_row_is_without_advice() -> None:
    rows: list[Verdict] = [v for table in (*CMS_VENDOR.values(), *CME_VENDOR.values()) for v in table.values()]
    assert all(row.actions and row.meaning for row in rows)
