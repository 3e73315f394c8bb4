"""Programs that security groups need."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.security_groups.remedies import INSTALL_IN_DOM0
from exporter.checks.security_groups.tools import judge, judge_xen
from exporter.cloud.cloud import Cloud
from exporter.model import Sample
from exporter.questions.hosts.firewall import TOOLS
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.security_groups import guarded_host as scene


@pytest.mark.parametrize("missing", TOOLS)
def test_each_program_is_needed(missing: str) -> None:
    """Also ipset, which CloudStack itself does not look for."""
    texts = scene.Texts(tools=tuple(tool for tool in TOOLS if tool != missing))
    found = scene.only(scene.judged(judge, texts), "tools_missing")
    assert (found.value, found.seen) == (1, f"not installed: {missing}")


def test_all_there() -> None:
    """Zero is said."""
    assert scene.counts(scene.judged(judge)) == {"tools_missing": 0}


def test_one_look_is_none() -> None:
    """Packages are replaced while a host is upgraded."""
    assert scene.counts(scene.judged(judge, scene.Texts(tools=()), looks=1)) == {"tools_missing": 0}


@pytest.mark.parametrize(
    "seen_by",
    [scene.cloud(networks={}), scene.cloud(()), scene.cloud(scene.machines(["r-4-VM", "s-1-VM"]))],
    ids=["no network with security groups", "no machine", "no machine that must be guarded"],
)
def test_a_host_that_guards_nobody_needs_none(seen_by: Cloud) -> None:
    """It may do without, also in a zone with security groups."""
    assert scene.counts(scene.judged(judge, scene.Texts(tools=()), seen_by=seen_by)) == {"tools_missing": 0}


def in_dom0(*tools: str, seen_by: Cloud | None = None, looks: int = 2, **fields: Any) -> list[Sample]:
    """Return what is said of a host of XenServer with Linux bridges and these programs."""
    told = XenBackend(
        **({"configured": "bridge", "bridges": 2, "tools": frozenset(tools), "product": "XCP-ng 8.2.1"} | fields)
    )
    given = {"seen_by": seen_by or scene.cloud(), "target": scene.XEN_TARGET, "looks": looks}
    return scene.judged_of(judge_xen, {XEN_BACKEND: told}, **given)


@pytest.mark.parametrize("missing", ["iptables", "ebtables", "ipset"])
def test_what_is_needed_in_dom0(missing: str) -> None:
    """CloudStack looks for ebtables and ipset there, and writes no rules where one is not."""
    found = scene.only(in_dom0(*{"iptables", "ebtables", "ipset"} - {missing}), "tools_missing")
    assert (found.value, found.seen) == (1, f"not installed: {missing} (XCP-ng 8.2.1)")
    assert found.remedy == INSTALL_IN_DOM0


def test_all_there_in_dom0() -> None:
    """Zero is said; ip6tables is not needed."""
    assert scene.counts(in_dom0("iptables", "ebtables", "ipset")) == {"tools_missing": 0}
    assert scene.counts(in_dom0(looks=1)) == {"tools_missing": 0}
    for seen_by in (scene.cloud(networks={}), scene.cloud(()), scene.cloud(scene.machines(["r-4-VM", "s-1-VM"]))):
        assert scene.counts(in_dom0(seen_by=seen_by)) == {"tools_missing": 0}


def test_open_vswitch_in_dom0_needs_none() -> None:
    """What its machines lack is the verdict on the cluster, and no program helps."""
    assert in_dom0(configured="openvswitch", runs_openvswitch=True) == []
    assert in_dom0(runs_openvswitch=True) == []
