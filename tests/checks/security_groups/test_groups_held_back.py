"""Hosts that are held back on purpose and answer: none of their faults is told, and that none is, is said."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from exporter.checks.security_groups import (
    bridge_filtering,
    bridge_rules,
    connections,
    flavours,
    native_chains,
    protection,
    rule_logs,
    source_addresses,
    tools,
    unexpected,
)
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.security_groups import guarded_host as scene

CHECKS = (
    bridge_filtering,
    bridge_rules,
    connections,
    flavours,
    native_chains,
    protection,
    rule_logs,
    source_addresses,
    tools,
    unexpected,
)
BROKEN = replace(scene.broken("forward-accept-above"), ebtables="", logs="", tools=(), tracked=("9", "9"), sysctl=(
    "net.bridge.bridge-nf-call-iptables = 0\nnet.bridge.bridge-nf-call-ip6tables = 0\n"
), further=(
    "@@ 4 legacy\n*filter\n:FORWARD ACCEPT [0:0]\n:BF-cloudbr0 - [0:0]\nCOMMIT\n"
    f"@@ native\n{scene.plain('nft-list-chains.txt')}\n"
))  # fmt: skip
"""Nearly everything is wrong."""
PLAIN = {"flat": scene.network("flat"), "vlan": scene.network("vlan", services={})}


@pytest.mark.parametrize("fields", [{"resource_state": "Maintenance"}, {"resource_state": "Disabled"},
                                    {"created": scene.NOW - 60}])  # fmt: skip
@pytest.mark.parametrize("module", CHECKS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_nothing_is_wrong_is_said(module: ModuleType, fields: dict[str, Any]) -> None:
    """An alert of before ends, although something else of the zone is unknown; rows of machines are gone."""
    problems = {one.name for one in module.CHECK.metrics if one.problem and one.labels == ("zone", "cluster", "host")}
    seen_by = scene.cloud(networks=PLAIN)
    broken = scene.judged(module.judge, BROKEN, seen_by=seen_by)
    assert any(one.value for one in broken if one.metric.name in problems)
    held = replace(scene.TARGET, host=replace(scene.HOST, **fields))
    found = scene.judged(module.judge, BROKEN, seen_by=seen_by, target=held)
    assert {one.metric.name: one.value for one in found} == dict.fromkeys(problems, 0)


@pytest.mark.parametrize("module", [bridge_filtering, tools], ids=["bridge_filtering", "tools"])
def test_in_dom0_as_well(module: ModuleType) -> None:
    """Where it has Linux bridges: of Open vSwitch the cluster's verdict tells."""
    held = replace(scene.XEN_TARGET, host=replace(scene.XEN_TARGET.host, resource_state="Maintenance"))
    told = {XEN_BACKEND: XenBackend(configured="bridge", bridges=2)}
    assert any(scene.counts(scene.judged_of(module.judge_xen, told, seen_by=scene.cloud(), target=scene.XEN_TARGET)))
    assert {*scene.counts(scene.judged_of(module.judge_xen, told, seen_by=scene.cloud(), target=held)).values()} == {0}
    switched = {XEN_BACKEND: XenBackend(configured="openvswitch", bridges=2, runs_openvswitch=True)}
    assert scene.judged_of(module.judge_xen, switched, seen_by=scene.cloud(), target=held) == []
