"""Routers in any state as groups of their own, with those that serve the same networks."""

from __future__ import annotations

from dataclasses import replace

from exporter.cloud.groups import KnownRouter, Membership, RouterPair, groups, key
from exporter.cloud.objects import Nic
from exporter.cloud.routers import guest_networks
from tests.checks.user_metadata import scene

NIC = Nic(network_id="net", traffic_type="Guest")


def test_every_router_is_a_group_with_its_peers() -> None:
    """Also one that is stopped and has lost its addresses; routers of other networks are no peers."""
    one, two = scene.router("r-4-VM"), scene.router("r-5-VM", state="Stopped", network_id="", nics=(NIC,))
    three = scene.router("r-6-VM", network_id="db", nics=(replace(NIC, network_id="db"),))
    known = {group.name: group for group in groups(scene.cloud(one, two, three)) if isinstance(group, KnownRouter)}
    assert {name: [peer.name for peer in group.peers] for name, group in known.items()} == {
        "r-4-VM": ["r-5-VM"],
        "r-5-VM": ["r-4-VM"],
        "r-6-VM": [],
    }
    assert key(known["r-4-VM"]) == ("known_router", "zone1/r-4-VM")
    assert known["r-4-VM"].home == "net"


def test_a_visit_does_not_judge_it_again() -> None:
    """It rests on the Cloud alone, so no target is a member; the pair and the zone have members."""
    pair = tuple(scene.router(name, is_redundant=True) for name in ("r-4-VM", "r-5-VM"))
    found = list(groups(scene.cloud(*pair)))
    kinds = {type(group) for group in Membership(found).of(scene.target(pair[0]))}
    assert KnownRouter not in kinds
    assert RouterPair in kinds


def test_a_router_that_is_no_more_is_in_no_pair() -> None:
    """After a rolling restart the old two are listed as Expunging for a while; nobody expects them to take over."""
    names = {"r-4-VM": "Expunging", "r-5-VM": "Destroyed", "r-6-VM": "Running", "r-7-VM": "Stopped"}
    routers = (scene.router(name, is_redundant=True, state=state) for name, state in names.items())
    (pair,) = (group for group in groups(scene.cloud(*routers)) if isinstance(group, RouterPair))
    assert pair.name == "r-6-VM+r-7-VM"


def test_guest_networks() -> None:
    """The network CloudStack names, and those of guest NICs; other NICs do not count."""
    public = replace(NIC, network_id="public", traffic_type="Public")
    assert guest_networks(scene.router(network_id="", nics=(NIC, public))) == {"net"}
    assert guest_networks(scene.router(network_id="net", nics=())) == {"net"}
