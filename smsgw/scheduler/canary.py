"""Canaries as the log tells of them: each that has arrived, and what is wrong with one once, until that changes."""

from smsgw import log
from smsgw.gateway import Gateway
from smsgw.model import CanaryReport, CanaryState
from smsgw.policy.canary import is_fault
from smsgw.scheduler.pace import Pace

logger = log.get("smsgw.canary")

_FAULTS = {
    CanaryState.LATE: "canary arrived late",
    CanaryState.LOST: "canary did not arrive",
    CanaryState.NOT_SENT: "canary could not be sent",
}


class CanaryWatch:
    """Looks after the canaries from time to time."""

    def __init__(self, gateway: Gateway, pace: Pace) -> None:
        self._gateway = gateway
        self._pace = pace
        self._told: dict[str, tuple[CanaryState, str, int | None]] = {}

    async def look(self, up_s: float) -> None:
        """Send and judge what is due after so many seconds of running, and tell what is new; raises
        `StorageUnavailable`.
        """
        await self._gateway.canaries.look(up_s, may_send=up_s >= self._pace.canary_after_s)
        for report in await self._gateway.canaries.reports():
            self._tell(report)

    def _tell(self, report: CanaryReport) -> None:
        news = (report.state, report.why, report.last_arrived)
        # What was so before the start has been told before it.
        if news != self._told.setdefault(report.name, news):
            self._told[report.name] = news
            _log(report)


def _log(report: CanaryReport) -> None:
    if is_fault(report.state, report.why):
        told = {"seconds": report.seconds, "delivered_seconds": report.delivered_seconds, "why": report.why or None}
        known = {name: fact for name, fact in told.items() if fact is not None}
        logger.warning(_FAULTS[report.state], canary=report.name, **known)
    elif report.state is CanaryState.OK:
        logger.info("canary arrived", canary=report.name, seconds=report.seconds)
    elif report.state is CanaryState.NOT_SENT:
        logger.info("canary is not sent", canary=report.name, why=report.why)
