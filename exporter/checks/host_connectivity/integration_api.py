"""The API without passwords.

Symptom: none, until somebody finds the port: whoever reaches it is root of the whole cloud.
Detect:  listConfigurations: integration.api.port is not 0; ss on the management server says whether it listens.
Fix:     set it to 0 and restart the management servers; what used it gets a key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from exporter.checks.host_connectivity.servers import PER_SERVER
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ManagementServers
from exporter.cloud.targets import ManagementServerTarget
from exporter.model import Answers, Check, GroupJudge, Metric, Samples, above
from exporter.questions.management.sockets import MANAGEMENT_SOCKETS

SETTING = "integration.api.port"
SWITCH_OFF = (
    "Set integration.api.port to 0 and restart the management servers. What used the port (monitoring, billing) gets"
    " API keys of a role that may do just that. Until then a firewall must close the port to everybody else."
)

ENABLED = Metric(
    "cloudstack_network_host_connectivity_integration_api_enabled",
    "Whether the setting switches the API without passwords on.",
    labels=("setting",),
    problem=above(0),
    subject="setting",
)
OPEN = Metric(
    "cloudstack_network_host_connectivity_management_server_integration_port_open",
    "Whether the management server takes connections from other machines to the API without passwords.",
    labels=PER_SERVER,
)


def judge(_group: ManagementServers, _members: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Yield whether the API without passwords is switched on."""
    port = _port(cloud)
    if port is not None:
        yield ENABLED.sample(SETTING, value=int(port > 0), seen=f"{SETTING} = {port}", expected="0")


def judge_server(target: ManagementServerTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield whether one server listens on that port; on loopback alone does not count."""
    port = _port(cloud)
    if port is not None:
        listens = port > 0 and answers[MANAGEMENT_SOCKETS].listens_on(port)
        yield OPEN.sample(target.name, value=int(listens))


def _port(cloud: Cloud) -> int | None:
    """Return the port, 0 when it is switched off, None when that was not told."""
    told = cloud.setting(SETTING)
    if told is None:
        return None
    word = told.strip()
    return int(word) if word.isdecimal() and int(word) < 65536 else 0


CHECK = Check(
    title="API without passwords",
    metrics=(ENABLED, OPEN),
    remedies=(SWITCH_OFF,),
    judges={ManagementServerTarget: judge_server},
    asks={ManagementServerTarget: (MANAGEMENT_SOCKETS,)},
    groups=(GroupJudge(ManagementServers, judge),),
    reads=("listConfigurations",),
)
