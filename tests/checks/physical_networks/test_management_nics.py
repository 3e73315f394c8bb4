"""Private NICs of system VMs, by MAC."""

from __future__ import annotations

from typing import Any

from exporter.checks.physical_networks.management_nics import judge
from exporter.cloud.objects import SystemVm
from exporter.cloud.placement import placed
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from tests.checks.physical_networks import scene

MAC = "1e:00:0a:00:00:11"


def system_vm(**fields: Any) -> SystemVm:
    """Return a running secondary storage VM on the first host."""
    given: dict[str, Any] = {"state": "Running", "agent_state": "Up", "host_id": "h1", "kind": "secondarystoragevm"}
    given |= {"macs": {"Management": MAC, "Public": "1e:00:0a:00:00:22", "Control": "0e:00:a9:fe:10:01"}}
    return SystemVm(id="s1", name="s-1-VM", zone_id="z", **(given | fields))


def plugged(source: str, state: str = "running", kind: str = "bridge", mac: str = MAC) -> dict[str, Domain]:
    """Return the system VM as libvirt lists it, its private NIC in a bridge."""
    nics = (
        Interface("vnet0", "bridge", "cloud0", "0e:00:a9:fe:10:01"),
        Interface("vnet1", kind, source, mac),
        Interface("vnet2", "bridge", "brbond0-50", "1e:00:0a:00:00:22"),
    )
    return {"s-1-VM": Domain("s-1-VM", 3, state, nics)}


def verdict(domains: Any, vm: SystemVm | None = None, agent: Agent | None = None, **more: Any) -> Any:
    """Return how many are misplaced, None when nothing is said."""
    of = more.pop("of", scene.host())
    cloud = scene.cloud(of, placed_by_host=placed((), (), (vm or system_vm(),)))
    values: scene.Values = {AGENT: agent or scene.AGENT_NATIVE, DOMAINS: domains}
    return scene.on_host(judge, cloud, values, **more).get(("management_nics_misplaced",))


def test_in_the_agents_private_bridge() -> None:
    """Whatever public and control NICs are in."""
    assert verdict(plugged("cloudbr0")) == 0


def test_in_another_bridge() -> None:
    """It was plugged before the setting was changed, or by hand."""
    assert verdict(plugged("cloudbr9")) == 1
    cloud = scene.cloud(placed_by_host=placed((), (), (system_vm(),)))
    values: scene.Values = {AGENT: scene.AGENT_NATIVE, DOMAINS: plugged("cloudbr9")}
    sample = scene.only(scene.samples_on_host(judge, cloud, values), "management_nics_misplaced")
    assert (sample.seen, sample.expected) == ("s-1-VM in cloudbr9", "in cloudbr0, the agent's private bridge")


def test_it_is_looked_at_twice() -> None:
    """A system VM may be on its way."""
    assert verdict(plugged("cloudbr9"), looks=1) is None


def test_what_is_no_misplaced_nic() -> None:
    """A paused or unlisted domain, one that CloudStack starts or has elsewhere, a NIC of another kind or MAC."""
    assert verdict(plugged("cloudbr9", state="paused")) == 0
    assert verdict({}) == 0
    assert verdict(plugged("cloudbr9"), system_vm(state="Starting")) == 0
    assert verdict(plugged("cloudbr9"), system_vm(host_id="h2")) == 0
    assert verdict(plugged("my-network", kind="network")) == 0
    assert verdict(plugged("cloudbr9", mac="1e:00:0a:00:00:99")) == 0
    assert verdict(plugged("cloudbr9"), system_vm(macs={})) == 0


def test_an_agent_that_names_no_private_bridge() -> None:
    """Then nobody says where it should be."""
    assert verdict(plugged("cloudbr9"), agent=Agent()) is None


def test_hosts_that_are_held_back_do_not_alarm() -> None:
    """Maintenance; other hypervisors are not judged."""
    assert verdict(plugged("cloudbr9"), of=scene.host(resource_state="Maintenance")) == 0
    assert verdict(plugged("cloudbr9"), of=scene.host(hypervisor="XenServer")) is None
