"""Where a secondary storage VM is told to look: places of templates that its zone really downloads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Cluster, SystemVm, Zone
from exporter.cloud.storage import Download, Place, Template
from exporter.cloud.targeting import MOST_PLACES, targets
from exporter.cloud.targets import SecondaryStorageVmTarget


def sites(*templates: Template) -> tuple[Place, ...]:
    """Return the sites of the one secondary storage VM of a zone of KVM."""
    vm = SystemVm(id="s", name="s-1-VM", kind="secondarystoragevm", state="Running", agent_state="Up", zone_id="z1")
    cloud = Cloud(
        zones={"z1": Zone("z1", "east", "Advanced", False, True)},
        clusters={"c": Cluster("c", "c", "z1", "p", "KVM", enabled=True, managed=True)},
        system_vms={"s": vm},
        templates={(one.id, one.zone_id): one for one in templates},
    )
    (found,) = (one for one in targets(cloud) if isinstance(one, SecondaryStorageVmTarget))
    return found.sites


def template(host: str, **changes: Any) -> Template:
    """Return a template that is not ready, from a host of its own."""
    told = {"is_ready": False, "hypervisor": "KVM", "type": "USER", "zone_id": "z1", **changes}
    return Template(id=host, name=host, status="", url=f"https://{host}/x", **told)


def test_what_waits_is_looked_for() -> None:
    """Templates of users and of the system; everybody misses those first."""
    assert sites(template("a.example"), template("b.example", type="SYSTEM")) == (
        Place("b.example", 443),
        Place("a.example", 443),
    )


def test_what_is_ready_or_never_downloaded_is_not() -> None:
    """A cloud without internet would otherwise look for XenServer's system templates for ever."""
    assert (
        sites(
            template("a.example", is_ready=True),
            template("b.example", is_direct=True),
            template("c.example", downloads=(Download("nfs", "BYPASSED"),)),
            template("d.example", hypervisor="XenServer", type="SYSTEM"),
            template("e.example", zone_id="z2"),
        )
        == ()
    )


def abandoned(number: int, **changes: Any) -> Template:
    """Return a private template of long ago that nobody deletes; its name comes early."""
    return template(f"a{number}.example", **({"created": 100.0 + number, "owner": "alice"} | changes))


def test_what_nobody_misses_pushes_nothing_out() -> None:
    """Dead private templates are dialled only where there is room: first what others miss, then the newest."""
    dead = [abandoned(number) for number in range(MOST_PLACES)]
    public, shipped = template("z.example", is_public=True), template("y.example", type="SYSTEM")
    elsewhere = [template("x.example"), template("x.example", zone_id="z2", is_ready=True)]
    found = sites(*dead, public, shipped, *elsewhere)
    assert found[:3] == tuple(Place(f"{name}.example", 443) for name in "xyz")
    assert found[3:] == tuple(Place(f"a{number}.example", 443) for number in (7, 6, 5, 4, 3))


def test_the_newest_come_first() -> None:
    """Several owners who meet the same at one time show that it is not their URLs; without a date it is old."""
    dead = [abandoned(number) for number in range(MOST_PLACES)]
    new = [template(f"z{number}.example", created=900.0, owner=f"o{number}") for number in range(3)]
    undated = template("b.example")
    found = sites(*dead, *new, undated)
    assert found[:3] == tuple(Place(f"z{number}.example", 443) for number in range(3))
    assert Place("b.example", 443) not in found


def test_one_that_others_miss_is_enough_for_a_place() -> None:
    """A place of many templates is as urgent as the most urgent of them."""
    dead = [abandoned(number) for number in range(MOST_PLACES)]
    shared = [template("z.example", created=1.0), template("z.example", created=2.0, is_public=True)]
    shared[1] = replace(shared[1], id="second", name="second")
    assert sites(*dead, *shared)[0] == Place("z.example", 443)
