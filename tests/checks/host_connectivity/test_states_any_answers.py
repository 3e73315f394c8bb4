"""Whatever CloudStack says of hosts and system VMs, and hosts of their agents, judges end and keep to their words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.host_connectivity import (
    agent_servers,
    agent_service,
    cluster_hosts,
    host_disagreement,
    host_losses,
    host_resources,
    host_states,
    host_versions,
    hosts_changing,
    hosts_up,
    nvp_controllers,
    storage_served,
    storage_vm_agent,
    storage_vm_states,
    system_vm_templates,
)
from exporter.checks.host_connectivity.state_sets import HOST_STATES, RESOURCE_STATES, VM_STATES
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import PhysicalNetwork
from exporter.cloud.objects import AgentLoss, Host, NvpDevice, SystemVm
from exporter.model import Check, Sample
from exporter.questions.hosts.agent import Agent
from tests.checks.host_connectivity import states_scene as scene
from tests.checks.host_connectivity.visits_scene import EARLIER, LATER, looks

OF_ZONES: dict[str, Any] = {
    module.__name__.rpartition(".")[2]: module
    for module in (cluster_hosts, host_losses, host_resources, host_states, host_versions, hosts_changing, hosts_up,
                   nvp_controllers, storage_served, storage_vm_agent, storage_vm_states, system_vm_templates)
}  # fmt: skip
OF_HOSTS: dict[str, Any] = {
    module.__name__.rpartition(".")[2]: module for module in (agent_servers, agent_service, host_disagreement)
}
NAME = st.sampled_from(["kvm-1", "kvm-2", "s-2-VM", "é\n\x00", "", "x" * 300])
VERSION = st.sampled_from(["4.20.1.0", "4.9", "", "main", "999999999.1.1", "4.20.1.0-x\n"])
ADDRESS = st.sampled_from(["10.0.0.1", "127.0.0.1", "::1", "", "*", "mgmt.example", "2001:db8::1"])
TIME = st.none() | st.sampled_from([0.0, scene.NOW, scene.NOW + 1e6, -1e12])
PLACE = st.sampled_from(["z", "other", ""])
LOSSES = st.lists(st.builds(AgentLoss, st.floats(0, 4e9), st.floats()), max_size=5).map(tuple)
HOSTS = st.builds(
    Host, id=st.sampled_from(["1", "2", "3"]), name=NAME, address=ADDRESS, zone_id=PLACE, version=VERSION,
    type=st.sampled_from(["Routing", "ConsoleProxy", "SecondaryStorage", "SecondaryStorageVM", "L2Networking", "Odd"]),
    state=st.sampled_from([*HOST_STATES, "New", ""]), resource_state=st.sampled_from([*RESOURCE_STATES, "New", ""]),
    pod_id=st.sampled_from(["p", ""]), cluster_id=st.sampled_from(["c", "d", ""]), created=TIME, disconnected=TIME,
    hypervisor=st.sampled_from(["KVM", "XenServer", "BareMetal", ""]),
)  # fmt: skip
VMS = st.builds(
    SystemVm, id=st.sampled_from(["1", "2"]), name=NAME, kind=st.sampled_from(["consoleproxy", "secondarystoragevm"]),
    state=st.sampled_from([*VM_STATES, "Destroyed", "New"]), agent_state=st.sampled_from([*HOST_STATES, ""]),
    zone_id=PLACE, version=VERSION, template_name=st.sampled_from(["systemvm-4.9", "systemvm-", "x", ""]), created=TIME,
)  # fmt: skip
SETTING = st.sampled_from(["", "localhost", "10.0.0.1,10.0.0.2@roundrobin", ",@", "é" * 300])
AGENTS = st.builds(
    Agent, management_servers=st.lists(ADDRESS, max_size=3).map(tuple), is_active=st.none() | st.booleans()
)


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    """Return any cloud of a few hosts and system VMs."""
    servers = [
        scene.server(draw(VERSION), draw(st.sampled_from(["Up", "Down"]))) for _ in range(draw(st.integers(0, 2)))
    ]
    settings = {"host": draw(SETTING), "minreq.sysvmtemplate.version": draw(VERSION)} if draw(st.booleans()) else {}
    device = NvpDevice("n", draw(NAME), draw(st.sampled_from(["pn", ""])), draw(ADDRESS))
    return scene.cloud(
        *servers, *draw(st.lists(HOSTS, max_size=4)), *draw(st.lists(VMS, max_size=3)), scene.store(draw(PLACE)),
        settings=settings, nvp_devices={"n": device}, zones=scene.cloud().zones if draw(st.booleans()) else {},
        physical_networks={"pn": PhysicalNetwork("pn", "guests", draw(PLACE), enabled=True)},
        agent_losses=draw(st.dictionaries(st.sampled_from(["1", "2", "gone"]), LOSSES)),
    )  # fmt: skip


def _keeps_to_its_words(check: Check, samples: list[Sample]) -> None:
    for sample in samples:
        assert sample.metric in check.metrics
        if scene.is_problem(sample):
            assert sample.seen
            assert sample.expected


@pytest.mark.parametrize("module", OF_ZONES.values(), ids=OF_ZONES)
@given(st.data())
def test_whatever_cloudstack_says(module: Any, data: st.DataObject) -> None:
    """Samples are of declared metrics, and a problem has words."""
    first, second = data.draw(clouds()), data.draw(clouds())
    _keeps_to_its_words(module.CHECK, scene.of_zone(module.judge, first, second))


@pytest.mark.parametrize("module", OF_HOSTS.values(), ids=OF_HOSTS)
@given(
    clouds(), st.lists(AGENTS, min_size=2, max_size=2), st.frozensets(ADDRESS, max_size=2), st.sampled_from(HOST_STATES)
)
def test_whatever_hosts_say(
    module: Any, cloud: Cloud, agents: list[Agent], connected: frozenset[str], state: str
) -> None:
    """The same of what two visits brought."""
    visits = [(EARLIER, agents[0], connected), (LATER, agents[1], connected)]
    _keeps_to_its_words(module.CHECK, looks(module.judge, cloud, *visits, state=state))
