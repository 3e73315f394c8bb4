"""Chains of nft beside iptables: which ones cut machines off, and which are only named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.security_groups.native_chains import judge
from exporter.model import Sample
from exporter.questions.hosts.firewall import FIREWALL
from exporter.questions.hosts.firewall_native import NativeChain
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from exporter.questions.hosts.links import LINKS
from exporter.thresholds import ROWS_PER_TARGET
from tests.checks.security_groups import guarded_host as scene

FIREWALLD = NativeChain("inet", "firewalld", "filter_FORWARD", drops=False)


def verdict(
    *chains: NativeChain, ip4: bool | None = True, ip6: bool | None = True, is_told: bool = True, **fields: Any
) -> list[Sample]:
    """Return what is said of a host with these chains, and sysctls; ``fields`` are as for ``judged_of``."""
    known = scene.values()
    known[FIREWALL_RULES] = replace(known[FIREWALL_RULES], native=chains if is_told else None)
    known[FIREWALL] = replace(known[FIREWALL], filters_ip=ip4, filters_ip6=ip6)
    known |= fields.pop("known", {})
    return scene.judged_of(judge, known, **({"seen_by": scene.cloud()} | fields))


def infos(found: list[Sample]) -> set[tuple[str, ...]]:
    """Return the chains that are named."""
    return {one.labels[3:] for one in found if one.metric.name.endswith("native_chain_info")}


@pytest.mark.parametrize("family", ["ip", "ip6", "inet", "bridge"])
def test_a_chain_that_drops(family: str) -> None:
    """Whatever its rules accept is not known; that what they do not is dropped, is."""
    found = verdict(NativeChain(family, "filter", "forward", drops=True), FIREWALLD)
    sample = scene.only(found, "native_chains_dropping")
    assert (sample.value, sample.seen) == (1, f"policy drop: {family} filter forward")
    assert infos(found) == {(family, "filter", "forward", "drop"), ("inet", "firewalld", "filter_FORWARD", "accept")}


def test_none_and_those_that_accept() -> None:
    """Zero is said; firewalld's chain accepts by its policy, and what its rules do is not asked."""
    assert scene.counts(verdict()) == {"native_chains_dropping": 0}
    assert scene.counts(verdict(FIREWALLD)) == {"native_chains_dropping": 0}


def test_nft_does_not_tell() -> None:
    """Not installed, refused or too old: nobody knows, and the other checks go on."""
    assert verdict(is_told=False) == []


@pytest.mark.parametrize(
    ("family", "ip4", "ip6", "dropping"),
    [
        ("ip", False, True, 0),
        ("ip6", True, None, 0),
        ("inet", False, True, 1),
        ("inet", None, None, 0),
        ("bridge", None, None, 1),
    ],
)
def test_chains_that_bridged_frames_do_not_come_to(
    family: str, ip4: bool | None, ip6: bool | None, dropping: int
) -> None:
    """Without br_netfilter those of IP see only what the host itself forwards; it is named all the same."""
    found = verdict(NativeChain(family, "filter", "forward", drops=True), ip4=ip4, ip6=ip6)
    assert scene.counts(found) == {"native_chains_dropping": dropping}
    assert infos(found) == {(family, "filter", "forward", "drop")}


def test_a_flag_of_one_bridge_leads_there_too() -> None:
    """The sysctl or the bridge's own flag is enough."""
    chain, flagged = NativeChain("ip", "filter", "forward", drops=True), scene.flagged("cloudbr0", filters_ip=True)
    found = verdict(chain, ip4=False, known={LINKS: flagged})
    assert scene.counts(found) == {"native_chains_dropping": 1}


def test_a_host_without_machines_and_one_look() -> None:
    """Nobody is cut off; what has just come may be a reload."""
    chain = NativeChain("bridge", "guard", "through", drops=True)
    assert scene.counts(verdict(chain, seen_by=scene.cloud(()))) == {"native_chains_dropping": 0}
    assert scene.counts(verdict(chain, looks=1)) == {"native_chains_dropping": 0}


def test_names_are_bounded_and_the_count_is_not() -> None:
    """Those that drop first."""
    chains = [NativeChain("inet", f"t{number}", "forward", drops=number > 20) for number in range(70)]
    found = verdict(*chains)
    assert scene.counts(found) == {"native_chains_dropping": 49}
    assert len(infos(found)) == ROWS_PER_TARGET
    assert {one[3] for one in infos(found)} == ({"drop"} if ROWS_PER_TARGET <= 49 else {"drop", "accept"})
