"""The verdict on NICs that differ inside a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links import nic_speeds
from exporter.checks.hypervisor_links.nic_mixtures import judge
from exporter.model import Sample
from exporter.questions.hosts.nic_counters import NIC_COUNTERS, NicCounters
from exporter.questions.hosts.nics import NICS, NicFacts
from tests.checks.hypervisor_links import links_scene as scene

OTHER = "15b3:1017"


def found(*hosts: NicFacts | tuple[NicFacts, ...], **odd: Any) -> list[Sample]:
    """Return what is said of a cluster of hosts with these NICs; ``odd`` are fields of the last host."""
    told = [{NICS: scene.nics(*(nics if isinstance(nics, tuple) else (nics,)))} for nics in hosts]
    return scene.compared(judge, *told, **odd)


def speeds(*hosts: NicCounters | tuple[NicCounters, ...], **odd: Any) -> list[Sample]:
    """Return what is said of the speeds of a cluster."""
    told = [{NIC_COUNTERS: scene.counters(*(nics if isinstance(nics, tuple) else (nics,)))} for nics in hosts]
    return scene.compared(nic_speeds.judge, *told, **odd)


def test_a_healthy_cluster() -> None:
    """Zero is said of each host."""
    same = scene.counted()
    assert scene.values_of([*found(scene.nic(), scene.nic(), scene.nic()), *speeds(same, same, same)]) == {
        (name, f"kvm{number}"): 0
        for name in ("nic_drivers_differ", "nic_firmwares_differ", "nics_slower_than_peers")
        for number in (1, 2, 3)
    }


def test_an_odd_firmware() -> None:
    """What it has, and what most have."""
    odd = scene.only(found(scene.nic(), scene.nic(), scene.nic(firmware="8.30")), "nic_firmwares_differ")
    assert (odd.label("host"), odd.seen, odd.expected) == ("kvm3", "8086:158b: 8.30", "8086:158b: 9.20")


def test_an_odd_driver() -> None:
    """Another driver, or another version of it."""
    for odd in (scene.nic(driver="vfio"), scene.nic(driver_version="5.14")):
        assert scene.problems(found(scene.nic(), scene.nic(), odd)) == {("nic_drivers_differ", "kvm3"): 1}


def test_firmware_of_another_kind_of_nic_is_no_mixture() -> None:
    """Each kind has versions of its own; also beside each other in one host."""
    both = (scene.nic("eth1"), scene.nic("eth2", pci_id=OTHER, firmware="16.35"))
    assert scene.problems(found(both, both, (scene.nic("eth1"),))) == {}
    assert scene.problems(found(scene.nic(), scene.nic(), scene.nic(pci_id=OTHER, firmware="16.35"))) == {}


def test_two_hosts_that_differ_are_nobodys_fault() -> None:
    """Nobody can say which of them is wrong; neither in two pairs."""
    one, other = scene.nic(), scene.nic(firmware="8.30", driver_version="5")
    assert scene.problems(found(one, other)) == {}
    assert scene.problems(found(one, one, other, other)) == {}
    fast, slow = scene.counted(), scene.counted(speed=10000)
    assert scene.problems(speeds(fast, slow)) == {}
    assert scene.problems(speeds(fast, fast, slow, slow)) == {}


def test_ports_of_one_card_do_not_make_a_majority() -> None:
    """Hosts are counted, not NICs."""
    four = tuple(scene.nic(f"eth{n}") for n in range(4))
    assert scene.problems(found(four, (scene.nic(firmware="8.30"),))) == {}


def test_two_firmwares_inside_one_host() -> None:
    """Its peers have one."""
    mixed = (scene.nic("eth1"), scene.nic("eth2", firmware="8.30"))
    odd = scene.only(found(scene.nic(), scene.nic(), mixed), "nic_firmwares_differ")
    assert odd.seen == "8086:158b: 8.30 and 9.20"


def test_without_ethtool_nothing_differs() -> None:
    """An empty firmware is none."""
    assert scene.problems(found(scene.nic(), scene.nic(), scene.nic(firmware="", driver="", driver_version=""))) == {}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """They are just being updated, and do not count among the peers."""
    odd = scene.nic(firmware="8.30")
    assert scene.problems(found(scene.nic(), scene.nic(), scene.nic(), odd, **fields)) == {}
    assert scene.problems(found(scene.nic(), odd, scene.nic(), **fields)) == {}
    fast, slow = scene.counted(), scene.counted(speed=10000)
    assert scene.problems(speeds(fast, fast, fast, slow, **fields)) == {}


def test_hosts_that_did_not_tell() -> None:
    """While they may be most, what is alike among few is not said to be; an odd one among three is."""
    same = scene.counted()
    assert scene.values_of([*found(scene.nic(), scene.nic(), silent=3), *speeds(same, same, silent=3)]) == {}
    assert len(scene.values_of([*found(scene.nic(), scene.nic(), silent=2), *speeds(same, same, silent=2)])) == 6
    told = scene.values_of(found(scene.nic(), scene.nic(), scene.nic(firmware="8.30"), silent=4))
    assert told == {("nic_firmwares_differ", "kvm3"): 1}
