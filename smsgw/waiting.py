"""Waiting that ends early."""

import asyncio


async def happens_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event` no longer than `seconds`; tell whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
