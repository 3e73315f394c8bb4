"""What is said of NICs in use."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.nics import judge
from exporter.questions.hosts.links import LINKS, Counters
from exporter.questions.hosts.nic_counters import NIC_COUNTERS
from exporter.questions.hosts.nics import NICS
from tests.checks.hypervisor_links import links_scene as scene


def test_a_nic_in_use() -> None:
    """What it is, and what it counts."""
    told = {"rx_crc_errors": 3, "port.rx_symbol_errors": 9, "rx_broadcast": 815, "rx_multicast": 4711}
    counters = scene.counters(scene.counted(errors=told))
    samples = scene.judged(judge, {NICS: scene.nics(), NIC_COUNTERS: counters, LINKS: scene.bonded()})
    assert scene.values_of(samples, info=True) == {
        ("nic_info", "kvm1", "eth1", "i40e", "6.1", "9.20", "0000:3b:00.0", "8086:158b"): 1,
        ("nic_carrier", "kvm1", "eth1"): 1,
        ("nic_speed_bits_per_second", "kvm1", "eth1"): 25_000_000_000,
        ("nic_carrier_changes_total", "kvm1", "eth1"): 2,
        ("nic_crc_errors_total", "kvm1", "eth1"): 3,
        ("nic_symbol_errors_total", "kvm1", "eth1"): 9,
        ("nic_received_frames_total", "kvm1", "eth1"): 1000,
        ("nic_received_broadcasts_total", "kvm1", "eth1"): 815,
        ("nic_received_multicasts_total", "kvm1", "eth1"): 7,
        ("nics_without_counters", "kvm1"): 0,
    }


def test_what_a_driver_does_not_tell_is_not_said() -> None:
    """Neither a speed of a NIC that is down nor counters that nobody gave."""
    nic = scene.counted(speed=None, carrier_changes=None)
    assert scene.values_of(scene.judged(judge, {NIC_COUNTERS: scene.counters(nic)})) == {
        ("nics_without_counters", "kvm1"): 0
    }


@pytest.mark.parametrize(
    ("kernel", "driver", "expected"),
    [
        (5, {}, 5),
        (0, {"rx_crc_errors_phy": 7}, 7),
        (5, {"port.rx_crc_errors": 5}, 5),
        (0, {"mac_rx_fcs_err_cnt": 2}, 2),
    ],
)
def test_damaged_frames_are_told_under_many_names(kernel: int, driver: dict[str, int], expected: int) -> None:
    """Some drivers keep them from the kernel's counter, some tell one number twice."""
    links = scene.plain(counters=Counters(rx_crc_errors=kernel))
    samples = scene.judged(judge, {NIC_COUNTERS: scene.counters(scene.counted(errors=driver)), LINKS: links})
    assert scene.values_of(samples)["nic_crc_errors_total", "kvm1", "eth1"] == expected


@pytest.mark.parametrize("name", ["rx_broadcast", "rx_broadcast_phy", "rx_bcast_packets", "rx_bcast_frames"])
def test_broadcasts_are_told_under_many_names(name: str) -> None:
    """Those of Broadcom say bcast."""
    samples = scene.judged(
        judge, {NIC_COUNTERS: scene.counters(scene.counted(errors={name: 815})), LINKS: scene.plain()}
    )
    assert scene.values_of(samples)["nic_received_broadcasts_total", "kvm1", "eth1"] == 815


def test_the_greater_of_two_counters_needs_both() -> None:
    """A visit that brings only the driver's would look like a counter that begins anew, and then jumps."""
    nics = scene.counters(scene.counted(errors={"rx_crc_errors": 3}))
    assert scene.values_of(scene.judged(judge, {NIC_COUNTERS: nics, LINKS: scene.plain()}))[
        "nic_crc_errors_total", "kvm1", "eth1"
    ]
    assert ("nic_crc_errors_total", "kvm1", "eth1") not in scene.values_of(scene.judged(judge, {NIC_COUNTERS: nics}))


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_give_no_counters(fields: dict[str, Any]) -> None:
    """Their cables are being moved: alerts rate these counters."""
    samples = scene.judged(judge, {NIC_COUNTERS: scene.counters(), LINKS: scene.bonded()}, **fields)
    assert not [one for one in samples if one.metric.name.endswith("_total")]
    assert ("nic_carrier", "kvm1", "eth1") in scene.values_of(samples)


def test_a_host_without_nics_in_use() -> None:
    """Nothing is said of the others."""
    found = scene.judged(judge, {NIC_COUNTERS: {}, LINKS: scene.bonded()})
    assert scene.values_of(found) == {("nics_without_counters", "kvm1"): 0}


def test_nics_that_were_not_asked_are_counted() -> None:
    """A host with many of them: that their counters are missing is said."""
    many = [scene.counted(f"eth{number}", is_asked=number < 6) for number in range(8)]
    found = scene.values_of(scene.judged(judge, {NIC_COUNTERS: scene.counters(*many)}))
    assert found["nics_without_counters", "kvm1"] == 2
