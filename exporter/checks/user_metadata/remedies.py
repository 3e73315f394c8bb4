"""What to do, in the order of the talk: instance, router, a new router, the management server's log."""

from __future__ import annotations

from exporter.cloud.objects import Router
from exporter.thresholds import ROUTER_RESTARTED_LATELY_SECONDS

RESTART_INSTANCE = "Stop and start the instance: CloudStack writes its data to the router again."
RESTART_ROUTER = "Stop and start the router: CloudStack writes the data of all its instances again."
RECREATE_ROUTER = (
    "Destroy the router and let CloudStack make a new one: restart the network with cleanup=true"
    " (its instances lose the network meanwhile)."
)
READ_LOG = (
    "Search management-server.log for the router's name, 'Failed to update userdata'"
    " and 'Unable to apply userdata and password entry'."
)
LADDER = (RESTART_ROUTER, RECREATE_ROUTER, READ_LOG)


def router_remedy(router: Router, now: float, uptime: float) -> str:
    """Return the step that was not tried yet: a router that has just been restarted or recreated still fails.

    ``now`` is unix time, ``uptime`` the router's, in seconds.
    """
    if router.created is not None and now - router.created < ROUTER_RESTARTED_LATELY_SECONDS:
        return READ_LOG
    return RECREATE_ROUTER if uptime < ROUTER_RESTARTED_LATELY_SECONDS else RESTART_ROUTER
