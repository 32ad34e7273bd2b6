"""The gateway's use-cases, and the only place where transactions begin.

Knows nothing of HTTP and of serial lines: clients and workers call it, it stores, and it rings a bell when there may be
something new to do. The bell is a hint; the rows are the truth.
"""

from collections.abc import Callable
from datetime import tzinfo

from smsgw.config import Config
from smsgw.gateway.balances import Balances
from smsgw.gateway.canaries import Canaries
from smsgw.gateway.cursors import Cursors
from smsgw.gateway.deliveries import Deliveries
from smsgw.gateway.devices import Devices
from smsgw.gateway.events import Events
from smsgw.gateway.housekeeping import Housekeeping
from smsgw.gateway.ids import ObjectIds
from smsgw.gateway.inbox import Inbox
from smsgw.gateway.messages import Messages
from smsgw.gateway.reports import Reports
from smsgw.gateway.sending import Sending
from smsgw.gateway.slots import Slots
from smsgw.gateway.submission import Submission
from smsgw.gateway.tokens import Tokens
from smsgw.gateway.webhooks import Webhooks
from smsgw.store.db import Database


class Gateway:
    """All use-cases, by who uses them. `zone` is where quiet hours and months are meant."""

    def __init__(self, db: Database, config: Config, ids: ObjectIds, zone: tzinfo) -> None:
        self._db = db
        self._listeners: list[Callable[[], None]] = []
        self.devices = Devices(db, ids, self._changed)
        self.submission = Submission(db, config, ids, self.devices, zone, self._changed)
        self.messages = Messages(db, config)
        self.sending = Sending(db, config.sending, self.devices, zone, self._changed)
        self.slots = Slots(db, self.devices, zone)
        self.balances = Balances(db, self._changed)
        self.housekeeping = Housekeeping(db, config, self.devices, ids, self._changed)
        self.reports = Reports(db, self._changed)
        self.inbox = Inbox(db, ids)
        self.canaries = Canaries(db, config.canaries, self.devices, self.submission, zone, self._changed)
        self.tokens = Tokens(db)
        self.events = Events(db)
        self.cursors = Cursors(db)
        self.webhooks = Webhooks(db, config.webhooks, ids)
        self.deliveries = Deliveries(db)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must return at once, whenever rows have changed that workers may care about."""
        self._listeners.append(listener)

    async def probe(self) -> None:
        """Make sure that the storage takes transactions and is whole; raises `StorageUnavailable`."""
        await self._db.probe()

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()
