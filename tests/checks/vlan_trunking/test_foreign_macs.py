"""Addresses that answer with another MAC than CloudStack gave them."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.foreign_macs import judge
from exporter.model import Sample
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, RouterNeighbour
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.vlan_trunking import vlan_scene as scene

FOREIGN = "02:00:ff:00:00:99"


def entry(number: int, mac: str = FOREIGN, state: str = "REACHABLE") -> RouterNeighbour:
    """Return the ARP entry for the address of a machine."""
    return RouterNeighbour(f"10.1.1.{number}", "eth0", mac, state)


def verdict(*entries: RouterNeighbour, looks: int = 2, machines: Any = None) -> list[Sample]:
    """Return what is said of a router with these entries."""
    router = scene.router()
    seen_by = scene.cloud(router, *(machines or (scene.instance(5),)))
    watch = scene.Watch(judge)
    found: list[Sample] = []
    for _ in range(looks):
        values: scene.Values = {ROUTER_NEIGHBOURS: entries}
        found = watch.look(scene.router_target(router), seen_by, lambda values=values: watch.answers("r", values))  # type: ignore[misc]
    return found


def test_another_machine_answers() -> None:
    """The finding names the address and both MACs."""
    found = verdict(entry(5))
    assert scene.values_of(found) == {("foreign_macs", "r-4-VM"): 1, ("address_foreign_mac", "r-4-VM", "10.1.1.5"): 1}
    sample = scene.only(found, "foreign_macs")
    assert (sample.seen, sample.expected) == (f"10.1.1.5 at {FOREIGN}", f"10.1.1.5 at {scene.mac(5)}")


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (entry(5, scene.mac(5)),),
        (entry(5, state="STALE"),),
        (entry(5, state="DELAY"),),
        (entry(5, "", "FAILED"),),
        (entry(77),),
    ],
)
def test_what_is_no_foreign_mac(entries: tuple[RouterNeighbour, ...]) -> None:
    """The right MAC, entries of a former owner that nobody confirmed, silence, addresses of nobody."""
    assert scene.values_of(verdict(*entries)) == {("foreign_macs", "r-4-VM"): 0}


def test_one_look_and_machines_that_do_not_run() -> None:
    """A new owner of the address may have come since the refresh; that of a stopped machine may be borrowed."""
    assert scene.values_of(verdict(entry(5), looks=1)) == {("foreign_macs", "r-4-VM"): 0}
    stopped = (scene.instance(5, state="Stopped"),)
    assert scene.values_of(verdict(entry(5), machines=stopped)) == {("foreign_macs", "r-4-VM"): 0}


def holder(number: int, *secondary: str, **fields: Any) -> Any:
    """Return a machine with secondary addresses."""
    return scene.instance(number, 1, scene.nic(number, secondary=secondary, **fields))


def test_a_secondary_address_that_a_stranger_has() -> None:
    """It is the instance's as its own address is."""
    found = verdict(entry(50), machines=(holder(5, "10.1.1.50"),))
    assert scene.only(found, "foreign_macs").value == 1
    assert scene.only(found, "foreign_macs").expected == f"10.1.1.50 at {scene.mac(5)}"


@pytest.mark.parametrize("answers", [scene.mac(5), scene.mac(6), "00:00:5e:00:01:33"])
def test_a_secondary_address_that_two_machines_share(answers: str) -> None:
    """CloudStack gives it to one of them; which has it now, or its virtual MAC, is VRRP's affair."""
    machines = (holder(5, "10.1.1.50"), holder(6))
    assert scene.values_of(verdict(entry(50, answers), machines=machines)) == {("foreign_macs", "r-4-VM"): 0}


def test_a_secondary_address_that_two_instances_have() -> None:
    """Nobody can tell whose it is; one that is another's own address is compared as that."""
    twice = (holder(5, "10.1.1.50"), holder(6, "10.1.1.50"))
    assert scene.values_of(verdict(entry(50), machines=twice)) == {("foreign_macs", "r-4-VM"): 0}
    owned = (holder(5, "10.1.1.6"), holder(6))
    assert scene.only(verdict(entry(6, scene.mac(5)), machines=owned), "foreign_macs").value == 1


def test_rows_are_bounded() -> None:
    """Of thirty twenty are shown."""
    machines = [scene.instance(number) for number in range(5, 35)]
    found = verdict(*(entry(number) for number in range(5, 35)), machines=machines)
    assert scene.only(found, "foreign_macs").value == 30
    assert len(found) == 1 + ROWS_PER_TARGET
