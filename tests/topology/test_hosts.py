"""Which hosts are judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup, ZoneGroup
from exporter.cloud.targets import HostTarget
from exporter.thresholds import HOST_SETTLES_SECONDS
from exporter.topology.hosts import absent, is_in_service, is_judged, names

NOW = 1_800_000_000.0


def judged(host: HostTarget, cloud: Cloud, **fields: Any) -> bool:
    """Return whether the host with other fields is judged."""
    return is_judged(replace(host, host=replace(host.host, **fields)), cloud, NOW)


def test_an_enabled_host_is_judged(host: HostTarget, cloud: Cloud) -> None:
    """Also one that CloudStack thinks down: what SSH says is then worth the more."""
    assert judged(host, cloud)
    for state in ("Up", "Down", "Alert", "Disconnected", "Connecting", "Rebalancing"):
        assert judged(host, cloud, state=state)


@pytest.mark.parametrize(
    "state", ["Disabled", "Maintenance", "PrepareForMaintenance", "ErrorInMaintenance", "Creating", "Error", "Degraded"]
)
def test_what_is_held_back_on_purpose_is_not(host: HostTarget, cloud: Cloud, state: str) -> None:
    """Maintenance, disabled, being made."""
    assert not judged(host, cloud, resource_state=state)


@pytest.mark.parametrize("state", ["Removed", "Creating", "Error"])
def test_a_host_that_is_not_managed_is_not(host: HostTarget, cloud: Cloud, state: str) -> None:
    """It is no host yet, or none any more."""
    assert not judged(host, cloud, state=state)


def test_a_fresh_host_is_not(host: HostTarget, cloud: Cloud) -> None:
    """It is still being set up; of one whose date is not told we do not know that."""
    assert not judged(host, cloud, created=NOW - HOST_SETTLES_SECONDS + 1)
    assert judged(host, cloud, created=NOW - HOST_SETTLES_SECONDS)
    assert judged(host, cloud, created=None)


def test_nor_one_in_a_cluster_pod_or_zone_that_is_disabled(host: HostTarget, cloud: Cloud) -> None:
    """Unmanaged clusters too; a place that is not listed holds nobody back."""
    (cluster,), (pod,), (zone,) = cloud.clusters.values(), cloud.pods.values(), cloud.zones.values()
    assert not is_judged(host, replace(cloud, clusters={"c": replace(cluster, enabled=False)}), NOW)
    assert not is_judged(host, replace(cloud, clusters={"c": replace(cluster, managed=False)}), NOW)
    assert not is_judged(host, replace(cloud, pods={"p": replace(pod, enabled=False)}), NOW)
    assert not is_judged(host, replace(cloud, zones={"z": replace(zone, enabled=False)}), NOW)
    assert is_judged(host, replace(cloud, clusters={}, pods={}, zones={}), NOW)


def test_the_labels_of_a_host(host: HostTarget, cloud: Cloud) -> None:
    """Zone, cluster and host by name; a cluster that is not listed by its id."""
    assert names(host, cloud) == ("zone1", "cluster1", "kvm1")
    assert names(host, replace(cloud, clusters={})) == ("zone1", "c", "kvm1")


def test_hosts_that_are_missed(host: HostTarget, cloud: Cloud) -> None:
    """Judged KVM hosts of the zone or cluster that have not told; nobody else."""
    others: dict[str, dict[str, Any]] = {
        "h2": {},
        "h3": {"cluster_id": "c2"},
        "h4": {"resource_state": "Maintenance"},
        "h5": {"hypervisor": "XenServer"},
        "h6": {"type": "SecondaryStorageVM"},
        "h7": {"zone_id": "far", "cluster_id": "far"},
    }
    hosts = {key: replace(host.host, id=key, **fields) for key, fields in others.items()}
    known = replace(cloud, hosts={"h1": host.host, **hosts}, at=NOW)
    zone, cluster = ZoneGroup("z", "zone1"), ClusterGroup("zone1", cloud.clusters["c"])
    assert (absent([host], zone, known), absent([host], cluster, known)) == (2, 1)
    assert absent([], cluster, known) == 2
    assert absent([], cluster, known, "XenServer") == 1


def test_hosts_in_service(host: HostTarget, cloud: Cloud) -> None:
    """Whatever states a host is in itself: its place and its age decide."""
    held = replace(host.host, resource_state="ErrorInMaintenance", state="Alert")
    assert is_in_service(held, cloud, NOW)
    assert not is_in_service(replace(held, created=NOW - 1), cloud, NOW)
    (cluster,) = cloud.clusters.values()
    assert not is_in_service(held, replace(cloud, clusters={"c": replace(cluster, managed=False)}), NOW)


def test_hosts_by_zone(host: HostTarget, cloud: Cloud) -> None:
    """Of every type, by name, for judges of one zone; the Cloud makes it once."""
    hosts = {str(number): replace(host.host, id=str(number), name=f"kvm-{9 - number}") for number in range(3)}
    hosts["x"] = replace(host.host, id="x", zone_id="other", type="ConsoleProxy")
    found = replace(cloud, hosts=hosts).hosts_by_zone
    assert [one.name for one in found[host.host.zone_id]] == ["kvm-7", "kvm-8", "kvm-9"]
    assert [one.id for one in found["other"]] == ["x"]
