"""What a visit costs a real hypervisor with 500 VLANs and 100 guests, and what it leaves there."""

from __future__ import annotations

import pytest

from tests.vm.bench import ACCOUNT, Bench
from tests.vm.cost import Cost, measured
from tests.vm.watch import watching

pytestmark = [
    pytest.mark.vm,
    pytest.mark.real,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("vm"),
]
PROCESSES, SENT = 40, 256 * 1024
FILES = (
    "find / -xdev -newer /root/stamp ! -type d ! -path '/proc/*' ! -path '/sys/*' ! -path '/var/log/*' "
    "! -path '/run/log/*' ! -path '/dev/*'; find /run /tmp -newer /root/stamp ! -type d ! -path '/run/log/*'"
)


async def first_visits(bench: Bench) -> list[Cost]:
    """Return what the first visits of a host cost, in which everything is asked that any check asks of hosts.

    What NICs count on the first, what they are on the second, MAC tables on the third, and on the fourth whom the host
    reaches, with two neighbours and eight image stores.
    """
    async with watching(bench, whole=True) as watch:
        await watch.look()  # logs in
        watch.forget()
        visits = [await measured(watch, watch.visit) for _ in range(4)]
        assert not watch.unanswered(), watch.failures()
    return visits


def started(visits: list[Cost], name: str) -> list[int]:
    """Return how often a program was started by each visit."""
    return [sum(program.endswith(f"/{name}") for program in visit.programs) for visit in visits]


@pytest.mark.parametrize(
    "hypervisor",
    ["native", *(pytest.param(name, marks=pytest.mark.vm_all) for name in ("open_vswitch", "crowded"))],
)
async def test_a_visit_starts_few_processes_and_sends_little(hypervisor: str, request: pytest.FixtureRequest) -> None:
    """Counted by the kernel: at most 40 processes and 256 KiB, however many VLANs and guests there are."""
    for visit in await first_visits(request.getfixturevalue(hypervisor)):
        assert visit.processes <= PROCESSES, visit.programs
        assert visit.sent <= SENT


@pytest.mark.vm_all
async def test_a_visit_of_a_host_with_four_nics_starts_few_processes(crowded: Bench) -> None:
    """ethtool can be asked about one NIC at a time only, so it is asked ten times at most."""
    nics = ("eth3", "eth4")
    try:
        for nic in nics:
            crowded.machine.run(f"ip link set {nic} up; ip link add link {nic} name {nic}.200 type vlan id 200")
        visits = await first_visits(crowded)
    finally:
        for nic in nics:
            crowded.machine.run(f"ip link del {nic}.200; ip link set {nic} down")
    assert sum(started(visits, "ethtool")[:2]) == 10
    assert max(visit.processes for visit in visits) <= PROCESSES


@pytest.mark.vm_all
async def test_a_visit_of_a_host_with_many_bridges_starts_few_processes(open_vswitch: Bench) -> None:
    """ovs-appctl can be asked about one bridge at a time only, so it is asked about three, on some visits."""
    bridges = ("spare0", "spare1", "spare2")
    try:
        for bridge in bridges:
            open_vswitch.machine.run(f"ovs-vsctl add-br {bridge}")
        visits = await first_visits(open_vswitch)
    finally:
        for bridge in bridges:
            open_vswitch.machine.run(f"ovs-vsctl del-br {bridge}")
    asked = started(visits, "ovs-appctl")
    assert max(asked) - min(asked) == 3
    assert max(visit.processes for visit in visits) <= PROCESSES


@pytest.mark.vm_all
async def test_a_visit_leaves_no_file_and_no_process(crowded: Bench) -> None:
    """Nothing is written but logs, and nobody runs as the account or for it but the waiting connection."""
    machine = crowded.machine
    async with watching(crowded) as watch:
        await watch.look()
        before = processes(crowded)
        machine.run("touch /root/stamp; sleep 1")
        await watch.look()
        assert machine.run(FILES).split() == []
        assert processes(crowded) == before
        assert any(ACCOUNT in one for one in before)


def processes(bench: Bench) -> list[str]:
    """Return the command lines of what runs, without kernel threads and this question's own."""
    told = bench.machine.run("ps -eo args | grep -v '^\\[' | grep -v '^ps \\|^grep \\|^COMMAND\\|^bash -c\\|^sh -c'")
    return sorted(told.splitlines())
