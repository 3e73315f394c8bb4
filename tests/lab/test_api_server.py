"""The lab's API answers as a management server does; asked here with plain HTTP and signatures from Java."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import yarl
from aiohttp import web

from exporter.lab.api.commands import COMMANDS
from exporter.lab.api.server import ASKED, REQUESTS, api_application
from exporter.lab.api.signature import (
    RefusedError,
    check_expiry,
    expected_signature,
    java_encode,
    parse_query,
    verify,
)
from tests.signed_api import application

VECTORS = json.loads((Path(__file__).parents[1] / "samples/sources/cloudstack-signatures.json").read_text())
EXPIRES = "2026-11-19T11:14:40+0000"
NOW = 1795086880.0 - 480  # EXPIRES is 480 s later
KEYS = {"key": "secret"}


@pytest.mark.parametrize(("value", "expected"), VECTORS["encoded"])
def test_encoding_is_javas(value: str, expected: str) -> None:
    """The lab encodes as java.net.URLEncoder does."""
    assert java_encode(value) == expected


@pytest.mark.parametrize(("secret", "value", "expected"), VECTORS["signed"])
def test_signature_is_javas(secret: str, value: str, expected: str) -> None:
    """The lab expects the signature that Java makes, whatever the case of the signature's name."""
    parameters = {
        "apikey": "plgWJfZK4gyDS1*OY~9p2", "signatureversion": "3", "expires": EXPIRES,
        "command": "listConfigurations", "response": "json", "name": value,
    }  # fmt: skip
    assert expected_signature({**parameters, "Signature": "ignored"}, secret) == expected


def signed(parameters: dict[str, str], secret: str = "secret") -> dict[str, str]:
    """Return the parameters with all that a request needs."""
    told = {"apikey": "key", "signatureversion": "3", "expires": EXPIRES, "response": "json", **parameters}
    return {**told, "signature": expected_signature(told, secret)}


def test_good_request_is_accepted() -> None:
    """The key comes back."""
    assert verify(signed({"command": "listZones"}), KEYS, NOW) == "key"


@pytest.mark.parametrize(
    "changed",
    [{"name": "x"}, {"signature": ""}, {"signature": "AAAA"}, {"apikey": "other"}, {"command": "listHosts"},
     {"signatureversion": "2"}, {"expires": "soon"}, {"signature": "é"}],
)  # fmt: skip
def test_changed_request_is_refused(changed: dict[str, str]) -> None:
    """Whatever is changed after signing, the request is refused."""
    with pytest.raises(RefusedError):
        verify({**signed({"command": "listZones"}), **changed}, KEYS, NOW)


@pytest.mark.parametrize("missing", ["signature", "apikey", "expires", "signatureversion"])
def test_incomplete_request_is_refused(missing: str) -> None:
    """Nothing of the four may be absent."""
    told = signed({"command": "listZones"})
    del told[missing]
    with pytest.raises(RefusedError):
        verify(told, KEYS, NOW)


@pytest.mark.parametrize(("later", "fine"), [(-421, False), (-419, True), (0, True), (479, True), (480, False)])
def test_expiry_is_within_the_next_quarter_of_an_hour(later: float, fine: bool) -> None:
    """A request that expired, or that expires more than 15 minutes ahead, is refused."""
    folded = {"signatureversion": "3", "expires": EXPIRES}
    if fine:
        check_expiry(folded, NOW + later)
        return
    with pytest.raises(RefusedError):
        check_expiry(folded, NOW + later)


@pytest.mark.parametrize("text", ["2026-11-19T11:14:40+00:00", "2026-11-19T11:14:40Z", "2026-11-19T12:14:40+0100"])
def test_formats_of_expiry(text: str) -> None:
    """Every ISO form with an offset is understood."""
    check_expiry({"signatureversion": "3", "expires": text}, NOW)
    with pytest.raises(RefusedError):
        check_expiry({"signatureversion": "3", "expires": text}, NOW + 480)


def test_expiry_without_offset_is_refused() -> None:
    """A local time says nothing."""
    with pytest.raises(RefusedError):
        check_expiry({"signatureversion": "3", "expires": "2026-11-19T11:14:40"}, NOW)


def test_query_is_parsed_as_a_servlet_does() -> None:
    """A plus is a space, the first of two values counts, a name may lack a value."""
    assert parse_query("a=1+2%2B&a=3&b&=x&c=%C3%A9") == {"a": "1 2+", "b": "", "c": "é"}


class Lab:
    """The lab's API and a plain HTTP client for it."""

    def __init__(self, app: web.Application, url: str, session: aiohttp.ClientSession) -> None:
        self.app = app
        self.url = url
        self.session = session

    async def ask(self, command: str, **parameters: str) -> tuple[int, Any]:
        """Return status and JSON."""
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in signed({"command": command, **parameters}).items()
        )
        async with self.session.get(yarl.URL(f"{self.url}?{query}", encoded=True), allow_redirects=False) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else text


ROWS: dict[str, list[dict[str, Any]]] = {
    "listZones": [{"id": f"z{number}", "name": f"zone{number}"} for number in range(7)],
    "listNetworks": [{"id": "a", "type": "L2"}, {"id": "b", "type": "Shared"}, {"id": "p", "projectid": "x"}],
    "listConfigurations": [
        {"name": "host", "value": "a", "scope": "Global"},
        {"name": "consoleproxy.url.domain", "value": "b", "scope": "Zone"},
        {"name": "not.host", "value": "c"},
    ],
    "listTrafficTypes": [{"id": "t1", "physicalnetworkid": "p1"}, {"id": "t2", "physicalnetworkid": "p2"}],
}


def rows(command: str, _: Any) -> list[dict[str, Any]]:
    """Answer from the table; listPods does not exist."""
    if command == "listPods":
        raise KeyError(command)
    return ROWS.get(command, [])


@pytest.fixture
async def faults() -> dict[str, object]:
    """Return the switches of the served lab."""
    return {}


@pytest.fixture
async def lab(faults: dict[str, object]) -> AsyncIterator[Lab]:
    """Serve the rows with pages of at most five."""
    app = api_application(rows, keys=KEYS, page_size=5, faults=lambda: faults, unix=lambda: NOW)
    async with application(app) as url, aiohttp.ClientSession() as session:
        yield Lab(app, url, session)


async def test_pages(lab: Lab) -> None:
    """Without pagesize the list is cut at the page size; the count is that of all; past the end there is no array."""
    status, body = await lab.ask("listZones")
    assert status == 200
    assert body["listzonesresponse"]["count"] == 7
    assert len(body["listzonesresponse"]["zone"]) == 5
    _, body = await lab.ask("listZones", page="3", pagesize="3")
    assert body == {"listzonesresponse": {"count": 7, "zone": [{"id": "z6", "name": "zone6"}]}}
    _, body = await lab.ask("listZones", page="4", pagesize="3")
    assert body == {"listzonesresponse": {"count": 7}}


async def test_empty_list_has_neither_count_nor_array(lab: Lab) -> None:
    """As CloudStack writes it."""
    assert await lab.ask("listHosts") == (200, {"listhostsresponse": {}})


async def test_page_that_is_too_large_is_refused(lab: Lab) -> None:
    """With the text that tells the size."""
    status, body = await lab.ask("listZones", pagesize="6")
    assert status == 431
    assert body["listzonesresponse"]["errorcode"] == 431
    assert body["listzonesresponse"]["errortext"].endswith("value: 5")


async def test_owned_rows_need_listall_and_projects_apart(lab: Lab) -> None:
    """Nothing without listall, accounts with it, projects with projectid=-1."""
    assert await lab.ask("listNetworks") == (200, {"listnetworksresponse": {}})
    _, body = await lab.ask("listNetworks", listall="true")
    assert [row["id"] for row in body["listnetworksresponse"]["network"]] == ["a", "b"]
    _, body = await lab.ask("listNetworks", listall="true", projectid="-1")
    assert [row["id"] for row in body["listnetworksresponse"]["network"]] == ["p"]


async def test_filters(lab: Lab) -> None:
    """A parameter that names a field keeps the rows with that value; unknown parameters are ignored."""
    _, body = await lab.ask("listNetworks", listall="true", type="L2", nonsense="x")
    assert [row["id"] for row in body["listnetworksresponse"]["network"]] == ["a"]
    _, body = await lab.ask("listTrafficTypes", physicalnetworkid="p2")
    assert [row["id"] for row in body["listtraffictypesresponse"]["traffictype"]] == ["t2"]


async def test_required_parameter(lab: Lab) -> None:
    """431 without it."""
    assert (await lab.ask("listTrafficTypes"))[0] == 431
    assert (await lab.ask("listTemplates", listall="true"))[0] == 431


async def test_settings_match_a_part_of_the_name_and_the_scope(lab: Lab) -> None:
    """The name is a part, a zone shows only what has its scope."""
    _, body = await lab.ask("listConfigurations", name="host")
    assert [row["name"] for row in body["listconfigurationsresponse"]["configuration"]] == ["host", "not.host"]
    _, body = await lab.ask("listConfigurations", zoneid="z1")
    assert [row["name"] for row in body["listconfigurationsresponse"]["configuration"]] == ["consoleproxy.url.domain"]


async def test_unknown_commands(lab: Lab, faults: dict[str, object]) -> None:
    """401 with the text that only this case has, in errorresponse where the lab does not know the command."""
    for command, name in (("startVirtualMachine", "errorresponse"), ("listPods", "listpodsresponse")):
        status, body = await lab.ask(command)
        assert status == 401
        assert "does not exist, is not available for user" in body[name]["errortext"]
    faults["unknown"] = ["listZones"]
    _, body = await lab.ask("listApis")
    listed = {api["name"] for api in body["listapisresponse"]["api"]}
    assert listed == set(COMMANDS) - {"listZones"} | {"listApis"}
    assert (await lab.ask("listZones"))[0] == 401


async def test_what_was_asked_is_recorded_without_credentials(lab: Lab) -> None:
    """Commands are counted, parameters kept, key and signature not; refused requests are not among them."""
    await lab.ask("listZones", name="n")
    await lab.ask("listZones", signatureversion="2")
    assert lab.app[ASKED] == {"listZones": 1}
    (told,) = lab.app[REQUESTS]
    assert told["name"] == "n"
    assert told.keys() & {"apikey", "signature"} == set()


@pytest.mark.parametrize(
    ("fault", "status"),
    [("refuse", 401), ("throttle", 429), ("internal", 530), ("denied", 531), ("off", 432), ("booting", 503),
     ("missing_page", 404), ("html", 200), ("redirect", 302), ("forbidden", 401)],
)  # fmt: skip
async def test_fault_strikes_all_or_some_commands(lab: Lab, faults: dict[str, object], fault: str, status: int) -> None:
    """True strikes every command, a list of names only those, nothing none."""
    faults[fault] = True
    assert (await lab.ask("listZones"))[0] == status
    faults[fault] = ["listHosts"]
    assert (await lab.ask("listHosts"))[0] == status
    assert (await lab.ask("listZones"))[1]["listzonesresponse"]["count"] == 7


async def test_hang_ends_when_it_is_switched_off(lab: Lab, faults: dict[str, object]) -> None:
    """A hanging request is answered when the fault is over."""
    faults["hang"] = True
    asked = asyncio.create_task(lab.ask("listZones"))
    done, _ = await asyncio.wait([asked], timeout=0.3)
    assert not done
    faults.clear()
    assert (await asked)[0] == 200


async def test_unverified_request_learns_nothing(lab: Lab) -> None:
    """A wrong signature is refused before the command is looked at."""
    async with lab.session.get(f"{lab.url}?command=listZones&response=json") as response:
        assert response.status == 401
        assert "verify user credentials" in (await response.json())["listzonesresponse"]["errortext"]


async def test_form_is_accepted_as_well(lab: Lab) -> None:
    """A POST form carries the same parameters."""
    async with lab.session.post(lab.url, data=signed({"command": "listZones"})) as response:
        assert response.status == 200
