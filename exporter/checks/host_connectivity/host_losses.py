"""Hypervisor hosts whose agent is lost again and again.

Symptom: jobs there fail now and then; machines are started elsewhere although they run.
Detect:  listHosts: the date of the last loss, as it changes from one refresh to the next. Refreshes are minutes apart,
         so that there may be more losses than are seen; a restart of the exporter begins to count anew.
Fix:     the agent's own log and the kernel's (memory), the host's way to 8250/tcp, the load of the management server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from exporter.checks.host_connectivity.hypervisors import PER_HOST, judged
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.cloud.objects import Host
from exporter.model import Check, GroupJudge, Metric, Samples, above
from exporter.thresholds import HOST_RECONNECTS, HOST_SETTLES_SECONDS

PREFIX = "cloudstack_network_host_connectivity_"
FIND_BREAK = (
    "See in the agent's log and in the journal of cloudstack-agent whether the agent dies (memory, libvirtd that hangs)"
    " or its connection is cut: a cable, a firewall or load balancer that drops idle connections, a management server"
    " under load."
)
LOSSES = Metric(
    f"{PREFIX}host_disconnects_last_hour",
    "How often listHosts was seen to tell of a new loss of the agent of a host that should work, within an hour.",
    labels=PER_HOST,
    problem=above(HOST_RECONNECTS),
    follows=(f"{PREFIX}host_up", f"{PREFIX}agent_service_up", f"{PREFIX}cluster_hosts_lost_ratio"),
)
SHOWN = 5
DAY = 86400


def judge(group: ZoneGroup, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield how often each host that should work was lost; what was lost while it was set up is not counted."""
    for host, labels in judged(cloud, group):
        dates = [one.date for one in cloud.agent_losses.get(host.id, ()) if not _is_set_up(host, one.date)]
        yield LOSSES.sample(
            *labels,
            value=len(dates),
            seen=f"lost {len(dates)} times within an hour: {_words(dates)}",
            expected=f"at most {HOST_RECONNECTS} times, by an upgrade or a reboot",
        )


def _is_set_up(host: Host, date: float) -> bool:
    """Return whether a host had just been added at that time; both dates are CloudStack's."""
    return host.created is not None and 0 <= date - host.created < HOST_SETTLES_SECONDS


def _words(dates: Iterable[float]) -> str:
    """Return the newest dates, the last one first; the day goes without saying."""
    newest = list(dates)[: -SHOWN - 1 : -1]
    return ", ".join(datetime.fromtimestamp(date % DAY, UTC).strftime("%H:%M:%S") for date in newest) + " UTC"


CHECK = Check(
    title="Hypervisor hosts that are lost again and again",
    metrics=(LOSSES,),
    remedies=(FIND_BREAK,),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=("listHosts", "listClusters", "listPods", "listZones"),
)
