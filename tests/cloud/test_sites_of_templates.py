"""Where a secondary storage VM is told to look: places of templates that its zone really downloads."""

from __future__ import annotations

from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Cluster, SystemVm, Zone
from exporter.cloud.storage import Download, Place, Template
from exporter.cloud.targeting import targets
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
    """Templates of users and of the system."""
    assert sites(template("a.example"), template("b.example", type="SYSTEM")) == (
        Place("a.example", 443),
        Place("b.example", 443),
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
