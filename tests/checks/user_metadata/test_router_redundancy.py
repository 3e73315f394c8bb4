"""The verdict on redundant pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.user_metadata.router_redundancy import RESTART_BACKUP, RESTART_ONE, judge, judge_role
from exporter.cloud.groups import RouterPair, groups
from exporter.cloud.objects import Router
from exporter.memory import Scope
from exporter.model import Sample
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from tests.checks.user_metadata import scene

VM = scene.instance()
PAIR = "r-4-VM+r-5-VM"


def router(name: str, state: str, **fields: Any) -> Router:
    """Return one router of a pair; each has its own host."""
    given: dict[str, Any] = {"host_id": f"h{name[2]}", "host_name": f"kvm{name[2]}"}
    given |= {"is_redundant": True, "redundant_state": state, "nics": (scene.nic("10.1.1.5", gateway="10.1.1.1"),)}
    return scene.router(name, **(given | fields))


FOUR, FIVE = router("r-4-VM", "PRIMARY"), router("r-5-VM", "BACKUP")


def found(
    *routers: Router, own: tuple[str | None, ...] = (), looks: int = 2, instances: tuple[Any, ...] = (VM,)
) -> list[Sample]:
    """Return what the last look says of the pair; ``own`` are the routers' own words, None where one is silent."""
    scopes = {one.name: Scope() for one in routers}
    samples: list[Sample] = []
    for look in range(1, looks + 1):
        cloud = scene.refreshed(scene.cloud(*routers, instances=instances), look)
        (pair,) = (group for group in groups(cloud) if isinstance(group, RouterPair))
        members = {}
        for one, word in zip(routers, own, strict=False):
            scopes[one.name].begin()
            if word is not None:
                values = {ROUTER_REDUNDANCY: Role(word)}
                members[scene.target(one)] = scene.answers(values, 100.0 * look, scopes[one.name])
        samples = list(judge(pair, members, cloud))
        for scope in scopes.values():
            scope.end()
    return samples


def verdict(*routers: Router, **fields: Any) -> dict[tuple[str, ...], float]:
    """Return the values without the name of the pair."""
    return {(key[0].removeprefix("router_pair_"), *key[2:]): value for key, value in _values(routers, fields).items()}


def _values(routers: tuple[Router, ...], fields: dict[str, Any]) -> dict[tuple[str, ...], float]:
    return scene.values_of(found(*routers, **fields))


def test_a_healthy_pair() -> None:
    """One primary by both sources, no fault, two hosts."""
    assert verdict(FOUR, FIVE, own=("PRIMARY", "BACKUP")) == {
        ("one_primary", "api"): 1,
        ("one_primary", "router"): 1,
        ("faults",): 0,
        ("same_host",): 0,
    }


@pytest.mark.parametrize(
    ("one", "two", "is_one", "faults"),
    [
        ("PRIMARY", "PRIMARY", 0, 0),
        ("BACKUP", "BACKUP", 0, 0),
        ("PRIMARY", "FAULT", 1, 1),
        ("PRIMARY", "UNKNOWN", 1, 1),
        ("FAULT", "BACKUP", 0, 1),
        ("UNKNOWN", "UNKNOWN", 0, 2),
        ("PRIMARY", "", 1, 1),
    ],
)
def test_states_by_cloudstack(one: str, two: str, is_one: int, faults: int) -> None:
    """Not exactly one primary, and routers that could not take over."""
    values = verdict(router("r-4-VM", one), router("r-5-VM", two))
    assert (values["one_primary", "api"], values["faults",]) == (is_one, faults)


def test_the_words_for_people() -> None:
    """Who is what."""
    samples = found(router("r-4-VM", "PRIMARY"), router("r-5-VM", "PRIMARY"))
    two = scene.only(samples, "router_pair_one_primary")
    assert (two.seen, two.remedy) == ("2 primaries: r-4-VM PRIMARY, r-5-VM PRIMARY", RESTART_ONE)
    none = scene.only(found(router("r-4-VM", "BACKUP"), FIVE), "router_pair_one_primary")
    assert (none.seen, none.remedy) == ("0 primaries: r-4-VM BACKUP, r-5-VM BACKUP", RESTART_BACKUP)
    samples = found(FOUR, replace(FIVE, state="Stopped"))
    assert scene.only(samples, "router_pair_faults").seen == "r-4-VM PRIMARY, r-5-VM Stopped"


def test_a_stopped_peer_is_a_fault_of_the_pair() -> None:
    """The remaining one serves; nobody could take over."""
    values = verdict(FOUR, replace(FIVE, state="Stopped"), own=("PRIMARY",))
    assert values == {("one_primary", "api"): 1, ("one_primary", "router"): 1, ("faults",): 1, ("same_host",): 0}


def test_a_lone_router_of_a_pair() -> None:
    """The other one was destroyed."""
    faults = scene.only(found(FOUR), "router_pair_faults")
    assert (faults.value, faults.seen) == (1, "r-4-VM PRIMARY, the other router is missing")


def test_a_pair_that_nobody_needs() -> None:
    """Both stopped without instances is normal; with instances it is two faults and no primary."""
    stopped = (replace(FOUR, state="Stopped", host_id=""), replace(FIVE, state="Stopped", host_id=""))
    assert verdict(*stopped, instances=()) == {("faults",): 0, ("same_host",): 0}
    assert verdict(*stopped) == {("one_primary", "api"): 0, ("faults",): 2, ("same_host",): 0}


def test_both_on_one_host() -> None:
    """They would be lost together."""
    same = scene.only(found(FOUR, replace(FIVE, host_id="h4", host_name="kvm4")), "router_pair_same_host")
    assert (same.value, same.seen) == (1, "both on kvm4")


def _same_host(*routers: Router, **hosts: dict[str, Any]) -> float:
    """Return the verdict where the hosts of the zone are changed."""
    seen = scene.cloud(*routers, instances=(VM,))
    changed = {host_id: replace(host, **hosts.get(host_id, {})) for host_id, host in seen.hosts.items()}
    (pair,) = (group for group in groups(seen) if isinstance(group, RouterPair))
    return scene.only(list(judge(pair, {}, replace(seen, hosts=changed))), "router_pair_same_host").value


@pytest.mark.parametrize(
    "changes",
    [{"state": "Alert"}, {"resource_state": "Maintenance"}, {"hypervisor": "VMware"}, {"type": "ConsoleProxy"}],
)
def test_both_on_the_only_host(changes: dict[str, Any]) -> None:
    """Nobody can move one of them; a host that is lost, held back or of another hypervisor is no place for it."""
    pair = (replace(FOUR, host_id="h1"), replace(FIVE, host_id="h1"))
    assert _same_host(*pair) == 1
    assert _same_host(*pair, h2=changes) == 0


def test_both_on_one_host_while_one_moves() -> None:
    """It is on its way to another one, or from it."""
    assert _same_host(replace(FOUR, host_id="h1"), replace(FIVE, host_id="h1", state="Migrating")) == 0


def test_a_router_under_live_migration_keeps_its_role() -> None:
    """It is no fault of the pair."""
    assert verdict(FOUR, replace(FIVE, state="Migrating"))["faults",] == 0


def test_a_young_pair_finds_its_roles() -> None:
    """New routers are UNKNOWN for a while."""
    young = replace(FIVE, created=scene.NOW - 60, redundant_state="UNKNOWN")
    assert verdict(FOUR, young) == {("same_host",): 0}


@pytest.mark.parametrize("own", [("PRIMARY", "PRIMARY"), ("BACKUP", "BACKUP"), ("FAULT", "BACKUP")])
def test_split_brain_by_their_own_word_waits_for_the_second_look(own: tuple[str, str]) -> None:
    """The two are not asked at the same moment: a fail-over between the visits is no split brain."""
    assert ("one_primary", "router") not in verdict(FOUR, FIVE, own=own, looks=1)
    assert verdict(FOUR, FIVE, own=own)["one_primary", "router"] == 0


@pytest.mark.parametrize("own", [("PRIMARY", None), (None, None), ()])
def test_a_router_that_does_not_tell(own: tuple[str | None, ...]) -> None:
    """Without the word of each running router, their own count is unknown."""
    assert ("one_primary", "router") not in verdict(FOUR, FIVE, own=own)


def test_one_more_look_of_one_router_is_not_enough() -> None:
    """Each of the two must have said it twice."""
    scopes = (Scope(), Scope())
    for look, asked in ((1, (100.0, 100.0)), (2, (200.0, 100.0))):
        cloud = scene.refreshed(scene.cloud(FOUR, FIVE, instances=(VM,)), look)
        (pair,) = (group for group in groups(cloud) if isinstance(group, RouterPair))
        for scope in scopes:
            scope.begin()
        values = {ROUTER_REDUNDANCY: Role.PRIMARY}
        members = {
            scene.target(one): scene.answers(values, at, scope)
            for one, at, scope in zip((FOUR, FIVE), asked, scopes, strict=True)
        }
        samples = scene.values_of(list(judge(pair, members, cloud)))
        for scope in scopes:
            scope.end()
        assert ("router_pair_one_primary", PAIR, "router") not in samples


def role(of: Router, word: Role, looks: int = 2) -> list[Sample]:
    """Return what is said of one router's own word."""
    return scene.judged(judge_role, of, scene.cloud(of), {}, looks=looks, role=word)


def test_a_router_and_cloudstack_disagree() -> None:
    """A difference that a refresh of the Cloud does not end; before it is one, nothing is said."""
    assert [one.value for one in role(FOUR, Role.PRIMARY, looks=1)] == [0]
    assert role(FOUR, Role.FAULT, looks=1) == []
    (differs,) = role(FOUR, Role.FAULT)
    assert (differs.value, differs.seen) == (1, "the router says FAULT, CloudStack PRIMARY")
    (differs,) = role(replace(FOUR, redundant_state=""), Role.PRIMARY)
    assert differs.seen == "the router says PRIMARY, CloudStack nothing"


def test_a_router_that_is_not_redundant_has_no_role() -> None:
    """Neither by CloudStack nor by itself."""
    assert role(scene.router(), Role.ALONE) == []
    assert role(FOUR, Role.ALONE) == []
