"""Signatures, as the library that the authors of Standard Webhooks publish takes them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, strategies as st
from standardwebhooks.webhooks import Webhook as Verifier, WebhookVerificationError

from smsgw.policy import secret_of, sign

KEYS = st.binary(min_size=24, max_size=64)
BODIES = st.text().map(lambda text: text.encode("utf-8", "replace"))


def now() -> int:
    return int(datetime.now(UTC).timestamp())


def headers(signature: str, id: str = "69a42a400000000000000001", at: int | None = None) -> dict[str, str]:
    return {
        "webhook-id": id,
        "webhook-timestamp": str(now() if at is None else at),
        "webhook-signature": signature,
    }


@given(key=KEYS, body=BODIES)
def test_any_body_is_verified_with_the_secret_as_it_is_shown(key: bytes, body: bytes) -> None:
    secret = secret_of(key)
    at = now()
    sent = headers(sign([secret], "69a42a400000000000000001", at, body), at=at)
    Verifier(secret).verify(body, sent, json_parse=False)


@given(key=KEYS, old=KEYS, body=BODIES)
def test_while_a_secret_is_changed_either_verifies(key: bytes, old: bytes, body: bytes) -> None:
    at = now()
    signature = sign([secret_of(key), secret_of(old)], "69a42a400000000000000001", at, body)
    for one in (key, old):
        Verifier(secret_of(one)).verify(body, headers(signature, at=at), json_parse=False)


@given(key=KEYS, other=KEYS)
def test_another_secret_another_body_and_another_id_do_not_verify(key: bytes, other: bytes) -> None:
    at = now()
    secret = secret_of(key)
    sent = headers(sign([secret], "69a42a400000000000000001", at, b"{}"), at=at)
    if other != key:
        with pytest.raises(WebhookVerificationError):
            Verifier(secret_of(other)).verify(b"{}", sent, json_parse=False)
    for body, changed in ((b"[]", sent), (b"{}", sent | {"webhook-id": "69a42a400000000000000002"})):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, changed, json_parse=False)
