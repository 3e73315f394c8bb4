"""Passwords that running instances have not fetched and acknowledged.

Symptom: a password was reset, the router has it, the instance still takes the old one.
Detect:  the addresses in the router's password files (never the passwords), joined with running instances.
Fix:     the script in the guest, its DHCP client, or the template it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance
from exporter.cloud.routers import ServedAddress, serving_now
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Samples, above
from exporter.questions.routers.password import PASSWORD_PENDING, PASSWORD_PROBE, PASSWORD_REQUESTS, PasswordFile
from exporter.questions.routers.state import ROUTER_REDUNDANCY
from exporter.thresholds import PASSWORD_PENDING_SECONDS, ROWS_PER_TARGET

RUNNING = ("Running", "Migrating")
"""States of an instance whose guest runs; a live migration does not begin its time anew."""

INSTALL_SCRIPT = (
    "Install the password script or cloud-init's CloudStack data source in the guest and its template, with a DHCP "
    "client whose lease files the script knows; then reset the password again."
)
MEND_SCRIPT = "Read the guest's log (tag cloud): its script got the password and could not apply or acknowledge it."
MEND_ROUTER = "Mend the router's password service first; then stop and start the instance or reset the password again."

COUNT = Metric(
    "cloudstack_network_password_reset_pending_passwords",
    "Passwords on the router that running instances have not acknowledged, from the addresses in its password files.",
    labels=("zone", "router"),
)
OLDEST = Metric(
    "cloudstack_network_password_reset_pending_oldest_seconds",
    "How long the oldest password of a running instance has been pending on the router, since it was first seen.",
    labels=("zone", "router"),
    problem=above(PASSWORD_PENDING_SECONDS),
)
OVERDUE = Metric(
    "cloudstack_network_password_reset_pending_overdue_passwords",
    "Passwords of running instances that have been pending on the router for longer than the limit.",
    labels=("zone", "router"),
)
ROW = Metric(
    "cloudstack_network_password_reset_pending_seconds",
    "How long this instance's password has been pending on the router; only past the limit, the oldest first.",
    labels=("zone", "router", "address"),
    subject="router",
)


@dataclass(frozen=True, slots=True)
class Pending:
    """One password that a running instance has not acknowledged.

    Attributes:
        seconds: since it was first seen.
        address: of the instance.
        server: the router's address that serves it.
    """

    seconds: float
    address: str
    instance: Instance
    server: str


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Count a router's pending passwords and say how old the oldest is; nothing for a backup.

    Only those count that a running instance could fetch: its default NIC has the address now and the file
    has changed since the instance was made. What is left of a stopped, expunged or former owner of the
    address is normal. The limit is far longer than any start of a guest, so no second look is needed.
    """
    serves = answers[ROUTER_REDUNDANCY].is_serving
    served = [one for one in serving_now(target.router, cloud, serves_shared=serves) if one.password]
    if not served:
        return
    pending = sorted(_pending(served, answers, cloud), key=lambda one: (-one.seconds, one.address))
    overdue = [one for one in pending if one.seconds > PASSWORD_PENDING_SECONDS]
    labels = (target.zone, target.name)
    yield COUNT.sample(*labels, value=len(pending))
    yield OVERDUE.sample(*labels, value=len(overdue))
    yield OLDEST.sample(
        *labels,
        value=pending[0].seconds if pending else 0,
        seen=_seen(overdue, cloud),
        expected=f"fetched and acknowledged within {PASSWORD_PENDING_SECONDS // 60} minutes",
        remedy=_remedy(overdue, answers),
    )
    for one in overdue[:ROWS_PER_TARGET]:
        yield ROW.sample(*labels, one.address, value=one.seconds)


def _pending(served: list[ServedAddress], answers: Answers, cloud: Cloud) -> Iterator[Pending]:
    """Yield the passwords that running instances of the served networks have not acknowledged."""
    for network in served:
        owners, files = _owners(network.network_id, cloud), _files(network.address, answers)
        for address in owners.keys() & files.keys():
            instance, file = owners[address], files[address]
            if instance.created is None or answers.now - file.seconds >= instance.created:
                yield Pending(_age(file, address, instance, answers), address, instance, network.address)


def _files(server: str, answers: Answers) -> dict[str, PasswordFile]:
    """Return the file that holds a password, by address; of a router that was upgraded in place the newest."""
    ours = [file for file in answers[PASSWORD_PENDING] if file.name in ("passwords", f"passwords-{server}")]
    return {address: file for file in sorted(ours, key=lambda file: -file.seconds) for address in file.addresses}


def _owners(network_id: str, cloud: Cloud) -> dict[str, Instance]:
    """Return the running instances whose default NIC is in the network, by its address."""
    return {
        nic.address: instance
        for instance in cloud.instances_by_network.get(network_id, ())
        if instance.state in RUNNING
        for nic in instance.nics
        if nic.is_default and nic.network_id == network_id and nic.address
    }


def _age(file: PasswordFile, address: str, instance: Instance, answers: Answers) -> float:
    """Return how long it has been pending; what was there at the first look is as old as the file at least."""
    held = answers.held("pending", address, instance.id)
    return max(held.seconds, float(file.seconds)) if held.at_least else held.seconds


def _seen(overdue: list[Pending], cloud: Cloud) -> str:
    """Return the oldest three in words, with their templates: many of one template are the template's fault."""
    words = []
    for one in overdue[:3]:
        template = cloud.templates_of(one.instance.zone_id).get(one.instance.template_id)
        made = f", template {template.name}" if template else ""
        words.append(f"{one.instance.name} ({one.address}{made}) for {one.seconds // 60:.0f} min")
    more = f" and {len(overdue) - 3} more" if len(overdue) > 3 else ""
    return ", ".join(words) + more


def _remedy(overdue: list[Pending], answers: Answers) -> str:
    """Return the remedy: the router's service when it is down, else by whether the guests have asked."""
    probes = answers.get(PASSWORD_PROBE) or {}
    if any(one.server in probes and not probes[one.server].is_good for one in overdue):
        return MEND_ROUTER
    asked = answers.get(PASSWORD_REQUESTS) or frozenset()
    return MEND_SCRIPT if any(one.address in asked for one in overdue) else INSTALL_SCRIPT


CHECK = Check(
    title="Passwords not fetched by instances",
    metrics=(COUNT, OLDEST, OVERDUE, ROW),
    remedies=(INSTALL_SCRIPT, MEND_SCRIPT, MEND_ROUTER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (PASSWORD_PENDING, ROUTER_REDUNDANCY)},
    uses={RouterTarget: (PASSWORD_PROBE, PASSWORD_REQUESTS)},
    reads=("listRouters", "listNetworks", "listVirtualMachines"),
    judges_cloud=True,
)
