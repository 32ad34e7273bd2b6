"""Reading request bodies: bytes to a JSON object, and its fields against their schemas.

Knows JSON and schemas; knows nothing of what the fields are for. Whatever arrives, the outcome is a `CallerError` or
fields that are exactly of the kind the schema says: JSON Schema takes 1.0 for a whole number, we do not.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import fastjsonschema
from aiohttp import web

from smsgw.api.notation import Schema
from smsgw.api.schemas import SCHEMAS
from smsgw.errors import (
    BadCallbackId,
    BadCancel,
    BadDeviceId,
    BadDryRun,
    BadEvents,
    BadFlash,
    BadHeaders,
    BadIsActive,
    BadMessage,
    BadMessageId,
    BadOnUncertain,
    BadPhoneNumber,
    BadPriority,
    BadRotateSecret,
    BadSendAt,
    BadSim,
    BadTtl,
    BadUrl,
    BadUssdCode,
    BadUssdSession,
    BadWebhookName,
    BodyNotJson,
    BodyTooLarge,
    CallerError,
    MalformedRequest,
    Text,
)

# A body that trickles in for longer holds a connection for nothing.
_PATIENCE_S = 30.0
_SHOWN = 40

_ERRORS: Mapping[int, type[CallerError]] = {
    error.code: error
    for error in (
        BadPhoneNumber,
        BadMessage,
        BadMessageId,
        BadCallbackId,
        BadDeviceId,
        BadSim,
        BadIsActive,
        BadPriority,
        BadTtl,
        BadSendAt,
        BadFlash,
        BadOnUncertain,
        BadDryRun,
        BadUssdCode,
        BadUssdSession,
        BadCancel,
        BadWebhookName,
        BadUrl,
        BadEvents,
        BadHeaders,
        BadRotateSecret,
    )
}

_EMPTY = Text("оно пустое", "it is empty")
_NOT_UTF8 = Text("это не UTF-8", "it is not UTF-8")
_TOO_DEEP = Text("слишком глубокая вложенность", "it is nested too deep")
_REPEATED = Text("ключ повторяется", "a key is given twice")
_TOO_MANY_DIGITS = Text("слишком длинное число", "a number is too long")
_NOT_OBJECT = Text("на верхнем уровне не объект", "its top level is not an object")

MISSING = Text("поле не передано", "the field is missing")
_BROKEN = Text("в строке половина суррогатной пары Unicode", "the string holds half a surrogate pair")
_KINDS = {
    bool: Text("передано логическое значение", "a boolean was given"),
    type(None): Text("передано null", "null was given"),
    list: Text("передан массив", "an array was given"),
    dict: Text("передан объект", "an object was given"),
}


async def read_object(request: web.Request) -> dict[str, Any]:
    """Read the body as one JSON object, whatever the Content-Type; raises `BodyNotJson` and `BodyTooLarge`."""
    return parse_object(await _read(request))


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object that is written there; raises `BodyNotJson`."""
    if not raw.strip():
        raise BodyNotJson(reason=_EMPTY)
    try:
        content = _decoder.decode(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BodyNotJson(reason=_NOT_UTF8) from error
    except RecursionError as error:
        raise BodyNotJson(reason=_TOO_DEEP) from error
    except json.JSONDecodeError as error:
        where = Text(f"синтаксическая ошибка, позиция {error.pos + 1}", f"{error.msg} at position {error.pos + 1}")
        raise BodyNotJson(reason=where) from error
    except ValueError as error:
        # Python refuses to read a whole number of more than 4,300 digits.
        raise BodyNotJson(reason=_TOO_MANY_DIGITS) from error
    if not isinstance(content, dict):
        raise BodyNotJson(reason=_NOT_OBJECT)
    return content


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > request.client_max_size:
        raise BodyTooLarge(limit=request.client_max_size)
    # For a body that is there already, as nearly all are, no clock has to be set.
    patience_s = None if request.content.is_eof() else _PATIENCE_S
    try:
        async with asyncio.timeout(patience_s):
            return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise BodyTooLarge(limit=request.client_max_size) from error
    except (web.RequestPayloadError, TimeoutError) as error:
        raise MalformedRequest() from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise BodyNotJson(reason=_REPEATED)
    return content


def _refuse_constant(name: str) -> None:
    raise BodyNotJson(reason=Text(f"{name} не является значением JSON", f"{name} is no JSON value"))


_decoder = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_refuse_constant)


class Shape:
    """One kind of request body, made from its schema."""

    def __init__(self, name: str) -> None:
        schema = SCHEMAS[name]
        fields = [_Field(key, rules, key in schema["required"]) for key, rules in schema["properties"].items()]
        # When several fields are wrong, the lowest code wins.
        self._fields = sorted(fields, key=lambda field: field.error.code)

    def check(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of the schema, None where unset; raises the error of the first that is wrong."""
        return {field.name: field.checked(body) for field in self._fields}


class _Field:
    """One field of a body."""

    def __init__(self, name: str, schema: Schema, required: bool) -> None:
        self.name = name
        self.error = _ERRORS[schema["x-error-code"]]
        self._required = required
        self._validate: Callable[[Any], Any] = fastjsonschema.compile(schema)

    def checked(self, body: dict[str, Any]) -> Any:
        if self.name not in body:
            if self._required:
                raise self.error(reason=MISSING)
            return None
        value = body[self.name]
        try:
            self._validate(value)
        except fastjsonschema.JsonSchemaValueException as error:
            # Of a list or an object, what is wrong in it.
            raise self.error(reason=given(error.value)) from error
        if isinstance(value, float):
            raise self.error(reason=given(value))
        if any(map(_is_broken, _strings(value))):
            raise self.error(reason=_BROKEN)
        return None if value == "" else value


def given(value: object) -> Text:
    """Say what was given instead of what is needed."""
    if isinstance(value, str):
        shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
        return Text(f"передано «{shown}»", f"“{shown}” was given")
    kind = _KINDS.get(type(value))
    if kind is not None:
        return kind
    number = str(value)[:_SHOWN]
    return Text(f"передано {number}", f"{number} was given")


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from chain.from_iterable(map(_strings, value))
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(_strings, chain(value, value.values())))


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
