"""Clusters that mix hosts with TLS and hosts without: what is mixed, and what only looks so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.host_connectivity.clusters_secured import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ClusterGroup
from exporter.cloud.objects import Host
from exporter.cloud.targets import HostEndpoint
from exporter.memory import Scope
from exporter.model import Answer, Answers, Question, Reason, Sample
from exporter.questions.certificates import Certificate
from exporter.questions.hosts.endpoint import HOST_CERTIFICATE, HOST_PORTS
from exporter.questions.system_vms.console import Connection
from tests.checks.host_connectivity import reach_scene as scene

SHOWN = Certificate(not_before=0.0, not_after=scene.NOW + 1e7, issuer="ca.cloudstack.apache.org")
OPEN = {"ssh": Connection(), "libvirt": Connection()}
STOPPED = {"ssh": Connection(), "libvirt": Connection(Reason.REFUSED, "nobody listens")}
Told = dict[Question[Any], Any]
TLS: Told = {HOST_CERTIFICATE: SHOWN, HOST_PORTS: OPEN}
BARE: Told = {HOST_CERTIFICATE: None, HOST_PORTS: OPEN}
DEAD: Told = {HOST_CERTIFICATE: None, HOST_PORTS: STOPPED}


def looked(*looks: list[Told], **of: Any) -> list[list[Sample]]:
    """Return what is said of the cluster after each look; a host that is told nothing of was not dialled.

    ``of`` are fields of the last host.
    """
    count = len(looks[0])
    hosts = [scene.host(number, **(of if number == count else {})) for number in range(1, count + 1)]
    cloud = scene.cloud(*hosts)
    scopes = {host.id: Scope() for host in hosts}
    return [_look(number, hosts, told, scopes, cloud) for number, told in enumerate(looks, start=1)]


def _look(number: int, hosts: list[Host], told: list[Told], scopes: dict[str, Scope], cloud: Cloud) -> list[Sample]:
    asked = 1000.0 * number
    members = {
        HostEndpoint(host, "zone-1"): Answers(
            now=scene.NOW,
            asked=asked,
            values={question: Answer(value, asked, scene.NOW, 1e12) for question, value in values.items()},
            memory=scopes[host.id].held,
        )
        for host, values in zip(hosts, told, strict=True)
        if values
    }
    for scope in scopes.values():
        scope.begin()
    group = ClusterGroup("zone-1", cloud.clusters["c"])
    found = list(judge(group, members, replace(cloud, asked=asked - 20, finished=asked - 10)))
    for scope in scopes.values():
        scope.end()
    return found


def said(*told: Told, looks: int = 2, **of: Any) -> list[Sample]:
    """Return what is said after so many looks at the same."""
    return looked(*([list(told)] * looks), **of)[-1]


def unlike(*told: Told, **more: Any) -> list[float]:
    """Return how many hosts differ; nothing when nothing is said."""
    return [sample.value for sample in said(*told, **more)]


def test_all_are_alike() -> None:
    """With or without certificates: whoever dials finds what it expects. One look is enough."""
    assert unlike(TLS, TLS, TLS, looks=1) == [0]
    assert unlike(BARE, BARE, BARE, looks=1) == [0]
    assert unlike(TLS, looks=1) == [0]


@pytest.mark.parametrize(
    ("told", "count"), [((TLS, TLS, BARE), 1), ((TLS, BARE, BARE), 1), ((TLS, TLS, BARE, BARE), 2)]
)
def test_a_cluster_that_is_mixed(told: tuple[Told, ...], count: int) -> None:
    """How many are unlike most; a tie counts half of them."""
    assert unlike(*told) == [count]


def test_words() -> None:
    """Which are which, four of each kind by name."""
    (sample,) = said(*[TLS] * 6, BARE)
    assert sample.labels == ("zone-1", "cluster-1")
    assert sample.seen == "without TLS: kvm-7; with TLS: kvm-1, kvm-2, kvm-3, kvm-4 and 2 more"


def test_libvirt_that_is_restarted() -> None:
    """For a moment it shows no certificate: nothing is said after one look, and all is well at the next."""
    first, second = looked([TLS, BARE], [TLS, TLS])
    assert (first, [one.value for one in second]) == ([], [0])


def test_libvirt_that_has_stopped() -> None:
    """It refuses TLS and all else: that is its own finding, and no word about its certificate."""
    assert unlike(TLS, TLS, DEAD) == []
    assert unlike(TLS, BARE, DEAD) == [1]


def test_libvirt_that_stops_between_two_looks() -> None:
    """The ports were open at the first look; what they are now was not asked yet."""
    only: Told = {HOST_CERTIFICATE: None}
    assert [len(found) for found in looked([TLS, DEAD], [TLS, only], [TLS, DEAD])] == [0, 0, 0]


@pytest.mark.parametrize("missing", [{}, {HOST_PORTS: OPEN}, {HOST_CERTIFICATE: None}])
def test_a_host_that_has_not_told(missing: Told) -> None:
    """That all are alike is not known; that two others differ is."""
    assert unlike(TLS, TLS, missing) == []
    assert unlike(TLS, BARE, missing) == [1]


@pytest.mark.parametrize("of", [{"resource_state": "Maintenance"}, {"created": scene.NOW - 60}])
def test_a_host_that_is_held_back(of: dict[str, Any]) -> None:
    """It is still being set up, or mended: neither missed nor compared."""
    assert unlike(TLS, TLS, BARE, **of) == [0]
    assert unlike(TLS, TLS, {}, **of) == [0]


def test_other_hypervisors() -> None:
    """They have no libvirt."""
    assert unlike({HOST_CERTIFICATE: None, HOST_PORTS: {"ssh": Connection()}}, hypervisor="XenServer") == []


TOLD = st.fixed_dictionaries(
    {},
    optional={
        HOST_CERTIFICATE: st.none() | st.just(SHOWN),
        HOST_PORTS: st.sampled_from([OPEN, STOPPED, {"ssh": Connection()}, {}]),
    },
)


@given(st.lists(st.lists(TOLD, min_size=3, max_size=3), min_size=1, max_size=4))
def test_whatever_hosts_tell(looks: list[list[Told]]) -> None:
    """One verdict at most; a problem only where both kinds were seen, healthy only where all have told."""
    last = looks[-1]
    secured = [told for told in last if told.get(HOST_CERTIFICATE)]
    bare = [told for told in last if told == BARE]
    found = looked(*looks)[-1]
    assert len(found) <= 1
    if any(sample.value for sample in found):
        assert min(len(secured), len(bare)) > 0
        assert len(looks) > 1
    elif found:
        assert 3 in (len(secured), len(bare))
