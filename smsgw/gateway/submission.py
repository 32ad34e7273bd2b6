"""Use-cases of the clients: submitting messages, one or many, and asking what would become of one.

A request that carries an idempotency key is answered once; its repeats get the same answer and submit nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import partial

from smsgw.config import Config
from smsgw.errors import (
    BadCallbackId,
    BadMessage,
    BadSendAt,
    CallerError,
    IdempotencyKeyReused,
    Maintenance,
    QueueFull,
    QuotaUsedUp,
    StorageUnavailable,
    Text,
)
from smsgw.gateway.devices import Devices
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.routes import Routes, refuse_if_too_late
from smsgw.gsm.pdu import Concatenation, encode_submit
from smsgw.gsm.text import LoneSurrogate, Segment, TextTooLong, split
from smsgw.model import Preview, Refusal, Repeatable, SendRequest, Token
from smsgw.store import idempotency, messages, parts, queue, room, tokens, webhooks
from smsgw.store.db import Database, Tx

_QUEUE_RETRY_S = 60
_ROOM_RETRY_S = 60
# A message may be put off this long: a year, and a day for the leap year.
FARTHEST_S = 366 * 86_400
# This long a repeat gets the first answer.
REPEATS_FOR_S = 86_400


class Submission:
    """Where messages come in."""

    def __init__(
        self,
        db: Database,
        config: Config,
        ids: ObjectIds,
        configured: Devices,
        zone: tzinfo,
        changed: Callable[[], None],
    ) -> None:
        self._db = db
        self._config = config
        self._ids = ids
        self._routes = Routes(configured, zone)
        self._changed = changed

    async def submit(self, request: SendRequest, token: Token | None, repeatable: Repeatable | None = None) -> str:
        """Store a message durably and return its id.

        Raises the `CallerError` that names what is wrong with it, with the route it asks for or with the queue.
        """
        id = await self._db.write(partial(self._submit_once, request=request, token=token, repeatable=repeatable))
        self._changed()
        return id

    def enter(self, tx: Tx, request: SendRequest) -> str:
        """Store a message of the gateway's own within an open transaction and return its id.

        Raises what `submit` raises, and has stored nothing then.
        """
        self._refuse_if_closed()
        return self._submit(tx, request, None)

    async def submit_batch(
        self, requests: Sequence[SendRequest | Refusal], token: Token, repeatable: Repeatable | None = None
    ) -> list[str | Refusal]:
        """Store messages durably in one transaction and return for each its id, or why it was refused.

        What was refused before, by its shape, keeps its place. Raises `Maintenance`, `StorageUnavailable` and
        `IdempotencyKeyReused`.
        """
        results = await self._db.write(
            partial(self._submit_batch_once, requests=requests, token=token, repeatable=repeatable)
        )
        self._changed()
        return results

    async def preview(self, request: SendRequest, token: Token) -> Preview:
        """Tell what would become of a message, and store nothing; raises what `submit` would raise."""
        return await self._db.write(partial(self._preview, request=request, token=token))

    async def shortage(self) -> Text | None:
        """Say that the disk is too full for new messages; None if it is not."""
        return await self._db.write(lambda tx: self._shortage())

    # ── within the transaction ──

    def _preview(self, tx: Tx, request: SendRequest, token: Token) -> Preview:
        self._refuse_if_closed()
        checked = self._checked(tx, request)
        _check_quota(tx, token)
        return Preview(
            encoding=checked.segments[0].encoding,
            parts=len(checked.segments),
            routes=tuple(self._routes.open_to(tx, request, len(checked.segments), checked.begins)),
        )

    def _submit_once(self, tx: Tx, request: SendRequest, token: Token | None, repeatable: Repeatable | None) -> str:
        if token and repeatable and (answered := _answered(tx, token, repeatable)):
            (result,) = answered
            assert isinstance(result, str)
            return result
        self._refuse_if_closed()
        id = self._submit(tx, request, token)
        if token and repeatable:
            idempotency.keep(tx, token.row, repeatable, [id])
        return id

    def _submit_batch_once(
        self, tx: Tx, requests: Sequence[SendRequest | Refusal], token: Token, repeatable: Repeatable | None
    ) -> list[str | Refusal]:
        if repeatable and (answered := _answered(tx, token, repeatable)):
            return answered
        self._refuse_if_closed()
        results = [self._result(tx, request, token) for request in requests]
        if repeatable:
            idempotency.keep(tx, token.row, repeatable, results)
        return results

    def _result(self, tx: Tx, request: SendRequest | Refusal, token: Token) -> str | Refusal:
        if isinstance(request, Refusal):
            return request
        try:
            return self._submit(tx, request, token)
        except CallerError as error:
            return Refusal.of(error)

    def _refuse_if_closed(self) -> None:
        """Raise what keeps any message out. Disks fill and break: what was taken before has the room that is left."""
        if self._config.server.maintenance:
            raise Maintenance()
        self._db.ensure_sound()
        if short := self._shortage():
            raise StorageUnavailable(retry_after_s=_ROOM_RETRY_S, reason=short)

    def _shortage(self) -> Text | None:
        return room.shortage(self._db.path, self._config.store.keep_free_mb)

    def _submit(self, tx: Tx, request: SendRequest, token: Token | None) -> str:
        """Check first and write afterwards, so that what is refused leaves nothing."""
        checked = self._checked(tx, request)
        if token is not None:
            _check_quota(tx, token)
            tokens.use(tx, token.row, _day(tx).isoformat())
        id = self._ids.new(tx.now)
        row = messages.insert(
            tx,
            id=id,
            request=request,
            token=token.row if token else None,
            encoding=checked.segments[0].encoding,
            not_before=checked.not_before,
            expires_at=checked.expires_at,
        )
        _insert_parts(tx, row, request, checked.segments, self._lasts_s(request))
        return id

    def _checked(self, tx: Tx, request: SendRequest) -> "_Checked":
        """Return what is to be stored of a message; raises what is wrong with it."""
        segments = self._segments(request.text)
        _check_webhook(tx, request)
        not_before = _not_before(request.send_at, tx.now)
        begins = not_before or tx.now
        expires_at = begins + self._lasts_s(request) * 1_000
        routes = self._routes.open_to(tx, request, len(segments), begins)
        self._check_queue(tx)
        refuse_if_too_late(routes, tx.now, begins, expires_at)
        return _Checked(segments=segments, not_before=not_before, begins=begins, expires_at=expires_at)

    def _lasts_s(self, request: SendRequest) -> int:
        return request.ttl_s or self._config.sending.ttl_s

    def _segments(self, text: str) -> tuple[Segment, ...]:
        limit = self._config.sending.max_parts
        try:
            segments = split(text)
        except LoneSurrogate as error:
            reason = Text("текст содержит половину суррогатной пары Unicode", "the text holds half a surrogate pair")
            raise BadMessage(reason=reason) from error
        except TextTooLong as error:
            raise _too_long(error.parts, limit) from error
        if len(segments) > limit:
            raise _too_long(len(segments), limit)
        return segments

    def _check_queue(self, tx: Tx) -> None:
        waiting = queue.waiting(tx)
        if waiting >= self._config.sending.max_waiting:
            raise QueueFull(retry_after_s=_QUEUE_RETRY_S, waiting=waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """A message that may be taken; times in Unix milliseconds."""

    segments: tuple[Segment, ...]
    not_before: int | None
    begins: int
    expires_at: int


def _answered(tx: Tx, token: Token, repeatable: Repeatable) -> list[str | Refusal] | None:
    """Return what this request was answered with the first time, None if it is the first."""
    found = idempotency.find(tx, token.row, repeatable.key, tx.now - REPEATS_FOR_S * 1_000)
    if found is None or repeatable.is_new:
        return None
    fingerprint, results = found
    if fingerprint != repeatable.fingerprint:
        raise IdempotencyKeyReused(key=repeatable.key)
    return results


def _check_webhook(tx: Tx, request: SendRequest) -> None:
    if request.callback_id and webhooks.by_id(tx, request.callback_id) is None:
        reason = Text(f"нет Webhook {request.callback_id}", f"there is no webhook {request.callback_id}")
        raise BadCallbackId(reason=reason)


def _not_before(send_at: int | None, now: int) -> int | None:
    """A time that has passed means now: a client's clock may be ahead of ours."""
    if send_at is None or send_at <= now:
        return None
    if send_at - now > FARTHEST_S * 1_000:
        days = FARTHEST_S // 86_400
        raise BadSendAt(reason=Text(f"это позже чем через {days} дней", f"that is more than {days} days ahead"))
    return send_at


def _insert_parts(tx: Tx, row: int, request: SendRequest, segments: tuple[Segment, ...], lasts_s: int) -> None:
    total = len(segments)
    reference = messages.next_concatenation_reference(tx, request.phone_number) if total > 1 else 0
    for number, segment in enumerate(segments, start=1):
        submit = encode_submit(
            segment,
            request.phone_number,
            concatenation=Concatenation(reference=reference, total=total, number=number) if total > 1 else None,
            validity_s=lasts_s,
            status_report=True,
            flash=request.flash,
        )
        parts.insert(tx, row, number, submit.pdu, submit.length)


def _too_long(needed: int, limit: int) -> BadMessage:
    return BadMessage(
        reason=Text(
            f"текст занимает {needed} частей SMS, допустимо не более {limit}; сократите его",
            f"the text takes {needed} SMS parts, at most {limit} are allowed; make it shorter",
        )
    )


def _check_quota(tx: Tx, token: Token) -> None:
    """Refuse a message beyond its token's quota; days and months are those of UTC."""
    today = _day(tx)
    if token.per_day is not None and tokens.used(tx, token.row, today.isoformat()) >= token.per_day:
        renewed = today + timedelta(days=1)
        raise QuotaUsedUp(name=token.name, limit=token.per_day, period=Text("день", "day"), renewed=renewed)
    if token.per_month is not None and tokens.used(tx, token.row, today.isoformat()[:7]) >= token.per_month:
        renewed = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        raise QuotaUsedUp(name=token.name, limit=token.per_month, period=Text("месяц", "month"), renewed=renewed)


def _day(tx: Tx) -> date:
    return datetime.fromtimestamp(tx.now / 1_000, UTC).date()
