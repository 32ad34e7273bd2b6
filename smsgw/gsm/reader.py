"""A cursor over the octets of a PDU, and the one error of everything that reads through it.

Knows where it stands; knows nothing of what the octets mean.
"""


class PduError(ValueError):
    """The PDU cannot be read; the message says which field and why. Keep the raw PDU and go on with the next one."""


class Reader:
    """Hands out the octets of a PDU in order; raises PduError where they end too early."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._position = 0

    def octet(self, field: str) -> int:
        """Return the next octet, which is `field`."""
        return self.octets(1, field)[0]

    def octets(self, count: int, field: str) -> bytes:
        """Return the next `count` octets, which are `field`."""
        taken = self._octets[self._position : self._position + count]
        if len(taken) < count:
            raise PduError(f"the PDU ends after {len(self._octets)} octets, inside {field}")
        self._position += count
        return taken

    def rest(self) -> bytes:
        """Return all octets that are left."""
        taken = self._octets[self._position :]
        self._position = len(self._octets)
        return taken
