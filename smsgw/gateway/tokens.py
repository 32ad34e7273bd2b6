"""Use-cases around API tokens: making, listing, switching, revoking, and knowing who calls.

A token is an opaque random secret in three dot-separated parts. Only its hash is stored; it is shown once.
"""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Iterable
from functools import partial

from smsgw.errors import TokenDisabled, TokenNotFromHere, TokenUnknown
from smsgw.model import Right, Token
from smsgw.store import tokens
from smsgw.store.db import Database, Tx

_SHAPE = re.compile(r"smsgw\.([A-Za-z0-9_-]{12})\.[A-Za-z0-9_-]{43}")


class TokenError(Exception):
    """A token cannot be made or changed as asked; the text says why."""


class Tokens:
    """The tokens of the gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(
        self,
        name: str,
        rights: Iterable[Right],
        *,
        per_day: int | None = None,
        per_month: int | None = None,
        networks: Iterable[str] = (),
    ) -> str:
        """Make a token and return it, for the only time; raises `TokenError` when the name is taken or empty."""
        if not name.strip() or not name.isprintable() or len(name) > 64:
            raise TokenError(f"{name!r} cannot be a token's name: 1 to 64 printable characters are needed")
        public_id = secrets.token_urlsafe(9)
        bare = f"smsgw.{public_id}.{secrets.token_urlsafe(32)}"
        token = Token(
            row=0,
            name=name,
            is_enabled=True,
            rights=frozenset(rights),
            per_day=per_day,
            per_month=per_month,
            networks=tuple(networks),
            created_at=0,
        )
        await self._db.write(partial(_create, public_id=public_id, secret_hash=_hash(bare), token=token))
        return bare

    async def listed(self) -> list[Token]:
        """List the tokens by name."""
        return [tokens.from_row(row) for row in await self._db.read(tokens.ALL)]

    async def named(self, name: str) -> Token | None:
        """Return the token of this name."""
        return next((token for token in await self.listed() if token.name == name), None)

    async def switch(self, name: str, is_enabled: bool) -> None:
        """Switch a token on or off; raises `TokenError` when there is none of this name."""
        if not await self._db.write(partial(tokens.set_enabled, name=name, is_enabled=is_enabled)):
            raise TokenError(f"there is no token named {name!r}; smsgw token list shows them")

    async def revoke(self, name: str) -> None:
        """Delete a token; raises `TokenError` when there is none of this name."""
        if not await self._db.write(partial(tokens.delete, name=name)):
            raise TokenError(f"there is no token named {name!r}; smsgw token list shows them")

    async def authenticate(self, bare: str, address: str | None) -> Token:
        """Return the token that a caller at `address` showed.

        Raises `TokenUnknown`, `TokenDisabled` and `TokenNotFromHere`.
        """
        shape = _SHAPE.fullmatch(bare)
        rows = await self._db.find(tokens.BY_PUBLIC_ID, (shape.group(1),)) if shape else []
        if not rows or not hmac.compare_digest(rows[0]["secret_hash"], _hash(bare)):
            raise TokenUnknown()
        token = tokens.from_row(rows[0])
        if not token.is_enabled:
            raise TokenDisabled(name=token.name)
        if token.networks and not _is_inside(address, token.networks):
            raise TokenNotFromHere(name=token.name, address=address)
        return token


def parse_network(text: str) -> str:
    """Return a CIDR network in its usual spelling; raises `ValueError`."""
    return str(ipaddress.ip_network(text, strict=False))


def _create(tx: Tx, public_id: str, secret_hash: bytes, token: Token) -> None:
    if tokens.exists(tx, token.name):
        raise TokenError(f"there is a token named {token.name!r} already; revoke it first or choose another name")
    tokens.insert(tx, public_id=public_id, secret_hash=secret_hash, token=token)


def _hash(bare: str) -> bytes:
    return hashlib.sha256(bare.encode()).digest()


def _is_inside(address: str | None, networks: tuple[str, ...]) -> bool:
    if address is None:
        return False
    caller = ipaddress.ip_address(address)
    # A dual-stack listener shows IPv4 callers as ::ffff:a.b.c.d.
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped:
        caller = caller.ipv4_mapped
    return any(caller in ipaddress.ip_network(network) for network in networks)
