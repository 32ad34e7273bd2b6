"""The balance of a SIM in what its operator says."""

import re


def read_balance(text: str, pattern: str) -> float | None:
    """Find the number that the only group of a regular expression finds; None if it finds none.

    Blanks may stand between its digits. The last point or comma begins the fraction, unless three digits follow and
    nothing says that it parts no thousands, as another kind of mark before it or a zero would.
    """
    found = re.search(pattern, text)
    if found is None or found[1] is None:
        return None
    number = re.sub(r"\s", "", found[1]).replace("−", "-")
    if not re.fullmatch("[+-]?[0-9]*(?:[.,][0-9]+)*", number, re.ASCII) or not re.search("[0-9]", number):
        return None
    *whole, last = re.split("[.,]", number)
    if not whole:
        return float(number)
    marks = set(re.findall("[.,]", number))
    parts_thousands = len(last) == 3 and len(marks) == 1 and whole[0].lstrip("+-0") != ""
    return float("".join(whole) + ("" if parts_thousands else ".") + last)
