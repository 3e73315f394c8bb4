"""Rows that are deleted while their list is read page by page: the later ones move up, past the page that is next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from exporter.lab.api.server import ASKED
from tests.signed_api import lab_api


class Row(msgspec.Struct, frozen=True):
    """The least a row has."""

    id: str


def deleting(
    number: int, before: Callable[[int, int], str]
) -> Callable[[str, Mapping[str, str]], list[dict[str, Any]]]:
    """Return the rows of a list of so many; ``before(request, page)`` is the id of the one deleted then, or empty."""
    there = [{"id": str(index)} for index in range(number)]
    requests = 0

    def rows(command: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        nonlocal there, requests
        requests += 1
        gone = before(requests, int(parameters["page"]))
        there = [row for row in there if row["id"] != gone]
        return there

    return rows


async def test_a_row_deleted_while_pages_are_read_hides_no_other() -> None:
    """What CloudStack counts has fallen, so the list is read once more; nothing is missing then."""
    rows = deleting(1200, lambda request, _: "10" if request == 2 else "")
    async with lab_api(rows) as (api, app):
        found = {row.id for row in await api.list("listHosts", Row)}
        assert found == {str(index) for index in range(1200)} - {"10"}
        assert app[ASKED]["listHosts"] == 6
        assert api.missing["listHosts"] == 0


async def test_a_row_added_for_each_that_is_deleted_hides_no_fall() -> None:
    """The count of the last page is that of the first again."""
    rows = deleting(1200, lambda request, _: "10" if request == 2 else "")

    def more(command: str, parameters: Mapping[str, str]) -> list[dict[str, Any]]:
        there = rows(command, parameters)
        return [*there, {"id": "new"}] if parameters["page"] == "3" else there

    async with lab_api(more) as (api, app):
        assert "500" in {row.id for row in await api.list("listHosts", Row)}
        assert app[ASKED]["listHosts"] == 6


async def test_rows_deleted_at_each_reading_cost_no_third_one() -> None:
    """A busy cloud: what either reading gave is taken, so that none that is there is lost."""
    rows = deleting(1200, lambda request, page: str(10 * request) if page == 2 else "")
    async with lab_api(rows) as (api, app):
        found = {row.id for row in await api.list("listHosts", Row)}
        assert {str(index) for index in range(1200)} - found <= {"20", "50"}
        assert app[ASKED]["listHosts"] == 6


async def test_a_row_that_moves_off_the_last_page_is_not_lost() -> None:
    """It was alone there: the page has no rows now, and nothing else tells."""
    rows = deleting(1001, lambda request, _: "10" if request == 3 else "")
    async with lab_api(rows) as (api, app):
        found = {row.id for row in await api.list("listHosts", Row)}
        assert found == {str(index) for index in range(1001)} - {"10"}
        assert app[ASKED]["listHosts"] == 6


async def test_a_row_deleted_after_all_were_given_costs_no_second_reading() -> None:
    """The page past the end gives nothing, so nothing can have moved out of it."""
    rows = deleting(1000, lambda _, page: "10" if page == 3 else "")
    async with lab_api(rows) as (api, app):
        assert len(await api.list("listHosts", Row)) == 1000
        assert app[ASKED]["listHosts"] == 3
