"""DHCP offers that guests leave untaken."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.untaken_offers import judge
from exporter.model import Sample
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpLog, UntakenOffers
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from tests.checks.vlan_trunking import vlan_scene as scene

SERVED = scene.network(services={"Dhcp": frozenset({"VirtualRouter"})})


def left(number: int, offers: int = 2, **fields: str) -> UntakenOffers:
    """Return the offers that a machine left."""
    given: dict[str, Any] = {"device": "eth0", "mac": scene.mac(number), "address": f"10.1.1.{number}"} | fields
    return UntakenOffers(**given, offers=offers)


def verdict(
    *offers: UntakenOffers,
    looks: int = 2,
    machines: Any = None,
    router: Any = None,
    network: Any = SERVED,
    table: tuple[RouterNeighbour, ...] | None = None,
) -> list[Sample]:
    """Return what is said of a router whose log tells of these offers."""
    router = router or scene.router()
    seen_by = scene.cloud(router, *(machines or (scene.instance(5), scene.instance(6))), networks=(network,))
    watch = scene.Watch(judge)
    values: scene.Values = {ROUTER_DHCP: DhcpLog(untaken=offers)} | (
        {} if table is None else {ROUTER_NEIGHBOURS: table}
    )
    found: list[Sample] = []
    for _ in range(looks):
        found = watch.look(scene.router_target(router), seen_by, lambda: watch.answers("r", values))
    return found


NONE = {("untaken_dhcp_offers", "r-4-VM"): 0}


def test_a_guest_that_takes_no_offer() -> None:
    """The finding names machine, MAC, address and how often; the worst comes first."""
    found = verdict(left(5), left(6, 9))
    assert scene.values_of(found) == {("untaken_dhcp_offers", "r-4-VM"): 2}
    assert found[0].seen == (
        f"vm6 ({scene.mac(6)}) was offered 10.1.1.6 9 times in vain; "
        f"vm5 ({scene.mac(5)}) was offered 10.1.1.5 2 times in vain"
    )


def test_two_guests_that_asked_once() -> None:
    """Each start beside a second server leaves one offer at most, so those of a network are added up."""
    assert scene.values_of(verdict(left(5, 1), left(6, 1))) == {("untaken_dhcp_offers", "r-4-VM"): 2}


@pytest.mark.parametrize(
    "offers",
    [
        (),
        (left(5, 1),),
        (left(77, 50),),
        (left(5, 9, address="10.1.1.99"),),
        (left(5, 1), left(77, 9)),
    ],
)
def test_what_is_no_second_server(offers: tuple[UntakenOffers, ...]) -> None:
    """All taken, one guest reset while it asked, MACs of nobody, an address that the guest had before."""
    assert scene.values_of(verdict(*offers)) == NONE


def test_one_look_is_not_enough() -> None:
    """A guest may be asking just now."""
    assert scene.values_of(verdict(left(5), looks=1)) == NONE


@pytest.mark.parametrize(("state", "value"), [("REACHABLE", 0), ("STALE", 1), ("FAILED", 1)])
def test_a_guest_that_has_its_address(state: str, value: int) -> None:
    """Who was just heard at the offered address has it by other means; an old entry may be of a former start."""
    mac = "" if state == "FAILED" else scene.mac(5)
    found = verdict(left(5), table=(RouterNeighbour("10.1.1.5", "eth0", mac, state),))
    assert scene.values_of(found) == {("untaken_dhcp_offers", "r-4-VM"): value}


@pytest.mark.parametrize("fields", [{"created": scene.NOW - 60}, {"state": "Stopped"}, {"state": "Starting"}])
def test_guests_that_prove_nothing(fields: dict[str, Any]) -> None:
    """Just made, stopped, being started."""
    assert scene.values_of(verdict(left(5, 9), machines=(scene.instance(5, **fields),))) == NONE


def test_the_second_look_begins_anew_on_another_host() -> None:
    """A guest that was migrated is looked at twice on its new host."""
    watch = scene.Watch(judge)
    router = scene.router()
    values: scene.Values = {ROUTER_DHCP: DhcpLog(untaken=(left(5),))}
    counts = []
    for on in (1, 2, 2):
        seen_by = scene.cloud(router, scene.instance(5, on), networks=(SERVED,))
        (found,) = watch.look(scene.router_target(router), seen_by, lambda: watch.answers("r", values))
        counts.append(found.value)
    assert counts == [0, 0, 1]


def test_who_serves_no_dhcp_is_not_judged() -> None:
    """A backup router, and a network whose DHCP somebody else provides."""
    backup = scene.router(is_redundant=True, redundant_state="BACKUP")
    assert not verdict(left(5), router=backup)
    assert not verdict(left(5), network=scene.network(services={"Dhcp": frozenset({"ConfigDrive"})}))
    primary = scene.router(is_redundant=True, redundant_state="PRIMARY")
    assert scene.values_of(verdict(left(5), router=primary)) == {("untaken_dhcp_offers", "r-4-VM"): 1}


def test_the_finding_is_bounded() -> None:
    """Of thirty machines five are named, and all are counted."""
    machines = [scene.instance(number) for number in range(10, 40)]
    (found,) = verdict(*(left(number) for number in range(10, 40)), machines=machines)
    assert found.value == 30
    assert found.seen.count("in vain") == 5
