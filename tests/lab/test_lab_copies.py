"""Copied hosts: each answers with its own names, as CloudStack has them, though only their model runs the collector."""

from __future__ import annotations

from collections import defaultdict

import pytest

from exporter.cloud.targets import HostTarget
from exporter.lab.api import rows_guests
from exporter.lab.inside.copies import Told
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.reach import HOST_REACH
from tests.watching import Watch, watching

pytestmark = pytest.mark.timeout(180)


def told_macs(watch: Watch) -> dict[str, set[str]]:
    """Return the MACs of instances and routers on each host, as the API tells them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    world = watch.lab.world
    for row in (*rows_guests.instances(world), *rows_guests.routers(world)):
        if "hostname" in row:
            found[row["hostname"]] |= {nic["macaddress"] for nic in row["nic"]}
    return found


@pytest.mark.parametrize("security_groups", [False, True])
async def test_copies_are_as_healthy_as_their_model(security_groups: bool) -> None:
    """Nothing is found and nothing is unknown on hosts of two shapes; each is asked once per visit, by one command."""
    async with watching(hosts=15, routers=14, vms_per_host=4, security_groups=security_groups) as watch:
        await watch.look(2)
        assert watch.problems() == {}
        assert watch.failures() == {("cloud", "not_configured")}  # this lab has no database
        hosts = {host.name for host in watch.lab.world.hosts}
        assert len({host.model for host in watch.lab.world.hosts}) == 3
        commands = [name for name, command in watch.lab.seen.ssh if " host " in command and name in hosts]
        assert sorted(commands) == sorted([*hosts, *hosts])
        macs = told_macs(watch)
        for entry in watch.app.engine.schedule.entries.values():
            if isinstance(entry.target, HostTarget) and entry.target.name not in {f"kvm-{n}" for n in range(1, 11)}:
                domains, links = (entry.memory.values[question].value for question in (DOMAINS, LINKS))
                plugged = {one.mac for domain in domains.values() for one in domain.interfaces}
                assert plugged == macs[entry.target.name]
                taps = {link.mac for link in links.by_name.values() if link.kind == "tun"}
                assert taps == {f"fe{mac[2:]}" for mac in plugged}
                reach = entry.memory.values[HOST_REACH].value
                assert set(reach.libvirt) == set(entry.target.neighbours)
                assert all(way.is_good for way in (*reach.libvirt.values(), *reach.stores.values()))


async def test_a_host_is_asked_again_when_it_was_changed() -> None:
    """A lab that remembers runs the tools of a host once, until something about that host is another."""
    async with watching(remembers=True) as watch:

        def calls(machine: str) -> int:
            return sum(where == machine and call.startswith("ip -j") for where, call in watch.lab.tools())

        await watch.look(2)
        assert (calls("kvm-1"), calls("kvm-5")) == (1, 1)
        watch.lab.world.hosts[0].hypervisor.nic("eth0").mtu = 9000
        watch.lab._lay_out(watch.lab.world)
        await watch.look()
        assert (calls("kvm-1"), calls("kvm-5")) == (2, 1)


def test_words_are_exchanged_whole_and_counters_grow() -> None:
    """A word inside a longer one stays; a counter is what it was and what came since."""
    told = Told('{"a":"9000001","b":"90000012","mtu":~1000+5~} i-2-9000001-VM', ["9000001"])
    assert told.told(["42"], 10) == '{"a":"42","b":"90000012","mtu":1050} i-2-42-VM'
    assert Told("~7+0~ frames", []).told([], 99) == "7 frames"
