"""VLAN devices without a bridge, and bridges without a machine."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.vlan_trunking.leftovers import CHECK, judge
from exporter.cloud.networks import PrivateGateway, StorageRange
from exporter.cloud.objects import Pod
from exporter.model import Sample
from exporter.questions.hosts.links import Link
from exporter.thresholds import VLAN_ORPHAN_BRIDGE_SECONDS
from tests.checks.vlan_trunking import vlan_scene as scene

HOST = ("cluster1", "kvm1")


def verdict(*found: Link, seen_by: Any = None, looks: int = 2) -> list[Sample]:
    """Return what is said of a host with these links."""
    values = scene.answered(scene.links(*scene.UPLINK, *found))
    return scene.on_host(judge, seen_by or scene.cloud(), values, looks=looks)


def test_a_device_that_a_failed_creation_left() -> None:
    """It is reported at the second look, with the bridge that it should have."""
    device = scene.link("bond0.101", "vlan", parent="bond0", vlan=101)
    assert scene.only(verdict(device, looks=1), "devices_without_bridge").value == 0
    found = scene.only(verdict(device), "devices_without_bridge")
    assert (found.value, found.seen) == (1, "bond0.101 without brbond0-101")
    assert found.remedy.startswith("Look into the agent's log")


def test_a_device_of_no_network_may_be_the_hosts_own() -> None:
    """It is no failure: a fact beside it says that such a VLAN lies in the range, and a row which device it is."""
    device = scene.link("bond0.155", "vlan", parent="bond0", vlan=155)
    assert scene.values_of(verdict(device)) == {
        ("devices_without_bridge", *HOST): 0,
        ("host_vlans_in_guest_range", *HOST): 1,
        ("host_vlan_in_guest_range", *HOST, "bond0.155"): 1,
        ("orphan_bridges", *HOST): 0,
    }
    assert not any(metric.problem for metric in CHECK.metrics if "host_vlan" in metric.name)


def test_the_same_vlan_of_another_physical_network() -> None:
    """A network has it, and lies on another uplink: the device here is not its."""
    far = scene.network("155", "far", physical_network_id="far")
    device = scene.link("bond0.155", "vlan", parent="bond0", vlan=155)
    assert scene.only(verdict(device, seen_by=scene.cloud(networks=(far,))), "devices_without_bridge").value == 0
    unplaced = scene.network("155", physical_network_id="")
    assert scene.only(verdict(device, seen_by=scene.cloud(networks=(unplaced,))), "devices_without_bridge").value == 1


def test_a_vlan_that_was_chosen_by_hand() -> None:
    """It lies outside the range, and a network has it: of its name alone one can tell that its bridge is not made."""
    device = scene.link("bond0.2000", "vlan", parent="bond0", vlan=2000)
    chosen = scene.network("vlan://2000", type="L2", specifies_vlan=True)
    found = scene.only(verdict(device, seen_by=scene.cloud(networks=(chosen,))), "devices_without_bridge")
    assert (found.value, found.seen) == (1, "bond0.2000 without brbond0-2000")
    far = scene.network("2000", physical_network_id="far")
    for network in (scene.network("2001"), far, scene.network("vxlan://2000")):
        found = scene.only(verdict(device, seen_by=scene.cloud(networks=(network,))), "devices_without_bridge")
        assert found.value == 0


def test_the_vlan_of_a_private_gateway() -> None:
    """No network is listed that has it."""
    device = scene.link("bond0.2000", "vlan", parent="bond0", vlan=2000)
    gateway = PrivateGateway("g", "z", "vpc", "vlan://2000", "pn")
    seen_by = scene.cloud(private_gateways=scene.by_id(gateway))
    assert scene.only(verdict(device, seen_by=seen_by), "devices_without_bridge").value == 1


@pytest.mark.parametrize(("zone", "wrong"), [("z", 0), ("other", 1)])
def test_storage_traffic_is_the_zones_own(zone: str, wrong: int) -> None:
    """What another zone uses for its storage may be a network's here."""
    device = scene.link("bond0.101", "vlan", parent="bond0", vlan=101)
    seen_by = scene.cloud(storage_ranges=scene.by_id(StorageRange("s", zone, "net", 101)))
    assert scene.only(verdict(device, seen_by=seen_by), "devices_without_bridge").value == wrong


def test_two_ranges_on_one_uplink() -> None:
    """A device in either of them counts."""
    device = scene.link("bond0.255", "vlan", parent="bond0", vlan=255)
    seen_by = scene.cloud(
        networks=(scene.network("255", physical_network_id="second"),),
        physicals=(scene.physical(), scene.physical("second", vlan_ranges=((200, 299),)), scene.physical("third")),
        labels=(scene.label(), scene.label(network_id="second"), scene.label(network_id="third")),
    )
    assert scene.only(verdict(device, seen_by=seen_by), "devices_without_bridge").value == 1


def test_a_guest_uplink_that_nobody_told() -> None:
    """Without a label and the agent's word it is not known which devices are meant, so nothing is said of them."""
    device = scene.link("bond0.101", "vlan", parent="bond0", vlan=101)
    seen_by = scene.cloud(labels=(scene.label(""),))
    assert [sample.metric.name for sample in verdict(device, seen_by=seen_by)] == [scene.PREFIX + "orphan_bridges"]
    both = scene.cloud(
        physicals=(scene.physical(), scene.physical("second")), labels=(scene.label(), scene.label("", "second"))
    )
    assert scene.only(verdict(device, seen_by=both), "devices_without_bridge").value == 1


@pytest.mark.parametrize("vlan_id", ["155", "vlan://155"])
def test_the_hosts_own_way_to_the_management_network(vlan_id: str) -> None:
    """The VLAN of the pod's management range is the host's own, whatever else is in the range."""
    seen_by = scene.cloud(pods={"p": Pod("p", "pod1", "z", vlan_ids=(vlan_id,))})
    found = verdict(scene.link("bond0.155", "vlan", parent="bond0", vlan=155), seen_by=seen_by)
    assert scene.only(found, "devices_without_bridge").value == 0


def test_a_name_that_is_too_long() -> None:
    """The device has 15 characters and fits, its bridge has 17 and does not."""
    uplink = [scene.link("cloudbr1", "bridge"), scene.link("enp175s0f1", master="cloudbr1")]
    device = scene.link("enp175s0f1.1234", "vlan", parent="enp175s0f1", vlan=1234)
    seen_by = scene.cloud(physicals=(scene.physical(vlan_ranges=((1000, 1999),)),), networks=(scene.network("1234"),))
    found = scene.on_host(judge, seen_by, scene.answered(scene.links(*uplink, device)))
    assert scene.only(found, "devices_without_bridge").remedy.startswith("Rename the uplink")


@pytest.mark.parametrize(
    "links",
    [
        scene.vlan_bridge(101, "vnet0"),
        [scene.link("bond0.50", "vlan", parent="bond0", vlan=50)],
        [scene.link("bond0.160", "vlan", parent="bond0", vlan=160)],
        [scene.link("storage", "vlan", parent="bond0", vlan=101)],
        [scene.link("eth9"), scene.link("eth9.101", "vlan", parent="eth9", vlan=101)],
        [scene.link("bond0.101", "vlan", parent="bond0", vlan=101), scene.link("vx", "vxlan", parent="bond0.101")],
    ],
)
def test_devices_that_serve_something(links: list[Link]) -> None:
    """In a bridge, outside the ranges, the host's own for storage, on another NIC, or below something."""
    seen_by = scene.cloud(storage_ranges=scene.by_id(StorageRange("s", "z", "sn", 160)))
    found = verdict(*links, seen_by=seen_by)
    assert scene.only(found, "devices_without_bridge").value == 0


def test_a_label_that_names_a_vlan_device() -> None:
    """The device is meant, so it needs no bridge."""
    seen_by = scene.cloud(labels=(scene.label("bond0.150"),))
    found = verdict(scene.link("bond0.150", "vlan", parent="bond0", vlan=150), seen_by=seen_by)
    assert scene.only(found, "devices_without_bridge").value == 0


@pytest.mark.parametrize(("seconds", "orphans"), [(3600.0, 0), (VLAN_ORPHAN_BRIDGE_SECONDS, 1)])
def test_bridges_that_are_left(seconds: float, orphans: int) -> None:
    """After a day without a machine they are counted, and are no problem."""
    watch, of = scene.Watch(judge), scene.target(scene.host())
    values = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(777), *scene.vlan_bridge(101, "vnet0")))
    found: list[Sample] = []
    for looks in (0, int(seconds / 100)):
        watch.looks = looks
        found = watch.look(of, scene.cloud(scene.instance(5)), lambda: watch.answers("kvm1", values))
    sample = scene.only(found, "orphan_bridges")
    assert (sample.value, sample.metric.problem) == (orphans, None)


def test_a_bridge_of_a_vlan_in_use_is_no_orphan() -> None:
    """CloudStack has a machine in it here, so that its tap is missing is another finding."""
    watch, of = scene.Watch(judge), scene.target(scene.host())
    values = scene.answered(scene.links(*scene.UPLINK, *scene.vlan_bridge(101)))
    for watch.looks in (0, VLAN_ORPHAN_BRIDGE_SECONDS):
        found = watch.look(of, scene.cloud(scene.instance(5)), lambda: watch.answers("kvm1", values))
        names = ("devices_without_bridge", "host_vlans_in_guest_range", "orphan_bridges")
        assert scene.values_of(found) == {(name, *HOST): 0 for name in names}


def test_hosts_in_maintenance() -> None:
    """They have no fault, and that is said even where no label leads anywhere: an alert of before ends."""
    resting = (scene.host(resource_state="Maintenance"),)
    assert scene.only(verdict(seen_by=scene.cloud(hosts=resting)), "devices_without_bridge").value == 0
    untold = scene.cloud(hosts=resting, labels=(scene.label(""),))
    assert scene.only(verdict(seen_by=untold), "devices_without_bridge").value == 0


def test_without_storage_ranges_nothing_is_said() -> None:
    """The host's own way to its storage, or to the management network, would look like a bridge that was not made."""
    assert {"listStorageNetworkIpRange", "listPods"} <= {*CHECK.reads}
