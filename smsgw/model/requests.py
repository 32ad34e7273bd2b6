"""What clients ask for, and what they are told of it."""

from dataclasses import dataclass

from smsgw.errors import CallerError, Language, Text
from smsgw.model.sims import Route

DEFAULT_PRIORITY = 5  # of 0 to 9


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRequest:
    """A message as a client asks for it, its shape already checked; empty strings and None mean unset."""

    text: str
    phone_number: str  # digits only
    device_id: str = ""
    to_sim: int | None = None
    callback_id: str = ""
    priority: int = DEFAULT_PRIORITY
    ttl_s: int | None = None
    send_at: int | None = None  # Unix milliseconds
    flash: bool = False
    on_uncertain: str | None = None  # as `sending.uncertain` of the configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What would become of a message."""

    encoding: str
    parts: int
    routes: tuple[Route, ...]  # at least one


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatable:
    """What makes a request known again: the client's idempotency key, and a digest of what was asked."""

    key: str
    fingerprint: bytes
    is_new: bool = False  # certainly no repeat: what is kept under the key is of another request


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one message of several was not taken."""

    code: int
    text: Text

    @classmethod
    def of(cls, error: CallerError) -> "Refusal":
        """Put down what an error says."""
        return cls(code=error.code, text=Text(error.text(Language.RU), error.text(Language.EN)))
