"""How a refusal travels: the one table from codes to HTTP statuses, and the body that every error has.

Knows errors and HTTP; knows nothing of what was asked for.
"""

from collections.abc import Mapping

from aiohttp import web

from smsgw.api import wire
from smsgw.errors import CallerError, Language, MethodNotAllowed

REQUEST_ID = "X-Request-ID"
REQUEST_HASH = web.RequestKey("request_hash", str)

HTTP_STATUS: Mapping[int, int] = {
    1000: 500,
    1001: 400,
    1002: 403,
    1003: 401,
    1004: 400,
    1005: 403,
    1006: 403,
    1007: 403,
    1008: 404,
    1009: 403,
    1010: 400,
    1011: 403,
    1012: 404,
    1013: 403,
    1014: 403,
    1015: 400,
    1016: 400,
    1017: 400,
    1018: 400,
    1019: 400,
    1020: 404,
    1021: 403,
    1022: 404,
    1023: 404,
    1024: 400,
    2001: 400,
    2002: 400,
    2003: 400,
    2004: 400,
    2005: 400,
    2006: 400,
    2007: 400,
    2008: 400,
    2009: 400,
    2010: 400,
    2011: 400,
    2012: 400,
    2013: 400,
    2014: 400,
    2015: 400,
    2016: 400,
    2017: 400,
    2018: 400,
    2019: 400,
    2020: 400,
    2021: 400,
    2022: 400,
    2023: 400,
    2024: 400,
    2025: 400,
    2026: 400,
    2027: 400,
    3000: 403,
    4001: 429,
    4002: 413,
    4003: 404,
    4004: 503,
    4005: 422,
    4006: 503,
    4007: 503,
    4008: 503,
}


def http_status(error: CallerError) -> int:
    """Tell the HTTP status of an error; one code stands for both of what a router can miss."""
    return 405 if isinstance(error, MethodNotAllowed) else HTTP_STATUS[error.code]


def refuse(error: CallerError, request_id: str, language: Language) -> web.Response:
    """Answer with an error."""
    content = wire.error(error.code, error.text(language), request_id)
    return wire.respond(content, http_status(error), _headers(error))


def _headers(error: CallerError) -> dict[str, str]:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = str(error.fields["allowed"])
    if http_status(error) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers
