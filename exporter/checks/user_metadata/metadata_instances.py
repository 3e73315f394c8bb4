"""The data of each instance on its router.

Symptom: one instance gets no data, or that of another which had its address before.
Detect:  the file vm-id of the instance's address against the instance's id; the .htaccess that keeps others out.
Fix:     one instance: stop and start it. Many: the router; recreate it where a restart did not help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.checks.user_metadata.remedies import LADDER, RESTART_INSTANCE, router_remedy
from exporter.checks.user_metadata.served import NEEDED, metadata_addresses, settles
from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import RouterTarget
from exporter.model import Answers, Check, Metric, Sample, Samples, above
from exporter.questions.routers.metadata_instances import METADATA_INSTANCES, InstanceData
from exporter.questions.routers.state import ROUTER_IDENTITY
from exporter.thresholds import INSTANCE_SETTLES_SECONDS, ROWS_PER_TARGET

INCOMPLETE = Metric(
    "cloudstack_network_user_metadata_instances_incomplete",
    "Addresses of running instances for which the router holds no metadata (no directory, or no vm-id in it).",
    labels=("zone", "router"),
    problem=above(0),
)
STALE = Metric(
    "cloudstack_network_user_metadata_instances_stale",
    "Addresses of running instances at which the router gives out the data of another instance (vm-id).",
    labels=("zone", "router"),
    problem=above(0),
)
EXPOSED = Metric(
    "cloudstack_network_user_metadata_directories_exposed",
    "Directories with an instance's data on the router that lack the .htaccess which keeps other machines out.",
    labels=("zone", "router"),
    problem=above(0),
)
JUDGED = Metric(
    "cloudstack_network_user_metadata_instances",
    "Addresses of running instances whose metadata this router gives out.",
    labels=("zone", "router"),
)
INSTANCE_INCOMPLETE = Metric(
    "cloudstack_network_user_metadata_instance_incomplete",
    "A running instance without metadata on its router; instance is CloudStack's internal name.",
    labels=("zone", "router", "instance", "address"),
)
INSTANCE_STALE = Metric(
    "cloudstack_network_user_metadata_instance_stale",
    "A running instance that is given another one's metadata; instance is CloudStack's internal name.",
    labels=("zone", "router", "instance", "address"),
)
WORDS = {
    INCOMPLETE.name: ("no metadata", "metadata for every running instance"),
    STALE.name: ("another instance's metadata", "each instance's own metadata"),
    EXPOSED.name: ("readable by other machines", "an .htaccess in every directory with data"),
}
"""What a count means: what was seen, and what was expected."""
GUARD_AGAIN = "Stop and start the instance of that address: CloudStack writes the .htaccess again."
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
INTERNAL_NAME = re.compile(r"i-\d+-\d+-\w+", re.ASCII)
FEW = 10
"""Up to one in this many instances is repaired by itself; more point to the router."""


@dataclass(frozen=True, slots=True)
class Served:
    """An address of a running instance, and what the router holds for it."""

    instance: Instance
    address: str
    data: InstanceData | None

    @property
    def name(self) -> str:
        """Return CloudStack's internal name, which is unique; the id where it is not told."""
        return self.instance.instance_name or self.instance.id

    @property
    def is_incomplete(self) -> bool:
        """Return whether its data is missing."""
        return self.data is None or not self.data.vm_id

    @property
    def is_stale(self) -> bool:
        """Return whether the data is another instance's; numbers, as old versions write, tell nothing."""
        vm_id = self.data.vm_id if self.data else ""
        if UUID.fullmatch(vm_id):
            return vm_id.lower() != self.instance.id.lower()
        if INTERNAL_NAME.fullmatch(vm_id) and self.instance.instance_name:
            return vm_id != self.instance.instance_name
        return False


def judge(target: RouterTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield the counts, and a row for each failing instance up to a limit."""
    served = tuple(_served(target, answers, cloud))
    exposed = sorted(address for address, data in answers[METADATA_INSTANCES].items() if data.is_exposed)
    yield _count(EXPOSED, target, exposed, GUARD_AGAIN)
    if settles(target, answers) or not metadata_addresses(target, answers, cloud):
        return
    yield JUDGED.sample(target.zone, target.name, value=len(served))
    for count, row, failing in (
        (INCOMPLETE, INSTANCE_INCOMPLETE, [one for one in served if one.is_incomplete]),
        (STALE, INSTANCE_STALE, [one for one in served if one.is_stale]),
    ):
        shown = [one for one in failing if _is_confirmed(answers, cloud, row, one)]
        names = [f"{one.name} at {one.address}" for one in shown]
        yield _count(count, target, names, _remedy(target, answers, len(shown), len(served)))
        for one in shown[:ROWS_PER_TARGET]:
            yield row.sample(target.zone, target.name, one.name, one.address, value=1)


def _served(target: RouterTarget, answers: Answers, cloud: Cloud) -> Iterator[Served]:
    """Yield the addresses of running instances that this router should hold data for."""
    held = answers[METADATA_INSTANCES]
    for network_id in {served.network_id for served in metadata_addresses(target, answers, cloud)}:
        for instance in cloud.instances_by_network.get(network_id, ()):
            if _is_judged(instance, target, cloud, answers.now):
                for nic in instance.nics:
                    if nic.network_id == network_id and nic.address:
                        yield Served(instance, nic.address, held.get(nic.address))


def _is_judged(instance: Instance, target: RouterTarget, cloud: Cloud, now: float) -> bool:
    """Return whether it runs, has had the time to get its data, and is served by this router.

    An instance without a default NIC is left out: CloudStack does not push its data reliably. In a basic
    zone each pod has its own router.
    """
    is_young = instance.created is not None and now - instance.created < INSTANCE_SETTLES_SECONDS
    if not instance.is_running or is_young or not any(nic.is_default for nic in instance.nics):
        return False
    zone = cloud.zones.get(instance.zone_id)
    if zone is None or zone.network_type != "Basic":
        return True
    pods = {_pod(cloud, instance.host_id), _pod(cloud, target.router.host_id)}
    return len(pods) == 1 and None not in pods


def _pod(cloud: Cloud, host_id: str) -> str | None:
    host = cloud.hosts.get(host_id)
    return host.pod_id if host else None


def _is_confirmed(answers: Answers, cloud: Cloud, row: Metric, one: Served) -> bool:
    """Return whether two visits have shown it, with the instance running on the same host in both Clouds."""
    key = (row.name, one.instance.id, one.address, one.instance.host_id)
    return confirmed(answers, cloud, *key, shown_by=(METADATA_INSTANCES,))


def _count(metric: Metric, target: RouterTarget, failing: list[str], remedy: str) -> Sample:
    more = f" and {len(failing) - 3} more" if len(failing) > len(failing[:3]) else ""
    fault, expected = WORDS[metric.name]
    seen = f"{fault}: {', '.join(failing[:3])}{more}"
    return metric.sample(target.zone, target.name, value=len(failing), seen=seen, expected=expected, remedy=remedy)


def _remedy(target: RouterTarget, answers: Answers, failing: int, judged: int) -> str:
    """Return what the evidence suggests: few instances, those; many, their router."""
    if failing <= max(1, judged // FEW):
        return RESTART_INSTANCE
    return router_remedy(target.router, answers.now, answers[ROUTER_IDENTITY].uptime)


CHECK = Check(
    title="Instances' metadata",
    metrics=(INCOMPLETE, STALE, EXPOSED, JUDGED, INSTANCE_INCOMPLETE, INSTANCE_STALE),
    remedies=(RESTART_INSTANCE, *LADDER),
    judges={RouterTarget: judge},
    asks={RouterTarget: (*NEEDED, METADATA_INSTANCES)},
    reads=("listVirtualMachines", "listNetworks"),
    judges_cloud=True,
)
