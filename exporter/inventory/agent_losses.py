"""When CloudStack lost the agent of each host lately: the API tells of the last time only, so Clouds remember. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import AgentLoss, Host
from exporter.thresholds import HOST_RECONNECTS_SECONDS

KEPT = 60
"""Losses of one host, the newest ones, that are remembered: more than that says nothing more."""
Losses = tuple[AgentLoss, ...]


def agent_losses(hosts: Iterable[Host], former: Cloud | None, boot: float, unix: float) -> Mapping[str, Losses]:
    """Return by host id the losses within the last hour, oldest first; hosts that lost none are left out.

    ``former`` is the Cloud before, None at the start; ``boot`` and ``unix`` are the two clocks when this one was begun.
    Losses between two refreshes are seen as one. A host that the Cloud before did not have, as after a restart, has
    lost its agent once at least if the date is of the last hour. One that somebody has taken out is rebooted on
    purpose: its losses are not counted.
    """
    found = {host.id: _of(host, former, boot, unix) for host in hosts}
    return MappingProxyType({host_id: losses for host_id, losses in found.items() if losses})


def _of(host: Host, former: Cloud | None, boot: float, unix: float) -> Losses:
    known = former.agent_losses.get(host.id, ()) if former else ()
    before = former.hosts.get(host.id) if former else None
    is_new = host.disconnected is not None and (before is None or host.disconnected != before.disconnected)
    if is_new and host.resource_state == "Enabled" and all(one.date != host.disconnected for one in known):
        since = former.asked if former and before else -math.inf
        known = (*known, _loss(host.disconnected or 0.0, since, boot, unix))
    return tuple(one for one in known if boot - one.moment < HOST_RECONNECTS_SECONDS)[-KEPT:]


def _loss(date: float, since: float, boot: float, unix: float) -> AgentLoss:
    """Return a loss that came about between ``since`` and ``boot``, by our clock.

    The date says when in between. Where it does not fit, the clocks disagree, and the nearest end of that time is
    taken: neither a wrong clock nor one that is set hides new losses, or keeps old ones for longer than the hour.
    """
    return AgentLoss(date, min(max(boot - (unix - date), since), boot))
