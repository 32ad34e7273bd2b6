"""What a refusal means and what to do about it: +CMS ERROR (27.005 §3.2.5), +CME ERROR (27.007 §9.2), plain ERROR.

Looked up in `error_table`: the vendor's own meaning first, then the standard with the renumbered causes; whatever
nobody knows counts as 500. Decides nothing about retries or SIMs: it only advises.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from smsgw.at.error_table import CME, CME_VENDOR, CMS, CMS_VENDOR, UNKNOWN
from smsgw.at.error_texts import CME_TEXTS, CMS_TEXTS
from smsgw.at.verdicts import Action, ErrorKind, Vendor, Verdict

__all__ = ["Action", "ErrorKind", "Vendor", "Verdict", "describe", "number_of"]


def describe(kind: ErrorKind, code: int | str | None, vendor: str | None = None) -> Verdict:
    """Say what an error means and what to do: `code` as printed (number, text or nothing), `vendor` as in `Vendor`.

    An error that is in no table advises what 500 does and keeps its own number.
    """
    number = number_of(kind, code)
    if number is not None:
        for table in _tables(kind, vendor):
            if number in table:
                return table[number]
    return replace(UNKNOWN, code=number)


def number_of(kind: ErrorKind, code: int | str | None) -> int | None:
    """Read an error number from what was printed: digits, or one of the standard's texts; `None` if it is neither."""
    if code is None or isinstance(code, int):
        return code
    text = code.strip().strip('"').strip()
    if text.isascii() and text.isdigit():
        return int(text[:9])
    texts = CMS_TEXTS if kind is ErrorKind.CMS else CME_TEXTS
    return texts.get(text.lower().rstrip(".").replace("(u)sim", "sim").replace("usim", "sim"))


def _tables(kind: ErrorKind, vendor: str | None) -> Iterator[Mapping[int, Verdict]]:
    if kind is ErrorKind.PLAIN:
        return
    standard, own = (CMS, CMS_VENDOR) if kind is ErrorKind.CMS else (CME, CME_VENDOR)
    if vendor is not None and vendor in own:
        yield own[Vendor(vendor)]
    yield standard
