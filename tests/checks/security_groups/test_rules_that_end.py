"""Rules put before those of the agent: the first one that ends the way decides, as it does in the kernel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.protection import judge
from tests.checks.security_groups import guarded_host as scene

TAP = "-m physdev --physdev-{} vnet13 --physdev-is-bridged"
SPOOFED = f"-A i-2-56-def {TAP.format('in')} -m set ! --match-set i-2-56-VM src -j DROP"


def inserted(chain: str, rule: str, key: str = "ip4") -> scene.Texts:
    """Return what the host prints after ``iptables -I <chain> <rule>``."""
    texts = scene.Texts()
    text = getattr(texts, key)
    assert f"\n-A {chain} " in text
    return replace(texts, **{key: text.replace(f"\n-A {chain} ", f"\n-A {chain} {rule}\n-A {chain} ", 1)})


def wrong(texts: scene.Texts) -> tuple[dict[str, str], dict[str, str]]:
    """Return which machines are open and which are cut off, with what was seen."""
    found = scene.judged(judge, texts)
    return scene.rows(found, "machine_open"), scene.rows(found, "machine_cut_off")


@pytest.mark.parametrize(
    ("chain", "rule", "seen"),
    [
        ("i-2-56-VM", "-j ACCEPT", "IPv4 ingress: i-2-56-VM accepts everything"),
        ("i-2-56-VM", "-m physdev --physdev-is-bridged -j ACCEPT", "IPv4 ingress: i-2-56-VM accepts everything"),
        ("i-2-56-VM-eg", "-j ACCEPT", "IPv4 egress: i-2-56-VM-eg lets everything pass (ACCEPT, DROP)"),
        ("i-2-56-VM-eg", "-j RETURN", "IPv4 egress: i-2-56-VM-eg lets everything pass (RETURN, DROP)"),
        ("i-2-56-def", "-j RETURN", "IPv4 egress: i-2-56-def ends with RETURN before it leads vnet13 to i-2-56-VM-eg"),
        (
            "i-2-56-def",
            f"{TAP.format('in')} -j ACCEPT",
            "IPv4 egress: i-2-56-def ends with ACCEPT before it leads vnet13 to i-2-56-VM-eg",
        ),
        ("i-2-56-def", f"{TAP.format('out')} -j ACCEPT", "IPv4 ingress: i-2-56-def accepts all that gets to vnet13"),
    ],
)
def test_a_rule_that_opens_a_machine(chain: str, rule: str, seen: str) -> None:
    """One rule on top of a chain of a machine opens it, whatever stands behind."""
    assert wrong(inserted(chain, rule))[0].keys() == {"i-2-56-VM"}
    assert seen in wrong(inserted(chain, rule))[0]["i-2-56-VM"]


def test_an_accept_on_top_of_the_default_chain_opens_both_ways() -> None:
    """Neither the anti-spoofing rules nor the machine's own chains are reached."""
    seen = wrong(inserted("i-2-56-def", "-j ACCEPT"))
    assert "egress: i-2-56-def ends with ACCEPT before it leads vnet13 to i-2-56-VM-eg" in seen[0]["i-2-56-VM"]
    assert "ingress: i-2-56-def accepts all that gets to vnet13" in seen[0]["i-2-56-VM"]
    assert seen[1] == {}


def test_ip6tables_likewise() -> None:
    """The same in the other family."""
    assert "IPv6 ingress" in wrong(inserted("i-2-57-VM", "-j ACCEPT", "ip6"))[0]["i-2-57-VM"]


@pytest.mark.parametrize("rule", ["-j DROP", f"{TAP.format('in')} -j DROP"])
def test_a_drop_on_top_cuts_off_and_opens_nothing(rule: str) -> None:
    """Somebody locked the machine in: it sends nothing."""
    open_, cut_off = wrong(inserted("i-2-56-def", rule))
    assert open_ == {}
    assert "IPv4 egress: i-2-56-def drops all that vnet13 sends" in cut_off["i-2-56-VM"]


def test_a_return_on_top_also_lets_nothing_in() -> None:
    """What gets to the machine comes back from its chains and is dropped by the bridge's."""
    _, cut_off = wrong(inserted("i-2-56-def", "-j RETURN"))
    assert "IPv4 ingress: i-2-56-def ends with RETURN before it leads vnet13 to i-2-56-VM" in cut_off["i-2-56-VM"]


@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        ("i-2-56-VM", "-j LOG --log-prefix x"),
        ("i-2-56-VM", ""),
        ("i-2-56-VM", "-m state --state NEW -j ACCEPT"),
        ("i-2-56-VM", "-m conntrack --ctstate NEW -j ACCEPT"),
        ("i-2-56-VM", "-m physdev ! --physdev-is-bridged -j ACCEPT"),
        ("i-2-56-VM-eg", "-m state --state NEW -j RETURN"),
        ("i-2-56-def", f"{TAP.format('in')} -j LOG"),
        ("i-2-56-def", "-j MARK --set-xmark 0x1/0xffffffff"),
    ],
)
def test_rules_that_open_nothing(chain: str, rule: str) -> None:
    """Rules that only count, log or mark, and the tenant's own rule that lets everything in: CloudStack writes that."""
    assert wrong(inserted(chain, rule)) == ({}, {})


@pytest.mark.parametrize("rule", ["-j RETURN", f"{TAP.format('in')} -j RETURN"])
def test_a_return_at_the_end_of_the_default_chain_changes_nothing(rule: str) -> None:
    """Behind the jumps it is what would happen anyway."""
    last = f"-A i-2-56-def {TAP.format('out')} -j i-2-56-VM\n"
    ip4 = scene.Texts().ip4.replace(last, f"{last}-A i-2-56-def {rule}\n")
    assert ip4 != scene.Texts().ip4
    assert wrong(scene.Texts(ip4=ip4)) == ({}, {})


def test_anti_spoofing_behind_the_end_of_the_chain_is_none() -> None:
    """The jumps come first, then the chain ends, and the rule against foreign addresses is never reached."""
    ip4 = scene.Texts().ip4.replace(f"{SPOOFED}\n", "")
    last = f"-A i-2-56-def {TAP.format('out')} -j i-2-56-VM\n"
    ip4 = ip4.replace(last, f"{last}-A i-2-56-def -j RETURN\n{SPOOFED}\n")
    assert wrong(scene.Texts(ip4=ip4))[0] == {"i-2-56-VM": "IPv4 egress: i-2-56-def lets vnet13 use any address"}
