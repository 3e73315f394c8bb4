"""VLANs that hosts carry and the pool has as free: seen before the pool was asked twice, never in passing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from exporter.checks.vlan_trunking.released_vlans import CHECK
from exporter.cloud.networks import Network
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.model import Question
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene
from tests.checks.vlan_trunking.released_scene import CARRIES, FREE, TAKEN, Pool, only, run


def test_the_remedy_makes_the_network_take_another_vlan() -> None:
    """Only a network that was shut down takes one; restartNetwork replaces routers and keeps what it has."""
    assert "Stop all machines" in CHECK.remedies[0]
    assert "wait until its state is Allocated" in CHECK.remedies[0]
    assert not any("restartNetwork" in words or "with cleanup" in words for words in CHECK.remedies)


def test_taken_vlans_are_healthy() -> None:
    """Zero is said for each host."""
    assert only(run().minutes(21, CARRIES, TAKEN)).value == 0


def test_a_vlan_released_while_machines_use_it() -> None:
    """The report of a VLAN that was freed under its network: it names VLAN, machine and what the pool says."""
    going = run()
    going.minutes(20, CARRIES, TAKEN)
    found = only(going.minutes(31, CARRIES, FREE))
    assert (found.value, found.seen) == (1, "VLAN 101 of physical-pn with i-2-1-VM: free in the pool")
    assert found.metric.problem is not None
    assert found.metric.problem.holds(found.value, 0)
    assert only(going.minutes(11, CARRIES, TAKEN)).value == 0


def test_it_takes_two_rounds_of_the_database() -> None:
    """A network that is shut down frees its VLAN just before, or just after, its last machine goes."""
    going = run()
    going.minutes(20, CARRIES, TAKEN)
    assert only(going.minutes(10, CARRIES, FREE)).value == 0


def test_a_network_that_starts_between_two_rounds() -> None:
    """Free at the rounds before, taken at the next: the machine came up in between, and nothing was wrong."""
    going = run()
    idle = scene.answered(scene.links(*scene.UPLINK))
    going.minutes(20, idle, FREE)
    going.minute(idle, FREE)
    assert {only(going.minute(CARRIES)).value for _ in range(9)} == {0}
    assert only(going.minutes(11, CARRIES, TAKEN)).value == 0


def test_another_network_got_it_already() -> None:
    """The network has no VLAN any more, and the one on the host is now another's: tenants meet."""
    networks = (scene.network("", state="Allocated"), scene.network("101", "other"))
    found = only(run(networks=networks).minutes(31, CARRIES, TAKEN))
    assert found.seen == "VLAN 101 of physical-pn with i-2-1-VM: taken by otherwork, while network has none"


MEET = "VLAN 101 of physical-pn with i-2-1-VM: of network and otherwork at once"


def test_a_vlan_freed_in_the_pool_alone_and_given_to_a_second_network() -> None:
    """The first network keeps it: the pool calls it taken again, and just then the tenants meet."""
    going = run()
    going.minutes(20, CARRIES, TAKEN)
    assert only(going.minutes(31, CARRIES, FREE)).value == 1
    going.cloud = scene.cloud(scene.instance(1), networks=(scene.network(), scene.network("101", "other")))
    found = only(going.minutes(31, CARRIES, TAKEN))
    assert (found.value, found.seen) == (1, MEET)


def test_machines_of_the_second_network_tell_of_it_too() -> None:
    """On their own hosts as well as beside those of the first."""
    networks = (scene.network(), scene.network("101", "other"))
    new = scene.instance(1, 1, scene.nic(1, network_id="other"))
    assert only(run(new, networks=networks).minutes(31, CARRIES, TAKEN)).seen == MEET


def test_a_machine_left_in_a_vlan_that_another_network_got() -> None:
    """Its own network was given another one by hand."""
    networks = (scene.network("150"), scene.network("101", "other"))
    found = only(run(networks=networks).minutes(31, CARRIES, {"pn": frozenset({101, 150})}))
    assert found.seen == "VLAN 101 of physical-pn with i-2-1-VM: taken by otherwork, while network has 150"


@pytest.mark.parametrize(
    "other",
    [
        scene.network("101", "other", specifies_vlan=True),
        scene.network("101", "other", type="L2"),
        scene.network("101", "other", state="Allocated"),
        scene.network("101", "other", physical_network_id="pn2"),
        scene.network("vxlan://101", "other"),
        scene.network("101", "other", related="net"),
    ],
    ids=["by-hand", "l2", "down", "elsewhere", "vxlan", "copy"],
)
def test_networks_that_do_not_meet(other: Network) -> None:
    """One whose VLAN was chosen by hand, one that is down, one of other wires, and the copy made by a migration."""
    networks = (scene.network(related=other.id if other.related else ""), other)
    assert only(run(networks=networks).minutes(31, CARRIES, TAKEN)).value == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"networks": (scene.network(specifies_vlan=True),)},
        {"physicals": (scene.physical(vlan_ranges=((200, 299),)),)},
        {"physicals": (scene.physical(vlan_ranges=()),), "labels": (scene.label("cloudbr9"),)},
    ],
)
def test_vlans_that_are_not_the_pools(fields: Mapping[str, Any]) -> None:
    """Chosen by hand, outside the range, or of a network without a pool, wherever that lies."""
    assert only(run(**fields).minutes(31, CARRIES, FREE)).value == 0


VXLAN: dict[str, Any] = {
    "networks": (scene.network("vxlan://5001"),),
    "physicals": (scene.physical(isolation_methods=("VXLAN",), vlan_ranges=((5000, 5999),)),),
}
TUNNELS = scene.answered(scene.links(*scene.UPLINK, *scene.vxlan()), scene.domain(1, source="brvx-5001"))
USER = scene.instance(1, 1, scene.nic(1, "vxlan://5001"))


def test_vxlans_that_are_taken_and_released() -> None:
    """Their pool is one of numbers too, and the device below the machine's bridge tells which it has."""
    taken: Pool = {"pn": frozenset({5001})}
    assert only(run(USER, **VXLAN).minutes(31, TUNNELS, taken)).value == 0
    found = only(run(USER, **VXLAN).minutes(31, TUNNELS, FREE))
    assert (found.value, found.seen) == (1, "VXLAN 5001 of physical-pn with i-2-1-VM: free in the pool")


@pytest.mark.parametrize("method", ["VXLAN", "GRE"])
def test_what_is_of_another_method_than_its_physical_network(method: str) -> None:
    """No device of the pool's numbers is there, or there never is one: nothing is said of the host."""
    physicals = (scene.physical(isolation_methods=(method,)),)
    assert run(physicals=physicals).minutes(31, CARRIES, TAKEN) == []
    assert run(physicals=physicals, labels=(scene.label("cloudbr9"),)).minutes(31, CARRIES, TAKEN) == []


def test_a_vxlan_in_open_vswitch() -> None:
    """Its ports have tags, which are no numbers of the pool."""
    port = OvsPort(name="vnet0", bridge="cloudbr1", tag=101, interfaces=(OvsInterface(name="vnet0"),))
    links = scene.links(scene.link("vnet0", "tun", "ovs-system"))
    values = scene.answered(links, scene.domain(1, source="cloudbr1"), ovs=scene.switch(port))
    assert run(USER, **VXLAN).minutes(31, values, FREE) == []


FOREIGN = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0", parent="bond7")), scene.domain(1))
TORN = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101)), scene.domain(1))
OTHER_MAC = scene.domain(1, mac=scene.mac(77))
UNPLUGGED = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")), OTHER_MAC)
STRANGE = scene.answered(
    scene.links(scene.link("vnet0", "tun", "ovs-system")),
    scene.domain(1, source="br7"),
    ovs=scene.switch(OvsPort(name="vnet0", bridge="br7", tag=101, interfaces=(OvsInterface(name="vnet0"),))),
)


@pytest.mark.parametrize(
    ("values", "pool", "fields"),
    [
        (CARRIES, FREE, {"labels": (scene.label("cloudbr9"),)}),
        (CARRIES, FREE, {"physicals": ()}),
        (CARRIES, {"other": frozenset({101})}, {}),
        (FOREIGN, FREE, {}),
        (TORN, FREE, {}),
        (UNPLUGGED, FREE, {}),
        (STRANGE, FREE, {}),
    ],
    ids=["label", "physical", "pool", "bond", "tap", "mac", "bridge"],
)
def test_what_cannot_be_placed_is_not_said_to_be_well(
    values: Mapping[Question[Any], Any], pool: Pool, fields: Mapping[str, Any]
) -> None:
    """Wires, physical network, pool or port of a running machine are not known, while its VLAN may be free."""
    assert run(**fields).minutes(31, values, pool) == []


def test_what_is_wrong_is_said_although_another_nic_cannot_be_placed() -> None:
    """The count is then at least what it says."""
    machines = (scene.instance(1), scene.instance(2))
    values = scene.answered(
        scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")), scene.domain(1), scene.domain(2, tap="vnet9")
    )
    assert only(run(*machines).minutes(31, values, FREE)).value == 1


def test_a_nic_that_cannot_be_placed_and_whose_network_has_its_vlan() -> None:
    """It is no doubtful one: the host is well, whatever its wires are called."""
    assert only(run(labels=(scene.label("cloudbr9"),)).minutes(31, CARRIES, TAKEN)).value == 0
    assert only(run().minutes(31, FOREIGN, TAKEN)).value == 0


def test_nics_without_any_vlan_are_in_none_of_the_pools() -> None:
    """In the bridge of the label itself, or at a port of Open vSwitch without a tag."""
    bridged = scene.answered(
        scene.links(*scene.UPLINK, scene.link("vnet0", "tun", "cloudbr1")), scene.domain(1, source="cloudbr1")
    )
    assert only(run().minutes(31, bridged, FREE)).value == 0
    port = OvsPort(name="vnet0", bridge="cloudbr1", interfaces=(OvsInterface(name="vnet0"),))
    switched = scene.answered(
        scene.links(scene.link("vnet0", "tun", "ovs-system")),
        scene.domain(1, source="cloudbr1"),
        ovs=scene.switch(port),
    )
    assert only(run().minutes(31, switched, FREE)).value == 0


@pytest.mark.parametrize(
    "values",
    [
        scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0"))),
        scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")), scene.domain(1, state="paused")),
        scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101, "vnet0")), scene.domain(2)),
    ],
)
def test_bridges_without_a_machine_of_cloudstack(values: Mapping[Question[Any], Any]) -> None:
    """Orphan bridges, and machines that are gone, paused or unknown."""
    assert only(run().minutes(31, values, FREE)).value == 0


def test_ports_of_open_vswitch() -> None:
    """There the tag of the port is the VLAN."""
    port = OvsPort(name="vnet0", bridge="cloudbr1", tag=101, interfaces=(OvsInterface(name="vnet0"),))
    values = scene.answered(
        scene.links(scene.link("vnet0", "tun", "ovs-system")),
        scene.domain(1, source="cloudbr1"),
        ovs=scene.switch(port),
    )
    assert only(run().minutes(31, values, FREE)).value == 1
    assert only(run().minutes(31, values, TAKEN)).value == 0


def test_a_nic_that_kept_the_vlan_of_before() -> None:
    """The network was given another VLAN by hand, the machine still runs in the old one, which is free now."""
    networks = (scene.network("150"),)
    found = only(run(networks=networks).minutes(31, CARRIES, {"pn": frozenset({150})}))
    assert found.seen == "VLAN 101 of physical-pn with i-2-1-VM: free in the pool"


def test_a_machine_that_migrated_counts_anew() -> None:
    """The fact belongs to its host."""
    going = run()
    going.minutes(25, CARRIES, FREE)
    moved = scene.cloud(scene.instance(1, on=2))
    going.cloud = moved
    assert only(going.minutes(5, CARRIES, FREE)).value == 0


def test_what_is_not_told_is_unknown() -> None:
    """No host without its answers, and nothing before the database was asked twice."""
    going = run()
    assert going.minute(CARRIES) == []
    assert going.minute(CARRIES, FREE) == []
    partial = {question: value for question, value in CARRIES.items() if question is not LINKS}
    assert run().minutes(31, partial, FREE) == []


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said: an alert of before ends."""
    held = run(hosts=(scene.host(resource_state="Maintenance"),))
    assert [sample.value for sample in held.minutes(31, CARRIES, FREE)] == [0]


def test_it_needs_both_kinds() -> None:
    """The database is a member of every zone."""
    (group,) = CHECK.groups
    assert set(group.needs) == {HostTarget, DatabaseTarget}
