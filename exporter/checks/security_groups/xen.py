"""What security groups stand on in dom0 of XenServer and XCP-ng, as far as it is asked.

CloudStack's plugin writes rules only where network.conf says bridge and ebtables and ipset are installed; it writes
them for the first NIC of each machine, and none of ip6tables.
"""

from __future__ import annotations

from exporter.checks.security_groups.nics import has_groups
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import XenHostTarget
from exporter.model import Answers
from exporter.questions.xen_hosts.backend import XEN_BACKEND, XenBackend


def bridged(answers: Answers) -> XenBackend | None:
    """Return what a host with Linux bridges tells; Open vSwitch is its cluster's verdict."""
    backend = answers[XEN_BACKEND]
    return backend if backend.configured == backend.running == "bridge" else None


def guarded_networks(target: XenHostTarget, cloud: Cloud) -> tuple[str, ...]:
    """Return the networks with security groups whose machines run on a host, by CloudStack: a bridge for each."""
    found = set()
    for machine in cloud.placed_by_host.get(target.host.id, ()):
        network = cloud.networks.get(machine.nics[0].network_id) if machine.nics else None
        if machine.kind == "instance" and machine.is_running and network is not None and has_groups(network):
            found.add(network.name)
    return tuple(sorted(found))


def is_certain(target: XenHostTarget, answers: Answers, cloud: Cloud, *key: str) -> bool:
    """Return whether a fault was shown twice, with a refresh of the Cloud between; a machine may just have gone."""
    return confirmed(answers, cloud, *key, target.host.id, shown_by=(XEN_BACKEND,))
