"""Whatever hosts, routers and CloudStack say, the judges of issue 1 end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import groups
from exporter.cloud.networks import Network, VlanRange
from exporter.cloud.objects import Nic
from exporter.cloud.targets import DatabaseTarget, HostTarget, RouterTarget
from exporter.model import Issue, Question
from exporter.questions.database.counts import VLANS_TAKEN
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.links import LINKS, Counters, Link
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsInterface, OvsPort
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpLog, UntakenOffers
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, STATES, RouterNeighbour
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.vlan_trunking import vlan_scene as scene

CHECKS = tuple(one for one in discover() if one.issue is Issue.VLAN_TRUNKING)
NAME = st.sampled_from(["bond0", "bond0.101", "brbond0-101", "cloudbr1", "eth0", "eth1", "vnet0", "vnet1", ""])
KIND = st.sampled_from(["", "bridge", "vlan", "vxlan", "bond", "tun", "openvswitch"])
MASTER = st.sampled_from(["", "bond0", "brbond0-101", "cloudbr1", "ovs-system", "gone"])
VLAN = st.sampled_from([None, 0, 1, 101, 102, 4095, -1])
COUNT = st.sampled_from([0, 100, 10**12])
LINK = st.builds(
    Link, name=NAME.filter(bool), index=st.integers(0, 2), kind=KIND, is_up=st.booleans(),
    mtu=st.sampled_from([0, 1500, 9000]), master=MASTER,
    parent=NAME, vlan=VLAN, vni=VLAN, counters=st.builds(Counters, rx_packets=COUNT, tx_packets=COUNT),
)  # fmt: skip
MAC = st.integers(1, 3).map(scene.mac)
NUMBER = st.integers(1, 3)
INTERFACE = st.builds(Interface, NAME, st.sampled_from(["bridge", "network", "direct"]), MASTER, MAC)
DOMAIN = st.builds(
    Domain, NUMBER.map(lambda number: f"i-2-{number}-VM"), NUMBER, st.sampled_from(["running", "paused"]),
    st.lists(INTERFACE, max_size=2).map(tuple),
)  # fmt: skip
WIRE = st.builds(OvsInterface, name=NAME, kind=st.sampled_from(["", "internal"]))
PORT = st.builds(OvsPort, name=NAME, bridge=MASTER, tag=VLAN, interfaces=st.lists(WIRE, max_size=2).map(tuple))
NEIGHBOUR = st.builds(
    Neighbour, nic=NAME, chassis=st.just("c"), vlans=st.frozensets(st.integers(100, 103)), pvid=VLAN,
    max_frame=st.sampled_from([None, 0, 1518, 9216]),
)  # fmt: skip
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    LINKS: st.lists(LINK, max_size=7, unique_by=lambda one: one.name).map(lambda found: scene.links(*found)),
    DOMAINS: st.lists(DOMAIN, max_size=3).map(lambda found: scene.domains(*found)),
    OVS_DATABASE: st.none() | st.lists(PORT, max_size=3).map(lambda ports: scene.switch(*ports)),
    AGENT: st.builds(Agent, public=MASTER, private=MASTER, guest=MASTER),
    LLDP: st.dictionaries(NAME, st.lists(NEIGHBOUR, max_size=2).map(tuple), max_size=3),
}
ENTRY = st.builds(
    RouterNeighbour, st.integers(1, 4).map(lambda number: f"10.1.1.{number}"), st.just("eth0"), st.just("") | MAC,
    st.sampled_from(sorted(STATES)),
)  # fmt: skip
OFFERS = st.lists(
    st.builds(
        UntakenOffers, st.just("eth0"), MAC, st.integers(1, 4).map(lambda number: f"10.1.1.{number}"),
        st.integers(1, 3),
    ), max_size=3,
).map(tuple)  # fmt: skip
POOLS = st.dictionaries(st.sampled_from(["pn", "far", "gone"]), st.frozensets(st.integers(99, 103)))
URI = st.sampled_from(["", "vlan://101", "vlan://untagged", "vxlan://7", "pvlan://9-i9", "x", "vlan://4095", "N/A"])


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    """Return any small zone."""

    def nic(number: int) -> Nic:
        network = draw(st.sampled_from(["net", "other"]))
        return scene.nic(number, draw(URI), network, traffic_type=draw(st.sampled_from(["Guest", "Public", "Control"])))

    state = st.sampled_from(["Running", "Migrating", "Stopped"])
    host = st.integers(1, 4)
    machines = [scene.instance(number, draw(host), nic(number), state=draw(state)) for number in (1, 2, 3)]
    routers = [scene.router(number, draw(host), is_redundant=draw(st.booleans())) for number in (4, 5)]
    ranges = st.lists(
        st.tuples(st.integers(90, 110), st.integers(0, 9)).map(lambda pair: (pair[0], sum(pair))), max_size=2
    )
    physicals = tuple(scene.physical(name, vlan_ranges=tuple(draw(ranges))) for name in ("pn", "far"))
    labels = tuple(
        scene.label(
            draw(MASTER), draw(st.sampled_from(["pn", "far", "gone"])), draw(st.sampled_from(["Guest", "Public"]))
        )
        for _ in range(3)
    )
    public = VlanRange(
        id="v", zone_id="z", vlan=draw(URI), is_public=True, network_id="other", physical_network_id="pn"
    )
    hosts = tuple(scene.host(n, resource_state=draw(st.sampled_from(["Enabled", "Maintenance"]))) for n in (1, 2, 3))
    network: Network = scene.network(
        draw(st.sampled_from(["101", "untagged", "N/A", ""])), services={"Dhcp": frozenset({"VirtualRouter"})}
    )
    return scene.cloud(
        *machines, *routers, hosts=hosts, networks=(network,), physicals=physicals, labels=labels,
        vlan_ranges=scene.by_id(public),
    )  # fmt: skip


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
@settings(max_examples=50, deadline=None)
@given(answered=st.data(), cloud=clouds())
def test_judges_end_and_keep_to_their_metrics(registered: Registered, answered: st.DataObject, cloud: Cloud) -> None:
    """No answer makes a judge raise, yield what it does not own, the same labels twice, or rows without end."""
    check, watch = registered.check, scene.Watch(lambda *_: ())
    members: dict[Any, Any] = {}
    asked = {question for questions in check.asks.values() for question in questions}
    for _ in range(2):
        watch.looks += 1
        for host in cloud.hosts.values():
            told = {question: answered.draw(strategy) for question, strategy in VALUES.items()}
            lost = answered.draw(st.sets(st.sampled_from(sorted(VALUES, key=lambda one: one.name)))) - asked
            members[scene.target(host)] = watch.answers(host.name, {one: told[one] for one in told if one not in lost})
        for router in cloud.routers.values():
            table = tuple(answered.draw(st.lists(ENTRY, max_size=5, unique_by=lambda one: one.address)))
            members[scene.router_target(router)] = watch.answers(
                router.name, {ROUTER_NEIGHBOURS: table, ROUTER_DHCP: DhcpLog(untaken=answered.draw(OFFERS))}
            )
        members[DatabaseTarget()] = watch.answers("cloud", {VLANS_TAKEN: answered.draw(POOLS)})
    found = [
        list(judge(target, members[target], cloud))
        for kind, judge in check.judges.items()
        for target in members
        if type(target) is kind
    ]
    for judge in check.groups:
        needed = {target: members[target] for target in members if type(target) in judge.needs}
        found += [list(judge.judge(one, needed, cloud)) for one in groups(cloud) if isinstance(one, judge.group)]
    for samples in found:
        assert {sample.metric for sample in samples} <= set(check.metrics)
        rows = [(sample.metric.name, sample.labels) for sample in samples]
        assert len(set(rows)) == len(rows)
        assert all(sample.value >= 0 for sample in samples)
        assert len([sample for sample in samples if sample.metric.problem is None]) <= 3 * ROWS_PER_TARGET


def test_every_check_of_the_issue_is_found() -> None:
    """The modules of this folder that judge, and no others."""
    assert {type_ for one in CHECKS for type_ in one.check.judges} == {HostTarget, RouterTarget}
    assert [one.name for one in CHECKS] == [
        "duplicate_macs",
        "foreign_macs",
        "leftovers",
        "mismatches",
        "mtu",
        "named_vlans",
        "native_vlan",
        "one_way",
        "pools",
        "ranges",
        "released_vlans",
        "silent_vlans",
        "untaken_offers",
    ]
