"""Hosts that CloudStack holds back on purpose: switched off they are no target, and still the way to what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Host, Router, SystemVm
from exporter.cloud.targeting import targets
from exporter.cloud.targets import ConsoleProxyTarget, Machine, RouterTarget

HOST = Host(
    id="h", name="kvm-1", type="Routing", state="Up", resource_state="Enabled", address="10.0.0.1", zone_id="z",
    cluster_id="c", hypervisor="KVM",
)  # fmt: skip
HELD_BACK = ("Maintenance", "PrepareForMaintenance", "ErrorInMaintenance", "Disabled", "Degraded")
NOT_UP = ("Down", "Alert", "Disconnected", "Connecting", "Rebalancing")


def kinds(*, hypervisor: str = "KVM", state: str = "Up", resource_state: str = "Enabled") -> set[str]:
    """Return what kinds of target a host makes."""
    host = replace(HOST, hypervisor=hypervisor, state=state, resource_state=resource_state)
    return {one.kind for one in targets(Cloud(hosts={"h": host}))} & {"host", "xen_host", "host_endpoint"}


@pytest.mark.parametrize(
    ("hypervisor", "made"),
    [("KVM", {"host", "host_endpoint"}), ("XenServer", {"xen_host", "host_endpoint"}), ("VMware", {"host_endpoint"})],
)
def test_only_what_is_held_back_and_not_up_is_no_target(hypervisor: str, made: set[str]) -> None:
    """A host in use that is lost stays one, and so does one that is held back and there."""
    for resource_state in HELD_BACK:
        assert kinds(hypervisor=hypervisor, resource_state=resource_state) == made
        for state in NOT_UP:
            assert kinds(hypervisor=hypervisor, resource_state=resource_state, state=state) == set()
    for state in NOT_UP:
        assert kinds(hypervisor=hypervisor, state=state) == made


def test_a_host_that_is_no_target_is_still_a_way() -> None:
    """What CloudStack says runs there is asked by way of it: whether that is so, its own target tells."""
    seen = Cloud(
        hosts={"h": replace(HOST, state="Alert", resource_state="Maintenance")},
        routers={"r": Router(id="r", name="r-4-VM", state="Running", zone_id="z", host_id="h", hypervisor="KVM")},
        system_vms={
            "v": SystemVm(
                id="v", name="v-2-VM", kind="consoleproxy", state="Running", agent_state="Up", zone_id="z",
                host_id="h", hypervisor="KVM",
            )
        },
    )  # fmt: skip
    ways = {one.name: one.via for one in targets(seen) if isinstance(one, RouterTarget | ConsoleProxyTarget)}
    assert ways == {"r-4-VM": Machine("kvm-1", "10.0.0.1"), "v-2-VM": Machine("kvm-1", "10.0.0.1")}
