"""API rows of what tenants have: networks, instances, routers."""

from __future__ import annotations

from typing import Any

from exporter.lab.api.rows_zone import date
from exporter.lab.world.management import VERSION
from exporter.lab.world.world import Health, Instance, Network, Nic, Router, World, Zone, identity

Row = dict[str, Any]
RELEASES = {"A": "4.5.2", "B": "4.9.3", "C": VERSION}


def _owner(project: str) -> Row:
    owned: Row = {"account": "admin", "domain": "ROOT", "domainid": identity("domain", "ROOT")}
    if project:
        del owned["account"]
        owned |= {"projectid": identity("project", project), "project": project}
    return owned


def networks(world: World) -> list[Row]:
    """Return listNetworks: isolated networks and VPC tiers."""
    return [_network(network) for network in world.networks]


def private_gateways(world: World) -> list[Row]:
    """Return listPrivateGateways: those of the networks that listNetworks leaves out."""
    return [
        {
            **_owner(network.project),
            "id": identity("private gateway", network.number),
            "zoneid": network.zone.id,
            "vpcid": identity("vpc", network.vpc),
            "vpcname": network.vpc,
            "vlan": f"vlan://{network.tag}",
            "gateway": network.gateway,
            "netmask": "255.255.255.0",
            "ipaddress": f"{network.prefix}2",
            "physicalnetworkid": identity("physical", network.zone.name),
            "state": "Ready",
        }
        for network in world.private_gateways
    ]


def _network(network: Network) -> Row:
    chosen = network.kind != "Isolated"
    row: Row = {
        **_owner(network.project),
        "id": network.id,
        "related": network.id,
        "name": network.name,
        "zoneid": network.zone.id,
        "zonename": network.zone.name,
        "type": network.kind,
        "state": "Setup" if chosen else "Implemented",
        "traffictype": "Guest",
        "broadcastdomaintype": "Vlan",
        "broadcasturi": f"vlan://{network.tag}",
        "vlan": network.tag,
        "gateway": network.gateway,
        "netmask": "255.255.255.0",
        "cidr": f"{network.prefix}0/24",
        "networkdomain": network.domain,
        "physicalnetworkid": identity("physical", network.zone.name),
        "specifyvlan": chosen,
        "networkofferingid": identity("offering", network.kind.lower()),
        "issystem": False,
        "redundantrouter": network.redundant,
        "service": [{"name": name, "provider": [{"name": _provider(network, name)}]} for name in _services(network)],
    }
    if network.is_released:
        row["state"] = "Allocated"
        del row["broadcasturi"], row["vlan"]
    if network.kind == "L2":
        for name in ("gateway", "netmask", "cidr", "networkdomain"):
            del row[name]
    if network.vpc:
        row |= {"vpcid": identity("vpc", network.vpc), "vpcname": network.vpc}
    return row


def _services(network: Network) -> tuple[str, ...]:
    if network.kind == "L2":
        return ()
    if network.security_groups:
        return (*(() if network.userdata else ("Dhcp", "Dns")), "UserData", "SecurityGroup")
    return ("Dhcp", "Dns", "UserData", "SourceNat", "Firewall", "Lb", "PortForwarding")


def _provider(network: Network, service: str) -> str:
    if service == "SecurityGroup":
        return "SecurityGroupProvider"
    return network.userdata if service == "UserData" and network.userdata else network.provider


def _nic(nic: Nic, owner: object, place: int, zone: Zone) -> Row:
    row: Row = {
        "id": identity("nic", owner, place),
        "networkid": nic.network.id if nic.network else identity(nic.kind.lower(), zone.name),
        "netmask": nic.netmask,
        "gateway": nic.gateway,
        "ipaddress": nic.address,
        "traffictype": nic.kind,
        "isdefault": nic.default,
        "macaddress": nic.mac,
        "deviceid": str(place),
        "secondaryip": [],
        "extradhcpoption": [],
    }
    if nic.network:
        uri = f"vlan://{nic.network.tag}"
        row |= {"networkname": nic.network.name, "type": nic.network.kind, "broadcasturi": uri, "isolationuri": uri}
    elif nic.kind == "Public":
        uri = f"vlan://{zone.public_vlan}"
        row |= {"type": "Shared", "broadcasturi": uri, "isolationuri": uri}
    return row


def instances(world: World) -> list[Row]:
    """Return listVirtualMachines; a stopped one has no host."""
    return [_instance(world, instance) for instance in world.instances]


def _instance(world: World, instance: Instance) -> Row:
    row: Row = {
        **_owner(instance.network.project),
        "id": instance.id,
        "name": instance.name,
        "displayname": instance.name,
        "instancename": instance.domain,
        "state": instance.state,
        "zoneid": instance.network.zone.id,
        "zonename": instance.network.zone.name,
        "templateid": identity("template", instance.template),
        "templatename": instance.template,
        "hypervisor": instance.host.kind,
        "osdisplayname": world.templates[instance.template].os,
        "passwordenabled": world.templates[instance.template].password,
        "created": date(instance.created),
        "nic": [{**_nic(instance.nic, instance.number, 0, instance.network.zone), "virtualmachineid": instance.id}],
    }
    if instance.state == "Running":
        row |= {"hostid": instance.host.id, "hostname": instance.host.name}
    return row


def routers(world: World) -> list[Row]:
    """Return listRouters with every field an admin sees."""
    return [_router(world, router) for router in world.routers]


def _router(world: World, router: Router) -> Row:
    row: Row = {
        **_owner(router.project),
        "id": router.id,
        "name": router.name,
        "state": router.state,
        "zoneid": router.zone.id,
        "zonename": router.zone.name,
        "podid": identity("pod", router.zone.name),
        "hypervisor": "KVM",
        "role": "VIRTUAL_ROUTER",
        "isredundantrouter": router.redundant,
        "redundantstate": router.redundant_state,
        "requiresupgrade": router.requires_upgrade,
        "version": RELEASES[router.era],
        "templatename": "SystemVM Template (KVM)",
        "created": date(router.created),
        "healthchecksfailed": _summary(router),
        "nic": [_nic(nic, router.number, place, router.zone) for place, nic in enumerate(router.nics)],
        "networkdomain": router.networks[0].domain,
        **_addresses(router),
    }
    if router.health:
        row["healthcheckresults"] = [_health(world, router, one) for one in router.health]
    if router.vpc:
        row |= {"vpcid": identity("vpc", router.vpc), "vpcname": router.vpc}
    if router.state == "Running":
        row |= {"hostid": router.host.id, "hostname": router.host.name, "hostcontrolstate": "Enabled"}
    return row


def _addresses(router: Router) -> Row:
    """Return the flat address fields; of a VPC router's tiers only the last, as CloudStack does."""
    found: Row = {}
    for nic in router.nics:
        prefix, name = {"Guest": ("guest", "guestipaddress"), "Control": ("linklocal", "linklocalip")}.get(
            nic.kind, ("public", "publicip")
        )
        found |= {name: nic.address, f"{prefix}macaddress": nic.mac, f"{prefix}netmask": nic.netmask}
        if nic.network:
            found |= {"guestnetworkid": nic.network.id, "guestnetworkname": nic.network.name}
    return found


def _summary(router: Router) -> bool:
    if router.health_summary is not None:
        return router.health_summary
    return any(not one.ok for one in router.health)


def _health(world: World, router: Router, one: Health) -> Row:
    row: Row = {
        "checkname": one.name,
        "checktype": one.kind,
        "success": one.ok,
        "lastupdated": date(world.now - one.age),
        "details": one.details,
    }
    return {**row, "status": "SUCCESS" if one.ok else "FAILED"} if router.enum_health else row
