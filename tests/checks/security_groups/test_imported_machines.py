"""Machines with names that CloudStack did not make."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.checks.security_groups.protection import judge, unjudged
from exporter.cloud.placement import Placed
from tests.checks.security_groups import guarded_host as scene


def imported(name: str) -> tuple[Placed, ...]:
    """Return the machines of the host, one of which is named by somebody else."""
    return tuple(replace(one, name=name) if one.name == "i-2-55-VM" else one for one in scene.machines())


def test_they_are_unknown_and_not_left_out() -> None:
    """The others are judged, and the host is told as one that nobody can vouch for."""
    cloud = scene.cloud(imported("web-prod"))
    domains = scene.domains()
    found = scene.judged(judge, domains={**domains, "web-prod": domains["i-2-55-VM"]}, seen_by=cloud)
    assert scene.counts(found) == {"machines": 5, "machines_open": 0, "machines_cut_off": 0}
    (told,) = unjudged(cloud)
    assert (told.zone, told.kind, told.name) == ("zone1", "host", "kvm1")
    assert told.detail == "no rules can be foretold for machines that CloudStack did not name: web-prod"
    (told,) = unjudged(scene.cloud(imported("")))
    assert told.detail.endswith(": id-i-2-55-VM")


def test_many_are_one_line() -> None:
    """A host with hundreds of them is one object that is unknown."""
    placed = tuple(
        replace(one, kind="instance", name=f"web-{number}") for number, one in enumerate(scene.machines()[2:])
    )
    (told,) = unjudged(scene.cloud(placed))
    assert told.detail.endswith(": web-0; web-1; web-2 and 3 more")


@pytest.mark.parametrize(
    "changes",
    [
        {"placed": scene.machines()},
        {"networks": {"flat": scene.network("flat", services={})}},
        {"hosts": {}},
        {"hosts": {"h1": replace(scene.HOST, hypervisor="XenServer")}},
        {"hosts": {"h1": replace(scene.HOST, resource_state="Maintenance")}},
        {"zones": {"z": scene.disabled_zone()}},
        {"placed": tuple(replace(one, state="Starting") for one in imported("web-prod"))},
        {"placed": tuple(replace(one, kind="router") for one in imported("web-prod"))},
    ],
)
def test_who_is_not_missed(changes: dict[str, object]) -> None:
    """Without security groups, not running, on hosts that are not judged or have none of the agent's rules."""
    assert [*unjudged(scene.cloud(**{"placed": imported("web-prod"), **changes}))] == []  # type: ignore[arg-type]
