"""The readers of links before what a real hypervisor printed, and the verdicts on it; see samples/vm."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporter.checks.hypervisor_links import bonds, uplinks
from exporter.questions.hosts.bonds import BONDS, NO_PARTNER, Bond, read_bonds
from exporter.questions.hosts.links import LINKS, Links, read_links
from exporter.questions.hosts.nics import read_nics
from tests.checks.hypervisor_links import links_scene as scene

SAMPLES = Path(__file__).parents[2] / "samples" / "vm"
STATES = ("", "FAIL-eth1-unplugged-", "healed-after-unplugged-", "FAIL-no-lacp-")


def bond_of(state: str) -> Bond:
    """Return bond0 in a state."""
    lines = (SAMPLES / f"{state}proc-net-bonding-bond0.txt").read_text().splitlines()
    return read_bonds("".join(f"/proc/net/bonding/bond0:{line}\n" for line in lines))["bond0"]


def links_of(state: str) -> Links:
    """Return the interfaces in a state."""
    return read_links((SAMPLES / f"{state}ip-link.json").read_text())


@pytest.mark.parametrize("state", STATES)
def test_ip_and_the_bond_agree(state: str) -> None:
    """Members and their links are the same in both."""
    bond, links = bond_of(state), links_of(state)
    assert links.ports["bond0"] == tuple(member.name for member in bond.members)
    assert {one.name: one.is_up for one in bond.members} == {
        one.name: links.by_name[one.name].has_carrier for one in bond.members
    }
    assert [link.name for link in links.by_name.values() if link.is_nic][:1]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("", {}),
        ("healed-after-unplugged-", {}),
        ("FAIL-eth1-unplugged-", {("bond_members_down", "kvm1", "bond0"): 1}),
        ("FAIL-no-lacp-", {("uplink_lacp_partner_missing", "kvm1", "bond0"): 1}),
    ],
)
def test_verdicts_on_a_real_bond(state: str, expected: dict[tuple[str, ...], float]) -> None:
    """Exactly what was broken is found."""
    values = {BONDS: {"bond0": bond_of(state)}, LINKS: links_of(state)}
    found = [*scene.judged(bonds.judge, values), *scene.judged(uplinks.judge, values)]
    assert scene.problems(found) == expected


def test_a_real_bond_that_nobody_answers() -> None:
    """The kernel says zeros for the bond and for each member."""
    bond = bond_of("FAIL-no-lacp-")
    assert bond.partner_mac == NO_PARTNER
    assert {member.partner_mac for member in bond.members} == {NO_PARTNER}
    assert all(member.is_up for member in bond.members)


def test_ethtool_of_a_virtual_nic() -> None:
    """A driver without firmware; the text puts the parts together in this way."""
    parts = "".join(f"= ethtool -{way}\n{(SAMPLES / f'ethtool-{way}-eth1.txt').read_text()}" for way in ("i", "k", "S"))
    (nic,) = read_nics(f"= nic eth1\n= bus virtio2\n{parts}= end\n").values()
    assert (nic.driver, nic.firmware, nic.bus) == ("virtio_net", "", "virtio2")
    assert nic.offloads["large-receive-offload"] is False
