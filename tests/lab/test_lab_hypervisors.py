"""The lab's hypervisors: what CloudStack says of their machines is what is plugged there, whatever the faults."""

from __future__ import annotations

import calendar
import time
from collections import Counter
from typing import Any

import pytest

from exporter.clock import SystemClock
from exporter.lab.api import rows_guests, rows_zone
from exporter.lab.inside.host_ovs import put_ovs
from exporter.lab.inside.tree import Tree
from exporter.lab.options import Options
from exporter.lab.world.build import build
from exporter.lab.world.hypervisor import Hypervisor, Tap
from exporter.lab.world.racking import settle
from exporter.lab.world.world import Host, Ports, World

NOW = 1_795_000_000.0
SYSTEM_NICS = {"publicmacaddress": "Public", "privatemacaddress": "Management", "linklocalmacaddress": "Control"}


@pytest.fixture
def world() -> World:
    """Return a healthy world."""
    return build(Options(), Ports.block(20000), NOW)


def told_nics(world: World) -> list[tuple[str, str, str, str]]:
    """Return host, machine, MAC and URI of every NIC that the API tells of a machine that runs on a KVM host."""
    elsewhere = {host.name for host in world.xen_hosts}
    rows: list[dict[str, Any]] = [*rows_guests.instances(world), *rows_guests.routers(world)]
    found = [
        (row["hostname"], row.get("instancename", row["name"]), nic["macaddress"], nic.get("broadcasturi", ""))
        for row in rows
        if "hostname" in row and row["hostname"] not in elsewhere
        for nic in row["nic"]
    ]
    for row in rows_zone.system_vms(world):
        found += [(row["hostname"], row["name"], row[field], "") for field in SYSTEM_NICS if "hostname" in row]
    return found


def vlan_of(made: Hypervisor, tap: Tap) -> int | None:
    """Return the VLAN that a tap is really in: by the device in its bridge, or by its tag."""
    if made.ovs:
        return tap.tag
    ports = made.bridge(tap.bridge).ports
    return next((device.vlan for device in made.vlans if device.name in ports and tap.bridge.startswith("br")), None)


def test_every_nic_is_plugged_where_cloudstack_says(world: World) -> None:
    """Host, machine and VLAN agree between the API and the taps."""
    hosts = {host.name: host.hypervisor for host in world.hosts}
    for host, machine, mac, uri in told_nics(world):
        tap = hosts[host].tap(mac)
        assert tap.machine == machine
        assert hosts[host].domain(machine).state == "running"
        assert uri in ("", f"vlan://{vlan_of(hosts[host], tap)}"), (host, machine)


def test_nothing_else_is_plugged(world: World) -> None:
    """Taps without a NIC in the API would be machines that nobody knows; storage NICs are not told there."""
    told = {mac for _, _, mac, _ in told_nics(world)}
    taps = [tap for host in world.hosts for tap in host.hypervisor.taps if tap.traffic_type != "Storage"]
    assert {tap.mac for tap in taps} == told
    assert len(taps) == len(told)


def test_no_two_interfaces_have_one_mac(world: World) -> None:
    """A MAC on two hosts would be a finding."""
    macs = [nic.mac for host in world.hosts for nic in host.hypervisor.nics]
    macs += [tap.mac for host in world.hosts for tap in host.hypervisor.taps]
    assert [mac for mac, count in Counter(macs).items() if count > 1] == []


def test_every_port_exists(world: World) -> None:
    """Bridges, bonds and VLAN devices stand on interfaces that are there."""
    for host in world.hosts:
        made = host.hypervisor
        names = {nic.name for nic in made.nics} | {bond.name for bond in made.bonds}
        names |= {device.name for device in made.vlans}
        below = {device.parent for device in made.vlans}
        below |= {port for bridge in made.bridges for port in bridge.ports}
        below |= {member.nic for bond in made.bonds for member in bond.members}
        assert below <= names, host.name


def test_the_zones_are_what_the_issues_need(world: World) -> None:
    """Security groups on two hosts, Open vSwitch on three, tagged management, a host in maintenance."""
    guarded = [host for host in world.hosts if host.hypervisor.firewall]
    switched = [host for host in world.hosts if host.hypervisor.ovs]
    assert len(guarded) == 2
    assert all(host.hypervisor.firewall.machines for host in guarded if host.hypervisor.firewall)
    assert len(switched) == 3
    assert [zone.management_vlan for zone in world.zones] == [None, 30, None, None]
    assert [host.name for host in world.hosts if host.resource_state == "Maintenance"] == ["kvm-10"]


def names(host: Host) -> set[str]:
    """Return the machines that libvirt of a host knows."""
    return {domain.name for domain in host.hypervisor.domains}


def test_a_machine_that_moves_takes_its_taps_along(world: World) -> None:
    """A fault changes where a router is; its taps and VLAN bridges follow."""
    router = world.router(4)
    router.host = world.hosts[1]
    settle(world)
    assert "r-4-VM" not in names(world.hosts[0])
    assert "r-4-VM" in names(world.hosts[1])
    assert {nic.mac for nic in router.nics} <= {tap.mac for tap in world.hosts[1].hypervisor.taps}
    assert vlan_of(world.hosts[1].hypervisor, world.hosts[1].hypervisor.tap(router.guest_nics[0].mac)) == 104


def test_a_machine_that_stops_leaves_nothing(world: World) -> None:
    """The VLAN bridge that nobody else uses goes with it; others stay."""
    for instance in world.instances:
        if instance.network.name == "edge":
            instance.state = "Stopped"
    world.router(11).state = "Stopped"
    settle(world)
    made = world.hosts[3].hypervisor
    assert "r-11-VM" not in names(world.hosts[3])
    assert "brbond1-108" not in {bridge.name for bridge in made.bridges}
    assert "bond1.108" not in {device.name for device in made.vlans}
    assert "brbond1-109" in {bridge.name for bridge in made.bridges}


def test_a_domain_that_stays_is_left_alone(world: World) -> None:
    """A fault may let a machine run where CloudStack does not know of it."""
    world.hosts[0].hypervisor.domain("r-4-VM").stays = True
    world.router(4).state = "Stopped"
    settle(world)
    assert "r-4-VM" in names(world.hosts[0])


def test_what_a_switch_logs_has_just_happened(world: World) -> None:
    """However long the lab runs: a poll of before the lab began would soon be forgotten."""
    made = next(host.hypervisor for host in world.hosts if host.hypervisor.ovs)
    assert made.ovs is not None
    made.ovs.log.append("timeval|WARN|Unreasonably long 4210ms poll interval")
    tree, begun = Tree("kvm-7"), int(SystemClock().unix())
    put_ovs(tree, made)
    *_, line = tree.files["var/log/openvswitch/ovs-vswitchd.log"].text.splitlines()
    logged = calendar.timegm(time.strptime(line.partition(".")[0], "%Y-%m-%dT%H:%M:%S"))
    assert begun <= logged + 60 <= SystemClock().unix()
