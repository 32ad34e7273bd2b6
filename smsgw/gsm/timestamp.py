"""Times as TPDUs carry them: time stamps and the validity period (3GPP TS 23.040 §9.2.3.11–12).

Knows calendar arithmetic; never asks what time it is.
"""

from datetime import UTC, datetime, timedelta, timezone

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY

# §9.2.3.12.1: up to this many seconds, a value is this many steps of that size above this one.
_VALIDITY_SCALE = (
    (12 * _HOUR, 5 * _MINUTE, -1),
    (24 * _HOUR, 30 * _MINUTE, 143 - 24),
    (30 * _DAY, _DAY, 166),
    (63 * _WEEK, _WEEK, 192),
)
_LONGEST_VALIDITY = 0xFF

TIMESTAMP_OCTETS = 7


def encode_validity(seconds: int) -> int:
    """Return the relative validity period, rounded up to the next step and at most 63 weeks (§9.2.3.12.1).

    Raises ValueError unless `seconds` is positive.
    """
    if seconds <= 0:
        raise ValueError(f"validity period of {seconds} s; a message has to be valid for at least one second")
    for limit, step, above in _VALIDITY_SCALE:
        if seconds <= limit:
            return above + -(-seconds // step)
    return _LONGEST_VALIDITY


def decode_validity(value: int) -> int:
    """Return the seconds of a relative validity period (§9.2.3.12.1)."""
    for limit, step, above in _VALIDITY_SCALE[:-1]:
        if (seconds := (value - above) * step) <= limit:
            return seconds
    _, week, above = _VALIDITY_SCALE[-1]
    return (value - above) * week


def decode_timestamp(octets: bytes) -> datetime | None:
    """Return the aware time of seven octets, or None where they are no time (§9.2.3.11).

    Service centres do send impossible dates; the century is not sent and taken as the 21st.
    """
    try:
        year, month, day, hour, minute, second = map(_two_digits, octets[:6])
        local = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
        return local.replace(tzinfo=timezone(_offset(octets[6])))
    except ValueError:
        return None


def _offset(octet: int) -> timedelta:
    # Swapped digits again: bit 3 is the sign, in the place of the highest bit of the tens.
    quarters = timedelta(minutes=15 * _two_digits(octet & ~0x08))
    return -quarters if octet & 0x08 else quarters


def _two_digits(octet: int) -> int:
    tens, units = octet & 0xF, octet >> 4
    if tens > 9 or units > 9:
        raise ValueError(f"octet {octet:02X} is not two decimal digits")
    return 10 * tens + units
