"""Whatever hosts and CloudStack say, the judges of issue 6 end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import groups
from exporter.cloud.networks import Network, NetworkOffering, ServiceProvider, StorageRange, VlanRange
from exporter.cloud.objects import SystemVm
from exporter.cloud.placement import placed
from exporter.cloud.targets import HostTarget
from exporter.model import Issue, Question
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.domains import DOMAINS, Domain, Interface
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from tests.checks.physical_networks import scene

CHECKS = tuple(one for one in discover() if one.issue is Issue.PHYSICAL_NETWORKS)
DEVICE = st.sampled_from(["", "cloudbr0", "cloudbr1", "eth0", "bond0.30", "gone"])
NAME = st.sampled_from(["cloudbr0", "cloudbr1", "eth0", "eth1", "bond0", "bond0.30", "vnet0", "ib0"])
VLAN = st.none() | st.integers(0, 4095)
LINK = st.builds(
    scene.link,
    NAME,
    st.sampled_from(["", "bridge", "vlan", "bond", "openvswitch", "tun", "veth"]),
    st.sampled_from(["", "cloudbr0", "cloudbr1", "bond0", "ovs-system"]),
    is_up=st.booleans(),
    parent=st.sampled_from(["", "bond0", "gone"]),
    vlan=VLAN,
)
LINKS_FOUND = st.lists(LINK, max_size=6, unique_by=lambda one: one.name).map(lambda found: scene.links(*found))
INTERFACE = st.builds(OvsInterface, name=NAME, kind=st.sampled_from(["", "system", "internal", "patch", "gre"]))
PORTS = st.lists(
    st.builds(OvsPort, name=NAME, bridge=NAME, tag=VLAN, interfaces=st.lists(INTERFACE, max_size=3).map(tuple)),
    max_size=3,
).map(tuple)
DATABASE = st.builds(
    OvsDatabase,
    bridges=st.dictionaries(NAME, st.builds(OvsBridge, name=NAME, ports=PORTS), max_size=2),
    ports=PORTS.map(lambda ports: {port.name: port for port in ports}),
)
MAC = st.sampled_from(["1e:00:00:00:00:01", "1e:00:00:00:00:02"])
DOMAIN = st.builds(
    Domain,
    st.just("s-1-VM"),
    st.integers(1, 9),
    st.sampled_from(["running", "paused"]),
    st.lists(st.builds(Interface, NAME, st.sampled_from(["bridge", "network"]), DEVICE, MAC), max_size=2).map(tuple),
)
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    LINKS: LINKS_FOUND,
    AGENT: st.builds(
        Agent, public=DEVICE, private=DEVICE, guest=DEVICE, bridge_type=st.sampled_from(["native", "openvswitch"])
    ),
    OVS_DATABASE: st.none() | DATABASE,
    LLDP: st.dictionaries(NAME, st.builds(Neighbour, nic=NAME, chassis=NAME, pvid=VLAN).map(lambda one: (one,))),
    DOMAINS: DOMAIN.map(lambda one: {one.name: one}),
}
TYPE = st.builds(
    scene.label, st.sampled_from([*scene.TYPES, "Control", "x"]), DEVICE, st.sampled_from(["pn", "pn2", "gone"])
)
PHYSICAL = st.builds(
    scene.physical,
    st.sampled_from(["pn", "pn2"]),
    name=st.sampled_from(["physical1", "physical2"]),
    enabled=st.booleans(),
    isolation_methods=st.sampled_from([("VLAN",), ("VXLAN",), ("NSX",), ()]),
    vlan_ranges=st.sampled_from([(), ((100, 199),)]),
    tags=st.sampled_from([(), ("a",)]),
)
OFFERING = st.builds(
    NetworkOffering,
    id=st.sampled_from(["o1", "o2"]),
    name=st.just("offered"),
    state=st.sampled_from(["Enabled", "Disabled"]),
    guest_type=st.sampled_from(["Isolated", "Shared", "L2"]),
    tags=st.sampled_from([(), ("a",), ("b", "c")]),
)
SYSTEM_VM = st.builds(
    SystemVm,
    id=st.just("s"),
    name=st.just("s-1-VM"),
    kind=st.just("consoleproxy"),
    state=st.sampled_from(["Running", "Starting"]),
    agent_state=st.just("Up"),
    zone_id=st.just("z"),
    host_id=st.sampled_from(["h1", "h2"]),
    macs=st.dictionaries(st.sampled_from(["Management", "Public"]), MAC),
)
ZONE = st.builds(
    scene.zone,
    network_type=st.sampled_from(["Basic", "Advanced"]),
    security_groups=st.booleans(),
    enabled=st.booleans(),
    type=st.sampled_from(["", "Core", "Edge"]),
)
HOSTS = st.lists(
    st.builds(
        scene.host,
        st.integers(1, 4),
        hypervisor=st.sampled_from(["KVM", "XenServer"]),
        resource_state=st.sampled_from(["Enabled", "Maintenance"]),
        cluster_id=st.sampled_from(["c", "gone"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.id,
)
PROVIDER = st.builds(ServiceProvider, st.uuids().map(str), st.just("VirtualRouter"), st.just("pn"), st.just("Shutdown"))
NETWORK = st.builds(
    Network,
    id=st.just("n"),
    name=st.just("net"),
    zone_id=st.just("z"),
    type=st.just("Isolated"),
    state=st.sampled_from(["Implemented", "Destroy"]),
    physical_network_id=st.sampled_from(["", "pn"]),
    services=st.just({"Dhcp": frozenset({"VirtualRouter", "SecurityGroupProvider"})}),
)
RANGE = st.builds(VlanRange, id=st.just("r"), zone_id=st.just("z"), vlan=st.text(max_size=9), is_public=st.booleans())


@st.composite
def clouds(draw: st.DrawFn) -> Cloud:
    """Return any small zone."""
    return scene.cloud(
        *draw(HOSTS),
        types=tuple(draw(st.lists(TYPE, max_size=6))),
        networks=tuple(draw(st.lists(PHYSICAL, max_size=2))),
        of=draw(ZONE),
        vlan_ids=tuple(draw(st.lists(st.sampled_from(["30", "vlan://untagged", "vlan://40", "x"]), max_size=2))),
        offerings=tuple(draw(st.lists(OFFERING, max_size=2))),
        guests=tuple(draw(st.lists(NETWORK, max_size=1))),
        providers=tuple(draw(st.lists(PROVIDER, max_size=2))),
        ranges=tuple(draw(st.lists(RANGE, max_size=1))),
        storage_ranges={"s": StorageRange("s", "z", "n", draw(VLAN))},
        placed_by_host=placed((), (), draw(st.lists(SYSTEM_VM, max_size=1))),
    )


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
@settings(max_examples=40, deadline=None)
@given(answered=st.data(), cloud=clouds())
def test_judges_end_and_keep_to_their_metrics(registered: Registered, answered: st.DataObject, cloud: Cloud) -> None:
    """No answer makes a judge raise, or yield a metric that it does not own or the same labels twice."""
    check = registered.check
    watch = scene.Watch(lambda *_: ())
    members = {}
    for one in cloud.hosts.values():
        values = {question: answered.draw(strategy) for question, strategy in VALUES.items()}
        missing = answered.draw(st.sets(st.sampled_from([AGENT, OVS_DATABASE, LLDP])))
        asked = {*check.asks.get(HostTarget, ()), LINKS}
        given_values = {one: value for one, value in values.items() if one in asked or one not in missing}
        members[scene.target(one)] = watch.answers(one.name, given_values)
    found = [list(judge(target, members[target], cloud)) for judge in check.judges.values() for target in members]
    about = [(judge, group) for judge in check.groups for group in groups(cloud) if isinstance(group, judge.group)]
    found += [list(judge.judge(group, members if judge.needs else {}, cloud)) for judge, group in about]
    for samples in found:
        assert {sample.metric for sample in samples} <= set(check.metrics)
        rows = [(sample.metric.name, sample.labels) for sample in samples]
        assert len(set(rows)) == len(rows)


def test_every_check_of_the_issue_is_found() -> None:
    """The modules of this folder, and no others."""
    assert [one.name for one in CHECKS] == [
        "cluster_labels",
        "guest_physical",
        "label_uplinks",
        "management_nics",
        "management_vlan",
        "network_providers",
        "own_vlans",
        "traffic_labels",
        "traffic_types",
    ]
