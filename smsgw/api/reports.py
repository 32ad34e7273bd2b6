"""The call about status reports that matched no message: parse, one call to the gateway, render."""

from aiohttp import web

from smsgw.api import paging, wire
from smsgw.gateway.reports import Reports


class ReportCalls:
    """Listing what nobody was waiting for."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def page(self, request: web.Request) -> web.Response:
        """GET /reports."""
        limit, number = paging.limit(request), paging.number(request)
        found = await self._reports.unmatched(limit, min(number, paging.LAST_PAGE))
        return wire.respond(wire.report_page(found, limit, number))
