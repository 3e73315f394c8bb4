"""Ports of hypervisors as the management side reaches them: what is closed, and what may not alarm."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.host_connectivity.host_ports import OPEN_WAY, START, judge
from exporter.cloud.targets import HostEndpoint
from exporter.model import Reason, Sample
from exporter.questions.hosts.endpoint import HOST_PORTS
from exporter.questions.system_vms.console import Connection
from tests.checks.host_connectivity import reach_scene as scene

OPEN = Connection()
REFUSED = Connection(Reason.REFUSED, "nobody listens on 10.0.1.1:16514")
SILENT = Connection(Reason.TIMEOUT, "10.0.1.1:22 did not answer within 5 s")


def said(looks: int = 2, of: dict[str, Any] | None = None, **ports: Connection) -> list[Sample]:
    """Return what is said of a host; ``of`` are fields of the host."""
    host = scene.host(**(of or {}))
    return scene.judged(judge, HostEndpoint(host, "zone-1"), {HOST_PORTS: ports}, scene.cloud(host), looks=looks)


def reachable(**given: Any) -> dict[tuple[str, ...], float]:
    """Return the verdict by port."""
    return scene.values(said(**given), "host_port_reachable")


def test_a_host_that_takes_all_connections() -> None:
    """One look is enough."""
    assert reachable(looks=1, ssh=OPEN, libvirt=OPEN) == {("ssh",): 1, ("libvirt",): 1}


def test_a_port_that_is_closed() -> None:
    """The others are told apart; which remedy depends on what came back."""
    samples = said(ssh=SILENT, libvirt=REFUSED, https=OPEN)
    assert scene.values(samples, "host_port_reachable") == {("ssh",): 0, ("libvirt",): 0, ("https",): 1}
    ssh, libvirt, _ = samples
    assert (ssh.remedy, libvirt.remedy) == (OPEN_WAY, START)
    assert ssh.seen == SILENT.detail
    assert ssh.expected == "a connection to ssh of 10.0.1.1"
    assert ssh.labels == ("zone-1", "cluster-1", "kvm-1", "ssh")


def test_it_is_looked_at_twice() -> None:
    """The host may have gone down a moment before CloudStack says so."""
    assert reachable(looks=1, ssh=SILENT, libvirt=OPEN) == {("libvirt",): 1}


@pytest.mark.parametrize(
    "of",
    [{"state": "Down"}, {"state": "Alert"}, {"state": "Connecting"}, {"resource_state": "Maintenance"},
     {"resource_state": "Disabled"}, {"created": scene.NOW - 60}],
)  # fmt: skip
def test_a_host_that_is_not_expected_to_answer(of: dict[str, Any]) -> None:
    """What CloudStack has lost is told by its state; what is held back on purpose, or just added, is not told."""
    assert reachable(of=of, ssh=SILENT) == {}
