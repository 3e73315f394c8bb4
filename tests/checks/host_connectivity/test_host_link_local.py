"""The network between a host and its own system VMs: lost, there, and not needed."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from exporter.checks.host_connectivity.host_link_local import judge
from exporter.cloud.objects import Nic, SystemVm
from exporter.cloud.placement import Placed
from exporter.cloud.targets import HostTarget
from exporter.model import Sample
from exporter.questions.hosts.reach import HOST_REACH, HostReach
from tests.checks.host_connectivity import reach_scene as scene

LINK_LOCAL = HostReach(routes={IPv4Network("10.0.0.0/16"): "cloudbr0", IPv4Network("169.254.0.0/16"): "cloud0"})
LOST = HostReach(routes={IPv4Network("10.0.0.0/16"): "cloudbr0"})


def router(address: str = "169.254.3.93", state: str = "Running") -> Placed:
    """Return a router on the host."""
    nics = (Nic(network_id="", traffic_type="Control", address=address),)
    return Placed("r", "r-4-VM", "router", state, nics)


def proxy(**changes: Any) -> SystemVm:
    """Return a console proxy on the host."""
    given: dict[str, Any] = {
        "id": "v", "name": "v-2-VM", "kind": "consoleproxy", "state": "Running", "agent_state": "Up", "zone_id": "z",
        "host_id": "h-1", "control_address": "169.254.7.7",
    }  # fmt: skip
    return SystemVm(**(given | changes))


def said(reach: HostReach, *placed: Placed, vms: tuple[SystemVm, ...] = (), looks: int = 2, **of: Any) -> list[Sample]:
    """Return what is said of a host with these machines."""
    host = scene.host(**of)
    cloud = scene.cloud(host, placed_by_host={host.id: placed}, system_vms={vm.id: vm for vm in vms})
    return scene.judged(judge, HostTarget(host, "zone-1", None), {HOST_REACH: reach}, cloud, looks=looks)


def up(*given: Any, **more: Any) -> dict[tuple[str, ...], float]:
    """Return the verdict; nothing when nothing is said."""
    return scene.values(said(*given, **more), "host_link_local_up")


def test_the_bridge_is_there() -> None:
    """For a router, and for a console proxy."""
    assert up(LINK_LOCAL, router(), vms=(proxy(),), looks=1) == {(): 1}


def test_the_bridge_is_lost() -> None:
    """By its address, or for being down: there is no route."""
    (sample,) = said(LOST, router(), vms=(proxy(),))
    assert sample.value == 0
    assert sample.seen == "no interface in the network of 169.254.3.93, 169.254.7.7"


def test_it_is_looked_at_twice() -> None:
    """The agent makes it anew when it starts."""
    assert up(LOST, router(), looks=1) == {}


def test_another_control_network() -> None:
    """The setting control.cidr may say so."""
    assert up(LOST, router("10.0.200.5")) == {(): 1}


def test_a_host_without_system_vms() -> None:
    """The agent makes the bridge when the first one comes; machines elsewhere, or stopped, do not count."""
    assert up(LOST) == {}
    assert up(LOST, router(state="Stopping"), vms=(proxy(host_id="h-2"), proxy(state="Stopped"))) == {}
    assert up(LOST, router(""), router("fe80::1"), vms=(proxy(control_address=""),)) == {}


@pytest.mark.parametrize("of", [{"hypervisor": "XenServer"}, {"resource_state": "Maintenance"}])
def test_hosts_that_are_not_judged(of: dict[str, Any]) -> None:
    """XenServer names its networks in its own way."""
    assert up(LOST, router(), **of) == {}
