"""Whatever hosts and CloudStack say, the judges of issue 4 end, and keep to what they declare."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.checks import Registered, discover
from exporter.checks.security_groups import rule_versions
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.targets import DatabaseTarget, HostTarget
from exporter.memory import Scope
from exporter.model import Answer, Answers, Issue, Question
from exporter.questions.database.counts import RULE_SEQUENCES
from exporter.questions.hosts.domains import DOMAINS
from exporter.questions.hosts.firewall import FIREWALL, TOOLS, HostFirewall, RuleLog
from exporter.questions.hosts.firewall_chains import Default, Rule, Ruleset
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES, LISTS, FrameRules, Permitted
from exporter.questions.hosts.firewall_native import NativeChain
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES, FirewallRules
from exporter.questions.hosts.links import LINKS
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.security_groups import guarded_host as scene

CHECKS = tuple(one for one in discover() if one.issue is Issue.SECURITY_GROUPS)
OF_HOSTS = tuple(one for one in CHECKS if one.check.judges)
CHAIN = st.sampled_from(["FORWARD", "BF-cloudbr0", "BF-cloudbr0-IN", "BF-cloudbr0-OUT", "DOCKER", "LOOP"])
MACHINE = st.sampled_from(["i-2-55-def", "i-2-55-VM", "i-2-55-VM-eg", "i-2-56-def", "r-4-VM"])
TARGET = CHAIN | MACHINE | st.sampled_from(["ACCEPT", "DROP", "REJECT", "RETURN", "LOG", ""])
PORT = st.sampled_from(["", "vnet12", "vnet13", "eth0", "!vnet12", "vnet+", "+"])
PLACE = st.sampled_from(["", "cloudbr0", "!cloudbr0", "brbond0-1234", "cloud+"])
RULE = st.builds(
    Rule, TARGET, PLACE, PLACE, PORT, PORT, st.none() | st.booleans(), st.booleans(), st.sampled_from(["", "-p tcp"])
)
RULESET = st.builds(
    Ruleset,
    flavour=st.sampled_from(["nft", "legacy"]),
    policy=st.sampled_from(["ACCEPT", "DROP"]),
    chains=st.dictionaries(CHAIN, st.lists(RULE, max_size=6).map(tuple)),
    machines=st.dictionaries(MACHINE, st.lists(st.sampled_from(["DROP", "ACCEPT", "RETURN"]), max_size=3).map(tuple)),
    defaults=st.dictionaries(st.tuples(MACHINE, PORT), st.builds(Default, TARGET, TARGET, st.sampled_from(["", "x"]))),
)
NATIVE = st.builds(
    NativeChain,
    st.sampled_from(["ip", "ip6", "inet", "bridge"]),
    st.sampled_from(["filter", "firewalld", "x" * 64]),
    st.just("forward"),
    st.booleans(),
)
RULES = st.builds(
    FirewallRules,
    version=st.just("1.8.9"),
    flavour=st.sampled_from(["nft", "legacy"]),
    ip4=st.lists(RULESET, max_size=2).map(tuple),
    ip6=st.lists(RULESET, max_size=2).map(tuple),
    unread=st.frozensets(st.sampled_from([4, 6])),
    sets=st.none() | st.dictionaries(MACHINE, st.just(("10.1.1.55",))),
    native=st.none() | st.lists(NATIVE, max_size=3, unique=True).map(tuple),
)
LOG = st.builds(
    RuleLog,
    fields=st.integers(0, 7),
    domain=st.none() | st.integers(0, 9),
    signature=st.sampled_from(["", "_initial_", "9b0c"]),
    sequence=st.none() | st.integers(-1, 9),
)
FRAME_CHAIN = st.sampled_from([f"i-2-55-VM{end}" for end in ("-in", "-out", *LISTS)])
FLAG = st.sampled_from([None, True, False])
NAMES = st.sampled_from([*scene.MACHINES, "i-9-9-VM", "?"])
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    DOMAINS: st.just(scene.domains()) | st.just({}),
    LINKS: st.just(scene.links()) | st.booleans().map(lambda on: scene.flagged("cloudbr0", filters_ip=on)),
    FIREWALL: st.builds(
        HostFirewall,
        filters_ip=FLAG,
        filters_ip6=FLAG,
        tools=st.frozensets(st.sampled_from(TOOLS)),
        tracked=st.none() | st.integers(0, 10**18),
        trackable=st.none() | st.integers(0, 10**18),
        logs=st.dictionaries(NAMES, LOG),
    ),
    FIREWALL_RULES: RULES,
    FRAME_RULES: st.builds(
        FrameRules,
        sent=st.dictionaries(PORT, st.frozensets(FRAME_CHAIN)),
        received=st.dictionaries(PORT, st.frozensets(FRAME_CHAIN)),
        permitted=st.dictionaries(
            FRAME_CHAIN, st.builds(Permitted, st.frozensets(st.sampled_from(["1e:00:b4:00:00:05"])), st.booleans())
        ),
        jumps=st.dictionaries(FRAME_CHAIN, st.frozensets(FRAME_CHAIN)),
    ),
    XEN_BACKEND: st.builds(
        XenBackend,
        configured=st.sampled_from(["bridge", "openvswitch"]),
        runs_openvswitch=st.booleans(),
        bridges=st.integers(0, 2),
        filters_ip=st.sampled_from([None, True, False]),
        tools=st.frozensets(st.sampled_from(["iptables", "ebtables", "ipset"])),
    ),
}


@pytest.mark.parametrize("registered", OF_HOSTS, ids=lambda one: one.name)
@settings(max_examples=30, deadline=None)
@given(answered=st.data())
def test_judges_end_and_keep_to_their_metrics(registered: Registered, answered: st.DataObject) -> None:
    """No answer makes a judge raise, or yield a metric that it does not own or the same labels twice."""
    known = {question: answered.draw(strategy) for question, strategy in VALUES.items()}
    kind, judge = answered.draw(st.sampled_from([*registered.check.judges.items()]))
    target = scene.TARGET if kind is HostTarget else scene.XEN_TARGET
    samples = scene.judged_of(judge, known, seen_by=scene.cloud(), target=target)
    assert {sample.metric for sample in samples} <= set(registered.check.metrics)
    rows = [(sample.metric.name, sample.labels) for sample in samples]
    assert len(set(rows)) == len(rows)


@settings(max_examples=30, deadline=None)
@given(answered=st.data())
def test_sequences_of_any_kind(answered: st.DataObject) -> None:
    """Whatever logs and database say, a host is counted once or not at all."""
    known = {question: answered.draw(strategy) for question, strategy in VALUES.items()}
    sequences = st.dictionaries(NAMES, st.integers(0, 9))
    told = [Answer(answered.draw(sequences), asked, scene.NOW, 1e12) for asked in (0.0, 600.0)]
    database = Answers(asked=600.0, values={RULE_SEQUENCES: told[1]}, previous={RULE_SEQUENCES: told[0]})
    host = Answers(
        now=scene.NOW,
        asked=900.0,
        values={question: Answer(value, 900.0, scene.NOW, 1e12) for question, value in known.items()},
        memory=Scope().held,
    )
    samples = list(
        rule_versions.judge(ZoneGroup("z", "zone1"), {scene.TARGET: host, DatabaseTarget(): database}, scene.cloud())
    )
    assert [one.labels for one in samples] == [("zone1", "cluster1", "kvm1")]
    assert samples[0].value >= 0


def test_every_check_of_the_issue_is_found() -> None:
    """The modules of this folder, and no others."""
    assert [one.name for one in CHECKS] == [
        "bridge_filtering",
        "bridge_rules",
        "clusters",
        "connections",
        "flavours",
        "native_chains",
        "protection",
        "providers",
        "rule_logs",
        "rule_versions",
        "source_addresses",
        "tools",
        "unexpected",
    ]


@pytest.mark.parametrize("registered", CHECKS, ids=lambda one: one.name)
def test_causes_are_metrics_of_some_issue(registered: Registered) -> None:
    """A name that nobody owns would explain nothing."""
    owned = {metric.name for one in discover() for metric in one.check.metrics}
    assert {name for metric in registered.check.metrics for name in metric.follows} <= owned
