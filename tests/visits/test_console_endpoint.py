"""The visit to a console proxy: all steps of the way, also when an early one fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exporter.cloud.consoles import ConsoleAddress
from exporter.cloud.objects import SystemVm
from exporter.cloud.targets import ConsoleEndpoint
from exporter.model import Failure, Ports, Question, Reason, SourceError
from exporter.questions.system_vms import console as asked
from exporter.sources.probe import Probe, ProbeSettings
from exporter.visits.console_endpoint import visit
from exporter.visits.ways import Ways
from tests.sources.certificate_maker import leaf
from tests.sources.rough_servers import name_server, saying, serving
from tests.sources.test_probe_wire import served_with

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
ALL: tuple[Question[Any], ...] = (
    asked.CONSOLE_NAME,
    asked.CONSOLE_TCP,
    asked.CONSOLE_TLS,
    asked.CONSOLE_CERTIFICATE,
    asked.CONSOLE_PAGE,
    asked.CONSOLE_VNC,
    asked.CONSOLE_NEXT_NAMES,
)
NAME = "127-0-0-1.console.example"


def endpoint(*, tls: bool = False, address: str = "127.0.0.1", static: int | None = None) -> ConsoleEndpoint:
    vm = SystemVm(id="1", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z")
    place = ConsoleAddress(NAME, tls, "wildcard", "console.example", address, static)
    return ConsoleEndpoint(vm, "east", place, ("127-0-0-2.console.example", "127-0-0-3.console.example"))


def ways(resolver: str, web: int, vnc: int, seconds: float = 0.5) -> Ways:
    ports = Ports(console_http=web, console_https=web, console_vnc=vnc, console_vnc_tls=vnc)
    return Ways(probe=Probe(ProbeSettings(resolvers=(resolver,), connect_seconds=seconds)), ports=ports)


async def brought(target: ConsoleEndpoint, way: Ways, seconds: float = 20) -> dict[str, Any]:
    return {question.name: value for question, value in (await visit(target, ALL, way, seconds)).items()}


NAMES = {"127_0_0_1__console__example": "127.0.0.1", "127_0_0_2__console__example": "127.0.0.2"}


async def test_a_plain_console_is_walked_to_its_end() -> None:
    """Every due question has a value; TLS is said not to be used."""
    async with name_server(**NAMES) as (dns, _), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(), ways(dns, web, vnc))
    assert found["console_name"].addresses == ("127.0.0.1",)
    assert found["console_tcp"].is_ok
    assert not found["console_tls"].is_used
    assert found["console_certificate"] == ()
    assert found["console_page"].status == 200
    assert found["console_vnc"].is_ok
    assert [name.addresses for name in found["console_next_names"]] == [("127.0.0.2",), ()]


async def test_a_console_with_tls_is_walked_to_its_end(tmp_path: Path) -> None:
    """The certificate is read although nobody trusts it, and the page behind it too."""
    context = served_with(tmp_path, leaf(None, NAME))
    async with (
        name_server(**NAMES) as (dns, _),
        serving(saying(OK), context) as web,
        serving(saying(), context) as vnc,
    ):
        found = await brought(endpoint(tls=True), ways(dns, web, vnc, seconds=5))
    assert found["console_tls"].error_code == 18
    assert found["console_certificate"][0].covers(NAME)
    assert found["console_page"].status == 200
    assert found["console_vnc"].is_ok


@pytest.mark.parametrize("told", ["nxdomain", "silent"])
async def test_the_public_address_is_dialled_when_the_name_leads_nowhere(told: str) -> None:
    """The rest of the evidence does not depend on DNS; a silent server makes only the name unknown."""
    names = {"127_0_0_1__console__example": told}
    async with name_server(**names) as (dns, _), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(), ways(dns, web, vnc))
    assert found["console_page"].status == 200
    if told == "nxdomain":
        assert "NXDOMAIN" in found["console_name"].detail
    else:
        assert found["console_name"].reason is Reason.TIMEOUT


async def test_a_second_address_is_tried() -> None:
    """A balancer's first address that refuses does not hide the second; later questions go to the one that works."""
    names = {"127_0_0_1__console__example": "127.0.0.9 127.0.0.1"}
    async with name_server(**names) as (dns, _), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(), ways(dns, web, vnc))
    assert found["console_tcp"].is_ok
    assert found["console_page"].status == 200
    assert found["console_vnc"].is_ok


async def test_a_refused_port_is_the_verdict_and_the_rest_is_not_asked() -> None:
    """TCP is answered by "refused"; what lies behind has a reason; the websocket port is tried all the same."""
    async with name_server(**NAMES) as (dns, _), serving(saying()) as vnc:
        async with serving(saying()) as gone:
            pass
        found = await brought(endpoint(tls=True), ways(dns, gone, vnc))
    assert found["console_tcp"].reason is Reason.REFUSED
    for name in ("console_tls", "console_certificate", "console_page"):
        assert isinstance(found[name], Failure)
        assert found[name].reason is Reason.REFUSED
    assert found["console_vnc"].reason is Reason.DISCONNECTED


async def test_a_static_port_wins() -> None:
    """consoleproxy.static.port is dialled instead of the usual one."""
    async with name_server(**NAMES) as (dns, _), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(static=web), ways(dns, 1, vnc))
    assert found["console_page"].status == 200


async def test_a_proxy_without_an_address_is_never_dialled_as_localhost() -> None:
    """CloudStack tells no address and the name leads nowhere: unknown, with the reason."""
    async with name_server() as (dns, _), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(address=""), ways(dns, web, vnc))
    assert isinstance(found["console_tcp"], Failure)
    assert found["console_tcp"].reason is Reason.NO_WAY


async def test_what_is_known_at_the_deadline_is_kept() -> None:
    """A silent page costs its own answer; the earlier ones are there, the later ones say timeout."""
    async with name_server(**NAMES) as (dns, _), serving(saying(hold=True)) as web, serving(saying()) as vnc:
        found = await brought(endpoint(), ways(dns, web, vnc, seconds=30), seconds=1)
    assert found["console_tcp"].is_ok
    assert found["console_page"].reason is Reason.TIMEOUT
    assert isinstance(found["console_vnc"], Failure)


async def test_only_due_questions_are_answered() -> None:
    """The names of successors are looked up only when they are due."""
    async with name_server(**NAMES) as (dns, server), serving(saying(OK)) as web, serving(saying()) as vnc:
        found = await visit(endpoint(), (asked.CONSOLE_NAME,), ways(dns, web, vnc), 20)
    assert set(found) == {asked.CONSOLE_NAME}
    assert not any("127-0-0-2" in name for name in server.asked)


async def test_without_a_probe_nothing_is_configured() -> None:
    """console.enabled=false is not a failure."""
    with pytest.raises(SourceError) as caught:
        await visit(endpoint(), ALL, Ways(), 1)
    assert caught.value.reason is Reason.NOT_CONFIGURED
