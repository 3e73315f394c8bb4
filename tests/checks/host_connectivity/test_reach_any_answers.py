"""Whatever hosts and console proxies answer about their ways, the judges end, and keep to what they declare."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.storage import Place
from exporter.cloud.targets import ConsoleProxyTarget, HostEndpoint, HostTarget
from exporter.model import Issue, Question, Reason
from exporter.questions.certificates import Certificate
from exporter.questions.dialling import Reach
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE, HOST_PORTS
from exporter.questions.hosts.reach import HOST_REACH, HostReach
from exporter.questions.system_vms.console import Connection
from exporter.questions.system_vms.console_proxy import PROXY_AGENT
from exporter.questions.system_vms.console_proxy import Agent as ProxyAgent
from exporter.questions.system_vms.console_proxy_reach import PROXY_REACH, ProxyReach
from exporter.questions.system_vms.storage_ways import Lookup
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.host_connectivity import reach_scene as scene
from tests.checks.host_connectivity.test_host_link_local import router
from tests.checks.host_connectivity.test_proxy_screens import proxy

OURS = (HOST_PORTS, HOST_CERTIFICATE, HOST_REACH, PROXY_REACH)
CHECKS = tuple(
    one
    for one in discover()
    if one.issue is Issue.HOST_CONNECTIVITY and any(set(asked) & set(OURS) for asked in one.check.asks.values())
)
ADDRESSES = tuple(scene.ADDRESSES.values())
REACH = st.sampled_from(Reach)
WAYS = st.dictionaries(st.sampled_from((*ADDRESSES, "ms.example", "10.9.9.9")), REACH, max_size=9)
PLACES = (Place("nas.example", 2049), Place("10.9.0.2", 2049))
SECONDS = st.floats(-62_135_596_800, 253_402_300_799, allow_nan=False)
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    HOST_PORTS: st.dictionaries(
        st.sampled_from(["ssh", "libvirt", "https"]),
        st.just(Connection()) | st.builds(Connection, st.sampled_from(Reason), st.just("why")),
    ),
    HOST_CERTIFICATE: st.none()
    | st.builds(Certificate, not_before=SECONDS, not_after=SECONDS, issuer=st.sampled_from(["", "\u00e9" * 300])),
    HOST_REACH: st.builds(
        HostReach,
        libvirt=WAYS,
        migration=WAYS,
        stores=st.dictionaries(st.sampled_from(PLACES), REACH),
        is_connected=st.booleans(),
        management=WAYS,
        routes=st.dictionaries(
            st.sampled_from([IPv4Network("169.254.0.0/16"), IPv4Network("0.0.0.0/0")]), st.just("x")
        ),
    ),
    PROXY_REACH: st.builds(
        ProxyReach,
        screens=WAYS,
        is_connected=st.booleans(),
        management=WAYS,
        names=st.dictionaries(st.sampled_from(["a", "b.example"]), st.sampled_from(Lookup)),
    ),
    AGENT: st.builds(Agent, is_active=st.none() | st.booleans()),
    PROXY_AGENT: st.builds(ProxyAgent, st.integers(0, 3)),
}
HOST = st.builds(
    lambda state, kept, hypervisor: {"state": state, "resource_state": kept, "hypervisor": hypervisor},
    st.sampled_from(["Up", "Up", "Alert", ""]),
    st.sampled_from(["Enabled", "Enabled", "Maintenance"]),
    st.sampled_from(["KVM", "KVM", "XenServer"]),
)


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
@given(st.data())
def test_whatever_is_answered(registered: Registered, data: st.DataObject) -> None:
    """Samples are of declared metrics, each labelled once; rows are bounded; a problem has words."""
    hosts = [scene.host(number, **data.draw(HOST)) for number in range(1, 9)]
    vm = proxy(name=data.draw(st.sampled_from(["v-2-VM", "x" * 300])))
    targets = (
        HostTarget(hosts[0], "zone-1", None, ADDRESSES[1:3], PLACES),
        HostEndpoint(hosts[0], "zone-1"),
        ConsoleProxyTarget(vm, "zone-1", None, ADDRESSES),
    )
    cloud = scene.cloud(*hosts, system_vms={vm.id: vm}, placed_by_host={"h-1": (router(), router("x"))})
    check = registered.check
    (target,) = (one for one in targets if type(one) in check.judges)
    questions = (*check.asks[type(target)], *check.uses.get(type(target), ()))
    values = {one: data.draw(VALUES[one]) for one in questions}
    looks = data.draw(st.integers(1, 3))
    found = scene.judged(check.judges[type(target)], target, values, cloud, looks=looks)
    assert len({(one.metric.name, one.labels) for one in found}) == len(found)
    assert len(found) <= ROWS_PER_TARGET + 2
    for sample in found:
        assert sample.metric in check.metrics
        problem = sample.metric.problem
        if problem is not None and problem.holds(sample.value, scene.NOW):
            assert sample.seen
            assert sample.expected
