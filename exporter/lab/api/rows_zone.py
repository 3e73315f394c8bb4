"""API rows of the infrastructure: zones down to hosts, system VMs, settings."""

from __future__ import annotations

import time
from typing import Any

from exporter.lab.world.management import VERSION, ManagementServer, owner
from exporter.lab.world.templates import REGION_STORE
from exporter.lab.world.world import Host, NvpController, SystemVm, World, XenHost, Zone, identity

Row = dict[str, Any]
ZONE_SCOPED = {
    "consoleproxy.url.domain",
    "consoleproxy.sslEnabled",
    "consoleproxy.session.max",
    "consoleproxy.session.timeout",
    "router.health.checks.failures.to.recreate.vr",
    "router.health.checks.to.exclude",
    "router.template.hyperv",
    "router.template.kvm",
    "router.template.vmware",
    "router.template.xenserver",
    "use.external.dns",
}
"""Settings that a zone may have a value of its own for."""


def date(unix: float) -> str:
    """Return a date as the API writes it, offset without a colon."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(unix))


def zones(world: World) -> list[Row]:
    """Return listZones."""
    return [
        {
            "id": zone.id,
            "name": zone.name,
            "networktype": "Advanced",
            "securitygroupsenabled": zone.security_groups,
            "allocationstate": "Enabled",
            "dns1": "127.0.0.53",
            "localstorageenabled": False,
            "type": "Core",
        }
        for zone in world.zones
    ]


def _in_zone(zone: Zone) -> Row:
    return {"zoneid": zone.id, "zonename": zone.name}


def _in_pod(zone: Zone) -> Row:
    return {**_in_zone(zone), "podid": identity("pod", zone.name), "podname": f"{zone.name}-pod-1"}


def pods(world: World) -> list[Row]:
    """Return listPods: one per zone."""
    return [
        {
            **_in_zone(zone),
            "id": identity("pod", zone.name),
            "name": f"{zone.name}-pod-1",
            "gateway": "127.3.0.254",
            "netmask": "255.255.255.0",
            "startip": ["127.3.0.1"],
            "endip": ["127.3.0.99"],
            "vlanid": [f"vlan://{zone.management_vlan or 'untagged'}"],
            "allocationstate": "Enabled",
        }
        for zone in world.zones
    ]


def clusters(world: World) -> list[Row]:
    """Return listClusters: those of the hosts."""
    every: list[Host | XenHost] = [*world.hosts, *world.xen_hosts]
    named = {host.cluster: (host.zone, host.kind) for host in every}
    return [
        {
            **_in_pod(zone),
            "id": identity("cluster", name),
            "name": name,
            "hypervisortype": kind,
            "clustertype": "CloudManaged",
            "allocationstate": "Enabled",
            "managedstate": "Managed",
            "arch": "x86_64",
        }
        for name, (zone, kind) in named.items()
    ]


def hosts(world: World) -> list[Row]:
    """Return what the table host has: hypervisors and the agents of system VMs; lastpinged is CloudStack's nonsense."""
    agents = [_agent(world, vm) for vm in world.system_vms if vm.agent_state]
    hypervisors = [*(_kvm_host(world, host) for host in world.hosts), *(_host(world, one) for one in world.xen_hosts)]
    return [*hypervisors, *agents]


def listed_hosts(world: World) -> list[Row]:
    """Return listHosts: those, controllers, and relics."""
    return [*hosts(world), *(_controller(world, one) for one in world.nvp if one.is_asked), *_relics(world)]


def _kvm_host(world: World, host: Host) -> Row:
    lost = {"disconnected": date(world.start - host.disconnected)}
    return _host(world, host) | {"version": host.version or VERSION} | lost


def _host(world: World, host: Host | XenHost) -> Row:
    return {
        **_in_pod(host.zone),
        "id": host.id,
        "name": host.name,
        "state": host.state,
        "resourcestate": host.resource_state,
        "type": "Routing",
        "ipaddress": host.address,
        "clusterid": identity("cluster", host.cluster),
        "clustername": host.cluster,
        "clustertype": "CloudManaged",
        "hypervisor": host.kind,
        "hypervisorversion": "7.2.0" if host.kind == "KVM" else "8.2.1",
        "version": VERSION,
        **_owned(world, host.number),
        "disconnected": date(world.start - 40 * 86400),
        "lastpinged": "1970-01-21T17:13:21+0000",
        "created": date(world.start - 90 * 86400),
        "events": "AgentDisconnected; Ping",
        "hahost": False,
        "arch": "x86_64",
    }


def _agent(world: World, vm: SystemVm) -> Row:
    return {
        **_in_pod(vm.zone),
        "id": identity("agent", vm.number),
        "name": vm.name,
        "state": vm.agent_state,
        "resourcestate": "Enabled",
        "type": "ConsoleProxy" if vm.kind == "consoleproxy" else "SecondaryStorageVM",
        "ipaddress": vm.private,
        "version": vm.version or VERSION,
        "created": date(vm.created),
        "virtualmachineid": vm.id,
        **_owned(world, vm.number),
        "lastpinged": date(world.now / 1024),
    }


def _controller(world: World, one: NvpController) -> Row:
    return {
        **_in_pod(one.zone),
        "id": identity("controller", one.address),
        "name": f"Nicira Controller - {one.address}",
        "state": one.state,
        "resourcestate": "Enabled",
        "type": "L2Networking",
        "ipaddress": one.address,
        "created": date(world.start - 90 * 86400),
    }


def _relics(world: World) -> list[Row]:
    """Return rows that are in Alert for ever and mean nothing: an NFS share of before 4.2, an agent without its VM."""
    zone = world.zones[0]
    common = {**_in_pod(zone), "resourcestate": "Enabled", "created": date(world.start - 900 * 86400), "state": "Alert"}
    share = {"name": "nfs://127.4.0.61/export/old", "type": "SecondaryStorage", "ipaddress": "127.4.0.61"}
    agent = {"name": "s-99-VM", "type": "SecondaryStorageVM", "ipaddress": "127.3.0.99"}
    return [{**common, **row, "id": identity("relic", row["name"])} for row in (share, agent)]


def _owned(world: World, number: int) -> Row:
    """Return which management server an agent belongs to."""
    server = owner(world.management_servers, number)
    return {"managementserverid": server.id, "managementservername": server.name} if server else {}


def image_stores(world: World) -> list[Row]:
    """Return listImageStores: one NFS share per zone, and a store of the whole region, without zone and URL."""
    region = {"id": identity("store", REGION_STORE), "name": REGION_STORE, "protocol": "s3", "providername": "S3",
              "scope": "REGION", "readonly": False}  # fmt: skip
    return [region] + [
        {
            **_in_zone(zone),
            "id": identity("store", zone.name),
            "name": f"{zone.name}-secondary",
            "url": f"nfs://{zone.store}:{world.ports.nfs}/export/secondary",
            "protocol": "nfs",
            "providername": "NFS",
            "scope": "ZONE",
            "readonly": False,
        }
        for zone in world.zones
    ]


def management_servers(world: World) -> list[Row]:
    """Return listManagementServers."""
    return [_management_server(world, server) for server in world.management_servers]


def _management_server(world: World, server: ManagementServer) -> Row:
    return {
        "id": server.id,
        "name": server.name,
        "state": server.state,
        "version": server.version,
        "javadistribution": "Debian",
        "javaversion": "17.0.12",
        "osdistribution": "Debian GNU/Linux 12 (bookworm)",
        "lastserverstart": date(world.start - server.uptime),
        "serviceip": server.told or server.address,
        "ipaddress": server.told or server.address,
    }


def capabilities(world: World) -> list[Row]:
    """Return the one row of listCapabilities."""
    del world
    return [{"cloudstackversion": VERSION, "securitygroupsenabled": False, "apilimitinterval": 1}]


def configurations(world: World, zone: str) -> list[Row]:
    """Return listConfigurations: the global values, or with a zone's id the values that hold there."""
    names = [name for name in world.settings if not zone or name in ZONE_SCOPED]
    values = {**world.settings, **(world.zone_settings.get(zone, {}) if zone else {})}
    return [_setting(name, values[name]) for name in names]


def _setting(name: str, value: str) -> Row:
    row: Row = {"category": "Advanced", "name": name, "isdynamic": True, "component": "lab"}
    if name in ZONE_SCOPED:
        row["scope"] = "zone"
    return {**row, "value": value} if value else row


def system_vms(world: World) -> list[Row]:
    """Return listSystemVms; a system VM that does not run has no host and no addresses."""
    return [_system_vm(vm) for vm in world.system_vms]


def _system_vm(vm: SystemVm) -> Row:
    row: Row = {
        **_in_pod(vm.zone),
        "id": vm.id,
        "name": vm.name,
        "systemvmtype": vm.kind,
        "state": vm.state,
        "hypervisor": "KVM",
        "created": date(vm.created),
        "version": vm.version or VERSION,
        "templatename": vm.template,
        "publicip": vm.public,
        "privateip": vm.private,
        "gateway": f"{vm.zone.public_prefix}1",
        "publicmacaddress": vm.macs["Public"],
        "privatemacaddress": vm.macs["Management"],
        "linklocalmacaddress": vm.macs["Control"],
    }
    if vm.agent_state:
        row["agentstate"] = vm.agent_state
    if vm.kind == "consoleproxy":
        row["activeviewersessions"] = vm.sessions
    if vm.state == "Running":
        row |= {"hostid": vm.host.id, "hostname": vm.host.name, "hostcontrolstate": "Enabled"}
        row |= {"linklocalip": vm.control, "linklocalnetmask": "255.255.0.0"}
    return row
