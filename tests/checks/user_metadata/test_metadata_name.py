"""The verdict on the name data-server."""

from __future__ import annotations

import pytest

from exporter.checks.user_metadata.metadata_name import PUSH, judge
from exporter.checks.user_metadata.remedies import RESTART_ROUTER
from exporter.cloud.networks import Network
from exporter.cloud.objects import Router
from exporter.model import Sample
from exporter.questions.routers.metadata_name import METADATA_NAME, DataServer, NameAnswer
from exporter.questions.routers.state import Role
from tests.checks.user_metadata import scene

ROUTER = scene.router()


def answer(*addresses: str, server: str = "10.1.1.1", word: str = "NOERROR") -> NameAnswer:
    """Return one DNS answer."""
    return NameAnswer(server, word, addresses)


def verdict(
    name: DataServer, of: Router = ROUTER, networks: tuple[Network, ...] = (scene.network(),), **fields: object
) -> list[Sample]:
    """Return the samples for what the name leads to."""
    settings = fields.pop("settings", {})
    cloud = scene.cloud(of, networks=networks, settings=settings)
    return scene.judged(judge, of, cloud, {METADATA_NAME: name}, **fields)  # type: ignore[arg-type]


def test_the_right_address() -> None:
    """The name leads to the address that serves."""
    (found,) = verdict(DataServer(("10.1.1.1",), (answer("10.1.1.1"),)), looks=1)
    assert found.value == 1


@pytest.mark.parametrize(
    ("given", "seen", "remedy"),
    [
        (answer("10.9.9.9"), "data-server is 10.9.9.9", RESTART_ROUTER),
        (answer("10.1.1.1", "10.9.9.9"), "data-server is 10.1.1.1, 10.9.9.9", RESTART_ROUTER),
        (answer(), "DNS knows no address of data-server", PUSH),
        (answer(word="NXDOMAIN"), "DNS answers NXDOMAIN for data-server", PUSH),
        (answer(word="refused"), "nobody answers DNS", RESTART_ROUTER),
        (answer(word="timeout"), "no DNS answer in time", RESTART_ROUTER),
        (answer(word="REFUSED"), "DNS answers REFUSED for data-server", RESTART_ROUTER),
    ],
)
def test_faults(given: NameAnswer, seen: str, remedy: str) -> None:
    """Another address, one too many, none, no server: after the second look, with the remedy that fits."""
    name = DataServer(("10.1.1.1",), (given,))
    assert verdict(name, looks=1) == []
    (found,) = verdict(name)
    assert (found.value, found.seen, found.remedy) == (0, seen, remedy)
    assert found.expected == "data-server is 10.1.1.1"


def test_a_pair() -> None:
    """The shared address and the primary's own serve alike; the backup's own does not."""
    pair = scene.router(is_redundant=True, nics=(scene.nic("10.1.1.5", gateway="10.1.1.1"),))
    for address, value in (("10.1.1.1", 1), ("10.1.1.5", 1), ("10.1.1.6", 0)):
        name = DataServer((address,), (answer(address),))
        (found,) = verdict(name, of=pair, role=Role.PRIMARY)
        assert found.value == value
        assert verdict(name, of=pair, role=Role.BACKUP) == []


def test_networks_with_external_dns_are_not_judged() -> None:
    """Guests of such a network ask another server; where the zone says so, the router has none at all."""
    external = scene.network(services=scene.BY_ROUTER | {"Dns": frozenset({"Other"})})
    missing = DataServer((), (answer(word="refused"),))
    assert verdict(missing, networks=(external,)) == []
    assert verdict(missing, settings={"use.external.dns": "true"}) == []
    assert len(verdict(missing, settings={"use.external.dns": "false"})) == 1


def test_routers_that_never_had_the_name() -> None:
    """VPC routers before 4.16 and shared networks before 4.15 lack it by design, which the hosts file shows."""
    nics = (scene.nic("10.1.1.1", "web"), scene.nic("10.2.2.1", "db"))
    vpc = scene.router(vpc_id="v", network_id="", nics=nics)
    tiers = (scene.network("web", vpc_id="v"), scene.network("db", vpc_id="v"))
    answers = (answer("10.1.1.1"), answer(server="10.2.2.1"))
    assert verdict(DataServer((), (answer(), answer(server="10.2.2.1"))), of=vpc, networks=tiers) == []
    found = scene.values_of(verdict(DataServer(("10.1.1.1",), answers), of=vpc, networks=tiers))
    assert [found["data_server_resolves", "r-4-VM", one] for one in ("10.1.1.1", "10.2.2.1")] == [1, 0]
    shared = scene.network(type="Shared")
    assert verdict(DataServer((), (answer(),)), networks=(shared,)) == []
    assert len(verdict(DataServer((), (answer(),)))) == 1


def test_a_shared_network_with_several_ranges() -> None:
    """It has one name for all of them: any of the router's own addresses is right."""
    router = scene.router(nics=(scene.nic("10.1.1.1"), scene.nic("10.2.2.1")))
    answers = (answer("10.1.1.1"), answer("10.1.1.1", server="10.2.2.1"))
    found = verdict(DataServer(("10.1.1.1",), answers), of=router, networks=(scene.network(type="Shared"),))
    assert [one.value for one in found] == [1, 1]


def test_an_address_that_was_not_asked() -> None:
    """No answer is no verdict."""
    assert verdict(DataServer(("10.1.1.1",), ())) == []
