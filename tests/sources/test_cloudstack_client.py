"""The client against the lab's signed API: paging, owners, page sizes, discovery, limits."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from aiohttp import web

from exporter.lab.api.server import ASKED, PATH, REQUESTS
from exporter.model import Reason, SourceError
from exporter.sources.pace import Pace
from tests.clocks import HandClock
from tests.signed_api import application, client, lab_api


class Row(msgspec.Struct, frozen=True):
    """The least a row has."""

    id: str
    name: str = ""


def many(number: int, prefix: str = "", **fields: Any) -> list[dict[str, Any]]:
    """Return rows with ids in order."""
    return [{"id": f"{prefix}{index}", "name": f"n {index}", **fields} for index in range(number)]


@pytest.mark.parametrize(("number", "pages"), [(0, 1), (1, 1), (499, 1), (500, 2), (501, 2), (1203, 3)])
async def test_pages_are_read_until_complete(number: int, pages: int) -> None:
    """Every row comes once; a full page is followed by a look at the next, since counts may lie."""
    async with lab_api({"listHosts": many(number)}) as (api, app):
        assert [row.id for row in await api.list("listHosts", Row)] == [str(index) for index in range(number)]
        assert app[ASKED]["listHosts"] == pages


async def test_infrastructure_is_asked_without_listall() -> None:
    """A parameter that a command does not know would be a warning in CloudStack's log on each cycle."""
    async with lab_api({"listHosts": many(1)}) as (api, app):
        await api.list("listHosts", Row, details="min")
        (request,) = app[REQUESTS]
        assert request.keys() == {
            "command", "details", "expires", "page", "pagesize", "response", "signatureversion"
        }  # fmt: skip


async def test_owned_rows_come_from_accounts_and_from_projects() -> None:
    """listall excludes projects, so they are asked for apart and merged."""
    rows = many(3) + many(2, "p", projectid="project-1")
    async with lab_api({"listRouters": rows}) as (api, app):
        assert {row.id for row in await api.list("listRouters", Row)} == {"0", "1", "2", "p0", "p1"}
        assert sorted(request.get("projectid", "") for request in app[REQUESTS]) == ["", "-1"]
        assert {request["listall"] for request in app[REQUESTS]} == {"true"}


async def test_row_that_moves_between_pages_is_kept_once() -> None:
    """Paging is not transactional: the newest of two rows with one id is kept."""
    rows = [*many(500), {"id": "3", "name": "newer"}, *many(5, "x")]
    async with lab_api({"listHosts": rows}) as (api, _):
        told = await api.list("listHosts", Row)
        assert len(told) == 505
        assert next(row.name for row in told if row.id == "3") == "newer"
        assert api.missing["listHosts"] == 1


async def test_smaller_page_size_of_the_site_is_obeyed() -> None:
    """A site with default.page.size below 500 answers 431; its number is used from then on."""
    async with lab_api({"listHosts": many(450), "listPods": many(250)}, page_size=200) as (api, app):
        assert len(await api.list("listHosts", Row)) == 450
        assert app[ASKED]["listHosts"] == 4
        assert len(await api.list("listPods", Row)) == 250
        assert app[ASKED]["listPods"] == 2


async def test_smaller_page_size_is_learnt_by_lists_that_run_together() -> None:
    """Two lists that are refused at the same time both start again with the smaller size."""
    async with lab_api({"listHosts": many(450), "listPods": many(250)}, page_size=200) as (api, _):
        hosts, pods = await asyncio.gather(api.list("listHosts", Row), api.list("listPods", Row))
        assert (len(hosts), len(pods)) == (450, 250)


async def test_other_parameter_error_is_not_taken_for_the_page_size() -> None:
    """A 431 about something else is a failure, not a loop."""
    async with lab_api({}) as (api, app):
        with pytest.raises(SourceError, match="missing parameter") as caught:
            await api.list("listTrafficTypes", Row)
        assert caught.value.reason is Reason.FAILED
        assert app[ASKED]["listTrafficTypes"] == 1


async def test_count_that_is_too_high_is_a_counted_shortfall() -> None:
    """Rows that CloudStack counts and does not give are not fatal, and are not silent."""
    async with lab_api({"listHosts": many(7)}, {"wrong_count": True}) as (api, _):
        assert len(await api.list("listHosts", Row)) == 7
        assert api.missing["listHosts"] == 1000


async def test_count_that_is_too_low_cuts_nothing() -> None:
    """A count of one does not end the reading while pages are full."""
    async with lab_api({"listHosts": many(1100)}, {"low_count": True}) as (api, _):
        assert len(await api.list("listHosts", Row)) == 1100


@pytest.mark.parametrize("faults", [{"paging_loop": True}, {"paging_loop": True, "low_count": True}])
async def test_paging_loop_is_an_error(faults: dict[str, object]) -> None:
    """A server that gives page 1 for ever is found out at page 2, even when its count lies."""
    async with lab_api({"listHosts": many(700)}, faults) as (api, app):
        with pytest.raises(SourceError, match="repeats") as caught:
            await api.list("listHosts", Row)
        assert caught.value.reason is Reason.UNREADABLE
        assert app[ASKED]["listHosts"] == 2


async def test_command_that_does_not_page_is_complete_when_its_count_says_so() -> None:
    """Some commands ignore paging; 500 rows that come twice are all there are."""
    async with lab_api({"listHosts": many(500)}, {"paging_loop": True}) as (api, _):
        assert len(await api.list("listHosts", Row)) == 500


async def test_rows_of_which_none_can_be_read_are_an_error() -> None:
    """Another format altogether must not look like an empty list; one bad row among good ones is counted."""
    async with lab_api({"listHosts": [{"uuid": "a"}, {"uuid": "b"}], "listPods": [*many(2), {"uuid": "c"}]}) as (
        api,
        _,
    ):
        with pytest.raises(SourceError, match="none of 2 rows") as caught:
            await api.list("listHosts", Row)
        assert caught.value.reason is Reason.UNREADABLE
        assert len(await api.list("listPods", Row)) == 2
        assert api.skipped["listPods"] == 1


async def test_discovery_tells_commands_and_parameters() -> None:
    """listApis says what this version and role have, and which parameters."""
    async with lab_api({}, {"unknown": ["listManagementServers"]}) as (api, _):
        assert not api.takes("listRouters", "fetchhealthcheckresults")
        known = await api.apis()
        assert "listRouters" in known
        assert "listManagementServers" not in known
        assert api.takes("listRouters", "fetchhealthcheckresults")
        assert not api.takes("listRouters", "nonsense")


async def test_discovery_is_remembered_for_ten_minutes() -> None:
    """listApis is large, so it is asked again only after a while, or after a refusal."""
    clock, faults = HandClock(), dict[str, object]()
    async with lab_api({}, faults, clock) as (api, app):
        await api.apis()
        await api.apis()
        assert app[ASKED]["listApis"] == 1
        clock.turn(601)
        await api.apis()
        assert app[ASKED]["listApis"] == 2
        faults["forbidden"] = ["listPods"]
        with pytest.raises(SourceError):
            await api.list("listPods", Row)
        await api.apis()
        assert app[ASKED]["listApis"] == 3


@pytest.mark.parametrize(("fault", "reason"), [("forbidden", Reason.PERMISSION), ("unknown", Reason.UNSUPPORTED)])
async def test_command_that_is_refused_is_not_a_bad_key(fault: str, reason: Reason) -> None:
    """A 401 for one command is told apart from a bad key, by its text and by listApis."""
    async with lab_api({}, {fault: ["listPods"]}) as (api, _):
        await api.apis()
        with pytest.raises(SourceError) as caught:
            await api.list("listPods", Row)
        assert caught.value.reason is reason
        await api.list("listZones", Row)


async def test_encoded_answers_are_noticed_and_decoded() -> None:
    """encode.api.response is seen in listApis and undone everywhere."""
    async with lab_api({"listZones": [{"id": "a", "name": "Zürich + 1~*"}]}, encoded=True) as (api, _):
        await api.apis()
        assert await api.list("listZones", Row) == (Row("a", "Zürich + 1~*"),)


@pytest.mark.parametrize("content_type", ["text/javascript; charset=UTF-8", "text/html", "application/octet-stream"])
async def test_content_type_is_not_looked_at(content_type: str) -> None:
    """Old versions say text/javascript."""
    async with lab_api({"listZones": many(1)}, content_type=content_type) as (api, _):
        assert len(await api.list("listZones", Row)) == 1


async def test_parameters_arrive_as_given() -> None:
    """Values with letters that Java and Python encode differently are signed so that they are accepted."""
    async with lab_api({"listHosts": many(1)}) as (api, app):
        await api.list("listHosts", Row, keyword="a b*c~d+é/&=%")
        assert app[REQUESTS][0]["keyword"] == "a b*c~d+é/&=%"


async def test_login_proves_the_key_and_names_what_is_missing() -> None:
    """The sentence of login lists the wanted commands that listApis lacks."""
    async with lab_api({}, {"unknown": ["listRouters"]}) as (api, _):
        told = await api.login(["listZones", "listRouters"])
        assert told.endswith("missing: listRouters")
        assert "missing" not in await api.login(["listZones"])


async def test_requests_are_told_with_their_outcome() -> None:
    """The callback hears of every request, and why it failed."""
    told: list[tuple[str, Reason | None]] = []
    async with lab_api({}, {"internal": ["listPods"]}) as (api, _):
        api.on_request = lambda command, seconds, reason: told.append((command, reason))
        await api.list("listHosts", Row)
        with pytest.raises(SourceError):
            await api.list("listPods", Row)
    assert told == [("listHosts", None), ("listPods", Reason.FAILED)]


async def test_no_more_requests_at_once_than_allowed() -> None:
    """The number of requests under way reaches the limit and never passes it."""
    under_way = peak = 0

    async def handle(_: web.Request) -> web.Response:
        nonlocal under_way, peak
        under_way += 1
        peak = max(peak, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        return web.json_response({"r": {}})

    app = web.Application()
    app.router.add_get(PATH, handle)
    async with application(app) as url:
        api = client(url, concurrency=3)
        await asyncio.gather(*(api.list("listHosts", Row) for _ in range(12)))
        await api.close()
    assert peak == 3


async def test_requests_are_spaced() -> None:
    """A rate of 100 per second lets no request begin less than 10 ms after another."""
    clock, pace = asyncio.get_running_loop(), Pace(100)
    begun = clock.time()
    await asyncio.gather(*(pace.wait() for _ in range(6)))
    assert clock.time() - begun >= 0.0499


async def test_no_limit_lets_everything_through() -> None:
    """A rate of 0 is none: nobody sleeps, so another task never gets a turn."""
    others = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(others.set_result, None)
    for _ in range(1000):
        await Pace(0).wait()
    assert not others.done()
    await others
