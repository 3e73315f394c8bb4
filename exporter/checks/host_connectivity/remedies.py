"""What to do, where several checks say the same."""

from __future__ import annotations

START_SERVICE = (
    "Look at 'systemctl status cloudstack-management' and the end of management-server.log, then start the service."
)
CHECK_DATABASE_WAY = (
    "See whether the server still reaches the database: a management server that cannot write its heartbeat for 150 s"
    " stops itself."
)
REMOVE_SERVER = (
    "Taken out of service on purpose? Take its address out of the setting 'host', and its row away:"
    " removeManagementServer (4.20 and newer)."
)
SET_HOST = (
    "Set 'host' to the addresses of the management servers, or of the load balancer before them, as agents reach them;"
    " restart the management servers, then destroy the system VMs that carry the old value."
)
FINISH_UPGRADE = "Bring all management servers to one version; the newest one has already changed the database."
"""Rolling upgrades leave servers of two versions for a while."""
