"""Services that do not run in routers, console proxies and secondary storage VMs.

Symptom: guests get no address though the router answers; templates cannot be handed out; logs fill the disk.
Detect:  inside: systemctl, or the list of processes before systemd, against what its type and role need.
Fix:     start the service and read why it died; stop and start the machine.

Judged elsewhere, so not here: the agent, apache2 and password services of routers, keepalived (its router is in fault).
conntrackd is missed where it is needed; in other routers its start at boot fails until 4.18 (CloudStack's issue 6702).
CloudStack starts nfs-common and portmap in a secondary storage VM: with systemd Debian masks the first, and the second
is another name of rpcbind. Mounts of NFS 4 do without it.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporter.checks.host_connectivity.image_stores import stores
from exporter.checks.host_connectivity.visited_vms import (
    DESTROY,
    PER_SYSTEM_VM,
    PREFIX,
    RESTART,
    SystemVmTarget,
    counts,
    machine,
)
from exporter.cloud.cloud import Cloud
from exporter.cloud.routers import guest_networks, serving_now
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import ConsoleProxyTarget, RouterTarget, SecondaryStorageVmTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.routers.state import ROUTER_REDUNDANCY, Role
from exporter.questions.system_vms.storage_mounts import SSVM_MOUNTS
from exporter.questions.system_vms.system_vm import SYSTEM_VM_STATE, SystemVmState

EVERYWHERE = ("cron", "rsyslog")
"""Services of every type; a template without one has its reasons, so only one that is there and does not run counts."""
PROCESSES = {"rsyslog": "rsyslogd"}
"""Service -> its process, where it has another name."""
RUNNING = frozenset({"active", "reloading"})
WITHOUT_LINK_LOCAL = frozenset({"VMware"})
"""Hypervisors on which eth0 of a system VM has no address, so that ``networking`` always fails (pull request 2916)."""
OURS = frozenset({
    "cloud-early-config", "cloud-postinit", "cloud-preinit", "dnsmasq", "frr", "haproxy", "ipsec", "networking",
    "nfs-common", "radvd", "rpcbind", "ssh", "sshd", "strongswan-starter", "strongswan", "xl2tpd", *EVERYWHERE,
})  # fmt: skip
"""Units on which guests or CloudStack depend. Any other may fail for years, and nobody is worse off."""
CAUSES = (f"{PREFIX}_system_vm_root_read_only", f"{PREFIX}_system_vm_disk_used_ratio")

START = "Inside: 'systemctl status NAME', 'journalctl -u NAME', then start it. One that dies again tells why there."
READ_BOOT = "Read /var/log/cloud.log and 'systemctl status cloud-postinit': the first configuration never ended."

MISSING = Metric(
    f"{PREFIX}_system_vm_services_missing",
    "Services that the type and role of the system VM need and that do not run, at two visits.",
    labels=PER_SYSTEM_VM,
    problem=above(0),
    follows=CAUSES,
)
FAILED = Metric(
    f"{PREFIX}_system_vm_units_failed",
    "Services that guests or CloudStack need and systemd calls failed; those with verdicts of their own apart.",
    labels=PER_SYSTEM_VM,
    problem=above(0),
    follows=CAUSES,
)
BOOT = Metric(
    f"{PREFIX}_system_vm_boot_incomplete",
    "Whether the first configuration of the system VM has not ended a quarter of an hour after its boot.",
    labels=PER_SYSTEM_VM,
    problem=above(0),
)


def judge(target: SystemVmTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield what should run and does not, what has failed, and whether the boot came to its end."""
    state = answers[SYSTEM_VM_STATE]
    if not counts(target, state, cloud, answers.now):
        return
    labels = (target.zone, target.name)
    missing = tuple(sorted(name for name in _expected(target, state, answers, cloud) if not _runs(state, name)))
    shown = missing and confirmed(
        answers, cloud, "services", *missing, machine(target).host_id, shown_by=(SYSTEM_VM_STATE,)
    )
    if shown or not missing:
        yield MISSING.sample(
            *labels, value=len(missing), seen=f"not running: {', '.join(missing)}", expected="all of them", remedy=START
        )
    if state.units is None:
        return
    usual = {"networking"} if machine(target).hypervisor in WITHOUT_LINK_LOCAL else set[str]()
    failed = sorted(name for name in OURS & state.units.keys() - set(missing) - usual if state.units[name] == "failed")
    yield FAILED.sample(
        *labels, value=len(failed), seen=f"failed: {', '.join(failed)[:150]}", expected="none", remedy=START
    )
    yield BOOT.sample(
        *labels,
        value=int(not state.has_booted),
        seen=f"/var/cache/cloud/boot_up_done is missing {state.uptime / 60:.0f} minutes after the boot",
        expected="it is there within two",
        remedy=READ_BOOT,
    )


def _runs(state: SystemVmState, name: str) -> bool:
    """Return whether a service runs: by systemd's word, before systemd by its process."""
    if state.units is not None:
        return state.units.get(name) in RUNNING
    return PROCESSES.get(name, name) in (state.processes or ())


def _expected(target: SystemVmTarget, state: SystemVmState, answers: Answers, cloud: Cloud) -> Iterator[str]:
    """Yield what must run in a machine of this type, role and era."""
    yield from (name for name in EVERYWHERE if state.units is None or name in state.units)
    if isinstance(target, SecondaryStorageVmTarget):
        yield "apache2"  # it hands templates out, and takes them in
        if "rpcbind" in (state.units or ()) and _needs_rpcbind(target, answers, cloud):
            yield "rpcbind"
    elif isinstance(target, RouterTarget):
        yield from _of_router(target, state, answers, cloud)


def _needs_rpcbind(target: SecondaryStorageVmTarget, answers: Answers, cloud: Cloud) -> bool:
    """Return whether a store may be mounted by a version of NFS before 4: not where all mounts are of that."""
    told = answers.get(SSVM_MOUNTS)
    versions = {mount.kind for mount in told.mounts if mount.kind.startswith("nfs")} if told else set()
    has_store = any(store.protocol.lower() == "nfs" for store in stores(cloud, target.vm.zone_id))
    return has_store and versions != {"nfs4"}


def _of_router(target: RouterTarget, state: SystemVmState, answers: Answers, cloud: Cloud) -> Iterator[str]:
    """Yield what must run in a router; nothing of what depends on a role that it did not tell.

    A backup gives no addresses; a router without a network that it serves needs nothing; before systemd, haproxy runs
    only where there are rules.
    """
    role = answers.get(ROUTER_REDUNDANCY)
    if role is None:
        return
    if any(served.dhcp for served in serving_now(target.router, cloud, serves_shared=role.is_serving)):
        yield "dnsmasq"
    if role in (Role.PRIMARY, Role.BACKUP) and guest_networks(target.router):
        yield "conntrackd"
    if state.units is None or role is Role.BACKUP:
        return
    networks = (cloud.networks.get(name) for name in guest_networks(target.router))
    if any(network and network.served_by_router("Lb") for network in networks):
        yield "haproxy"


KINDS = (ConsoleProxyTarget, SecondaryStorageVmTarget)

CHECK = Check(
    title="Services of system VMs",
    metrics=(MISSING, FAILED, BOOT),
    remedies=(START, READ_BOOT, RESTART, DESTROY),
    judges=dict.fromkeys((RouterTarget, *KINDS), judge),
    asks=dict.fromkeys((RouterTarget, *KINDS), (SYSTEM_VM_STATE,)),
    uses={RouterTarget: (ROUTER_REDUNDANCY,), SecondaryStorageVmTarget: (SSVM_MOUNTS,)},
    reads=("listNetworks",),
)
