"""Clusters that cannot enforce security groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.clusters import BRIDGES, OTHER_ZONE, XEN_BRIDGES, judge, unjudged
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.objects import Cluster
from exporter.cloud.targets import Machine, XenHostTarget
from exporter.model import Answer, Answers, Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.security_groups import guarded_host as scene

CLUSTER = Cluster("c", "cluster1", "z", "pod", "KVM", enabled=True, managed=True)


def judged(cluster: Cluster, *agents: Agent, **fields: object) -> list[Sample]:
    """Return the verdict on a cluster whose hosts have these agents."""
    members = {}
    for number, agent in enumerate(agents):
        host = replace(scene.HOST, id=f"h{number}", name=f"kvm{number}")
        given = {AGENT: Answer(agent, 1.0, scene.NOW, 1e12)}
        members[replace(scene.TARGET, host=host)] = Answers(now=scene.NOW, asked=1.0, values=given)
    return list(judge(ClusterGroup("zone1", cluster), members, scene.cloud(**fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("hypervisor", "value"), [("VMware", 1), ("Hyperv", 1), ("Ovm3", 1)])
def test_hypervisors_without_security_groups(hypervisor: str, value: int) -> None:
    """By CloudStack's word alone."""
    (found,) = judged(replace(CLUSTER, hypervisor=hypervisor))
    assert (found.value, found.seen, found.remedy) == (value, f"hypervisor {hypervisor}", OTHER_ZONE)


def test_open_vswitch_on_kvm() -> None:
    """One host is enough: machines may move there."""
    (found,) = judged(CLUSTER, Agent(), Agent(bridge_type="openvswitch"))
    assert (found.value, found.seen, found.remedy) == (1, "Open vSwitch on kvm1", BRIDGES)
    (found,) = judged(CLUSTER, Agent(vif_driver="com.cloud.hypervisor.kvm.resource.OvsVifDriver"))
    assert found.value == 1


def test_linux_bridges_on_kvm() -> None:
    """Zero is said."""
    (found,) = judged(CLUSTER, Agent(), Agent())
    assert found.value == 0


def test_nobody_has_told_yet() -> None:
    """Nothing is said before the agents of KVM hosts have told."""
    assert judged(CLUSTER) == []


XEN = replace(CLUSTER, hypervisor="XenServer")
BRIDGED = XenBackend(configured="bridge", bridges=3)
SWITCHED = XenBackend(configured="openvswitch", runs_openvswitch=True)


def judged_xen(*backends: XenBackend, silent: int = 0, **fields: object) -> list[Sample]:
    """Return the verdict on a XenServer cluster of hosts and some that did not tell; ``fields`` are the last's."""
    hosts = [replace(scene.HOST, id=f"x{one}", name=f"xen{one}", hypervisor="XenServer") for one in range(9)]
    hosts = hosts[: len(backends) + silent]
    if hosts:
        hosts[-1] = replace(hosts[-1], **fields)  # type: ignore[arg-type]
    members = {
        XenHostTarget(host, "zone1", Machine(host.name, host.address)): Answers(
            now=scene.NOW, asked=1.0, values={XEN_BACKEND: Answer(backend, 1.0, scene.NOW, 1e12)}
        )
        for host, backend in zip(hosts, backends, strict=False)
    }
    cloud = scene.cloud(hosts={host.id: host for host in hosts})
    return list(judge(ClusterGroup("zone1", XEN), members, cloud))


def test_linux_bridges_on_xenserver() -> None:
    """Zero is said when every host has told; hosts of KVM elsewhere are not waited for."""
    (found,) = judged_xen(BRIDGED, BRIDGED)
    assert found.value == 0
    assert judged_xen() == judged_xen(BRIDGED, silent=1) == []
    (found,) = judged_xen(BRIDGED, silent=1, resource_state="Maintenance")
    assert found.value == 0


@pytest.mark.parametrize(
    "backend",
    [SWITCHED, replace(BRIDGED, configured="openvswitch"), replace(BRIDGED, runs_openvswitch=True)],
    ids=["default", "set and not started anew", "bridges set and not started anew"],
)
def test_open_vswitch_on_xenserver(backend: XenBackend) -> None:
    """One host is enough, whoever else has not told: CloudStack believes the file, and frames do what runs."""
    (found,) = judged_xen(backend, silent=1)
    assert (found.value, found.seen, found.remedy) == (1, "Open vSwitch on xen0", XEN_BRIDGES)
    assert [one.value for one in judged_xen(backend, resource_state="Maintenance")] == [0]
    assert [one.value for one in judged_xen(backend, created=scene.NOW - 60)] == [0]
    assert judged_xen(BRIDGED, backend, silent=2, resource_state="Maintenance")[0].seen == "Open vSwitch on xen1"


def test_nobody_asks_the_hosts_of_lxc() -> None:
    """They are neither able nor unable: unknown, with the reason, where the zone has something to enforce."""
    lxc = replace(CLUSTER, hypervisor="LXC")
    assert judged(lxc) == []
    cloud = scene.cloud(clusters={"c": lxc, "k": replace(CLUSTER, id="k"), "x": replace(XEN, id="x")})
    (found,) = unjudged(cloud)
    assert (found.zone, found.kind, found.name) == (cloud.zone_name("z"), "cluster", "cluster1")
    assert "security groups need network.bridge.type=native" in found.detail
    for cluster in (replace(lxc, enabled=False), replace(lxc, managed=False)):
        assert not [*unjudged(scene.cloud(clusters={"c": cluster}))]
    assert not [*unjudged(replace(cloud, networks={}))]
    assert not [*unjudged(replace(cloud, zones={"z": scene.disabled_zone()}))]
    (zero,) = judged(lxc, networks={})
    assert zero.value == 0


def test_clusters_that_do_not_matter() -> None:
    """A zone without security groups has nothing to enforce; a disabled or unmanaged cluster has no fault: zero."""
    vmware = replace(CLUSTER, hypervisor="VMware")
    (found,) = judged(vmware, networks={})
    assert found.value == 0
    (found,) = judged(CLUSTER, Agent(bridge_type="openvswitch"), networks={})
    assert found.value == 0
    for cluster in (replace(vmware, enabled=False), replace(vmware, managed=False)):
        assert [one.value for one in judged(cluster)] == [0]
    assert [one.value for one in judged(vmware, zones={"z": scene.disabled_zone()})] == [0]


def test_a_host_that_did_not_tell() -> None:
    """It may be on Open vSwitch: that all can enforce them is not said; that one cannot is."""
    hosts = {f"h{number}": replace(scene.HOST, id=f"h{number}") for number in range(3)}
    assert judged(CLUSTER, Agent(), Agent(), hosts=hosts) == []
    (found,) = judged(CLUSTER, Agent(), Agent(bridge_type="openvswitch"), hosts=hosts)
    assert found.value == 1
    hosts["h2"] = replace(hosts["h2"], resource_state="Maintenance")
    (found,) = judged(CLUSTER, Agent(), Agent(), hosts=hosts)
    assert found.value == 0
