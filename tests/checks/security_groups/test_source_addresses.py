"""Machines that may use addresses of others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.source_addresses import LONG_NAME, judge
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES, read_frame_rules
from exporter.questions.hosts.firewall_rules import FIREWALL_RULES
from tests.checks.security_groups import guarded_host as scene

GUARDED = scene.Texts().ebtables


def spoofing(ebtables: str) -> dict[str, str]:
    """Return what lacks for each machine."""
    return scene.rows(scene.judged(judge, scene.Texts(ebtables=ebtables)), "machine_spoofing")


def test_healthy() -> None:
    """Two NICs share their chains; secondary addresses come before the first one."""
    assert scene.counts(scene.judged(judge)) == {"machines_spoofing": 0}


def test_healthy_in_the_other_spelling() -> None:
    """ebtables-legacy writes MACs without leading zeros."""
    short = GUARDED.replace(":0", ":")
    legacy = "".join(
        line.replace("::", ":0:").replace(": ", ":0 ") if line.startswith("-A") else line
        for line in short.splitlines(keepends=True)
    )
    assert "1e:0:b4:0:0:6" in legacy
    assert spoofing(legacy) == {}


@pytest.mark.parametrize("name", ["healthy-ebtables-legacy-L.txt", "healthy-ebtables-L.txt"], ids=["legacy", "nft"])
def test_healthy_as_it_was_printed(name: str) -> None:
    """The rules of one machine, from the tool itself."""
    machine = "i-2-56-VM" if "legacy" in name else "i-2-55-VM"
    rules = read_frame_rules(scene.text(name))
    assert rules.sent[{"i-2-56-VM": "vnet13", "i-2-55-VM": "vnet12"}[machine]] == {f"{machine}-in"}
    assert rules.permitted[f"{machine}-in-src"].addresses == {scene.MACHINES[machine][1][0][2]}


def test_the_table_was_flushed() -> None:
    """All machines are free to use any MAC."""
    found = scene.judged(judge, scene.broken("ebtables-flushed"))
    assert scene.counts(found) == {"machines_spoofing": 6}
    assert scene.rows(found, "machine_spoofing")["i-2-55-VM"] == "PREROUTING has no jump from vnet12 to i-2-55-VM-in"


@pytest.mark.parametrize(
    ("rule", "lacks"),
    [
        ("-A PREROUTING -i vnet12 -j i-2-55-VM-in", "PREROUTING has no jump from vnet12 to i-2-55-VM-in"),
        ("-A POSTROUTING -o vnet12 -j i-2-55-VM-out", "POSTROUTING has no jump from vnet12 to i-2-55-VM-out"),
        ("-A i-2-55-VM-in -j i-2-55-VM-in-src", "i-2-55-VM-in does not lead to i-2-55-VM-in-src and -in-ips"),
        ("-A i-2-55-VM-in -p ARP -j i-2-55-VM-in-ips", "i-2-55-VM-in does not lead to i-2-55-VM-in-src and -in-ips"),
        ("-A i-2-55-VM-in-src -j DROP", "i-2-55-VM-in-src does not drop other addresses"),
        ("-A i-2-55-VM-in-ips -j DROP", "i-2-55-VM-in-ips does not drop other addresses"),
        ("-A i-2-55-VM-out-ips -j DROP", "i-2-55-VM-out-ips does not drop other addresses"),
        ("-A i-2-55-VM-out-dst -p ARP --arp-op Reply -j DROP", "i-2-55-VM-out-dst does not drop other addresses"),
        (
            "-A i-2-55-VM-out -p ARP -j i-2-55-VM-out-ips",
            "i-2-55-VM-out does not lead to i-2-55-VM-out-dst and -out-ips",
        ),
    ],
)
def test_each_rule_counts(rule: str, lacks: str) -> None:
    """Without any one of them the machine is not kept to its addresses."""
    assert f"{rule}\n" in GUARDED
    found = spoofing(GUARDED.replace(f"{rule}\n", ""))
    assert found.keys() == {"i-2-55-VM"}
    assert lacks in found["i-2-55-VM"]


@pytest.mark.parametrize("chain", ["in-ips", "in-src", "out-ips", "out-dst"])
def test_a_chain_was_flushed(chain: str) -> None:
    """The jump to it is left and leads to nothing, so that every address passes."""
    lines = [line for line in GUARDED.splitlines() if not line.startswith(f"-A i-2-55-VM-{chain} ")]
    assert spoofing("\n".join(lines)) == {"i-2-55-VM": f"i-2-55-VM-{chain} does not drop other addresses"}


@pytest.mark.parametrize(
    ("chain", "rule", "seen"),
    [
        ("in-ips", "-p ARP -s 1e:00:b4:00:00:05 --arp-ip-src 10.1.1.1 --arp-mac-src 1e:00:b4:00:00:05", "10.1.1.1"),
        ("in-ips", "-p ARP --arp-ip-src 10.1.1.56", "10.1.1.56"),
        ("in-src", "-s 1e:00:b4:00:00:06", "1e:00:b4:00:00:06"),
        ("out-ips", "-p ARP --arp-ip-dst 10.1.1.0/24", "10.1.1.0/24"),
    ],
)
def test_an_address_of_another_machine(chain: str, rule: str, seen: str) -> None:
    """Somebody let it pass, or CloudStack gave it away and the agent did not hear of it."""
    chain = f"i-2-55-VM-{chain}"
    found = spoofing(GUARDED.replace(f"-A {chain} ", f"-A {chain} {rule} -j RETURN\n-A {chain} ", 1))
    assert found == {"i-2-55-VM": f"{chain} lets {seen} pass"}


@pytest.mark.parametrize("chain", ["PREROUTING", "i-2-55-VM-in", "i-2-55-VM-in-ips"])
def test_a_rule_on_top_lets_all_pass(chain: str) -> None:
    """What stands behind it is never reached."""
    found = spoofing(GUARDED.replace(f"-A {chain} ", f"-A {chain} -j ACCEPT\n-A {chain} ", 1))
    assert "i-2-55-VM" in found


@pytest.mark.parametrize(
    ("name", "address"), [("i-2-55-VM", "10.1.1.1"), ("i-2-55-VM-6", "::/1"), ("i-2-57-VM-6", "2001:db8:1::58")]
)
def test_a_strange_member_of_an_address_set(name: str, address: str) -> None:
    """The rules against false addresses look into the set, so the machine may send from there."""
    texts = scene.Texts(ipset=f"{scene.Texts().ipset}add {name} {address}\n")
    seen = f"the address set {name} holds {address}, which CloudStack did not give to the machine"
    found = scene.judged(judge, texts)
    assert scene.rows(found, "machine_spoofing") == {name.removesuffix("-6"): seen}
    assert scene.counts(scene.judged(judge, texts, looks=1)) == {"machines_spoofing": 0}


def test_without_the_address_sets_nobody_is_healthy() -> None:
    """While iptables and ipset do not tell, ebtables alone finds faults and no health."""
    known = scene.values()
    del known[FIREWALL_RULES]
    assert scene.judged_of(judge, known, seen_by=scene.cloud()) == []
    known = scene.values(scene.broken("ebtables-flushed"))
    del known[FIREWALL_RULES]
    assert scene.counts(scene.judged_of(judge, known, seen_by=scene.cloud())) == {"machines_spoofing": 6}


def test_a_name_that_is_too_long_for_ebtables() -> None:
    """Above 20 characters ebtables-nft refuses the jumps, and nobody is told: the remedy names the reason."""
    name = "i-123-45678-KVMHYP1234"
    lines = scene.text("secondary-ip-and-long-names.txt").partition(f"name {name}")[2].partition("left over")[0]
    save = "\n".join(line for line in lines.splitlines() if "ACCEPT" in line or "ROUTING" in line)
    (placed,) = scene.machines(["i-2-55-VM"])
    domain = scene.domains()["i-2-55-VM"]
    ebtables = ":PREROUTING ACCEPT\n:POSTROUTING ACCEPT\n" + save.replace("vnet77", "vnet12")
    found = scene.judged(
        judge,
        scene.Texts(ebtables=ebtables),
        domains={name: replace(domain, name=name)},
        seen_by=scene.cloud((replace(placed, name=name),)),
    )
    sample = scene.only(found, "machines_spoofing")
    assert (sample.value, sample.remedy) == (1, LONG_NAME)
    assert scene.rows(found, "machine_spoofing") == {name: f"{name}-in does not lead to {name}-in-src and -in-ips"}


def test_one_look_is_not_enough_and_others_are_not_judged() -> None:
    """Fresh machines, and those in networks without security groups."""
    flushed = scene.broken("ebtables-flushed")
    assert scene.counts(scene.judged(judge, flushed, looks=1)) == {"machines_spoofing": 0}
    assert scene.counts(scene.judged(judge, flushed, seen_by=scene.cloud(networks={}))) == {"machines_spoofing": 0}
    assert FRAME_RULES in scene.values()
