"""GET /reports: status reports that matched no message."""

from api_client import SIM, Api

from smsgw.model import ReceivedReport, Right
from support import Clock


async def receive(api: Api, clock: Clock, reference: int, status: int = 0x00) -> None:
    report = ReceivedReport(
        reference=reference,
        recipient="+79990000001",
        service_centre_time=clock.now - 5_000 if reference != 3 else None,
        status=status,
        pdu=bytes([reference, status]),
    )
    assert await api.gateway.reports.report_received(SIM, report) is None


async def listed(api: Api, limit: int = 10, offset: int = 1) -> object:
    answer = await api.call("GET", "/reports", params={"limit": str(limit), "offset": str(offset)})
    assert answer.status == 200, answer.raw
    return answer.json


async def test_there_may_be_none(api: Api) -> None:
    assert await listed(api) == {"pagination": {"total_records": 0, "limit": 10, "offset": 1}, "reports": []}


async def test_a_report_that_nobody_was_waiting_for_is_listed_with_all_that_it_says(api: Api, clock: Clock) -> None:
    await receive(api, clock, 7, 0x46)
    assert (await api.call("GET", "/v1/reports?limit=1")).json["reports"] == [
        {
            "received_at": "2026-03-01T12:00:00.000Z",
            "sim": SIM,
            "phone_number": "79990000001",
            "reference": 7,
            "service_centre_time": "2026-03-01T11:59:55.000Z",
            "report_status": 0x46,
            "meaning": "validity period expired",
        }
    ]


async def test_the_newest_come_first_page_by_page_and_a_repeat_is_no_second_one(api: Api, clock: Clock) -> None:
    for reference in (1, 2, 3, 3):
        await receive(api, clock, reference)
    first, second = [await listed(api, 2, page) for page in (1, 2)]
    assert [one["reference"] for one in first["reports"]] == [3, 2]  # type: ignore[index]
    assert [one["reference"] for one in second["reports"]] == [1]  # type: ignore[index]
    assert second["pagination"] == {"total_records": 3, "limit": 2, "offset": 2}  # type: ignore[index]
    assert first["reports"][0]["service_centre_time"] is None  # type: ignore[index]


async def test_it_takes_the_right_to_read_and_a_proper_page(api: Api) -> None:
    token = await api.token_for(Right.SMS_SEND)
    assert (await api.call("GET", "/reports?limit=1", token=token)).code == 1007
    assert (await api.call("GET", "/reports")).code == 2006
    assert (await api.call("GET", "/reports?limit=0")).code == 2006
    assert (await api.call("GET", "/reports?limit=1&offset=0")).code == 2007
    assert (await api.call("GET", f"/reports?limit=1&offset={10**30}")).json["reports"] == []
