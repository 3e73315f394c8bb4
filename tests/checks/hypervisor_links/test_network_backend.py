"""The verdict on the network backend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.hypervisor_links.network_backend import judge, judge_cluster
from exporter.model import Sample
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
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


BRIDGED = XenBackend(configured="bridge", bridges=2)
XEN_SWITCHED = XenBackend(configured="openvswitch", runs_openvswitch=True)


def in_dom0(*hosts: XenBackend, silent: int = 0) -> list[Sample]:
    """Return what is said of a cluster of XenServer; some of its hosts did not tell."""
    members = {scene.xen_target(number): scene.answers({XEN_BACKEND: told}) for number, told in enumerate(hosts, 1)}
    others = [scene.xen_target(len(hosts) + number + 1) for number in range(silent)]
    known = replace(scene.cloud(), hosts={one.host.id: one.host for one in (*members, *others)})
    group = replace(scene.GROUP, cluster=replace(scene.CLUSTER, hypervisor="XenServer"))
    return list(judge_cluster(group, members, known))


def test_a_cluster_of_xenserver() -> None:
    """What runs counts, whatever the file says: machines are plugged into that."""
    per_host = {("network_backend_differs", f"xen{number}"): 0 for number in (1, 2)}
    assert scene.values_of(in_dom0(BRIDGED, BRIDGED)) == per_host | {CLUSTER: 1}
    assert scene.problems(in_dom0(BRIDGED, XEN_SWITCHED, silent=1)) == {CLUSTER: 2}
    assert scene.problems(in_dom0(BRIDGED, replace(BRIDGED, runs_openvswitch=True))) == {CLUSTER: 2}
    assert scene.problems(in_dom0(BRIDGED, replace(BRIDGED, configured="openvswitch"))) == {}
    assert scene.problems(in_dom0(*[BRIDGED] * 3, XEN_SWITCHED)) == {CLUSTER: 2, ("network_backend_differs", "xen4"): 1}
    assert CLUSTER not in scene.values_of(in_dom0(BRIDGED, silent=1))


def test_the_backend_of_dom0_is_told() -> None:
    """In the words that are used for KVM."""
    for told, backend in ((BRIDGED, "native"), (XEN_SWITCHED, "openvswitch")):
        (found,) = judge(scene.xen_target(), scene.answers({XEN_BACKEND: told}), scene.cloud())
        assert found.label("backend") == backend
