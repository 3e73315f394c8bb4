"""Agents of another release than their management servers."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_versions import judge
from tests.checks.host_connectivity import states_scene as scene


@pytest.mark.parametrize(
    ("agent", "value"),
    [
        ("4.20.1.0", 0), ("4.20.1.0-vendor3", 0), ("4.20.1.9", 0), ("4.20.0.0", 1), ("4.9.1.0", 1), ("4.21.0.0", 1),
        ("4.20.1.0-SNAPSHOT", 0),
    ],
)  # fmt: skip
def test_hosts_and_system_vms(agent: str, value: int) -> None:
    """Three numbers make a release; a fourth one and a vendor's mark are no difference."""
    found = scene.of_zone(judge, scene.cloud(scene.server(), scene.host(version=agent), scene.vm(version=agent)))
    assert scene.values(found, "host_version_differs") == {"kvm-1": value}
    assert scene.values(found, "system_vm_version_differs") == {"s-2-VM": value}


@pytest.mark.parametrize("changes", [{"version": ""}, {"version": "unknown"}, {"state": "Alert"},
                                     {"resource_state": "Maintenance"}])  # fmt: skip
def test_hosts_of_which_nothing_is_said(changes: dict[str, Any]) -> None:
    """Whoever is lost or held back has the version it had, and a version that nobody tells is unknown."""
    found = scene.of_zone(judge, scene.cloud(scene.server(), scene.host(**changes)))
    assert found == []


def test_a_rolling_upgrade() -> None:
    """The newest server that is Up is what agents follow; one that is Down keeps its version for ever."""
    servers = (scene.server("4.20.1.0"), scene.server("4.19.3.0"), scene.server("4.22.0.0", "Down"))
    found = scene.of_zone(judge, scene.cloud(*servers, scene.host(1), scene.host(2, version="4.19.3.0")))
    assert scene.values(found, "host_version_differs") == {"kvm-1": 0, "kvm-2": 1}
    assert [one.expected for one in found if scene.is_problem(one)] == ["4.20.1.0, as the management servers"]


def test_without_a_version_of_the_servers() -> None:
    """Nothing to compare with."""
    found = scene.of_zone(judge, scene.cloud(scene.server(""), scene.host(), scene.vm()))
    assert [one.metric.name.rpartition("connectivity_")[2] for one in found] == ["system_vm_info"]


def test_what_system_vms_were_made_from() -> None:
    """Of every kind and state but gone, for comparing inside a zone and hypervisor."""
    vms = (scene.vm(), scene.vm("v-1-VM", kind="consoleproxy", template_name="old", state="Stopped", version=""),
           scene.vm("s-9-VM", state="Destroyed"))  # fmt: skip
    found = scene.of_zone(judge, scene.cloud(*vms))
    assert [one.labels for one in found] == [
        ("zone-1", "s-2-VM", "secondarystoragevm", "KVM", "kvm-1", "4.20.1.0", "SystemVM Template (KVM)"),
        ("zone-1", "v-1-VM", "consoleproxy", "KVM", "kvm-1", "", "old"),
    ]
