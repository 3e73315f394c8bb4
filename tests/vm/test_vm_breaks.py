"""What breaks on a real hypervisor is seen, with its named consequences and nothing else, and seen to heal."""

from __future__ import annotations

import time

import pytest

from exporter.model import Issue
from tests.vm.bench import Bench
from tests.vm.breaks import NATIVE, OPEN_VSWITCH, Break
from tests.vm.watch import Watch, watching

pytestmark = [pytest.mark.vm, pytest.mark.real, pytest.mark.timeout(1800), pytest.mark.xdist_group("vm")]
APPEARS_SECONDS = 400  # LACP times out, LLDP is heard, a difference is looked at twice, on an emulated processor


async def until(watch: Watch, wanted: set[str], unknown: frozenset[str] = frozenset(), apart: float = 3.0) -> None:
    """Look until exactly ``wanted`` are problems and exactly ``unknown`` has no answer, or as long as it may take."""
    end = time.monotonic() + APPEARS_SECONDS
    while time.monotonic() < end:
        await watch.wait_and_look(1, apart)
        if watch.problems() == wanted and watch.failures().keys() == unknown:
            return


def told(watch: Watch) -> list[str]:
    """Return the findings in the order in which people see them, with what was seen."""
    return [f"{one.metric} {dict(one.labels)}: {one.seen}" for one in watch.findings()]


async def stays_healthy(watch: Watch) -> None:
    """See no problem and every question answered, look after look."""
    await until(watch, set())
    await watch.wait_and_look(2, 3.0)
    assert not watch.problems(), told(watch)
    assert not watch.failures()
    assert not watch.unanswered()


async def sees_and_forgets(watch: Watch, broken: Break) -> None:
    """Break, see exactly what is declared, the cause first, and that it lasts; heal, see nothing."""
    await until(watch, set())
    assert not watch.problems(), told(watch)
    try:
        broken.do(watch.bench)
        await until(watch, broken.declared, broken.unknown, broken.apart)
        await watch.wait_and_look(1, broken.apart)
        assert watch.problems() == broken.declared, told(watch)
        assert watch.failures().keys() == broken.unknown, watch.failures()
        first = next(
            one for one in watch.findings() if not one.because
        )  # the page shows consequences below their cause
        assert first.metric == f"cloudstack_network_{broken.cause}", told(watch)
    finally:
        broken.undo(watch.bench)
    await until(watch, set())
    assert not watch.problems(), told(watch)
    assert not watch.failures()


ON_A_HOST = {
    Issue.VLAN_TRUNKING,
    Issue.HYPERVISOR_LINKS,
    Issue.OPEN_VSWITCH,
    Issue.SECURITY_GROUPS,
    Issue.PHYSICAL_NETWORKS,
}
"""What a host, its machines and its switch tell; whom a host reaches stays unknown where nobody else is there."""


def chosen(table: tuple[Break, ...]) -> list[object]:
    """Return the breaks as parameters; what is not in the slice is run by the whole suite only."""
    return [
        pytest.param(one, id=one.name.replace(" ", "-"), marks=[] if one.in_slice else [pytest.mark.vm_all])
        for one in table
    ]


async def test_a_healthy_hypervisor_has_no_problem_and_answers_every_question(native: Bench) -> None:
    """Nothing is reported of a bond with LACP, VLANs, tagged management, system VMs and security groups that work."""
    async with watching(native) as watch:
        await stays_healthy(watch)
        assert watch.healthy() == ON_A_HOST - {Issue.OPEN_VSWITCH}


@pytest.mark.parametrize("broken", chosen(NATIVE))
async def test_what_breaks_is_seen_and_nothing_else(native: Bench, broken: Break) -> None:
    """With Linux bridges: exactly the declared metrics appear, the cause first, and disappear."""
    async with watching(native) as watch:
        await sees_and_forgets(watch, broken)


@pytest.mark.vm_all
async def test_a_healthy_open_vswitch_has_no_problem_and_answers_every_question(open_vswitch: Bench) -> None:
    """Nothing is reported of the kernel datapath, an LACP bond, tagged ports and a management bridge on a VLAN."""
    async with watching(open_vswitch) as watch:
        await stays_healthy(watch)
        assert watch.healthy() == ON_A_HOST


@pytest.mark.parametrize(
    "broken", [pytest.param(*one.values, id=one.id, marks=pytest.mark.vm_all) for one in chosen(OPEN_VSWITCH)]
)
async def test_what_breaks_in_open_vswitch_is_seen_and_nothing_else(open_vswitch: Bench, broken: Break) -> None:
    """With Open vSwitch: exactly the declared metrics appear, the cause first, and disappear."""
    async with watching(open_vswitch) as watch:
        await sees_and_forgets(watch, broken)
