"""A host with links, an agent and Open vSwitch, made from a few words."""

from __future__ import annotations

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import PhysicalNetwork, TrafficType
from exporter.cloud.objects import Cluster, Host, Pod, Zone
from exporter.cloud.targets import HostTarget, Machine

NOW = 1_800_000_000.0


@pytest.fixture
def host() -> HostTarget:
    """Return an enabled KVM host that was added a day ago."""
    row = Host(
        id="h1",
        name="kvm1",
        type="Routing",
        state="Up",
        resource_state="Enabled",
        address="192.0.2.1",
        zone_id="z",
        pod_id="p",
        cluster_id="c",
        hypervisor="KVM",
        created=NOW - 86400,
    )
    return HostTarget(row, "zone1", Machine("kvm1", "192.0.2.1"))


@pytest.fixture
def cloud(host: HostTarget) -> Cloud:
    """Return a zone with one physical network that carries everything on cloudbr0."""
    types = ("Management", "Public", "Guest", "Storage", "Control")
    return Cloud(
        zones={"z": Zone("z", "zone1", "Advanced", security_groups=False, enabled=True)},
        pods={"p": Pod("p", "pod1", "z")},
        clusters={"c": Cluster("c", "cluster1", "z", "p", "KVM", enabled=True, managed=True)},
        hosts={"h1": host.host},
        physical_networks={
            "pn": PhysicalNetwork("pn", "physical1", "z", enabled=True),
            "far": PhysicalNetwork("far", "elsewhere", "other", enabled=True),
        },
        traffic_types={
            name: TrafficType(name, "pn", name, {"kvm": "cloudbr0"} if name != "Control" else {}) for name in types
        }
        | {"far": TrafficType("far", "far", "Guest", {"kvm": "cloudbr9"})},
    )
