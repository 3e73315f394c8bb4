"""The verdict on the network backend."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.hypervisor_links.network_backend import judge, judge_cluster
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from tests.checks.hypervisor_links import links_scene as scene

CLUSTER: tuple[str, ...] = ("cluster_network_backends",)
NATIVE, SWITCHED = scene.AGENT_OF_KVM, scene.openvswitch()


def found(*agents: Agent, **odd: Any) -> list[Sample]:
    """Return what is said of a cluster."""
    return scene.compared(judge_cluster, *({AGENT: agent} for agent in agents), **odd)


def test_the_backend_is_told() -> None:
    """By bridge type, or by the driver alone."""
    by_driver = Agent(vif_driver="com.cloud.hypervisor.kvm.resource.OvsVifDriver")
    for agent, backend in ((NATIVE, "native"), (SWITCHED, "openvswitch"), (by_driver, "openvswitch")):
        samples = scene.judged(judge, {AGENT: agent})
        assert scene.values_of(samples, info=True) == {("network_backend_info", "kvm1", backend): 1}


def test_a_healthy_cluster() -> None:
    """Zero is said of each host, whatever the backend."""
    for agent in (NATIVE, SWITCHED):
        per_host = {("network_backend_differs", f"kvm{number}"): 0 for number in (1, 2, 3)}
        assert scene.values_of(found(agent, agent, agent)) == per_host | {CLUSTER: 1}


def test_the_odd_one() -> None:
    """It is named, with what the others have."""
    odd = scene.only(found(SWITCHED, SWITCHED, NATIVE), "network_backend_differs")
    assert (odd.label("host"), odd.seen, odd.expected) == (
        "kvm3",
        "native",
        "openvswitch, as most hosts of the cluster",
    )


@pytest.mark.parametrize("hosts", [(NATIVE, SWITCHED), (NATIVE, SWITCHED, NATIVE, SWITCHED)])
def test_a_cluster_of_two_halves(hosts: tuple[Agent, ...]) -> None:
    """There is no majority, so no host is the odd one; the cluster is mixed all the same."""
    samples = found(*hosts)
    assert scene.problems(samples) == {CLUSTER: 2}
    expected = {2: "native on kvm1; openvswitch on kvm2", 4: "native on kvm1, kvm3; openvswitch on kvm2, kvm4"}
    assert scene.only(samples, *CLUSTER).seen == expected[len(hosts)]


def test_a_large_mixed_cluster_is_told_shortly() -> None:
    """Three hosts of each camp, and how many more."""
    seen = scene.only(found(*[NATIVE] * 5, SWITCHED), *CLUSTER).seen
    assert seen == "native on kvm1, kvm2, kvm3 and 2 more; openvswitch on kvm6"


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """They may just be converted."""
    assert scene.problems(found(NATIVE, NATIVE, NATIVE, SWITCHED, **fields)) == {}
    assert CLUSTER not in scene.values_of(found(NATIVE, **fields))


def test_hosts_that_did_not_tell() -> None:
    """Nothing is said while they may make another backend that of most; what most of the others say stands."""
    assert scene.values_of(found(NATIVE, NATIVE, silent=3)) == {}
    assert scene.values_of(found(NATIVE, NATIVE, NATIVE, silent=1)) == {
        ("network_backend_differs", f"kvm{number}"): 0 for number in (1, 2, 3)
    }
    assert scene.problems(found(NATIVE, NATIVE, SWITCHED, silent=4)) == {
        CLUSTER: 2,
        ("network_backend_differs", "kvm3"): 1,
    }
