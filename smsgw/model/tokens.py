"""API tokens and their rights."""

from dataclasses import dataclass
from enum import StrEnum


class Right(StrEnum):
    """What a token may do."""

    SMS_SEND = "sms:send"
    SMS_READ = "sms:read"
    SMS_DELETE = "sms:delete"
    INBOX_READ = "inbox:read"
    DEVICES_READ = "devices:read"
    DEVICES_EDIT = "devices:edit"
    DEVICES_DELETE = "devices:delete"
    WEBHOOKS_MANAGE = "webhooks:manage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An API token without its secret."""

    row: int
    name: str
    is_enabled: bool
    rights: frozenset[Right]
    per_day: int | None  # messages, None = unlimited
    per_month: int | None
    networks: tuple[str, ...]  # CIDR it may be used from; empty = anywhere
    created_at: int
