"""Whatever hosts and CloudStack say, the judges of issue 2 end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.cloud.targets import DatabaseTarget, HostTarget, XenHostTarget
from exporter.model import Answers, Failure, Issue, Question, Reason
from exporter.questions.database.counts import ADDRESS_POOLS
from exporter.questions.database.found import Found
from exporter.questions.hosts.agent import AGENT, Agent
from exporter.questions.hosts.bonds import BONDS, NO_PARTNER, Bond, BondMember
from exporter.questions.hosts.links import LINKS, Link
from exporter.questions.hosts.lldp import LLDP, Neighbour
from exporter.questions.hosts.nic_counters import NIC_COUNTERS, NicCounters
from exporter.questions.hosts.nics import NICS, NicFacts
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase, OvsInterface, OvsPort
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.hypervisor_links import database_scene
from tests.checks.hypervisor_links import links_scene as scene

CHECKS = tuple(one for one in discover() if one.issue is Issue.HYPERVISOR_LINKS)
OF_DATABASE = tuple(one for one in CHECKS if DatabaseTarget in one.check.judges)
OF_HOSTS = tuple(one for one in CHECKS if one not in OF_DATABASE)
NAME = st.sampled_from(["eth1", "eth2", "bond0", "cloudbr0", "bond0.100", "ovs-system", "ib0", "enp175s0f1", "vnet0"])
MAC = st.sampled_from(["", NO_PARTNER, scene.SWITCH, "02:00:00:00:00:01"])
WORD = st.sampled_from(["", "none", "monitoring", "churned"])
KINDS = ["", "bridge", "bond", "team", "vlan", "tun", "openvswitch"]
NUMBER = st.none() | st.sampled_from([0, 1, 2, 61, 63, 10000])
LINK = st.builds(
    Link, name=NAME, index=st.just(1), kind=st.sampled_from(KINDS),
    is_up=st.booleans(), has_carrier=st.booleans(), master=NAME | st.just(""), parent=NAME | st.just(""),
    vlan=st.none() | st.integers(1, 4094), is_nic=st.none() | st.booleans(),
)  # fmt: skip
MEMBER = st.builds(
    BondMember, name=NAME, is_up=st.booleans(), speed=NUMBER, aggregator=NUMBER, actor_churn=WORD, partner_churn=WORD,
    actor_state=NUMBER, partner_state=NUMBER, partner_mac=MAC,
)  # fmt: skip
BOND = st.builds(
    Bond, name=NAME, mode=st.none() | st.integers(0, 6), is_up=st.booleans(), aggregator=NUMBER, partner_mac=MAC,
    members=st.lists(MEMBER, max_size=3, unique_by=lambda one: one.name).map(tuple),
)  # fmt: skip
PCI_ID = st.sampled_from(["", "8086:158b", "15b3:1017"])
NIC = st.builds(
    NicFacts, name=NAME, driver=st.sampled_from(["", "i40e"]), firmware=st.sampled_from(["", "1", "2"]),
    pci_id=PCI_ID, offloads=st.dictionaries(st.just("large-receive-offload"), st.booleans()), is_asked=st.booleans(),
)  # fmt: skip
COUNTED = st.builds(
    NicCounters, name=NAME, pci_id=PCI_ID, speed=NUMBER, duplex=st.sampled_from(["", "half", "full"]),
    carrier_changes=NUMBER, is_asked=st.booleans(),
    errors=st.dictionaries(st.sampled_from(["rx_crc_errors", "rx_symbol_err", "rx_broadcast", "x"]), st.integers(0)),
)  # fmt: skip
HEARD = st.lists(
    st.builds(Neighbour, nic=NAME, chassis=st.sampled_from(["c1", "c2", "c3"]), port=st.sampled_from(["", "1", "2"])),
    max_size=6,
).map(tuple)
PORT = st.builds(
    OvsPort, name=NAME, bridge=st.just("cloudbr0"),
    interfaces=st.lists(st.builds(OvsInterface, name=NAME), max_size=3).map(tuple),
)  # fmt: skip


def by_name(found: list[Any]) -> dict[str, Any]:
    """Return objects by name."""
    return {one.name: one for one in found}


def database(ports: list[OvsPort]) -> OvsDatabase:
    """Return a database with one bridge."""
    return OvsDatabase(bridges={"cloudbr0": OvsBridge(name="cloudbr0", ports=tuple(ports))}, ports=by_name(ports))


VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    AGENT: st.builds(
        Agent, public=NAME, private=NAME | st.just(""), bridge_type=st.sampled_from(["native", "openvswitch"])
    ),
    BONDS: st.lists(BOND, max_size=2).map(by_name),
    LINKS: st.lists(LINK, min_size=1, max_size=6, unique_by=lambda one: one.name).map(
        lambda found: scene.links(*found)
    ),
    LLDP: st.dictionaries(NAME, HEARD, max_size=3),
    NICS: st.lists(NIC, max_size=3).map(by_name),
    NIC_COUNTERS: st.lists(COUNTED, max_size=3).map(by_name),
    OVS_DATABASE: st.none() | st.lists(PORT, max_size=3).map(database),
    XEN_BACKEND: st.builds(
        XenBackend,
        configured=st.sampled_from(["bridge", "openvswitch"]),
        runs_openvswitch=st.booleans(),
        bridges=st.integers(0, 2),
        filters_ip=st.sampled_from([None, True, False]),
        tools=st.frozensets(st.sampled_from(["iptables", "ebtables", "ipset"])),
    ),
}
LABELS = st.dictionaries(st.sampled_from(["Guest", "Public", "Management", "Storage"]), NAME | st.just(""))
RANGES = st.lists(st.sampled_from([(1, 3), (998, 1001), (5000, 5001)]), max_size=2).map(tuple)
FIELDS = st.sampled_from([{}, *scene.HELD_BACK])


@pytest.mark.parametrize("registered", OF_HOSTS, ids=lambda one: one.name)
@settings(max_examples=60, deadline=None)
@given(answered=st.data(), labels=LABELS, ranges=RANGES, held=st.lists(FIELDS, min_size=1, max_size=4))
def test_judges_end_and_keep_to_their_metrics(
    registered: Registered, answered: st.DataObject, labels: dict[str, str], ranges: Any, held: list[dict[str, Any]]
) -> None:
    """No answer makes a judge raise, or yield a metric that it does not own or the same labels twice."""
    check, cloud = registered.check, scene.cloud(labels, ranges, public=("vlan://1234", "vlan://untagged", "?"))
    members: dict[HostTarget | XenHostTarget, Answers] = {}
    for number, fields in enumerate(held, 1):
        kind = answered.draw(st.sampled_from([*check.judges] or [HostTarget]))
        target = scene.target(number, **fields) if kind is HostTarget else scene.xen_target(number, **fields)
        asked, others = (
            check.asks.get(kind, ()),
            [one for one in VALUES if (one is XEN_BACKEND) != (kind is HostTarget)],
        )
        given_ones = {one: answered.draw(VALUES[one]) for one in others if one in asked or answered.draw(st.booleans())}
        members[target] = scene.answers(given_ones)
    found = [list(check.judges[type(one)](one, told, cloud)) for one, told in members.items() if check.judges]
    for judge in check.groups:
        told = {one: its for one, its in members.items() if set(judge.needs.get(type(one), ())) & its.values.keys()}
        found.append(list(judge.judge(scene.GROUP, told, cloud)))
    for samples in found:
        assert {sample.metric for sample in samples} <= set(check.metrics)
        rows = [(sample.metric.name, sample.labels) for sample in samples]
        assert len(set(rows)) == len(rows)


FOUND = st.lists(st.builds(Found, st.text(max_size=300), st.text(max_size=300)), max_size=12).map(tuple)
LOST = st.builds(Failure, st.sampled_from(Reason))


@pytest.mark.parametrize("registered", OF_DATABASE, ids=lambda one: one.name)
@settings(max_examples=60, deadline=None)
@given(answered=st.data())
def test_judges_of_the_database_end_and_keep_to_their_metrics(registered: Registered, answered: st.DataObject) -> None:
    """Whatever is found or lost in two rounds: what could not be asked has no sample, and words are bounded."""
    check = registered.check
    pools = st.dictionaries(st.just("control_address_leaked"), st.dictionaries(st.text(max_size=5), st.integers(0, 9)))
    rounds = [
        {
            one: answered.draw(LOST | (pools if one is ADDRESS_POOLS else FOUND))
            for one in check.uses[DatabaseTarget]
            if answered.draw(st.booleans())
        }
        for _ in range(2)
    ]
    samples = database_scene.judged(check, *rounds)
    assert {one.metric for one in samples.values()} <= set(check.metrics)
    assert all(one.value >= 0 and len(one.seen) < 2500 for one in samples.values())
    lost = {one.name.removeprefix("database_") for one, told in rounds[0].items() if isinstance(told, Failure)}
    lost &= {one.name.removeprefix("database_") for one, told in rounds[1].items() if isinstance(told, Failure)}
    assert lost.isdisjoint(name for _, name in samples)


def test_every_check_of_the_issue_is_found() -> None:
    """The modules of this folder, and no others."""
    assert [one.name for one in CHECKS] == [
        "bonds",
        "bonds_peers",
        "cabling",
        "database_inconsistencies",
        "database_leftovers",
        "network_backend",
        "nic_mixtures",
        "nic_settings",
        "nic_speeds",
        "nics",
        "uplink_names",
        "uplinks",
        "vlan_scaling",
        "xen_backend",
    ]
