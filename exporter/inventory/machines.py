"""Rows of networks and virtual machines -> objects of the Cloud. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv6Address
from types import MappingProxyType

from exporter.cloud.networks import Network
from exporter.cloud.objects import HealthResult, Instance, Nic, Router, SystemVm
from exporter.cloud.storage import Download, Template
from exporter.inventory import rows, storage_rows
from exporter.inventory.infrastructure import unix, without_secrets

NUMBER = re.compile(r"\d{1,3}", re.ASCII)
DEFINITE = {"SUCCESS": True, "FAILED": False}


def network(row: rows.NetworkRow) -> Network:
    """Return the network with the providers of each service."""
    return Network(
        id=row.id,
        name=row.name,
        zone_id=row.zoneid,
        type=row.type,
        state=row.state,
        traffic_type=row.traffictype,
        vpc_id=row.vpcid,
        vlan=row.vlan,
        gateway=row.gateway,
        cidr=row.cidr,
        domain=row.networkdomain,
        physical_network_id=row.physicalnetworkid,
        offering_id=row.networkofferingid,
        specifies_vlan=row.specifyvlan,
        related=row.related if row.related != row.id else "",
        services=services(tuple((told.name, tuple(by.name for by in told.provider)) for told in row.service)),
    )


@lru_cache(maxsize=1024)
def services(told: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, frozenset[str]]:
    """Return the providers of each service; networks of one offering share one mapping."""
    return MappingProxyType({name: frozenset(providers) for name, providers in told})


def nic(row: rows.NicRow) -> Nic:
    """Return the NIC."""
    more = tuple(told.ipaddress for told in row.secondaryip)
    return Nic(
        network_id=row.networkid,
        traffic_type=row.traffictype,
        address=row.ipaddress,
        mac=row.macaddress.lower(),
        gateway=row.gateway,
        netmask=row.netmask,
        broadcast_uri=row.broadcasturi,
        is_default=row.isdefault,
        id=row.id,
        device_id=row.deviceid,
        secondary=tuple(address for address in more if "." in address),
        addresses6=tuple(map(_shortest, (address for address in (row.ip6address, *more) if ":" in address))),
    )


def _shortest(address: str) -> str:
    """Return an IPv6 address in the one spelling that programs print, anything else as it is."""
    with suppress(ValueError):
        return str(IPv6Address(address))
    return address


def instance(row: rows.InstanceRow) -> Instance:
    """Return the user's virtual machine."""
    return Instance(
        id=row.id,
        name=row.name,
        state=row.state,
        zone_id=row.zoneid,
        host_id=row.hostid,
        instance_name=row.instancename,
        template_id=row.templateid,
        iso_id=row.isoid,
        os_name=row.osdisplayname,
        hypervisor=row.hypervisor,
        password_enabled=row.passwordenabled,
        created=unix(row.created),
        nics=tuple(map(nic, row.nic)),
    )


def health_result(row: rows.HealthRow) -> HealthResult:
    """Return the stored check; where there is a status, ``success`` is not asked (4.22 stores it wrong)."""
    status = row.status.upper()
    status = "FAILED" if status == "FAILURE" else status  # the documentation's word for it
    ok = DEFINITE.get(status) if status else row.success
    return HealthResult(row.checkname, row.checktype.lower(), ok, status, row.details, unix(row.lastupdated))


def router(row: rows.RouterRow) -> Router:
    """Return the router; a VPC's has no network of its own, its ``guestnetworkid`` is any of the tiers."""
    state = row.redundantstate.upper()
    return Router(
        id=row.id,
        name=row.name,
        state=row.state,
        zone_id=row.zoneid,
        role=row.role,
        host_id=row.hostid,
        host_name=row.hostname,
        hypervisor=row.hypervisor,
        control_address=row.linklocalip or _address(row.nic, "Control") or _address(row.nic, "Management"),
        vpc_id=row.vpcid,
        network_id="" if row.vpcid else row.guestnetworkid or _network(row.nic, "Guest"),
        is_redundant=row.isredundantrouter,
        redundant_state="PRIMARY" if state == "MASTER" else state,
        requires_upgrade=row.requiresupgrade,
        version=row.version,
        scripts_version=row.scriptsversion,
        template_name=row.templatename,
        health_failed=row.healthchecksfailed,
        health=tuple(map(health_result, row.healthcheckresults)),
        created=unix(row.created),
        nics=tuple(map(nic, row.nic)),
    )


def _address(nics: tuple[rows.NicRow, ...], traffic_type: str) -> str:
    return next((nic.ipaddress for nic in nics if nic.traffictype == traffic_type), "")


def _network(nics: tuple[rows.NicRow, ...], traffic_type: str) -> str:
    return next((nic.networkid for nic in nics if nic.traffictype == traffic_type), "")


def system_vm(row: rows.SystemVmRow, agents: Mapping[str, str]) -> SystemVm:
    """Return the system VM; ``agents`` maps names of agents in listHosts to states, for versions without agentstate."""
    kind = row.systemvmtype.lower()
    return SystemVm(
        id=row.id,
        name=row.name,
        kind=kind,
        state=row.state,
        agent_state=row.agentstate or agents.get(row.name, ""),
        zone_id=row.zoneid,
        host_id=row.hostid,
        host_name=row.hostname,
        hypervisor=row.hypervisor,
        public_address=row.publicip,
        private_address=row.privateip,
        control_address=row.linklocalip,
        macs=_macs(row),
        version=row.version,
        template_name=row.templatename,
        sessions=row.activeviewersessions if kind == "consoleproxy" else None,
        created=unix(row.created),
        disconnected=unix(row.disconnected),
    )


def _macs(row: rows.SystemVmRow) -> Mapping[str, str]:
    told = {"Public": row.publicmacaddress, "Management": row.privatemacaddress, "Control": row.linklocalmacaddress}
    return MappingProxyType({traffic: mac.lower() for traffic, mac in told.items() if mac})


def template(row: storage_rows.TemplateRow) -> Template:
    """Return the template in its zone."""
    return Template(
        id=row.id,
        zone_id=row.zoneid,
        name=row.name,
        is_ready=row.isready,
        status=row.status,
        hypervisor=row.hypervisor,
        format=row.format,
        type=row.templatetype,
        password_enabled=row.passwordenabled,
        created=unix(row.created),
        os_name=row.ostypename,
        url=without_secrets(row.url),
        source_template_id=row.sourcetemplateid,
        is_direct=row.directdownload,
        owner=row.account or row.project,
        is_public=row.ispublic,
        downloads=tuple(map(download, row.downloaddetails)),
    )


def download(row: storage_rows.DownloadRow) -> Download:
    """Return one copy of a template; a percentage that is no number is none."""
    percent = row.downloadPercent
    return Download(row.datastore, row.downloadState, int(percent) if NUMBER.fullmatch(percent) else None)
