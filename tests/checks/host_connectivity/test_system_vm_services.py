"""Services of system VMs by type, role and era."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporter.checks.host_connectivity.system_vm_services import judge
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Nic, Router, SystemVm
from exporter.model import Question, Sample
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS, Mount, Mounts
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE, SystemVmState
from tests.checks.host_connectivity.inside_scene import (
    BY_ROUTER,
    STORE,
    cloud,
    judged,
    problems,
    router,
    state,
    storage_vm,
    values_of,
)

UP = dict.fromkeys(("cron", "rsyslog"), "active")
BALANCED = BY_ROUTER | {"Lb": frozenset({"VirtualRouter"})}
PROXY = storage_vm(id="v1", name="v-1-VM", kind="consoleproxy")
OLD = frozenset({"cron", "rsyslogd", "sshd", "init"})


def found(
    told: SystemVmState,
    machine: Router | SystemVm | None = None,
    role: Role | None = Role.ALONE,
    seen_by: Cloud | None = None,
    *before: SystemVmState,
) -> list[Sample]:
    """Return what is said of a machine at its second visit, a router that is not of a pair if no other is given."""
    of = machine or router()
    more = {ROUTER_REDUNDANCY: role} if role and isinstance(of, Router) else {}
    visits: list[dict[Question[Any], Any]] = [{SYSTEM_VM_STATE: one} | more for one in (*before, told)]
    return judged(judge, of, seen_by or cloud(of), *visits)


@pytest.mark.parametrize("machine", [router(), storage_vm(), PROXY], ids=lambda machine: machine.name)
def test_a_healthy_one_says_zero(machine: Router | SystemVm) -> None:
    """Nothing missing, nothing failed, booted."""
    assert values_of(found(state(), machine)) == {"services_missing": 0, "units_failed": 0, "boot_incomplete": 0}


@pytest.mark.parametrize(
    ("told", "machine", "role", "missing"),
    [
        (state(units=UP), router(), Role.ALONE, "dnsmasq"),
        (state(units=UP | {"dnsmasq": "activating"}), router(), Role.ALONE, "dnsmasq"),
        (state(units=UP | {"dnsmasq": "active"}), router(is_redundant=True), Role.PRIMARY, "conntrackd"),
        (state(units=UP | {"cron": "inactive", "dnsmasq": "active"}), router(), Role.ALONE, "cron"),
        (state(units=UP), storage_vm(), None, "apache2"),
        (state(units=UP | {"rsyslog": "failed"}), PROXY, None, "rsyslog"),
        (state(units=None, processes=OLD), router(), Role.ALONE, "dnsmasq"),
        (state(units=None, processes=OLD - {"rsyslogd"} | {"dnsmasq"}), router(), Role.ALONE, "rsyslog"),
    ],
)
def test_what_its_type_and_role_need(
    told: SystemVmState, machine: Router | SystemVm, role: Role | None, missing: str
) -> None:
    """Named once, and not among the failed ones too."""
    assert problems(found(told, machine, role)) == [("services_missing", f"not running: {missing}")]


@pytest.mark.parametrize(
    ("told", "machine", "role"),
    [
        (state(units=UP | {"conntrackd": "active"}), router(is_redundant=True), Role.BACKUP),  # gives no addresses
        (state(units=UP), router(nics=()), Role.ALONE),  # a VPC without tiers: apache2 cannot even start
        (state(units={"dnsmasq": "active"}), router(), Role.ALONE),  # a template without cron and rsyslog
        (state(units=None, processes=OLD | {"dnsmasq"}), router(), Role.ALONE),  # no haproxy without rules there
        (state(units=UP | {"dnsmasq": "reloading"}), router(), Role.ALONE),
        (state(units=UP), router(), None),  # its role is not known
        (state(units=UP), PROXY, None),  # its agent is judged elsewhere
        (state(units=UP | {"apache2": "failed", "dnsmasq": "active"}), router(), Role.ALONE),  # judged elsewhere
        (state(units=UP | {"cloud-password-server@10.1.1.1": "failed", "dnsmasq": "active"}), router(), Role.ALONE),
        (state(units=UP | {"conntrackd": "failed", "dnsmasq": "active"}), router(), Role.ALONE),  # not needed there
        (state(units=UP), router(nics=(), network_id="", is_redundant=True), Role.BACKUP),  # of a VPC without tiers
        (state(units=UP | {"networking": "failed"}), replace(PROXY, hypervisor="VMware"), None),  # eth0 has no address
        (state(units=UP | {"keepalived": "failed", "conntrackd": "active"}), router(is_redundant=True), Role.FAULT),
    ],
)
def test_what_is_no_fault(told: SystemVmState, machine: Router | SystemVm, role: Role | None) -> None:
    """The traps of the facts."""
    assert problems(found(told, machine, role)) == []


def test_a_network_with_load_balancing_needs_haproxy() -> None:
    """The offering says so, whatever rules there are; eras before systemd start it with the first rule."""
    told, seen_by = state(units=UP | {"dnsmasq": "active"}), cloud(router(), services=BALANCED)
    assert problems(found(told, seen_by=seen_by)) == [("services_missing", "not running: haproxy")]
    old = state(units=None, processes=OLD | {"dnsmasq"})
    assert problems(found(old, seen_by=seen_by)) == []


def test_a_tier_that_another_provider_serves_needs_no_dnsmasq() -> None:
    """External DHCP."""
    assert problems(found(state(units=UP), seen_by=cloud(router(), services={}))) == []


NFS = Mounts((Mount("10.0.0.5:/export/secondary", "/mnt/SecStorage/a", "nfs"),), 0)
NFS_4 = Mounts((Mount("10.0.0.5:/export/secondary", "/mnt/SecStorage/a", "nfs4"),), 0)
BOTH = Mounts((*NFS.mounts, *NFS_4.mounts), 0)
CIFS = {"s1": replace(STORE, protocol="cifs", url="cifs://10.0.0.5/secondary")}


def stored(rpcbind: str, mounts: Mounts | None, **fields: Any) -> list[tuple[str, str]]:
    """Return the problems of a secondary storage VM with this state of rpcbind, and these mounts."""
    units = UP | {"apache2": "active"} | ({"rpcbind": rpcbind} if rpcbind else {})
    visit: dict[Question[Any], Any] = {SYSTEM_VM_STATE: state(units=units)}
    visit |= {SSVM_MOUNTS: mounts} if mounts else {}
    return problems(judged(judge, storage_vm(), cloud(storage_vm(), **fields), visit))


@pytest.mark.parametrize("mounts", [NFS, BOTH, Mounts((), 0), None], ids=["nfs", "both", "none", "untold"])
def test_the_helper_of_nfs(mounts: Mounts | None) -> None:
    """Without rpcbind the next mount of NFS 3 fails, for want of its locks."""
    for state_of in ("inactive", "failed"):
        assert stored(state_of, mounts) == [("services_missing", "not running: rpcbind")]
    assert stored("active", mounts) == []


def test_where_the_helper_of_nfs_is_not_needed() -> None:
    """NFS 4 does without, so does CIFS; a template that has none has its reasons."""
    assert stored("inactive", NFS_4) == []
    assert stored("inactive", Mounts((), 0), image_stores=CIFS) == []
    assert stored("inactive", Mounts((), 0), image_stores={}) == []
    assert stored("", NFS) == []


def test_once_is_not_enough() -> None:
    """Each push of CloudStack restarts services: nothing is said at the first look."""
    said = values_of(found(state(units=UP), None, Role.ALONE, None, state()))
    assert "services_missing" not in said


def test_failed_units_are_named() -> None:
    """Whatever else systemd could not start."""
    others = {"logrotate": "failed", "hyperv-daemons": "failed"}  # nobody is worse off
    told = state(units=UP | others | {"dnsmasq": "active", "haproxy": "failed", "cloud-postinit": "failed"})
    assert problems(found(told)) == [("units_failed", "failed: cloud-postinit, haproxy")]


def test_a_boot_that_never_ended() -> None:
    """The mark of the last script is missing; older machines have no such mark to be missed."""
    assert problems(found(state(has_booted=False))) == [
        ("boot_incomplete", "/var/cache/cloud/boot_up_done is missing 2880 minutes after the boot")
    ]
    old = state(has_booted=False, units=None, processes=OLD | {"dnsmasq"})
    assert values_of(found(old)) == {"services_missing": 0}


def test_one_that_has_just_booted_is_not_judged() -> None:
    """Services come one after the other."""
    assert found(state(units=UP, uptime=100.0)) == []


def test_a_vpc_router_needs_dnsmasq_for_its_tiers() -> None:
    """Its network has no id of its own, its NICs name the tiers."""
    tier = Nic(network_id="net", traffic_type="Guest", address="10.1.1.1")
    of = router(network_id="", vpc_id="vpc", nics=(tier,))
    assert problems(found(state(units=UP), of)) == [("services_missing", "not running: dnsmasq")]
