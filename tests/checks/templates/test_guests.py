"""Whom silence points at: template, router or place; and what is said of each."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest
from exporter.thresholds import TEMPLATE_GUESTS, TEMPLATE_SILENT_RATIO
from tests.checks.templates import guest_scene as scene
from tests.checks.templates.guest_places import OTHERS, SPREAD, G, silent_routers, suspected, verdict, world


def test_a_template_whose_guests_are_silent() -> None:
    """Others on the same routers and hosts are fine: the template is named, with some of its guests, and no router."""
    found = verdict(*SPREAD, *OTHERS)
    assert suspected(found) == ["t1"]
    assert silent_routers(found) == []
    assert scene.values_of(found, "silent_ratio") == {"t1-name": 1, "t2-name": 0}
    assert scene.values_of(found, "suspected") == {"t1-name": 1, "t2-name": 0}
    assert scene.states(found) == {"silent": 3}
    assert scene.states(found, "t2-name") == {"fine": 6}
    (sample,) = [one for one in found if one.metric.name.endswith("_suspected") and one.value]
    assert sample.seen.startswith(f"3 of 3 silent: vm10 ({scene.mac(10)}, network net-n1, kvm1); ")
    assert "lint-template" in sample.remedy


def test_everybody_is_fine() -> None:
    """Zero is said of each template with enough guests, and of each router; both states are there at zero."""
    found = verdict(*OTHERS, G("t1", 1, 1))
    assert scene.values_of(found, "suspected") == {"t2-name": 0}
    assert scene.values_of(found, "silent_ratio") == {"t2-name": 0}
    assert scene.values_of(found, "router_silent") == {"r-1-VM": 0, "r-2-VM": 0}
    assert scene.values_of(found, "router_unserved_guests") == {"r-1-VM": 0, "r-2-VM": 0}
    assert scene.values_of(found, "guests") == {
        "t2-name/fine": 6, "t2-name/silent": 0, "t1-name/fine": 1, "t1-name/silent": 0
    }  # fmt: skip


def test_one_look_is_not_enough() -> None:
    """Nothing is known of guests that may still start."""
    found = verdict(*SPREAD, *OTHERS, looks=1)
    assert scene.states(found) == {"unknown": 3}
    assert scene.values_of(found, "suspected") == {"t2-name": 0}


@pytest.mark.parametrize(
    ("silent", "why"),
    [
        (SPREAD[:2], "two guests"),
        ((G("t1", 1, 1, fine=False), G("t1", 2, 1, fine=False), G("t1", 2, 1, fine=False)), "one host"),
        ((G("t1", 1, 1, fine=False), G("t1", 1, 2, fine=False), G("t1", 1, 3, fine=False)), "one network"),
        ((*SPREAD, G("t1", 1, 1)), "a quarter is fine"),
        ((*SPREAD, *[G("t1", 3, 3)] * 2), "two fifths are fine elsewhere"),
        ((*[G("t1", 1, 1, fine=False)] * 10, G("t1", 2, 2, fine=False), G("t1", 2, 3)), "nearly all on one host"),
        (
            (*[G("t1", 1, on, fine=False) for on in (1, 2, 3)] * 4, G("t1", 2, 1, fine=False), G("t1", 2, 2)),
            "a network",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_suspicion(silent: tuple[G, ...], why: str) -> None:
    """Too few, in one place, or not most; what one host or one network explains must hold without it."""
    found = verdict(*silent, *OTHERS)
    assert why
    assert suspected(found) == []
    assert scene.values_of(found, "silent_ratio")["t2-name"] == 0


def test_four_of_five_are_most() -> None:
    """One guest was mended by hand."""
    four = (*SPREAD, G("t1", 2, 1, fine=False))
    assert suspected(verdict(*four, G("t1", 3, 3), *OTHERS)) == ["t1"]
    assert suspected(verdict(*four, G("t1", 3, 3), G("t1", 1, 3), *OTHERS)) == []


def test_nobody_else_on_the_routers_is_fine() -> None:
    """Then nothing tells template and router apart, as it has no fine guest behind another router."""
    found = verdict(*SPREAD, *(G("t2", 3, on) for on in (1, 2, 3)))
    assert suspected(found) == []
    assert silent_routers(found) == []
    assert scene.values_of(found, "router_silent") == {"r-3-VM": 0}
    assert scene.values_of(found, "silent_ratio")["t1-name"] == 1


def test_fine_guests_of_the_same_template_are_no_witness() -> None:
    """That one of them answers shows that the router works; the template is then not silent enough either."""
    few = (*SPREAD, G("t1", 1, 3), G("t2", 3, 1), G("t2", 3, 2), G("t2", 3, 3))
    assert suspected(verdict(*few)) == []


def test_a_host_on_which_everybody_is_silent() -> None:
    """Guests behind several routers, of several templates: neither router nor template; a check of VLANs names it."""
    lost = [G(one, network, 1, fine=False) for one in ("t1", "t2") for network in (1, 2)]
    alone = [G("t1", 3, 1, fine=False), G("t2", 3, 1, fine=False), G("t3", 3, 1, fine=False)]
    fine = [G(one, network, on) for one in ("t4", "t5") for network in (1, 2) for on in (2, 3)]
    found = verdict(*lost, *alone, *fine)
    assert suspected(found) == []
    assert silent_routers(found) == []


def test_vlans_that_are_missing_on_hosts() -> None:
    """A network on a host where guests of other templates are silent too says nothing about a template."""
    lost = [G(one, network, on, fine=False) for one in ("t1", "t2") for network, on in ((1, 1), (1, 2), (2, 3))]
    fine = [G("t3", network, on) for network, on in ((1, 3), (2, 1), (2, 2), (1, 4), (2, 4))]
    found = verdict(*lost, *fine)
    assert suspected(found) == []
    assert scene.values_of(found, "silent_ratio") == {"t1-name": 1, "t2-name": 1, "t3-name": 0}
    assert sorted(suspected(verdict(*lost, *fine, *(G("t3", one.network, one.on) for one in lost)))) == ["t1", "t2"]


def test_guests_that_a_router_does_not_serve() -> None:
    """Those that it does not know, and those that it does not answer; others of the same router are not counted."""
    seen_by, values = world(OTHERS)
    seen_by = scene.cloud(
        (*seen_by.instances.values(), scene.guest(70), scene.guest(71)),
        tuple(seen_by.routers.values()),
        tuple(seen_by.networks.values()),
    )
    log = values["r1"][ROUTER_DHCP]
    guests = {
        **log.guests,
        scene.mac(70): DhcpGuest(asked=2, ignored=2),
        scene.mac(71): DhcpGuest(has_host=True, asked=9),
    }
    values["r1"] = scene.changed(values["r1"], ROUTER_DHCP, guests=guests)
    found = scene.verdict(seen_by, values)
    assert scene.values_of(found, "router_unserved_guests") == {"r-1-VM": 2, "r-2-VM": 0}
    (sample,) = [one for one in found if one.metric.name.endswith("unserved_guests") and one.value]
    assert sample.seen == f"missing host entry: vm70 ({scene.mac(70)}); no answer: vm71 ({scene.mac(71)})"


def test_a_restart_of_the_exporter_makes_unknown_what_the_logs_do_not_cover() -> None:
    """It saw the guests start, a day ago; what it saw is lost, and the log begins long after they were made."""
    seen_by, values = world([*SPREAD, *OTHERS])
    values = {name: scene.changed(one, ROUTER_DHCP, seconds=scene.DAY) for name, one in values.items()}
    nobody = scene.cloud((), tuple(seen_by.routers.values()), tuple(seen_by.networks.values()))
    watch = scene.Watch()
    watch.look(nobody, values)
    found = [watch.look(seen_by, values) for _ in range(3)][-1]
    assert suspected(found) == ["t1"]
    after = scene.verdict(seen_by, values, looks=3)
    assert scene.states(after) == {"unknown": 3}
    assert "t1-name" not in scene.values_of(after, "suspected")


def test_machines_of_which_no_template_is_known() -> None:
    """Installed from an ISO, whose id stands in place of the template's, or made of one that is gone: not judged."""
    found = verdict(*SPREAD, *OTHERS, gone=("t1",))
    assert suspected(found) == []
    assert {one.labels[1] for one in found if one.metric.name.endswith("_templates_guests")} == {"t2-name"}
    assert scene.values_of(found, "silent_ratio") == {"t2-name": 0}


def test_a_template_of_the_whole_region() -> None:
    """It has the same name in every zone, and its guests are judged as others are."""
    assert suspected(verdict(*SPREAD, *OTHERS, templates=(scene.template("t1", zone_id=""),))) == ["t1"]
    of_region = scene.template("t1", zone_id="", type="VNF")
    assert suspected(verdict(*SPREAD, *OTHERS, templates=(of_region,))) == []


def test_static_guests_of_a_network_whose_gateway_is_no_router() -> None:
    """They never talk to the router: neither in its log nor in its ARP table. Nothing is known of them."""
    outside = tuple(scene.network(f"n{number}", type="Shared", gateway="192.0.2.1") for number in (1, 2))
    silent = [G("t1", network, on, fine=False) for network in (1, 2) for on in (1, 2, 3)]
    seen_by, values = world([*silent, *OTHERS])
    routers = tuple(seen_by.routers.values())
    found = scene.verdict(scene.cloud(tuple(seen_by.instances.values()), routers, outside), values)
    assert scene.states(found) == {"unknown": 6}
    assert suspected(found) == []
    inside = scene.verdict(seen_by, values)
    assert (scene.states(inside), suspected(inside)) == ({"silent": 6}, ["t1"])


def test_silence_by_origin() -> None:
    """Templates that were made here against those that were registered; of others the origin is not told."""
    made = scene.template("t1", source_template_id="t0")
    registered = scene.template("t2", url="http://images.example/x.qcow2")
    others = [G("t3", 1, on) for on in (1, 2, 3)]
    found = verdict(*SPREAD, *OTHERS, *others, templates=(made, registered))
    assert scene.values_of(found, "silent_ratio_by_origin") == {"made_here": 1, "registered": 0, "unknown": 0}
    assert scene.values_of(verdict(*SPREAD[:2], templates=(made,)), "silent_ratio_by_origin") == {}


def test_what_is_said_is_bounded() -> None:
    """Of many templates the most silent are shown by state; names in a finding are few."""
    many = [G(f"x{number:03d}", 3 + number // 100, 1) for number in range(300)]
    found = verdict(*many, *(G("t1", network, on, fine=False) for network in (1, 2) for on in (1, 2, 3)), *OTHERS)
    shown = {one.labels[1] for one in found if one.metric.name.endswith("_templates_guests")}
    assert len(shown) == 150
    assert "t1-name" in shown
    (sample,) = [one for one in found if one.metric.name.endswith("_suspected") and one.value]
    assert sample.seen.endswith(" and 3 more")


GUEST = st.builds(G, st.sampled_from(["t1", "t2", "t3"]), st.integers(1, 3), st.integers(1, 3), st.booleans())


@given(guests=st.lists(GUEST, max_size=14))
def test_suspicion_needs_a_population(guests: list[G]) -> None:
    """Never below three silent guests on two hosts and two networks, with a witness, and never twice of one cause."""
    found = verdict(*guests)
    rows = [(one.metric.name, one.labels) for one in found]
    assert len(set(rows)) == len(rows)
    for template in suspected(found):
        own = [one for one in guests if one.template == template]
        silent = [one for one in own if not one.fine]
        assert len(silent) >= TEMPLATE_GUESTS
        assert len(silent) >= TEMPLATE_SILENT_RATIO * len(own)
        assert len({one.on for one in silent}) >= 2
        assert len({one.network for one in silent}) >= 2
        witnessed = {one.network for one in guests if one.fine and one.template != template}
        assert len([one for one in silent if one.network in witnessed]) >= TEMPLATE_GUESTS
    for router in silent_routers(found):
        behind = [one for one in guests if f"r-{one.network}-VM" == router]
        assert not any(one.fine for one in behind)
        assert len(behind) >= TEMPLATE_GUESTS
        fine = Counter(one.template for one in guests if one.fine)
        templates = {one.template for one in behind}
        assert len(templates) >= 2 or all(fine[one] >= TEMPLATE_GUESTS for one in templates)


@given(guests=st.lists(GUEST, max_size=14), added=st.lists(GUEST, min_size=1, max_size=3))
def test_fine_guests_never_make_their_template_suspected(guests: list[G], added: list[G]) -> None:
    """Nor their router."""
    fine = [one._replace(fine=True) for one in added]
    before, after = verdict(*guests), verdict(*guests, *fine)
    own = {one.template for one in fine}
    assert {one for one in suspected(after) if {one} == own} <= set(suspected(before))
    assert not {f"r-{one.network}-VM" for one in fine} & set(silent_routers(after))
