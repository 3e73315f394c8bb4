"""Rules where none must be."""

from __future__ import annotations

from exporter.checks.security_groups.unexpected import judge
from tests.checks.security_groups import guarded_host as scene

MIXED = scene.cloud(networks={"flat": scene.network("flat", services={}), "vlan": scene.network("vlan")})


def test_healthy() -> None:
    """Every machine with rules is in a network with security groups; system VMs have chains by themselves."""
    assert scene.counts(scene.judged(judge)) == {"machines_unexpected": 0, "machines_left": 0}


def test_rules_for_a_network_without_the_service() -> None:
    """One NIC is enough; the machine with a NIC in each network is among them, routers and system VMs are not."""
    found = scene.judged(judge, seen_by=MIXED)
    assert scene.rows(found, "machine_unexpected") == {
        f"i-2-{number}-VM": f"{tap} in network flat-network leads to i-2-{number}-def"
        for number, tap in ((55, "vnet12"), (56, "vnet13"), (57, "vnet14"), (70, "vnet17"))
    }
    assert scene.counts(scene.judged(judge, seen_by=MIXED, looks=1))["machines_unexpected"] == 0


def test_no_rules_for_such_a_network() -> None:
    """As it should be."""
    found = scene.judged(judge, scene.broken("all-chains-gone"), seen_by=MIXED)
    assert scene.rows(found, "machine_unexpected").keys() == {"i-2-55-VM", "i-2-56-VM", "i-2-57-VM", "i-2-70-VM"}
    texts = scene.broken("all-chains-gone")
    texts = scene.Texts(ip4=texts.ip4, ip6="*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")
    assert scene.counts(scene.judged(judge, texts, seen_by=MIXED))["machines_unexpected"] == 0


def test_chains_of_machines_that_are_gone() -> None:
    """They are counted and are no problem; after cleanup_rules of IPv4 and IPv6 none are left."""
    gone = scene.domains(i_2_55_VM="gone")
    assert scene.counts(scene.judged(judge, scene.broken("vm-stopped-chains-left"), domains=gone)) == {
        "machines_unexpected": 0,
        "machines_left": 1,
    }
    assert scene.counts(scene.judged(judge, scene.broken("vm-stopped-then-cleanup"), domains=gone)) == {
        "machines_unexpected": 0,
        "machines_left": 0,
    }


def test_nobody_knows_the_network() -> None:
    """A network that CloudStack does not list says nothing about what it needs."""
    assert scene.counts(scene.judged(judge, seen_by=scene.cloud(networks={})))["machines_unexpected"] == 0
