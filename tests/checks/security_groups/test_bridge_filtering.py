"""Bridges whose frames never come to iptables."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.bridge_filtering import judge, judge_xen
from exporter.checks.security_groups.remedies import SWITCH_ON_IN_DOM0
from exporter.cloud.cloud import Cloud
from exporter.model import Sample
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend
from tests.checks.security_groups import guarded_host as scene


def unfiltered(state: str = "", **fields: object) -> tuple[float, str]:
    """Return the count and what was seen."""
    texts = scene.broken(state) if state else scene.Texts(**{k: v for k, v in fields.items() if k == "sysctl"})  # type: ignore[arg-type]
    others = {key: value for key, value in fields.items() if key != "sysctl"}
    found = scene.only(scene.judged(judge, texts, **others), "bridges_unfiltered")  # type: ignore[arg-type]
    return found.value, found.seen


def test_healthy() -> None:
    """Both sysctls are 1: both are told and nothing is wrong."""
    found = scene.judged(judge)
    assert scene.only(found, "bridges_unfiltered").value == 0
    assert [one.value for one in found if one.metric.name.endswith("_enabled")] == [1, 1]


def test_the_sysctl_was_reset() -> None:
    """Every bridge with security groups is open."""
    assert unfiltered("sysctl-off") == (
        2,
        "brbond0-1234: bridge-nf-call-iptables is 0; cloudbr0: bridge-nf-call-iptables is 0",
    )


def test_a_flag_of_the_bridge_stands_for_the_sysctl() -> None:
    """A bridge is filtered when either says so."""
    links = scene.flagged("cloudbr0", filters_ip=True)
    assert unfiltered("bridge-flag-on-sysctl-off", links=links) == (1, "brbond0-1234: bridge-nf-call-iptables is 0")


def test_the_module_is_not_loaded() -> None:
    """Without br_netfilter there are no sysctls."""
    sysctl = "".join(f"net.bridge.bridge-nf-call-{name} = -\n" for name in ("iptables", "ip6tables"))
    count, seen = unfiltered(sysctl=sysctl)
    assert (count, "br_netfilter is not loaded" in seen) == (2, True)


def test_only_ipv6_is_not_filtered() -> None:
    """The families are judged apart."""
    sysctl = scene.Texts().sysctl.replace("ip6tables = 1", "ip6tables = 0")
    assert unfiltered(sysctl=sysctl) == (
        2,
        "brbond0-1234: bridge-nf-call-ip6tables is 0; cloudbr0: bridge-nf-call-ip6tables is 0",
    )


def test_nobody_needs_it() -> None:
    """A host without machines in security groups may have it off."""
    assert unfiltered("sysctl-off", seen_by=scene.cloud(())) == (0, "")
    assert unfiltered("sysctl-off", seen_by=scene.cloud(networks={})) == (0, "")


def test_one_look_is_not_enough() -> None:
    """The first machine that starts on a host switches it on."""
    assert unfiltered("sysctl-off", looks=1) == (0, "")


def in_dom0(seen_by: Cloud | None = None, looks: int = 2, **fields: bool | None) -> list[Sample]:
    """Return what is said of a host of XenServer with Linux bridges."""
    told = XenBackend(configured="bridge", bridges=2, **fields)  # type: ignore[arg-type]
    cloud = seen_by or scene.cloud()
    return scene.judged_of(judge_xen, {XEN_BACKEND: told}, seen_by=cloud, target=scene.XEN_TARGET, looks=looks)


def test_dom0_filters() -> None:
    """Both sysctls are told; zero is said."""
    found = in_dom0(filters_ip=True, filters_arp=False)
    told = {one.label("family"): one.value for one in found if one.metric.name.endswith("_enabled")}
    assert told == {"ipv4": 1, "arp": 0}
    assert scene.only(found, "bridges_unfiltered").value == 0


@pytest.mark.parametrize(("value", "why"), [(False, "bridge-nf-call-iptables is 0"), (None, "there is no bridge-")])
def test_dom0_does_not_filter(value: bool | None, why: str) -> None:
    """Each network with machines to guard is a bridge there; two looks are needed."""
    found = scene.only(in_dom0(filters_ip=value), "bridges_unfiltered")
    assert (found.value, found.remedy) == (2, SWITCH_ON_IN_DOM0)
    assert found.seen.startswith(f"bridge of network flat-network: {why}")
    assert scene.only(in_dom0(filters_ip=value, looks=1), "bridges_unfiltered").value == 0
    assert scene.only(in_dom0(scene.cloud(()), filters_ip=value), "bridges_unfiltered").value == 0


def test_open_vswitch_in_dom0_is_the_verdict_on_the_cluster() -> None:
    """No sysctl helps there."""
    assert in_dom0(runs_openvswitch=True) == []
