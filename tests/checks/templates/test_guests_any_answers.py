"""Whatever routers say of guests, the judge ends, keeps to what it declares, and calls no guest by two states."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from exporter.checks.templates.guests import CHECK
from exporter.model import Failure, Question, Reason
from exporter.questions.routers.dhcp import ROUTER_DHCP, DhcpGuest, DhcpLog, UntakenOffers
from exporter.questions.routers.guest_requests import ROUTER_GUEST_REQUESTS, GuestRequests
from exporter.questions.routers.neighbours import ROUTER_NEIGHBOURS, STATES, RouterNeighbour
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_REQUESTS, PasswordFile
from exporter.questions.routers.sockets import ANY, ROUTER_SOCKETS, Socket
from exporter.questions.routers.state import ROUTER_IDENTITY, ROUTER_REDUNDANCY, Role, RouterIdentity
from tests.checks.templates import guest_scene as scene

NUMBER = st.integers(1, 5)
MAC, ADDRESS = NUMBER.map(scene.mac), NUMBER.map(scene.address)
COUNT = st.integers(0, 2)
SECONDS = st.sampled_from([None, 0.0, 60.0, scene.DAY, 400 * scene.DAY])
GUEST = st.builds(DhcpGuest, st.booleans(), COUNT, COUNT, COUNT, st.booleans())
OFFER = st.builds(UntakenOffers, st.just("eth0"), MAC, ADDRESS, st.integers(1, 3))
LOG = st.builds(DhcpLog, SECONDS, st.booleans(), st.dictionaries(MAC, GUEST), st.lists(OFFER, max_size=2).map(tuple))
ENTRY = st.builds(RouterNeighbour, ADDRESS, st.just("eth0"), st.just("") | MAC, st.sampled_from(sorted(STATES)))
IDENTITY = st.builds(
    RouterIdentity, release=st.just(""), type=st.just("router"), is_redundant=st.booleans(), has_systemd=st.booleans(),
    scripts=st.just(frozenset()), is_configured=st.booleans(), uptime=st.sampled_from([0.0, 60.0, 40 * scene.DAY]),
)  # fmt: skip
FILE_NAME = st.sampled_from(["passwords", f"passwords-{scene.gateway('n1')}"])
FILE = st.builds(PasswordFile, FILE_NAME, st.integers(0, 10**6), st.lists(ADDRESS, max_size=5).map(tuple))
VALUES: dict[Question[Any], st.SearchStrategy[Any]] = {
    ROUTER_DHCP: LOG,
    ROUTER_NEIGHBOURS: st.lists(ENTRY, max_size=5).map(tuple),
    ROUTER_IDENTITY: IDENTITY,
    ROUTER_REDUNDANCY: st.sampled_from(Role),
    ROUTER_SOCKETS: st.sampled_from([(), (Socket("udp", ANY, 67),), (Socket("tcp", ANY, 67),)]),
    PASSWORD_PENDING: st.lists(FILE, max_size=2).map(tuple),
    PASSWORD_REQUESTS: st.frozensets(ADDRESS),
    ROUTER_GUEST_REQUESTS: st.builds(GuestRequests, SECONDS, st.frozensets(ADDRESS)),
}
FIELDS: tuple[dict[str, Any], ...] = (
    {}, {"state": "Stopped"}, {"created": None}, {"created": scene.NOW + 60}, {"password_enabled": True},
)  # fmt: skip
INSTANCE = st.builds(
    lambda number, template, network, on, fields: scene.guest(number, template, network, on, **fields),
    NUMBER, st.sampled_from(["t1", "t2", ""]), st.sampled_from(["n1", "n2"]), st.integers(1, 2),
    st.sampled_from(FIELDS),
)  # fmt: skip


@given(
    machines=st.lists(INSTANCE, max_size=5, unique_by=lambda one: one.id),
    told=st.lists(st.fixed_dictionaries({}, optional=VALUES), min_size=4, max_size=4),
    lost=st.sets(st.sampled_from(["r1", "r2"])),
)
def test_the_judge_takes_any_answers(machines: list[Any], told: list[dict[Question[Any], Any]], lost: set[str]) -> None:
    """Twice, with other answers each time, also of two routers of one network, and of routers that lost their log."""
    routers = (scene.router(1, "n1", "n2"), scene.router(2, "n2"))
    seen_by = scene.cloud(tuple(machines), routers, (scene.network("n1"), scene.network("n2")))
    watch, found = scene.Watch(), []
    failures = {name: Failure(Reason.MISSING) for name in lost}
    for look in (0, 2):
        values = {name: told[look + place] for place, name in enumerate(("r1", "r2"))}
        for name in lost:
            values[name].pop(ROUTER_DHCP, None)
        found = watch.look(seen_by, values, failures)
    assert {one.metric for one in found} <= set(CHECK.metrics)
    rows = [(one.metric.name, one.labels) for one in found]
    assert len(set(rows)) == len(rows)
    assert all(one.value >= 0 for one in found)
    running = [one for one in machines if one.is_running and one.template_id]
    assert sum(scene.values_of(found, "guests").values()) == len(running)
    assert not any(scene.values_of(found, "suspected").values())
