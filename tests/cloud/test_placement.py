"""Which machines are on which host, and the cluster as a group of its hosts."""

from __future__ import annotations

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup, Membership, groups, key
from exporter.cloud.objects import Cluster, Host, Instance, Nic, Router, SystemVm, Zone
from exporter.cloud.placement import placed
from exporter.cloud.targets import HostEndpoint, HostTarget, Machine

NIC = Nic(network_id="net", traffic_type="Guest", mac="02:00:00:00:00:01")
INSTANCE = Instance(
    id="i1", name="web", state="Running", zone_id="z", host_id="h1", instance_name="i-2-5-VM", nics=(NIC,)
)
ROUTER = Router(id="r1", name="r-4-VM", state="Migrating", zone_id="z", host_id="h1", nics=(NIC,))
PROXY = SystemVm(
    id="v1", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z", host_id="h2",
    macs={"Public": "06:00:00:00:00:02", "Management": "0e:00:00:00:00:03"},
)  # fmt: skip


def test_machines_of_every_kind_are_found_by_their_names_on_the_hypervisor() -> None:
    """Instances by instance name, not by the name people gave them; system VMs with MAC and traffic type."""
    found = placed([INSTANCE], [ROUTER], [PROXY])
    assert {host: [(one.name, one.kind, one.is_running) for one in machines] for host, machines in found.items()} == {
        "h1": [("i-2-5-VM", "instance", True), ("r-4-VM", "router", False)],
        "h2": [("v-2-VM", "system_vm", True)],
    }
    assert [(nic.traffic_type, nic.mac) for nic in found["h2"][0].nics] == list(PROXY.macs.items())


def test_machines_that_are_nowhere_are_left_out() -> None:
    """A stopped machine keeps its last host in some versions; it has no NIC there."""
    stopped = Instance(id="i2", name="x", state="Stopped", zone_id="z", host_id="h1", instance_name="i-2-6-VM")
    homeless = Instance(id="i3", name="y", state="Running", zone_id="z", host_id="", instance_name="i-2-7-VM")
    assert placed([stopped, homeless], [], []) == {}


def test_a_cluster_is_a_group_of_its_hosts() -> None:
    """A host and its ports belong to its zone and its cluster; to no other cluster."""
    clusters = {
        name: Cluster(name, f"cluster-{name}", "z", "p", "KVM", enabled=True, managed=True) for name in ("c1", "c2")
    }
    host = Host(id="h1", name="kvm1", type="Routing", state="Up", resource_state="Enabled", address="10.0.0.1",
                zone_id="z", cluster_id="c1", hypervisor="KVM")  # fmt: skip
    zone = Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)
    found = list(groups(Cloud(zones={"z": zone}, clusters=clusters, hosts={"h1": host})))
    target = HostTarget(host, "zone1", Machine("kvm1", "10.0.0.1"))
    for one in (target, HostEndpoint(host, "zone1")):
        of = {key(group) for group in Membership(found).of(one)}
        assert of == {("zone", "zone1/zone1"), ("cluster", "zone1/cluster-c1")}
    assert [group.home for group in found if isinstance(group, ClusterGroup)] == ["c1", "c2"]
