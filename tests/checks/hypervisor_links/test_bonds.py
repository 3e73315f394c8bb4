"""The verdict on kernel bonds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.hypervisor_links.bonds import judge
from exporter.questions.hosts.bonds import BONDS, NO_PARTNER, BondMember, read_bonds
from exporter.questions.hosts.links import LINKS, Counters
from tests.checks.hypervisor_links import links_scene as scene
from tests.remote_texts import sample


def found(bonds: Any, **fields: Any) -> Any:
    """Return what is said of a host with these bonds."""
    return scene.judged(judge, {BONDS: bonds, LINKS: scene.bonded()}, **fields)


def real(name: str) -> Any:
    """Return the bonds of a sample."""
    return read_bonds("".join(f"/proc/net/bonding/bond0:{line}\n" for line in sample("links", name).splitlines()))


def test_a_healthy_bond() -> None:
    """Zero is said of it."""
    assert scene.values_of(found(scene.bond()), info=True) == {
        ("bond_info", "kvm1", "bond0", "802.3ad", "fast"): 1,
        ("bond_members", "kvm1", "bond0"): 2,
        ("bond_members_down", "kvm1", "bond0"): 0,
        ("bond_members_outside", "kvm1", "bond0"): 0,
        ("bond_members_unsynchronised", "kvm1", "bond0"): 0,
        ("bond_unwatched", "kvm1", "bond0"): 0,
        ("bond_member_failures_total", "kvm1", "bond0", "eth1"): 0,
        ("bond_member_failures_total", "kvm1", "bond0", "eth2"): 0,
    }


def test_a_real_bond_whose_churn_is_still_monitored() -> None:
    """The kernel watches for a minute before it calls a member churned."""
    assert scene.problems(found(real("proc-net-bonding-lacp"))) == {}


def test_a_member_is_down() -> None:
    """It is named."""
    down = scene.only(found(scene.bond(scene.member("eth1"), scene.member("eth2", is_up=False))), "bond_members_down")
    assert (down.value, down.seen) == (1, "1 of 2 down: eth2")


def test_a_split_bond() -> None:
    """A member that hears another switch is in another aggregator; one that is down is only down."""
    samples = found(real("proc-net-bonding-split.constructed"))
    assert scene.problems(samples) == {
        ("bond_members_down", "kvm1", "bond0"): 1,
        ("bond_members_outside", "kvm1", "bond0"): 1,
    }
    assert scene.only(samples, "bond_members_outside").seen == (
        "active aggregator 1 of 0a:f6:b6:d3:8f:4a; eth2 in 2 of 0a:f6:b6:d3:8f:99"
    )


@pytest.mark.parametrize(
    "member",
    [
        scene.member("eth2", partner_churn="churned"),
        scene.member("eth2", actor_churn="churned"),
        scene.member("eth2", actor_state=7),
        scene.member("eth2", partner_state=47),
        scene.member("eth2", partner_state=31),
    ],
)
def test_a_member_whose_lacp_does_not_come_to_an_end(member: BondMember) -> None:
    """Churned, or one of in sync, collecting, distributing is missing on one end."""
    assert scene.problems(found(scene.bond(scene.member("eth1"), member))) == {
        ("bond_members_unsynchronised", "kvm1", "bond0"): 1
    }


@pytest.mark.parametrize("state", [61, 63, 60, None])
def test_states_of_a_member_that_works(state: int | None) -> None:
    """Slow or fast, active or passive, or not told without privilege."""
    member = scene.member("eth2", actor_state=state, partner_state=state)
    assert scene.problems(found(scene.bond(scene.member("eth1"), member))) == {}


def test_mixed_speeds_on_purpose_are_a_fact() -> None:
    """The kernel puts them into two aggregators: the slower member waits."""
    slow = scene.member("eth2", speed=1000, aggregator=2)
    assert scene.problems(found(scene.bond(scene.member("eth1"), slow))) == {}


def test_a_bond_without_any_partner_is_another_ones_fault() -> None:
    """The uplink is judged there; each member sits in an aggregator of its own."""
    alone = [
        scene.member(f"eth{n}", aggregator=n, partner_mac=NO_PARTNER, partner_churn="churned", partner_state=1)
        for n in (1, 2)
    ]
    assert scene.problems(found(scene.bond(*alone, partner_mac=NO_PARTNER))) == {}


def test_active_backup() -> None:
    """It has no aggregators; a member that is down is one."""
    assert scene.problems(found(real("proc-net-bonding-active-backup.constructed"))) == {
        ("bond_members_down", "kvm1", "bond0"): 1
    }


def test_a_bond_without_members_is_not_in_use() -> None:
    """The kernel makes an empty bond0 when the module is loaded; bond7 has no active aggregator."""
    assert found(real("proc-net-bonding-empty")) == []


def test_a_bond_that_is_switched_off_is_not_in_use() -> None:
    """Its members are down, and nobody wants them."""
    links = scene.links(scene.link("bond0", "bond", is_up=False))
    assert scene.judged(judge, {BONDS: scene.bond(scene.member("eth1", is_up=False)), LINKS: links}) == []


def test_a_bond_in_a_bridge_that_is_switched_off() -> None:
    """Somebody wants it: it is judged."""
    heard = Counters(rx_packets=1)
    links = scene.links(scene.link("bond0", "bond", is_up=False, master="cloudbr0", counters=heard))
    broken = scene.bond(scene.member("eth1", is_up=False))
    assert scene.problems(scene.judged(judge, {BONDS: broken, LINKS: links})) == {
        ("bond_members_down", "kvm1", "bond0"): 1
    }


def test_a_bond_with_nothing_above_it_that_hears_frames() -> None:
    """Its members are judged, so that a lost cable is a ticket."""
    links = scene.links(scene.link("bond0", "bond", counters=Counters(rx_packets=1)))
    broken = scene.bond(scene.member("eth1", is_up=False))
    assert len(scene.problems(scene.judged(judge, {BONDS: broken, LINKS: links}))) == 1


@pytest.mark.parametrize(("packets", "said"), [(0, 0), (1, 1)])
def test_a_bond_in_a_bridge_of_nobody(packets: int, said: int) -> None:
    """One that waits for its cables has never heard a frame, in whatever bridge it is."""
    bond1 = scene.link("bond1", "bond", master="br-spare", has_carrier=False, counters=Counters(rx_packets=packets))
    links = scene.bonded(bond1, scene.link("br-spare", "bridge"))
    dead = scene.bond(scene.member("eth7", is_up=False), scene.member("eth8", is_up=False), name="bond1", is_up=False)
    samples = scene.judged(judge, {BONDS: dead | scene.bond(), LINKS: links})
    assert len(scene.problems(samples)) == said
    assert (("bond_members", "kvm1", "bond1") in scene.values_of(samples)) is bool(said)


def test_a_team() -> None:
    """Its ports are its members; nobody counts their failures, and nobody told of its aggregators and its watch."""
    ports = (scene.link("eth1", master="team0"), scene.link("eth2", master="team0", has_carrier=False))
    team = scene.link("team0", "team", master="cloudbr0", counters=Counters(rx_packets=1))
    links = scene.links(*ports, team, scene.link("cloudbr0", "bridge"))
    samples = scene.judged(judge, {BONDS: {}, LINKS: links})
    assert scene.values_of(samples, info=True) == {
        ("bond_info", "kvm1", "team0", "team", ""): 1,
        ("bond_members", "kvm1", "team0"): 2,
        ("bond_members_down", "kvm1", "team0"): 1,
    }


def test_a_bond_that_watches_no_link() -> None:
    """The kernel says "up" of its members for ever: what ip link says of them counts, and that nobody looks."""
    links = scene.bonded()
    dark = {**links.by_name, "eth2": scene.link("eth2", master="bond0", has_carrier=False)}
    samples = scene.judged(judge, {BONDS: scene.bond(is_watched=False), LINKS: replace(links, by_name=dark)})
    assert scene.problems(samples) == {
        ("bond_members_down", "kvm1", "bond0"): 1,
        ("bond_unwatched", "kvm1", "bond0"): 1,
    }
    assert scene.only(samples, "bond_members_down").seen == "1 of 2 down: eth2"


@pytest.mark.parametrize(
    ("is_watched", "members", "value"),
    [(False, ("eth1", "eth2"), 1), (False, ("eth1",), 0), (True, ("eth1", "eth2"), 0), (None, ("eth1", "eth2"), None)],
)
def test_who_watches_the_links(is_watched: bool | None, members: tuple[str, ...], value: int | None) -> None:
    """One member alone has no other to go over to; where the kernel does not tell nothing is said."""
    bonds = scene.bond(*map(scene.member, members), is_watched=is_watched)
    assert scene.values_of(found(bonds)).get(("bond_unwatched", "kvm1", "bond0")) == value


def test_a_mode_that_nobody_knows() -> None:
    """Of aggregators and LACP nothing is said: whether it has any is not known."""
    said = scene.values_of(found(scene.bond(mode=None)))
    assert ("bond_members_down", "kvm1", "bond0") in said
    assert not {("bond_members_outside", "kvm1", "bond0"), ("bond_members_unsynchronised", "kvm1", "bond0")} & {*said}


def test_without_links_a_bond_with_members_counts() -> None:
    """They are used only if they are there."""
    broken = scene.bond(scene.member("eth1", is_up=False))
    assert scene.problems(scene.judged(judge, {BONDS: broken})) == {("bond_members_down", "kvm1", "bond0"): 1}


@pytest.mark.parametrize("fields", scene.HELD_BACK)
def test_hosts_that_are_held_back_do_not_alarm(fields: dict[str, Any]) -> None:
    """Somebody works on them."""
    broken = scene.bond(
        scene.member("eth1"),
        scene.member("eth2", is_up=False),
        scene.member("eth3", aggregator=2),
        scene.member("eth4", actor_state=1),
        is_watched=False,
    )
    assert scene.problems(found(broken, **fields)) == {}
    assert len(scene.problems(found(broken))) == 4
