"""Whether routers and system VMs could be made again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.templates.system_templates import CHECK
from exporter.cloud.objects import Router, SystemVm
from exporter.cloud.storage import Template
from tests.checks.templates.templates_scene import Said, problems, said, template, zone


def system(hypervisor: str = "KVM", *states: str, **changes: Any) -> Template:
    """Return a system VM template."""
    told = {"type": "SYSTEM", "hypervisor": hypervisor, **changes}
    return template(told.pop("name", f"SystemVM Template ({hypervisor})"), *states, **told)


def test_a_ready_template_of_each_hypervisor() -> None:
    """Templates of hypervisors that the zone lacks are never downloaded, and nobody misses them."""
    known = (system(), system("VMware"), system("XenServer", "NOT_DOWNLOADED"))
    found = said(CHECK, (0.0, zone(*known, hypervisors=("KVM", "VMware"))))
    assert {key: one.value for key, one in found.items()} == {("system_ready", "KVM"): 1, ("system_ready", "VMware"): 1}


@pytest.mark.parametrize("states", [("DOWNLOAD_ERROR",), ("NOT_DOWNLOADED",), ("DOWNLOAD_IN_PROGRESS",)])
def test_none_is_ready(states: tuple[str, ...]) -> None:
    """Nothing can be recreated, whatever the reason."""
    found = said(CHECK, (0.0, zone(system("KVM", *states, status="No space left on device"))))
    assert problems(found) == {("system_ready", "KVM")}
    assert found["system_ready", "KVM"].seen == "SystemVM Template (KVM): No space left on device"


def test_an_older_one_that_is_ready_suffices() -> None:
    """While the new one of an upgrade is downloaded, the old one is used."""
    known = (system(), system(id="new", name="systemvm-kvm-4.22", status="7% Downloaded", is_ready=False))
    assert problems(said(CHECK, (0.0, zone(*known)))) == set()


def named(told: str | None, *templates: Template, name: str = "router.template.kvm") -> Said:
    """Return what is said where the setting, of the zone or the whole cloud, names the template of routers."""
    both: list[dict[str, Any]] = [{"settings": {name: told}}, {"zone_settings": {"z1": {name: told}}}]
    found, again = (said(CHECK, (0.0, zone(*templates, **(where if told is not None else {})))) for where in both)
    assert found == again
    return found


OLD, NEW = system(), system(id="new", name="systemvm-kvm-4.20.0", status="7% Downloaded", is_ready=False)


def test_routers_are_made_of_the_one_that_the_setting_names() -> None:
    """An older one that is ready serves system VMs alone: the name decides for routers."""
    found = named("systemvm-kvm-4.20.0", OLD, NEW)
    assert problems(found) == {("system_ready", "KVM")}
    bad = found["system_ready", "KVM"]
    assert bad.seen == "router.template.kvm, of which routers are made: systemvm-kvm-4.20.0: 7% Downloaded"
    assert problems(named(OLD.name, OLD, NEW)) == set()
    assert problems(named(OLD.name.upper(), OLD, NEW)) == set()  # as the database compares
    assert problems(named("systemvm-kvm-4.20.0", OLD, replace(NEW, is_ready=True))) == set()


def test_a_setting_that_names_no_template() -> None:
    """Nobody can make a router of it; without a name nothing is demanded."""
    found = named("nowhere", OLD)
    assert problems(found) == {("system_ready", "KVM")}
    assert (
        found["system_ready", "KVM"].seen == "router.template.kvm, of which routers are made: nowhere: not in this zone"
    )
    assert problems(named("", OLD)) == problems(named(None, OLD)) == set()


def test_the_setting_of_another_hypervisor_says_nothing() -> None:
    """Each has its own."""
    assert problems(named("nowhere", OLD, name="router.template.vmware")) == set()
    foreign = system("VMware", name="other")
    assert problems(named("other", OLD, foreign)) == {("system_ready", "KVM")}


def test_a_template_of_routers_may_be_of_their_own_type() -> None:
    """People register those with type ROUTING; system VMs need one of type SYSTEM all the same."""
    own = system(id="own", name="own", type="ROUTING")
    assert problems(named("own", OLD, own)) == set()
    assert problems(named("own", own, replace(OLD, is_ready=False, status="Connection refused"))) != set()


def test_namesakes_are_known_by_their_own_name() -> None:
    """Of two templates of one name each is shown with its id; one that is ready suffices."""
    twins = [system(id=one, name=f"both ({one})", is_ready=one == "b") for one in "ab"]
    assert problems(named("both", *twins)) == set()
    assert problems(named("both", OLD, *(replace(one, is_ready=False, status="refused") for one in twins))) != set()


def test_one_in_a_store_of_the_whole_region_suffices() -> None:
    """Its copy is of no zone; while it is not ready either, that is told."""
    assert problems(said(CHECK, (0.0, zone(system(zone_id=""))))) == set()
    assert problems(said(CHECK, (0.0, zone(system(zone_id=""), system("KVM", "DOWNLOAD_ERROR"))))) == set()
    found = said(CHECK, (0.0, zone(system("KVM", "DOWNLOAD_ERROR", zone_id="", status="Connection refused"))))
    assert problems(found) == {("system_ready", "KVM")}
    assert found["system_ready", "KVM"].seen == "SystemVM Template (KVM): Connection refused"


def test_a_zone_that_has_none_at_all() -> None:
    """Another zone shows that this key is shown system templates."""
    found = said(CHECK, (0.0, zone(system(zone_id="z2"), template("a"))))
    assert problems(found) == {("system_ready", "KVM")}
    assert found["system_ready", "KVM"].seen == "no system VM template in this zone"


def test_a_router_template_is_none_for_system_vms() -> None:
    """Type ROUTING is what people register for routers."""
    known = (replace(system(), type="ROUTING"), system("VMware", "NOT_DOWNLOADED"))
    assert problems(said(CHECK, (0.0, zone(*known)))) == {("system_ready", "KVM")}


def test_what_is_not_judged() -> None:
    """Keys that are shown no system templates; disabled and edge zones; hypervisors without system VMs."""
    missing = system("KVM", "NOT_DOWNLOADED")
    assert said(CHECK, (0.0, zone(template("a")))) == {}
    assert said(CHECK, (0.0, zone(missing, enabled=False))) == {}
    assert said(CHECK, (0.0, zone(missing, kind="Edge"))) == {}
    assert said(CHECK, (0.0, zone(missing, hypervisors=("BareMetal",)))) == {}


def test_what_living_machines_run_from() -> None:
    """Routers and system VMs by the name of their template."""
    fields: dict[str, Any] = {"state": "Running", "zone_id": "z1"}
    routers = [Router(id=str(n), name=f"r-{n}-VM", template_name="old", **fields) for n in range(3)]
    routers.append(Router(id="x", name="r-9-VM", template_name="", **fields))
    proxy = SystemVm(id="v", name="v-1-VM", kind="consoleproxy", agent_state="Up", template_name="new", **fields)
    found = said(CHECK, (0.0, zone(routers={one.id: one for one in routers}, system_vms={"v": proxy})))
    assert {key: one.value for key, one in found.items()} == {
        ("system_machines", "old"): 3,
        ("system_machines", "new"): 1,
    }
