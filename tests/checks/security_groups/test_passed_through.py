"""Machines whose NICs no rule of the host reaches, and those of which nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from exporter.checks.security_groups import bridge_filtering, bridge_rules, protection, rule_logs, source_addresses
from exporter.questions.hosts.domains import Domain, Interface
from tests.checks.security_groups import guarded_host as scene

VM = "i-2-55-VM"
MAC = "1e:00:b4:00:00:05"
ONE = scene.cloud(scene.machines([VM]))


def plugged(kind: str, tap: str, source: str = "") -> Mapping[str, Domain]:
    """Return what libvirt says runs there, with one NIC plugged in another way."""
    known = scene.domains()
    return {**known, VM: replace(known[VM], interfaces=(Interface(tap, kind, source, MAC, "virtio"),))}


@pytest.mark.parametrize(
    ("kind", "tap"), [("direct", "macvtap0"), ("hostdev", ""), ("vdpa", ""), ("vhostuser", "csdpdk-1")]
)
def test_a_nic_that_is_passed_through_is_open(kind: str, tap: str) -> None:
    """No frame of it comes to a rule of the host, whatever is written there, nor do rules keep its addresses."""
    known = scene.links()
    by_name = {
        **known.by_name,
        "macvtap0": replace(known.by_name["vnet12"], name="macvtap0", kind="macvtap", master=""),
    }
    links, domains = replace(known, by_name=by_name), plugged(kind, tap, "bond0")
    found = scene.judged(protection.judge, domains=domains, links=links)
    words = f"{MAC} is passed through to the machine ({kind}), no rule of the host reaches it"
    assert scene.rows(found, "machine_open") == {VM: words}
    assert scene.counts(found) == {"machines": 6, "machines_open": 1, "machines_cut_off": 0}
    assert "bridge" in scene.only(found, "machines_open").remedy
    spoofing = scene.judged(source_addresses.judge, domains=domains, links=links)
    assert scene.rows(spoofing, "machine_spoofing") == {VM: words}
    assert scene.only(spoofing, "machines_spoofing").remedy == scene.only(found, "machines_open").remedy


def test_a_nic_that_is_passed_through_beside_one_that_is_not() -> None:
    """Of a machine with two NICs one is guarded; the other one decides."""
    vm, known = "i-2-70-VM", scene.domains()
    first, second = known[vm].interfaces
    domains = {**known, vm: replace(known[vm], interfaces=(first, replace(second, kind="hostdev", tap="")))}
    assert scene.rows(scene.judged(protection.judge, domains=domains), "machine_open").keys() == {vm}


def test_what_else_is_said_of_it() -> None:
    """No bridge lacks anything for its sake, and a rule log nobody writes for it is not missed."""
    domains, texts = plugged("hostdev", ""), scene.Texts()
    logs = texts.logs.replace("i-2-55-VM,55,10.1.1.55,3,_initial_,-1", "")
    for judge in (bridge_filtering.judge, bridge_rules.judge, rule_logs.judge):
        found = scene.judged(judge, replace(texts, logs=logs), domains=domains, seen_by=ONE)
        assert {one.value for one in found if one.metric.problem is not None} == {0}


@pytest.mark.parametrize("master", ["", "vrf0", "eth0"])
def test_a_tap_in_no_bridge_is_unknown(master: str) -> None:
    """Nobody knows where its frames go: none is open is not said, but what is wrong with others is."""
    known = scene.links()
    by_name = {**known.by_name, "vnet12": replace(known.by_name["vnet12"], master=master)}
    links = replace(known, by_name=by_name)
    assert scene.counts(scene.judged(protection.judge, links=links)) == {"machines": 6}
    found = scene.judged(protection.judge, scene.broken("eg-chain-flushed"), links=links)
    assert scene.counts(found) == {"machines": 6, "machines_open": 1}


def test_a_tap_that_is_not_there_is_unknown() -> None:
    """Libvirt names it and the kernel does not."""
    found = scene.judged(protection.judge, domains=plugged("bridge", "vnet99", "cloudbr0"))
    assert scene.counts(found) == {"machines": 6}
