"""Bridges that learn nothing new because their controller is gone.

Symptom: machines that start or migrate may reach nobody; after a restart of the switch no machine does.
Detect:  fail_mode of table Bridge and is_connected of its rows in table Controller.
Fix:     bring the controller back; a bridge that needs none gets ovs-vsctl del-controller and del-fail-mode.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, gauge, is_watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge
from exporter.topology.hosts import names

LOST = gauge(
    "controllers_lost",
    "Controllers of a bridge in fail mode secure that are not connected, while none is; such a bridge learns nothing.",
    "bridge",
    problem=above(0),
)
RECONNECT = "Bring the controller back, and look at the way to it from this host: ovs-vsctl list Controller."
LEAVE = "Where CloudStack needs no controller: ovs-vsctl del-controller BRIDGE and ovs-vsctl del-fail-mode BRIDGE."


def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield for each bridge how many controllers it has lost; a standalone bridge goes on by itself."""
    database = answers[OVS_DATABASE]
    if database is None or not is_watched(target, answers, cloud):
        return
    for bridge in database.bridges.values():
        yield LOST.sample(
            *names(target, cloud),
            bridge.name,
            value=_lost(bridge),
            seen=f"fail mode {bridge.fail_mode}, not connected: {', '.join(list(bridge.controllers)[:4])}",
            expected="a connected controller",
            remedy=RECONNECT,
        )


def _lost(bridge: OvsBridge) -> int:
    if bridge.fail_mode != "secure" or any(bridge.controllers.values()):
        return 0
    return len(bridge.controllers)


CHECK = Check(
    title="Open vSwitch controllers",
    metrics=(LOST,),
    remedies=(RECONNECT, LEAVE),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_DATABASE,)},
    uses={HostTarget: SEES},
    reads=READS,
)
