"""How a list is asked for: how many on a page, which page, and what is looked for; from the address."""

import re

from aiohttp import web

from smsgw.api.bodies import MISSING, given
from smsgw.errors import BadLimit, BadOffset

_MAX_LIMIT = 100
# Past every row there can be, and a hundred times that still fits SQLite's integers.
LAST_PAGE = 2**53


def limit(request: web.Request) -> int:
    """Read how many are wanted on a page; raises `BadLimit`."""
    text = request.query.get("limit")
    if text is None:
        raise BadLimit(reason=MISSING)
    if (wanted := _whole_number(text)) is None or not 1 <= wanted <= _MAX_LIMIT:
        raise BadLimit(reason=given(text))
    return wanted


def number(request: web.Request) -> int:
    """Read which page is wanted, from 1; raises `BadOffset`."""
    text = request.query.get("offset")
    if not text:
        return 1
    if (wanted := _whole_number(text)) is None or wanted < 1:
        raise BadOffset(reason=given(text))
    return wanted


def search(request: web.Request) -> str:
    """Read what is looked for; empty for everything."""
    # Bytes of the address that are no UTF-8 arrive as lone surrogates, and no text holds one.
    wanted = request.query.get("search", "").encode("utf-8", "replace").decode()
    # A number as people paste it; in an address that was not coded, its + arrives as a space.
    return re.sub(r"^[+ ](?=[0-9]+$)", "", wanted)


def _whole_number(text: str) -> int | None:
    if not re.fullmatch("[0-9]+", text):
        return None
    try:
        return int(text)
    except ValueError:  # thousands of digits
        return None
