"""Rows of the infrastructure -> objects of the Cloud. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from exporter.cloud.networks import (
    DedicatedRange,
    NetworkOffering,
    PhysicalNetwork,
    PrivateGateway,
    ServiceProvider,
    StorageRange,
    TrafficType,
    VlanRange,
)
from exporter.cloud.objects import Cluster, Host, ManagementServer, NvpDevice, Pod, Zone
from exporter.cloud.storage import ImageStore
from exporter.inventory import range_rows, rows, storage_rows

HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]*)(:\d+)?")
NUMBER = re.compile(r"\d{1,10}")
LABELS = ("kvm", "xen", "vmware", "hyperv", "ovm3")


def unix(date: str) -> float | None:
    """Return unix time of ``2026-11-21T05:43:13+0000``, None when there is no date."""
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def words(text: str) -> tuple[str, ...]:
    """Return the words of a comma list."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def zone(row: rows.ZoneRow) -> Zone:
    """Return the zone."""
    enabled = row.allocationstate == "Enabled"
    return Zone(row.id, row.name, row.networktype, row.securitygroupsenabled, enabled, row.type)


def pod(row: rows.PodRow) -> Pod:
    """Return the pod; ``vlan_ids`` without repetitions."""
    vlans = words(row.vlanid) if isinstance(row.vlanid, str) else tuple(row.vlanid)
    enabled = row.allocationstate == "Enabled"
    return Pod(row.id, row.name, row.zoneid, row.gateway, row.netmask, tuple(dict.fromkeys(vlans)), enabled)


def cluster(row: rows.ClusterRow) -> Cluster:
    """Return the cluster."""
    enabled, managed = row.allocationstate == "Enabled", row.managedstate in ("", "Managed")
    return Cluster(row.id, row.name, row.zoneid, row.podid, row.hypervisortype, enabled, managed)


def host(row: rows.HostRow) -> Host:
    """Return the host, of any type."""
    return Host(
        id=row.id,
        name=row.name,
        type=row.type,
        state=row.state,
        resource_state=row.resourcestate,
        address=row.ipaddress,
        zone_id=row.zoneid,
        pod_id=row.podid,
        cluster_id=row.clusterid,
        hypervisor=row.hypervisor,
        version=row.version,
        management_server=row.managementserverid,
        created=unix(row.created),
        disconnected=unix(row.disconnected),
    )


def told_apart(hosts: Sequence[Host]) -> Sequence[Host]:
    """Return the hosts with names that are unique in their zone: CloudStack takes two hypervisors of one name.

    Those get their id behind the name, so that neither hides the other's series and findings.
    """
    places = Counter((one.zone_id, one.name) for one in hosts if _is_shown(one))
    return [
        replace(one, name=f"{one.name} ({one.id})") if _is_shown(one) and places[one.zone_id, one.name] > 1 else one
        for one in hosts
    ]


def _is_shown(one: Host) -> bool:
    return one.type == "Routing" and one.state != "Removed"


def clusters_apart(clusters: Sequence[Cluster], pods: Mapping[str, Pod]) -> Sequence[Cluster]:
    """Return the clusters with names that are unique in their zone: CloudStack takes a name once in each pod.

    Those of several pods get the name of their pod behind their own.
    """
    places = Counter((one.zone_id, one.name) for one in clusters)
    return [
        replace(one, name=f"{one.name} ({pods[one.pod_id].name if one.pod_id in pods else one.pod_id})")
        if places[one.zone_id, one.name] > 1
        else one
        for one in clusters
    ]


def servers_apart(servers: Sequence[ManagementServer]) -> Sequence[ManagementServer]:
    """Return the management servers with names that are unique, made as those of hosts are.

    One that was installed anew has another number of its network card: its former row stays, Down and of one name.
    """
    names = Counter(one.name for one in servers)
    return [replace(one, name=f"{one.name} ({one.id})") if names[one.name] > 1 else one for one in servers]


def vlan_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Return the ranges of ``100-199,300-300,17``; what is no number is left out."""
    found = []
    for word in words(text):
        first, _, last = (part.strip() for part in word.partition("-"))
        last = last or first
        if NUMBER.fullmatch(first) and NUMBER.fullmatch(last):
            found.append((int(first), int(last)))
    return tuple(found)


def physical_network(row: rows.PhysicalNetworkRow) -> PhysicalNetwork:
    """Return the physical network; without isolation method it is VLAN."""
    methods = words(row.isolationmethods) or ("VLAN",)
    enabled = row.state == "Enabled"
    return PhysicalNetwork(row.id, row.name, row.zoneid, enabled, methods, vlan_ranges(row.vlan), words(row.tags))


def traffic_type(row: rows.TrafficTypeRow, physical_network_id: str) -> TrafficType:
    """Return the traffic type with the labels that are set."""
    told = {name: str(getattr(row, f"{name}networklabel")) for name in LABELS}
    labels = MappingProxyType({name: label for name, label in told.items() if label})
    return TrafficType(row.id, row.physicalnetworkid or physical_network_id, row.traffictype, labels)


def vlan_range(row: range_rows.VlanRangeRow) -> VlanRange:
    """Return the address range."""
    return VlanRange(
        id=row.id,
        zone_id=row.zoneid,
        vlan=row.vlan,
        is_public=row.forvirtualnetwork,
        start=row.startip,
        end=row.endip,
        network_id=row.networkid,
        physical_network_id=row.physicalnetworkid,
        gateway=row.gateway,
        netmask=row.netmask,
        for_system_vms=row.forsystemvms,
    )


def provider(row: rows.NetworkProviderRow) -> ServiceProvider:
    """Return the network service provider."""
    return ServiceProvider(row.id, row.name, row.physicalnetworkid, row.state)


def offering(row: rows.NetworkOfferingRow) -> NetworkOffering:
    """Return the network offering with the names of its services."""
    return NetworkOffering(
        id=row.id,
        name=row.name,
        state=row.state,
        traffic_type=row.traffictype,
        guest_type=row.guestiptype,
        tags=words(row.tags),
        specifies_vlan=row.specifyvlan,
        services=frozenset(told.name for told in row.service),
        zone_ids=words(row.zoneid),
    )


def storage_range(row: range_rows.StorageRangeRow) -> StorageRange:
    """Return the storage address range; CloudStack writes 0 for untagged."""
    return StorageRange(row.id, row.zoneid, row.networkid, row.vlan or None)


def private_gateway(row: range_rows.PrivateGatewayRow) -> PrivateGateway:
    """Return the private gateway."""
    return PrivateGateway(row.id, row.zoneid, row.vpcid, row.vlan, row.physicalnetworkid)


def dedicated_range(row: range_rows.DedicatedRangeRow, physical_network_id: str) -> DedicatedRange:
    """Return the VLANs that are kept for one account; releases disagree whether the row names its network by uuid."""
    return DedicatedRange(row.id, physical_network_id, vlan_ranges(row.guestvlanrange))


def image_store(row: storage_rows.ImageStoreRow) -> ImageStore:
    """Return the image store."""
    url = without_secrets(row.url)
    return ImageStore(row.id, row.name, row.zoneid, row.protocol, url, row.providername, row.readonly)


def without_secrets(url: str) -> str:
    """Return the URL without user, password, query and fragment; empty when it is not plain what is what.

    A password may hold any letter as it is, so what is kept is a host and a path that look like them.
    """
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host = re.split(r"[?#]", authority.rpartition("@")[2])[0]
    path = re.split(r"[?#]", path)[0]
    return f"{scheme}://{host}{slash}{path}" if HOST.fullmatch(host) and "@" not in path and scheme.isalnum() else ""


def management_server(row: rows.ManagementServerRow) -> ManagementServer:
    """Return the management server; old versions do not say its address."""
    return ManagementServer(row.id, row.name, row.state, row.ipaddress or row.serviceip, row.version)


def nvp_device(row: rows.NvpDeviceRow) -> NvpDevice:
    """Return the Nicira NVP controller."""
    return NvpDevice(row.id, row.niciradevicename, row.physicalnetworkid, row.hostname)
