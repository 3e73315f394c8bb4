"""Ports of hypervisors as the management side reaches them: what is closed, and what may not alarm."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.host_ports import CHECK, OPEN_WAY, START, judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.cloud.targets import HostEndpoint
from exporter.memory import Scope
from exporter.model import Answer, Answers, Reason, Sample
from exporter.questions.hosts.endpoint import HOST_PORTS
from exporter.questions.system_vms.console import Connection
from tests.checks.host_connectivity import management_scene
from tests.checks.host_connectivity import reach_scene as scene

OPEN = Connection()
REFUSED = Connection(Reason.REFUSED, "nobody listens")
SILENT = Connection(Reason.TIMEOUT, "no answer within 5 s")
ZONE = ZoneGroup("z", "zone-1")
CLUSTER = ("zone-1", "cluster-1")
Ports = dict[str, Connection]


def said(*told: tuple[Host, Ports | None], looks: int = 2, **fields: Any) -> list[Sample]:
    """Return what is said of hosts whose ports were dialled so many times; None was not asked."""
    seen_by: Cloud = scene.cloud(*(host for host, _ in told), **fields)
    scopes = {host.id: Scope() for host, _ in told}
    found: list[Sample] = []
    for look in range(looks):
        asked = 1000.0 * (look + 1)
        known = replace(seen_by, asked=asked - 20, finished=asked - 10)
        members = {
            HostEndpoint(host, "zone-1"): Answers(
                now=scene.NOW,
                asked=asked,
                values={HOST_PORTS: Answer(ports, asked, scene.NOW, 1e12)},
                memory=scopes[host.id].held,
            )
            for host, ports in told
            if ports is not None
        }
        for scope in scopes.values():
            scope.begin()
        found = list(judge(ZONE, members, known))
        for scope in scopes.values():
            scope.end()
    return found


def closed(*told: tuple[Host, Ports | None], **more: Any) -> dict[tuple[str, ...], float]:
    """Return how many hosts of the cluster have closed ports; nothing when nothing is said."""
    return management_scene.values(said(*told, **more), "cluster_host_ports_closed")


def test_hosts_that_take_all_connections() -> None:
    """One look is enough, and each port is told."""
    samples = said((scene.host(), {"ssh": OPEN, "libvirt": OPEN}), looks=1)
    assert scene.values(samples, "host_port_reachable") == {("ssh",): 1, ("libvirt",): 1}
    assert management_scene.values(samples, "cluster_host_ports_closed") == {CLUSTER: 0}


def test_a_cluster_whose_libvirt_is_closed_to_outsiders_is_told_once() -> None:
    """One problem, however many hosts; which they are is evidence, and a fact of each."""
    hosts = [scene.host(number) for number in range(1, 7)]
    samples = said(*((host, {"ssh": OPEN, "libvirt": SILENT}) for host in hosts))
    assert sum(one.metric.problem is not None for one in samples) == 1
    sample = scene.only(samples, "cluster_host_ports_closed")
    assert (sample.value, sample.remedy, sample.labels) == (6, OPEN_WAY, CLUSTER)
    assert sample.seen == "; ".join(
        [*(f"libvirt of kvm-{number}: no answer within 5 s" for number in range(1, 5)), "2 more"]
    )
    assert [one.value for one in samples if one.label("port") == "libvirt"] == [0] * 6


def test_a_host_with_two_closed_ports_counts_once() -> None:
    """Which remedy depends on what came back."""
    samples = said((scene.host(), {"ssh": REFUSED, "libvirt": REFUSED, "https": OPEN}))
    sample = scene.only(samples, "cluster_host_ports_closed")
    assert (sample.value, sample.remedy) == (1, START)
    mixed = said((scene.host(), {"ssh": SILENT, "libvirt": REFUSED}))
    assert scene.only(mixed, "cluster_host_ports_closed").remedy == OPEN_WAY


def test_it_is_looked_at_twice() -> None:
    """The host may have gone down a moment before CloudStack says so: nothing is said of it, nor of its cluster."""
    told = ((scene.host(), {"ssh": SILENT, "libvirt": OPEN}), (scene.host(2), {"ssh": OPEN}))
    assert closed(*told, looks=1) == {}
    assert [one.labels[2:] for one in said(*told, looks=1)] == [("kvm-1", "libvirt"), ("kvm-2", "ssh")]
    assert closed(*told) == {CLUSTER: 1}


def test_a_host_that_was_not_asked() -> None:
    """That all are reached is not known; that another one is not, is."""
    assert closed((scene.host(), {"ssh": OPEN}), (scene.host(2), None)) == {}
    assert closed((scene.host(), {"ssh": SILENT}), (scene.host(2), None)) == {CLUSTER: 1}
    assert closed((scene.host(), {"ssh": OPEN}), (scene.host(2, hypervisor="Hyperv"), None)) == {CLUSTER: 0}


def test_each_cluster_by_itself() -> None:
    """One that is closed does not hide the health of another."""
    clusters = {name: replace(scene.cloud().clusters["c"], id=name, name=f"cluster-{name}") for name in "cd"}
    found = closed((scene.host(), {"ssh": OPEN}), (scene.host(2, cluster_id="d"), {"ssh": SILENT}), clusters=clusters)
    assert found == {("zone-1", "cluster-c"): 0, ("zone-1", "cluster-d"): 1}


@pytest.mark.parametrize(
    "of",
    [{"state": "Down"}, {"state": "Alert"}, {"state": "Connecting"}, {"resource_state": "Maintenance"},
     {"resource_state": "Disabled"}, {"created": scene.NOW - 60}],
)  # fmt: skip
def test_a_host_that_is_not_expected_to_answer(of: dict[str, Any]) -> None:
    """What CloudStack has lost is told by its state; what is held back on purpose, or just added, is not told."""
    assert said((scene.host(**of), {"ssh": SILENT})) == []
    assert closed((scene.host(**of), {"ssh": SILENT}), (scene.host(2), {"ssh": OPEN})) == {CLUSTER: 0}


def test_hosts_are_facts() -> None:
    """Only the cluster is a problem."""
    assert [bool(metric.problem) for metric in CHECK.metrics] == [True, False]
