"""The lab's XenServer hosts: one story by API, database and dom0."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from exporter.lab.api import rows_guests, rows_network, rows_zone
from exporter.lab.database.places import Numbers, management, physical_networks
from exporter.lab.database.tenants import machines
from exporter.lab.inside.tree import Shelf
from exporter.lab.inside.xen_host import xen_tree
from exporter.lab.options import Options
from exporter.lab.runner import Runner
from exporter.lab.world.build import build
from exporter.lab.world.world import Ports, World, XenHost
from exporter.lab.world.xen import Dom0
from exporter.questions.wrapper import version
from exporter.questions.xen_hosts.backend import XenBackend, read_backend
from exporter.sources.sections import read_sections

NONCE = "0123456789abcdef"
HEALTHY = XenBackend(
    configured="bridge",
    bridges=2,
    filters_ip=True,
    filters_arp=True,
    tools=frozenset({"iptables", "ebtables", "ipset"}),
    product="XCP-ng 8.2.1",
)


@pytest.fixture
def world() -> World:
    """Return a healthy world."""
    return build(Options(), Ports.block(20000), 1_795_000_000.0)


def test_the_api_and_the_database_know_them(world: World) -> None:
    """A cluster of its own in the zone with security groups, with the labels that XenServer reads."""
    rows = [row for row in rows_zone.hosts(world) if row.get("hypervisor") == "XenServer"]
    assert [(row["name"], row["zonename"], row["clustername"]) for row in rows] == [
        (name, "south", "south-xen") for name in ("xen-1", "xen-2")
    ]
    (cluster,) = [row for row in rows_zone.clusters(world) if row["hypervisortype"] == "XenServer"]
    assert cluster["id"] == rows[0]["clusterid"]
    number = Numbers()
    kept = {row["name"]: row["hypervisor_type"] for row in management(world, number)["host"]}
    assert (kept["xen-1"], kept["kvm-1"]) == ("XenServer", "KVM")
    labelled = {row["physicalnetworkid"] for row in rows_network.traffic_types(world) if "xennetworklabel" in row}
    assert len(labelled) == 1
    types = physical_networks(world, number)["physical_network_traffic_types"]
    assert {row["physical_network_id"] for row in types if row["xenserver_network_label"]} == set(map(number, labelled))


def test_a_machine_that_must_be_guarded_runs_there(world: World) -> None:
    """In a network whose other machines run on KVM; no tap of it is anywhere."""
    (row,) = [row for row in rows_guests.instances(world) if row["hypervisor"] == "XenServer"]
    assert row["hostname"] == "xen-2"
    (network,) = [one for one in world.networks if one.id == row["nic"][0]["networkid"]]
    assert network.security_groups
    assert all(tap.machine != row["instancename"] for host in world.hosts for tap in host.hypervisor.taps)
    (instance,) = [one for one in world.instances if one.domain == row["instancename"]]
    with pytest.raises(TypeError, match="xen-2"):
        _ = instance.kvm
    kept = {one["instance_name"]: one["hypervisor_type"] for one in machines(world, Numbers())["vm_instance"]}
    assert kept[row["instancename"]] == "XenServer"


async def told(runner: Runner, host: XenHost) -> XenBackend | int:
    """Return what the collector answers in a dom0, or the exit code of the question."""
    words = [str(runner.wrapper(host.name)), version(), NONCE, "host", "xen_backend"]
    async with runner.start(host.name, words) as process, asyncio.timeout(60):
        assert process.stdout is not None
        section = read_sections(await process.stdout.read(), NONCE, {"xen_backend": 4096}).sections["xen_backend"]
        return section.code or read_backend(section.text)


async def test_dom0_answers_for_what_is_true_of_it(world: World, tmp_path: Path) -> None:
    """Whatever it was before, by the true collector."""
    shelf = Shelf(tmp_path / "machines", world.start)
    shelf.gather()
    shelf.put(xen_tree(world.xen_hosts[1]))
    runner, host = Runner(shelf, world), world.xen_hosts[1]
    runner.install(host.name, "current")
    switched = XenBackend(configured="openvswitch", runs_openvswitch=True, tools=HEALTHY.tools, product=HEALTHY.product)
    for dom0, expected in (
        (Dom0(), HEALTHY),
        (Dom0(configured="openvswitch", running="openvswitch"), switched),
        (Dom0(running="openvswitch"), replace(switched, configured="bridge")),
        (Dom0(missing={"ipset"}), replace(HEALTHY, tools=HEALTHY.tools - {"ipset"})),
        (Dom0(sysctls={"iptables": "0"}), replace(HEALTHY, filters_ip=False, filters_arp=None)),
        (Dom0(configured=None), 127),
        (Dom0(), HEALTHY),
    ):
        host.dom0 = dom0
        shelf.put(xen_tree(host))
        answer = await told(runner, host)
        if isinstance(answer, XenBackend) and answer.runs_openvswitch:
            answer = replace(answer, bridges=0)  # folders of bridges stay in the tree
        assert answer == expected
    await runner.close()
