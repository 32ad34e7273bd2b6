"""When an event is told again to a webhook that has not confirmed it, and when an endpoint is left in peace."""

# The usual ladder of retries; its last step is repeated.
_RETRIES_S = (5.0, 30.0, 120.0, 600.0, 3_600.0, 10_800.0, 21_600.0)
GIVE_UP_AFTER_MS = 3 * 86_400_000
# So many failures in a row, whatever of, are the endpoint's fault.
_FAILURES = 5
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 300.0
# A server may ask for patience, but not for ever.
_LONGEST_WISH_S = 21_600.0


def retry_s(attempts: int, draw: float, wish_s: float | None = None) -> float:
    """Tell how long to wait after this many attempts; `draw` (0 to 1) spreads it by a fifth either way.

    `wish_s` is what the other side has asked for: no sooner, within reason.
    """
    step = _RETRIES_S[min(attempts, len(_RETRIES_S)) - 1]
    return max(step * (0.8 + 0.4 * draw), _within_reason(wish_s))


def endpoint_pause_s(failures: int, draw: float, wish_s: float | None = None) -> float:
    """Tell how long an endpoint that has failed so often in a row is left in peace; 0 while it may be chance."""
    wish = _within_reason(wish_s)
    if failures < _FAILURES:
        return wish
    doubled = min(_FIRST_PAUSE_S * (1 << min(failures - _FAILURES, 16)), _LONGEST_PAUSE_S)
    return max(doubled * (0.8 + 0.4 * draw), wish)


def _within_reason(wish_s: float | None) -> float:
    return min(max(wish_s or 0.0, 0.0), _LONGEST_WISH_S)
