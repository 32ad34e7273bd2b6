"""Whose turn it is among the clients that have something in the queue."""

from collections.abc import Sequence

from smsgw.model import Head


def next_in_turn(heads: Sequence[Head], served_last: int) -> Head:
    """Choose among the first messages of several clients: the highest priority, then the client next in turn.

    Clients are numbered; whoever follows `served_last` in a circle is next, so that a long queue of one delays
    another by a message at most. A message that has begun is finished first: its recipient sees nothing of it before.
    """
    first = max(head.priority for head in heads)
    return min(
        (head for head in heads if head.priority == first),
        key=lambda head: (not head.is_begun, head.client <= served_last, head.client),
    )
