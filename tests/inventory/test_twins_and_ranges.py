"""Hosts of one name, public NICs of system VMs, VLANs of one account, and what is derived once per Cloud."""

from __future__ import annotations

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import groups, key
from exporter.cloud.networks import DedicatedRange, VlanRange
from exporter.cloud.objects import Cluster, Host, Pod, SystemVm
from exporter.cloud.placement import placed
from exporter.inventory import infrastructure, range_rows


def host(host_id: str, name: str = "kvm1", **fields: str) -> Host:
    """Return a hypervisor host of cluster c1."""
    given = {"type": "Routing", "state": "Up", "zone_id": "z", "cluster_id": "c1"} | fields
    return Host(id=host_id, name=name, resource_state="Enabled", address="192.0.2.1", **given)  # type: ignore[arg-type]


def test_hosts_of_one_name_are_told_apart_by_their_ids() -> None:
    """In one zone, whatever the clusters; else the second one's series would be refused by the page."""
    hosts = infrastructure.told_apart([host("h1"), host("h2", cluster_id="c2"), host("h3", "kvm3")])
    assert [one.name for one in hosts] == ["kvm1 (h1)", "kvm1 (h2)", "kvm3"]
    assert [one.id for one in hosts] == ["h1", "h2", "h3"]


@pytest.mark.parametrize("other", [host("h2", zone_id="far"), host("h2", state="Removed"), host("h2", type="Storage")])
def test_names_that_collide_with_nobody(other: Host) -> None:
    """Another zone, a host that is gone, what is no hypervisor: names stay as they are."""
    assert [one.name for one in infrastructure.told_apart([host("h1"), other])] == ["kvm1", "kvm1"]


def test_vlans_of_one_account() -> None:
    """The physical network is the one that was asked: what the row calls it differs between releases."""
    row = range_rows.DedicatedRangeRow("d1", "110-119")
    assert infrastructure.dedicated_range(row, "pn1") == DedicatedRange("d1", "pn1", ((110, 119),))


def public(vlan: str = "vlan://50", **fields: str) -> VlanRange:
    """Return a public range 203.0.113.5-20."""
    given = {"zone_id": "z", "network_id": "pub", "physical_network_id": "pn"} | fields
    return VlanRange(
        id=f"{vlan}{given}",
        vlan=vlan,
        is_public=True,
        start="203.0.113.5",
        end="203.0.113.20",
        **given,  # type: ignore[arg-type]
    )


def public_nic(*ranges: VlanRange, address: str = "203.0.113.7") -> tuple[str, str, str]:
    """Return MAC, network and VLAN of the public NIC of a console proxy."""
    vm = SystemVm(
        id="v", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z", host_id="h1",
        public_address=address, macs={"Public": "1e:00:01:00:00:07", "Control": "0e:00:a9:fe:01:02"},
    )  # fmt: skip
    (machine,) = placed((), (), (vm,), ranges)["h1"]
    (nic,) = [one for one in machine.nics if one.traffic_type == "Public"]
    return nic.mac, nic.network_id, nic.broadcast_uri


def test_the_vlan_of_a_system_vms_public_nic() -> None:
    """It is that of the public range with its address."""
    far = public("vlan://60", zone_id="far")
    assert public_nic(public(), far) == ("1e:00:01:00:00:07", "pub", "vlan://50")


@pytest.mark.parametrize(
    ("ranges", "address"),
    [
        ((), "203.0.113.7"),
        ((public(),), "203.0.113.77"),
        ((public(),), ""),
        ((public(),), "2001:db8::7"),
        ((public(), public("vlan://51")), "203.0.113.7"),
    ],
)
def test_a_public_nic_whose_vlan_is_not_certain(ranges: tuple[VlanRange, ...], address: str) -> None:
    """No range, another address, no address, or two VLANs with the same addresses: nothing is expected."""
    assert public_nic(*ranges, address=address)[1:] == ("", "")


def test_physical_networks_of_networks_that_are_not_listed() -> None:
    """A network whose ranges lie on two physical networks has no certain one."""
    ranges = (
        public(),
        public("vlan://51"),
        public(network_id="two"),
        public(network_id="two", physical_network_id="p"),
    )
    assert Cloud(vlan_ranges={one.id: one for one in ranges}).physical_by_network == {"pub": "pn"}


def test_clusters_of_one_name_in_two_pods_are_told_apart() -> None:
    """CloudStack takes a name once in each pod; where the pods are not told, their ids do."""

    def cluster(name: str, pod: str, zone: str = "z1") -> Cluster:
        return Cluster(f"{zone}-{pod}-{name}", name, zone, pod, "KVM", enabled=True, managed=True)

    pods = {"p1": Pod("p1", "row-a", "z1")}
    told = [cluster("c1", "p1"), cluster("c1", "p2"), cluster("c2", "p1"), cluster("c1", "p1", "z2")]
    named = infrastructure.clusters_apart(told, pods)
    assert [one.name for one in named] == ["c1 (row-a)", "c1 (p2)", "c2", "c1"]
    assert len({key(group) for group in groups(Cloud(clusters={one.id: one for one in named}))}) == 4
