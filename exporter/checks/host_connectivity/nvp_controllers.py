"""Nicira NVP (NSX) controllers, as CloudStack knows them.

Symptom: networks of isolation STT are not made; machines in them get no port.
Detect:  listHosts: state of rows of type L2Networking; listNiciraNvpDevices: devices that have no such row.
Fix:     the controller's address, account and certificate; add the device again where its row is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.checks.host_connectivity.state_sets import LOST
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host, NvpDevice
from exporter.model import Check, GroupJudge, Metric, Sample, Samples, above, equals
from exporter.topology.hosts import is_in_service
from exporter.topology.zones import is_zone_judged, physical_name

REACH = "See whether the management servers reach the controller's API (443/tcp), and whether its account still works."
ADD_AGAIN = "Remove the device (deleteNiciraNvpDevice) and add it again, so that CloudStack asks the controller."
CONTROLLER_UP = Metric(
    "cloudstack_network_host_connectivity_nvp_controller_up",
    "Whether listHosts says Up of the row of type L2Networking; not said while it connects.",
    labels=("zone", "nvp_controller"),
    problem=equals(0),
)
INFO = Metric(
    "cloudstack_network_host_connectivity_nvp_device_info",
    "Name, address and physical network of the device in listNiciraNvpDevices; always 1.",
    labels=("zone", "physical_network", "nvp_device", "address"),
)
UNATTENDED = Metric(
    "cloudstack_network_host_connectivity_nvp_device_unattended",
    "Whether the device of listNiciraNvpDevices has no row of type L2Networking with its address in listHosts.",
    labels=("zone", "physical_network", "nvp_device", "address"),
    problem=above(0),
)
ENABLED = "Enabled"


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield the controllers of a zone and its devices; most zones have neither."""
    rows = [host for host in cloud.hosts_by_zone.get(group.id, ()) if host.type == "L2Networking"]
    for host in rows:
        is_judged = host.resource_state == ENABLED and is_in_service(host, cloud, cloud.at)
        if is_judged and (host.state == "Up" or host.state in LOST):
            up, seen = int(host.state == "Up"), f"state {host.state}"
            yield CONTROLLER_UP.sample(group.zone, host.name, value=up, seen=seen, expected="Up", remedy=REACH)
    for device in sorted(cloud.nvp_devices.values(), key=lambda device: device.id):
        network = cloud.physical_networks.get(device.physical_network_id)
        if network is not None and network.zone_id == group.id:
            yield from _device(group, device, rows, cloud)


def _device(group: ZoneGroup, device: NvpDevice, rows: list[Host], cloud: Cloud) -> Iterator[Sample]:
    labels = (group.zone, physical_name(cloud, device.physical_network_id), device.name or device.id, device.address)
    yield INFO.sample(*labels, value=1)
    if device.address and is_zone_judged(cloud, group.id):
        attended = any(device.address == host.address or device.address in host.name.split() for host in rows)
        yield UNATTENDED.sample(
            *labels,
            value=int(not attended),
            seen=f"no row of type L2Networking for {device.address}",
            expected="one that is Up",
            remedy=ADD_AGAIN,
        )


CHECK = Check(
    title="Nicira NVP controllers",
    metrics=(CONTROLLER_UP, INFO, UNATTENDED),
    remedies=(REACH, ADD_AGAIN),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listPhysicalNetworks", "listNiciraNvpDevices"),
)
