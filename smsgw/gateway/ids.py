"""Makes ObjectIds: 4 bytes Unix seconds, 5 random bytes per process, 3 bytes counter, as 24 lower-case hex digits."""


class ObjectIds:
    """A source of ids that sort by time; the randomness is given, not drawn."""

    def __init__(self, process: bytes, counter: int) -> None:
        assert len(process) == 5
        self._process = process.hex()
        self._counter = counter

    def new(self, now: int) -> str:
        """Return a new id for `now` in Unix milliseconds."""
        self._counter = (self._counter + 1) % 0x1000000
        return f"{(now // 1000) & 0xFFFFFFFF:08x}{self._process}{self._counter:06x}"
