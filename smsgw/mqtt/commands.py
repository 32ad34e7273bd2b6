"""What the broker brings: messages to be sent, taken in by the rules of POST /sms/send on behalf of a token.

A command is answered, and acknowledged to the broker only then: whatever happens before, the broker brings it again,
and it is known again by its request_id, or by the broker saying that it may be a repeat.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from smsgw import log
from smsgw.api import wire
from smsgw.api.bodies import Shape, parse_object
from smsgw.api.limits import RateLimiter
from smsgw.api.submission import SubmissionCalls, is_key, send_request
from smsgw.config import Config
from smsgw.errors import (
    BodyNotJson,
    BodyTooLarge,
    CallerError,
    MaySendNot,
    Text,
    TokenDisabled,
    TokenNotFromHere,
    TooManyRequests,
    Unforeseen,
)
from smsgw.gateway import Gateway
from smsgw.model import LiveModems, Right, SendRequest, Token
from smsgw.mqtt.connection import Heard
from smsgw.mqtt.topics import Topics
from smsgw.rendering import Object

_NOT_UTF8 = Text("это не UTF-8", "it is not UTF-8")

logger = log.get("smsgw.mqtt")


class NobodyMaySend(CallerError):
    """No token stands behind what comes by MQTT."""

    code = 1003
    ru = "По MQTT отправлять нельзя: {reason}. Создайте токен (smsgw token create) и укажите его имя в [mqtt] token."
    en = "Nothing is sent by MQTT: {reason}. Make a token with smsgw token create and name it in [mqtt] token."


class BadRequestId(CallerError):
    """The name that a command gives itself cannot be one."""

    code = 2015
    ru = "request_id: нужна строка из 1–255 печатных символов ASCII."
    en = "request_id: a string of 1 to 255 printable ASCII characters is needed."


class CameTooLate(CallerError):
    """A command has waited at the broker for longer than it was worth."""

    code = 2011
    ru = "Команда дошла слишком поздно: после send_at прошло больше, чем ttl."
    en = "The command came too late: more than its ttl has passed since send_at."


_NONE_NAMED = Text("в настройках не указан токен", "the configuration names no token")
_NO_SUCH = Text("токена с указанным именем нет", "there is no token of the configured name")


class Commands:
    """Takes commands in. `clock` gives Unix milliseconds."""

    def __init__(
        self,
        gateway: Gateway,
        config: Config,
        live: LiveModems,
        clock: Callable[[], int],
        topics: Topics,
    ) -> None:
        self._tokens = gateway.tokens
        self._clock = clock
        self._shape = Shape("SendRequest")
        self._calls = SubmissionCalls(gateway.submission, live, config.server.language)
        self._config = config
        self._topics = topics
        self._limiter = RateLimiter(config.server.rate_limit)

    async def obey(self, heard: Heard) -> Object | None:
        """Do what a command says and return what is answered to it; None if it is none.

        Whatever it holds, this raises nothing.
        """
        if heard.topic not in (self._topics.send, self._topics.notify):
            return None
        if heard.is_retained:
            # The broker brings it at every start.
            logger.warning("a retained command is not obeyed", topic=heard.topic, hint="publish it without retain")
            return None
        named: Object = {"request_id": None}
        try:
            return named | await self._taken(heard, named)
        except CallerError as error:
            return named | self._refused(error, heard)
        except Exception:
            logger.exception("unforeseen error")
            return named | self._refused(Unforeseen(), heard)

    async def _taken(self, heard: Heard, named: Object) -> Object:
        token = await self._token()
        await self._wait_turn(token, heard.topic)
        body = self._body(heard)
        request_id = named["request_id"] = _request_id(body)
        self._refuse_if_late(send_request(self._shape.check(body)))
        key = request_id if request_id is not None else _key(heard)
        answer = await self._calls.take(body, token, lambda: key, is_new=request_id is None and not heard.is_again)
        logger.info("taken by MQTT", id=answer.get("id"), token_name=token.name)
        return answer

    def _refuse_if_late(self, wanted: SendRequest) -> None:
        lasts_s = wanted.ttl_s or self._config.sending.ttl_s
        if wanted.send_at is not None and wanted.send_at + lasts_s * 1_000 <= self._clock():
            raise CameTooLate()

    async def _token(self) -> Token:
        name = self._config.mqtt.token
        if not name:
            raise NobodyMaySend(reason=_NONE_NAMED)
        token = await self._tokens.named(name)
        if token is None:
            raise NobodyMaySend(reason=_NO_SUCH)
        if not token.is_enabled:
            raise TokenDisabled(name=name)
        if token.networks:
            # Who has sent it, only the broker knows.
            raise TokenNotFromHere(name=name, address="MQTT")
        if Right.SMS_SEND not in token.rights:
            raise MaySendNot(name=name)
        return token

    async def _wait_turn(self, token: Token, topic: str) -> None:
        """Keep to the limit of requests; what has gathered at the broker is not refused for coming all at once."""
        while True:
            try:
                return self._limiter.take(token.row, topic)
            except TooManyRequests:
                await asyncio.sleep(1 / self._config.server.rate_limit)

    def _body(self, heard: Heard) -> dict[str, Any]:
        limit = self._config.server.max_body
        if len(heard.payload) > limit:
            raise BodyTooLarge(limit=limit)
        if heard.topic == self._topics.send:
            return parse_object(heard.payload)
        try:
            text = heard.payload.decode()
        except UnicodeDecodeError as error:
            raise BodyNotJson(reason=_NOT_UTF8) from error
        return {"message": text, "phone_number": self._config.mqtt.notify_number}

    def _refused(self, error: CallerError, heard: Heard) -> Object:
        hash = secrets.token_hex(6)
        hint = str(error) if isinstance(error, NobodyMaySend) else None
        # What is wrong with it in words may hold texts and numbers.
        logger.warning("command refused", topic=heard.topic, code=error.code, request=hash, hint=hint)
        return wire.error(error.code, error.text(self._config.server.language), hash)


def _request_id(body: dict[str, Any]) -> str | None:
    request_id = body.get("request_id")
    if request_id is not None and not (isinstance(request_id, str) and is_key(request_id)):
        raise BadRequestId()
    return request_id


def _key(heard: Heard) -> str | None:
    """Name a command that names itself not: if it is delivered again, then under the same packet identifier.

    MQTT 3.1.1 §4.4. Without a quality of service nothing is delivered again.
    """
    if heard.qos == 0:
        return None
    digest = hashlib.sha256(heard.topic.encode() + b"\0" + heard.payload).hexdigest()
    return f"mqtt {heard.mid} {digest}"
