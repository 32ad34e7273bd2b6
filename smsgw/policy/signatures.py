"""The signature of a webhook's request, as the Standard Webhooks specification has it."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

PREFIX = "whsec_"
KEY_OCTETS = 32  # of the 24 to 64 that are allowed


def secret_of(key: bytes) -> str:
    """Write a key as it is shown to people."""
    return PREFIX + base64.b64encode(key).decode()


def sign(secrets: Iterable[str], id: str, timestamp: int, body: bytes) -> str:
    """Sign a request of that id, made at a time in Unix seconds, with each of the secrets."""
    signed = f"{id}.{timestamp}.".encode() + body
    keys = (base64.b64decode(secret.removeprefix(PREFIX)) for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" for key in keys)
