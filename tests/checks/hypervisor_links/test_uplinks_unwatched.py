"""The verdict on uplinks whose bonds watch no links: ip link knows the cables, the bond does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.hypervisor_links.uplinks import judge
from exporter.model import Sample
from exporter.questions.hosts.bonds import BONDS, read_bonds
from exporter.questions.hosts.links import LINKS
from tests.checks.hypervisor_links import links_scene as scene
from tests.remote_texts import sample

DARK: dict[str, Any] = {"has_carrier": False}


def found(bonds: Any, links: Any = None, **fields: Any) -> list[Sample]:
    """Return what is said of a host."""
    return scene.judged(judge, {BONDS: bonds, LINKS: links or scene.bonded()}, **fields)


@pytest.mark.parametrize("mode", [0, 1, 2, 4])
@pytest.mark.parametrize(("dark", "value"), [(("eth1", "eth2"), 1), (("eth2",), 0), ((), 0)])
def test_a_bond_that_watches_no_link(dark: tuple[str, ...], value: int, mode: int) -> None:
    """Without monitoring the kernel says "up" of all members and of the bond for ever: ip link knows the cables."""
    links = scene.bonded()
    pulled = {nic: scene.link(nic, master="bond0", is_nic=True, **DARK) for nic in dark}
    samples = found(scene.bond(is_watched=False, mode=mode), replace(links, by_name={**links.by_name, **pulled}))
    assert scene.values_of(samples)["uplink_down", "kvm1", "bond0"] == value
    assert scene.values_of(samples)["uplink_lacp_partner_missing", "kvm1", "bond0"] == 0
    if value:
        assert scene.only(samples, "uplink_down").seen == "eth1 down, eth2 down, and bond0 watches no link"


@pytest.mark.parametrize(
    ("active", "dark", "value"), [("eth1", "eth1", 1), ("eth1", "eth2", 0), ("", "eth1", 0), ("", "eth2", 0)]
)
def test_active_backup_without_monitoring_stays_on_a_dead_cable(active: str, dark: str, value: int) -> None:
    """It never goes over to the other member; while none is active nobody says which carries."""
    links = scene.bonded()
    by_name = {**links.by_name, dark: scene.link(dark, master="bond0", is_nic=True, **DARK)}
    bond = scene.bond(is_watched=False, mode=1, active=active)
    samples = found(bond, replace(links, by_name=by_name))
    assert scene.values_of(samples)["uplink_down", "kvm1", "bond0"] == value
    watched = found(scene.bond(mode=1, active=active), replace(links, by_name=by_name))
    assert scene.problems(watched) == {}  # two answers of two moments: it goes over at once


def test_a_real_active_backup_without_monitoring() -> None:
    """The cable of its active member is out, and it does not know."""
    text = sample("links", "proc-net-bonding-unwatched")
    bonds = read_bonds("".join(f"/proc/net/bonding/bond0:{line}\n" for line in text.splitlines()))
    assert scene.problems(found(bonds)) == {}
    links = scene.bonded()
    pulled = replace(links, by_name={**links.by_name, "eth1": scene.link("eth1", master="bond0", **DARK)})
    samples = found(bonds, pulled)
    assert scene.problems(samples) == {("uplink_down", "kvm1", "bond0"): 1}
    assert scene.only(samples, "uplink_down").seen == "eth1 down, eth2 up, and bond0 watches no link"


def test_a_member_that_ip_link_does_not_show() -> None:
    """It joined between the two answers, or lies in another namespace: then the bond's own word counts."""
    assert scene.problems(found(scene.bond(scene.member("eth7")))) == {}
