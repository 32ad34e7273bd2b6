"""Every value of TP-ST has an outcome and a meaning (3GPP TS 23.040 §9.2.3.15)."""

import pytest

from smsgw.gsm.pdu import DeliveryOutcome, delivery_outcome, status_meaning


def expected(status: int) -> DeliveryOutcome:
    if status == 0x46:
        return DeliveryOutcome.EXPIRED
    return {
        0: DeliveryOutcome.DELIVERED,
        1: DeliveryOutcome.PENDING,
        2: DeliveryOutcome.FAILED,
    }.get(status >> 5, DeliveryOutcome.GAVE_UP)


@pytest.mark.parametrize("status", range(256))
def test_the_group_decides_the_outcome(status: int) -> None:
    assert delivery_outcome(status) is expected(status)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0x00, "received by the recipient's phone"),
        (0x0A, "completed (reserved value)"),
        (0x12, "completed (value of this service centre)"),
        (0x20, "still trying: network congestion"),
        (0x26, "still trying (reserved value)"),
        (0x30, "still trying (value of this service centre)"),
        (0x43, "recipient not obtainable"),
        (0x46, "validity period expired"),
        (0x4B, "permanent error (reserved value)"),
        (0x5F, "permanent error (value of this service centre)"),
        (0x65, "tries no more: error in the recipient's phone"),
        (0x66, "temporary error, tries no more (reserved value)"),
        (0x70, "temporary error, tries no more (value of this service centre)"),
        (0xFF, "service rejected, tries no more (reserved value)"),
    ],
)
def test_meanings(status: int, meaning: str) -> None:
    assert status_meaning(status) == meaning


@pytest.mark.parametrize("status", [-1, 256])
def test_what_is_no_octet_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match=str(status)):
        delivery_outcome(status)
    with pytest.raises(ValueError, match=str(status)):
        status_meaning(status)


def test_only_a_pending_outcome_leaves_more_to_expect() -> None:
    assert [outcome for outcome in DeliveryOutcome if not outcome.is_final] == [DeliveryOutcome.PENDING]
    assert [outcome for outcome in DeliveryOutcome if outcome.is_failure] == [
        DeliveryOutcome.FAILED,
        DeliveryOutcome.EXPIRED,
        DeliveryOutcome.GAVE_UP,
    ]
