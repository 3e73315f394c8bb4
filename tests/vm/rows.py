"""What CloudStack says of the hypervisor and its guests: the rows of the API, made from the scene."""

from __future__ import annotations

from typing import Any

from exporter.clock import SystemClock
from exporter.lab.api.rows_zone import VERSION, date
from exporter.lab.world.world import identity
from tests.vm.scene import GUEST_BRIDGE, HOST, MANAGEMENT_BRIDGE, MANAGEMENT_VLAN, Guest, Plug, Scene

Row = dict[str, Any]
ZONE, POD, CLUSTER, HOST_ID, PHYSICAL, OFFERING, OTHERS, ELSEWHERE = (
    identity(word) for word in ("zone", "pod", "cluster", "host", "physical", "offering", "others", "elsewhere")
)
IN_ZONE: Row = {"zoneid": ZONE, "zonename": "zone1"}
IN_POD: Row = {**IN_ZONE, "podid": POD, "podname": "pod1"}
PUBLIC_VLAN = 900
CREATED = 30 * 86400  # seconds ago: nothing here is fresh


def rows(scene: Scene, backend: str) -> dict[str, list[Row]]:
    """Return command -> rows; with Open vSwitch there are no security groups, which it cannot enforce."""
    since = date(SystemClock().unix() - CREATED)
    secured = backend == "native"
    return {
        **infrastructure(since, secured),
        **physical(secured),
        "listNetworks": [network(vlan, secured) for vlan in (None, *scene.vlans)],
        "listVirtualMachines": [
            *(instance(guest, since) for guest in scene.guests if guest.is_instance),
            *(elsewhere(vlan, since) for vlan in scene.vlans),
        ],
        "listSystemVms": [system_vm(guest, since) for guest in scene.guests if not guest.is_instance],
        "listRouters": [],
        "listTemplates": [],
        "listConfigurations": [],
    }


def infrastructure(since: str, secured: bool) -> dict[str, list[Row]]:
    """Return zone, pod, cluster, host and management server; the host is where the emulator listens."""
    zone = {"id": ZONE, "name": "zone1", "networktype": "Advanced", "type": "Core", "securitygroupsenabled": secured}
    pod = {"id": POD, "name": "pod1", "gateway": "10.100.0.1", "netmask": "255.255.255.0"}
    cluster = {"id": CLUSTER, "name": "cluster1", "hypervisortype": "KVM", "managedstate": "Managed"}
    host = {
        "id": HOST_ID, "name": HOST, "state": "Up", "resourcestate": "Enabled", "type": "Routing",
        "ipaddress": "127.0.0.1", "clusterid": CLUSTER, "clustername": "cluster1", "hypervisor": "KVM",
        "version": VERSION, "managementserverid": identity("management"), "created": since,
    }  # fmt: skip
    # The machines that ours talk to run on a host of a kind that is not visited.
    containers = {"id": ELSEWHERE, "name": "lxc1", "hypervisor": "LXC", "ipaddress": "10.100.0.12", "clusterid": OTHERS}
    others = {**cluster, "id": OTHERS, "name": "cluster2", "hypervisortype": "LXC"}
    server = {"id": identity("management"), "name": "management1", "state": "Up", "version": VERSION}
    return {
        "listZones": [{**zone, "allocationstate": "Enabled", "dns1": "10.100.0.2"}],
        "listPods": [{**IN_ZONE, **pod, "vlanid": [f"vlan://{MANAGEMENT_VLAN}"], "allocationstate": "Enabled"}],
        "listClusters": [{**IN_POD, **one, "allocationstate": "Enabled"} for one in (cluster, others)],
        "listHosts": [{**IN_POD, **host}, {**IN_POD, **host, **containers}],
        "listManagementServers": [{**server, "ipaddress": "10.100.0.2", "serviceip": "10.100.0.2"}],
        "listCapabilities": [{"cloudstackversion": VERSION, "securitygroupsenabled": secured}],
        "listImageStores": [],
    }


def physical(secured: bool) -> dict[str, list[Row]]:
    """Return the one physical network; the VLANs of shared networks lie outside its range, as CloudStack demands."""
    labels = {"Management": MANAGEMENT_BRIDGE, "Guest": GUEST_BRIDGE, "Public": GUEST_BRIDGE}
    providers = ("VirtualRouter", "SecurityGroupProvider") if secured else ("VirtualRouter",)
    public = {
        **IN_ZONE, "id": identity("range"), "vlan": f"vlan://{PUBLIC_VLAN}", "forvirtualnetwork": True,
        "physicalnetworkid": PHYSICAL, "networkid": identity("public"), "gateway": "203.0.113.1",
        "netmask": "255.255.255.0", "startip": "203.0.113.10", "endip": "203.0.113.99",
    }  # fmt: skip
    return {
        "listPhysicalNetworks": [
            {**IN_ZONE, "id": PHYSICAL, "name": "physical1", "state": "Enabled", "vlan": "3000-3099"}
            | {"isolationmethods": "VLAN", "broadcastdomainrange": "ZONE"}
        ],
        "listTrafficTypes": [
            {"id": identity("traffic", kind), "traffictype": kind, "physicalnetworkid": PHYSICAL}
            | {"kvmnetworklabel": label}
            for kind, label in labels.items()
        ],
        "listNetworkServiceProviders": [
            {"id": identity("provider", name), "name": name, "physicalnetworkid": PHYSICAL, "state": "Enabled"}
            for name in providers
        ],
        "listNetworkOfferings": [
            {"id": OFFERING, "name": "shared", "state": "Enabled", "traffictype": "Guest", "guestiptype": "Shared"}
            | {"specifyvlan": True, "service": services(secured)}
        ],
        "listStorageNetworkIpRange": [],
        "listDedicatedGuestVlanRanges": [],
        "listPrivateGateways": [],
        "listVlanIpRanges": [] if secured else [public],
    }


def services(secured: bool) -> list[Row]:
    """Return what a shared network offers; names of hosts only, no router serves here."""
    provided = {"SecurityGroup": "SecurityGroupProvider"} if secured else {}
    return [{"name": name, "provider": [{"name": provider}]} for name, provider in provided.items()]


def network(vlan: int | None, secured: bool) -> Row:
    """Return a shared network."""
    word = "untagged" if vlan is None else str(vlan)
    return {
        **IN_ZONE, "id": identity("network", word), "name": f"shared-{word}", "type": "Shared", "state": "Setup",
        "traffictype": "Guest", "vlan": word, "broadcasturi": f"vlan://{word}", "physicalnetworkid": PHYSICAL,
        "networkofferingid": OFFERING, "specifyvlan": True, "service": services(secured), "account": "system",
    }  # fmt: skip


def instance(guest: Guest, since: str) -> Row:
    """Return a user's machine."""
    return {
        **IN_ZONE, "id": identity(guest.name), "name": guest.name.lower(), "instancename": guest.name,
        "state": "Running", "hostid": HOST_ID, "hostname": HOST, "hypervisor": "KVM", "created": since,
        "account": "admin", "nic": [nic(guest, place) for place in range(len(guest.plugs))],
    }  # fmt: skip


def elsewhere(vlan: int, since: str) -> Row:
    """Return a machine of a network that runs on the other host; the far end of the switch speaks for it."""
    number = 5000 + vlan
    plug = Plug("vnet0", f"02:00:5d:00:{vlan >> 8:02x}:{vlan & 255:02x}", f"10.200.{vlan >> 8}.{vlan & 255}", vlan)
    return (
        instance(Guest(f"i-9-{number}-VM", (plug,)), since)
        | {"hostid": ELSEWHERE, "hostname": "lxc1"}
        | {"hypervisor": "LXC"}
    )


def nic(guest: Guest, place: int) -> Row:
    """Return one NIC of a user's machine."""
    plug = guest.plugs[place]
    word = "untagged" if plug.vlan is None else str(plug.vlan)
    extra = guest.secondaries if place == 0 else ()
    return {
        "id": identity(plug.mac), "networkid": identity("network", word), "traffictype": "Guest", "type": "Shared",
        "macaddress": plug.mac, "ipaddress": plug.address, "gateway": plug.gateway, "netmask": "255.255.255.0",
        "broadcasturi": f"vlan://{word}", "isdefault": place == 0, "deviceid": str(place),
        "secondaryip": [{"ipaddress": address} for address in extra],
    }  # fmt: skip


def system_vm(guest: Guest, since: str) -> Row:
    """Return a secondary storage VM; without public traffic its NIC in a guest network stands as the public one."""
    fields = {
        "Control": ("linklocalip", "linklocal"),
        "Management": ("privateip", "private"),
        "Guest": ("publicip", "public"),
    }
    row: Row = {
        **IN_POD, "id": identity(guest.name), "name": guest.name, "systemvmtype": "secondarystoragevm",
        "state": "Running", "agentstate": "Up", "hostid": HOST_ID, "hostname": HOST, "hypervisor": "KVM",
        "created": since, "version": VERSION,
    }  # fmt: skip
    return row | {name: value for plug in guest.plugs for name, value in _of_plug(plug, *fields[plug.traffic])}


def _of_plug(plug: Plug, address: str, beginning: str) -> tuple[tuple[str, str], ...]:
    return ((address, plug.address), (f"{beginning}macaddress", plug.mac))
