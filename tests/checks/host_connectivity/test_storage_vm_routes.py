"""Routes of a secondary storage VM to internal sites."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.checks.host_connectivity.storage_vm_routes import judge
from exporter.model import Sample
from exporter.questions.system_vms.storage_ways import SSVM_ROUTES, Routes
from tests.checks.host_connectivity.inside_scene import cloud, judged, problems, storage_vm, values_of

VM = storage_vm()
MACS = {"lo": "", "eth1": "1e:00:0a:00:00:03", "eth2": "1e:00:64:00:00:03"}


def routed(macs: Mapping[str, str] = MACS, **devices: str) -> list[Sample]:
    """Return what is said of routes: NIC by address, whose dots are underscores behind an a."""
    told = Routes(macs, {name[1:].replace("_", "."): device for name, device in devices.items()})
    return judged(judge, VM, cloud(VM), {SSVM_ROUTES: told})


def test_internal_sites_behind_the_private_nic() -> None:
    """Or behind itself, or none at all to ask about."""
    assert values_of(routed(a10_20_0_1="eth1", a10_30_0_1="lo")) == {"internal_route_ok": 1}
    assert routed() == []


def test_internal_sites_behind_the_public_nic() -> None:
    """MACs are compared whatever their letters; an address without a route is named too."""
    assert problems(routed(a10_20_0_1="eth2", a10_30_0_1="")) == [
        ("internal_route_ok", "10.20.0.1 by eth2, the public NIC; 10.30.0.1 has no route")
    ]


def test_without_the_mac_of_the_public_nic_nobody_knows() -> None:
    """Versions that do not tell it."""
    vm = storage_vm(macs={})
    told = {SSVM_ROUTES: Routes(MACS, {"10.20.0.1": "eth2"})}
    assert judged(judge, vm, cloud(vm), told) == []
