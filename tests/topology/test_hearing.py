"""Whether a host hears anybody in a segment in which its machines are silent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.model import Answers
from exporter.questions.hosts.links import Counters
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from exporter.topology.hearing import Hearing, hearing
from tests.checks.vlan_trunking import vlan_scene as scene

CLOUD = scene.cloud()
HOST = scene.target(CLOUD.hosts["h1"])
NETWORK = scene.network()


def told(*looks: Any, network: Any = NETWORK, cloud: Any = CLOUD) -> list[Hearing]:
    """Return what is said at each look, 100 seconds apart, at which a host has told so."""
    found: list[Hearing] = []

    def judge(_: Any, answers: Answers, _cloud: Any) -> list[Any]:
        found.append(hearing(network, HOST, answers, cloud))
        return []

    watch = scene.Watch(judge)
    for values in looks:
        watch.look(HOST, cloud, lambda values=values: watch.answers("kvm1", values))  # type: ignore[misc]
    return found


def vlan(rx: int, tx: int, index: int = 1) -> Any:
    """Return what a host tells whose VLAN device has counted so."""
    return scene.answered(scene.links(*scene.UPLINK, *scene.counted(rx=rx, tx=tx, index=index)))


@pytest.mark.parametrize(
    ("pairs", "last"),
    [
        (((5, 5), (6, 6)), Hearing.TALKS),
        (((5, 5), (6, 5)), Hearing.LISTENS),
        (((5, 5), (5, 6)), Hearing.SPEAKS),
        (((5, 5), (5, 5)), Hearing.QUIET),
        (((5, 5), (6, 6), (6, 6)), Hearing.QUIET),
        (((5, 5), (6, 5), (6, 5)), Hearing.LISTENS),
        (((5, 5), (5, 6), (5, 6)), Hearing.SPEAKS),
        (((5, 5), (6, 5), (6, 6)), Hearing.SPEAKS),
        (((5, 5), (5, 6), (6, 6)), Hearing.LISTENS),
        (((5, 5), (5, 4)), Hearing.QUIET),
        (((9, 9), (3, 3)), Hearing.LISTENS),
    ],
)
def test_what_passes(pairs: tuple[tuple[int, int], ...], last: Hearing) -> None:
    """By the two newest counts, and by which of both ended first; counters that went back have counted something."""
    assert told(*(vlan(rx, tx) for rx, tx in pairs))[-1] is last


def test_deaf_since_the_device_was_made() -> None:
    """One count is enough; some frames the kernel itself sends when a bridge comes up."""
    assert told(vlan(0, 30)) == [Hearing.DEAF]
    assert told(vlan(0, 29)) == [Hearing.UNKNOWN]


def test_deaf_for_a_quarter_of_an_hour() -> None:
    """It hears nothing and sends now and then; one frame ends it."""
    found = told(*(vlan(5, 100 + 2 * look) for look in range(11)), vlan(6, 130), vlan(6, 131))
    assert found[1:10] == [Hearing.SPEAKS] * 9
    assert found[10:] == [Hearing.DEAF, Hearing.TALKS, Hearing.SPEAKS]


def test_devices_that_cannot_be_compared() -> None:
    """At the first visit, and after a device was made anew."""
    assert told(vlan(5, 5)) == [Hearing.UNKNOWN]
    assert told(vlan(5, 5), vlan(6, 6, index=2))[-1] is Hearing.UNKNOWN


def test_what_was_not_told() -> None:
    """Neither the host, nor where its guest traffic lies."""
    assert hearing(NETWORK, HOST, Answers(), CLOUD) is Hearing.UNKNOWN
    assert hearing(NETWORK, None, None, CLOUD) is Hearing.UNKNOWN
    assert told(vlan(0, 30), cloud=scene.cloud(labels=(scene.label(""),))) == [Hearing.UNKNOWN]


def test_what_nothing_counts() -> None:
    """Untagged networks, VLANs that are not there, Open vSwitch without taps, no label for guests."""
    assert told(vlan(0, 30), network=scene.network("untagged")) == [Hearing.UNCOUNTED]
    assert told(vlan(0, 30), network=scene.network("")) == [Hearing.UNCOUNTED]
    assert told(vlan(0, 30), network=scene.network("102")) == [Hearing.UNCOUNTED]
    assert told(scene.answered(scene.links(*scene.UPLINK), ovs=scene.switch())) == [Hearing.UNCOUNTED]
    assert told(vlan(0, 30), cloud=scene.cloud(labels=())) == [Hearing.UNCOUNTED]


def taps(*counts: tuple[int, int], known: int = 9, tag: int = 101) -> Any:
    """Return what a host with Open vSwitch tells whose machines have sent and heard so much; ``known`` have links."""
    links = [
        scene.link(f"vnet{place}", "tun", "ovs-system", counters=Counters(rx_packets=sent, tx_packets=heard))
        for place, (sent, heard) in enumerate(counts)
    ]
    ports = [
        OvsPort(name=one.name, bridge="cloudbr1", tag=tag, interfaces=(OvsInterface(name=one.name),)) for one in links
    ]
    return scene.answered(scene.links(*links[:known]), ovs=scene.switch(*ports))


@pytest.mark.parametrize(
    ("before", "now", "last"),
    [
        (((5, 0),), ((9, 0),), Hearing.SPEAKS),
        (((5, 5),), ((5, 9),), Hearing.LISTENS),
        (((5, 5),), ((5, 5),), Hearing.QUIET),
        (((5, 5),), ((9, 9),), Hearing.TALKS),
        (((0, 0), (0, 0)), ((5, 3), (3, 9)), Hearing.TALKS),
        (((0, 0), (0, 0)), ((0, 0), (0, 9)), Hearing.LISTENS),
        (((0, 0), (0, 0)), ((5, 0), (4, 0)), Hearing.SPEAKS),
        (((0, 0), (0, 0)), ((5, 4), (4, 5)), Hearing.UNCOUNTED),
        (((0, 0),), ((5, 0), (4, 0)), Hearing.UNCOUNTED),
    ],
)
def test_taps_in_open_vswitch(before: Any, now: Any, last: Hearing) -> None:
    """What a machine heard beyond what those beside it sent came from elsewhere; else nobody can tell."""
    assert told(taps(*before), taps(*now))[-1] is last


def test_taps_that_prove_nothing() -> None:
    """Of another VLAN, without a link, as those of DPDK, or in a VXLAN."""
    assert told(taps((5, 0), tag=102), taps((9, 0), tag=102))[-1] is Hearing.UNCOUNTED
    assert told(taps((5, 0), known=0), taps((9, 0), known=0))[-1] is Hearing.UNCOUNTED
    network = scene.network("vxlan://101")
    assert told(taps((5, 0)), taps((9, 0)), network=network)[-1] is Hearing.UNCOUNTED


def test_a_vxlan() -> None:
    """Its device counts as that of a VLAN does, wherever it hangs."""
    values = scene.answered(scene.links(*scene.UPLINK, *scene.vxlan(rx=0, tx=40)))
    assert told(values, network=scene.network("vxlan://5001")) == [Hearing.DEAF]
    assert told(values, network=scene.network("vxlan://5002")) == [Hearing.UNCOUNTED]


@pytest.mark.parametrize(
    ("pairs", "last"),
    [
        (((0, 40),), Hearing.UNKNOWN),
        (((0, 40), (0, 90)), Hearing.UNCOUNTED),
        (((5, 40), (6, 90)), Hearing.TALKS),
        (((5, 40), (6, 40)), Hearing.LISTENS),
        (((5, 40), (5, 40)), Hearing.QUIET),
    ],
)
def test_a_vxlan_of_evpn(pairs: tuple[tuple[int, int], ...], last: Hearing) -> None:
    """EVPN answers for others, so that it hears nobody proves nothing; that it hears somebody does."""
    looks = [
        scene.answered(scene.links(*scene.UPLINK, *(replace(one, parent="") for one in scene.vxlan(rx=rx, tx=tx))))
        for rx, tx in pairs
    ]
    assert told(*looks, network=scene.network("vxlan://5001"))[-1] is last
