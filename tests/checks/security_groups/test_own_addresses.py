"""Machines whose own addresses are dropped on their host: by ebtables, or because a set lacks them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.security_groups import source_addresses
from exporter.checks.security_groups.protection import judge
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from tests.checks.security_groups import guarded_host as scene

MAC = "1e:00:b4:00:00:05"
GUARDED = scene.Texts().ebtables


def cut_off(texts: scene.Texts) -> dict[str, str]:
    """Return what was seen of each machine that is cut off."""
    return scene.rows(scene.judged(judge, texts), "machine_cut_off")


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        (
            f"-A i-2-55-VM-in-ips -p ARP -s {MAC} --arp-ip-src 10.1.1.55 --arp-mac-src {MAC} -j RETURN",
            "i-2-55-VM-in-ips drops ARP from 10.1.1.55",
        ),
        ("-A i-2-55-VM-out-ips -p ARP --arp-ip-dst 10.1.1.55 -j RETURN", "i-2-55-VM-out-ips drops ARP for 10.1.1.55"),
        (f"-A i-2-55-VM-in-src -s {MAC} -j RETURN", f"i-2-55-VM-in-src drops all from {MAC}"),
        (
            f"-A i-2-55-VM-out-dst -p ARP --arp-op Reply --arp-mac-dst {MAC} -j RETURN",
            f"i-2-55-VM-out-dst drops ARP answers to {MAC}",
        ),
    ],
)
def test_an_address_of_its_own_is_not_let_pass(rule: str, seen: str) -> None:
    """It is cut off, and can spoof nobody."""
    assert f"{rule}\n" in GUARDED
    texts = scene.Texts(ebtables=GUARDED.replace(f"{rule}\n", ""))
    assert cut_off(texts) == {"i-2-55-VM": seen}
    assert scene.counts(scene.judged(source_addresses.judge, texts)) == {"machines_spoofing": 0}
    assert scene.counts(scene.judged(judge, texts, looks=1))["machines_cut_off"] == 0


def test_a_second_address_that_ebtables_does_not_know() -> None:
    """It is in the set, and nobody gets an answer to who has it."""
    lines = [line for line in GUARDED.splitlines() if "10.1.1.156" not in line]
    assert cut_off(scene.Texts(ebtables="\n".join(lines))) == {
        "i-2-56-VM": "i-2-56-VM-in-ips drops ARP from 10.1.1.156"
    }


@pytest.mark.parametrize("gone", ["-A i-2-55-VM-in ", "-A i-2-55-VM-in-ips ", "-A PREROUTING -i vnet12 "])
def test_what_is_not_dropped_is_not_cut_off(gone: str) -> None:
    """Without the jump, or the drop at the end, every address passes: another alert tells of that."""
    lines = [line for line in GUARDED.splitlines() if not line.startswith(gone)]
    assert cut_off(scene.Texts(ebtables="\n".join(lines))) == {}


def test_a_nic_without_ipv4() -> None:
    """The agent writes no address for it, and its chains drop all ARP, as it uses none."""
    (one,) = scene.machines(["i-2-55-VM"])
    lines = [line for line in GUARDED.splitlines() if "10.1.1.55" not in line]
    alone = scene.cloud((replace(one, nics=(replace(one.nics[0], address=""),)),))
    found = scene.judged(judge, scene.Texts(ebtables="\n".join(lines)), seen_by=alone)
    assert scene.rows(found, "machine_cut_off") == {}


@pytest.mark.parametrize(
    ("gone", "seen"),
    [
        ("add i-2-57-VM-6 2001", "2001:db8:1::57 is missing in the address set i-2-57-VM-6"),
        ("add i-2-57-VM-6 fe80", "fe80::1c00:b4ff:fe00:7 is missing in the address set i-2-57-VM-6"),
        ("add i-2-57-VM-6", "fe80::1c00:b4ff:fe00:7 and 2001:db8:1::57 is missing in the address set i-2-57-VM-6"),
        ("i-2-57-VM-6", "the address set i-2-57-VM-6 is missing"),
    ],
)
def test_ipv6_of_a_machine_that_has_it(gone: str, seen: str) -> None:
    """Without its addresses in the set it cannot send from them."""
    lines = [line for line in scene.Texts().ipset.splitlines() if gone not in line]
    assert cut_off(scene.Texts(ipset="\n".join([*lines, ""]))) == {"i-2-57-VM": seen}


def test_nobody_misses_the_link_local_address_of_the_others() -> None:
    """The agent puts it there, whether CloudStack gave the machine IPv6 or not."""
    lines = [line for line in scene.Texts().ipset.splitlines() if "i-2-55-VM-6" not in line]
    assert cut_off(scene.Texts(ipset="\n".join([*lines, ""]))) == {}


def test_without_ebtables_nobody_says_that_none_is_cut_off() -> None:
    """iptables alone finds machines that are cut off, and no health; whether they are open it can tell."""
    known = scene.values()
    del known[FRAME_RULES]
    found = scene.judged_of(judge, known, seen_by=scene.cloud())
    assert scene.counts(found) == {"machines": 6, "machines_open": 0}
    known = scene.values(scene.broken("ipset-entry-removed"))
    del known[FRAME_RULES]
    assert scene.counts(scene.judged_of(judge, known, seen_by=scene.cloud()))["machines_cut_off"] == 1


def test_further_addresses_of_a_machine() -> None:
    """Each that CloudStack gave to the NIC must be in the machine's set, or it cannot be used."""

    def with_second(*addresses: str) -> Any:
        found = (replace(one, nics=tuple(replace(nic, secondary=addresses) for nic in one.nics)) for one in one_machine)
        return scene.cloud(tuple(found))

    name = "i-2-55-VM"
    one_machine = scene.machines([name])
    given = one_machine[0].nics[0].address
    healthy = scene.judged(judge, seen_by=with_second())
    assert scene.only(healthy, "machines_cut_off").value == 0
    found = scene.judged(judge, seen_by=with_second("10.1.1.177"))
    seen = f"10.1.1.177 is missing in the address set {name}; {name}-in-ips drops ARP from 10.1.1.177"
    assert scene.rows(found, "machine_cut_off") == {name: seen}
    known = scene.judged(judge, seen_by=with_second(given))
    assert scene.only(known, "machines_cut_off").value == 0
