"""Bridges that learn nothing new because their controller is gone.

Symptom: machines that start or migrate may reach nobody; after a restart of the switch no machine does.
Detect:  fail_mode of table Bridge and is_connected of its rows in table Controller; a bridge of a traffic label that
         is to wait for a controller and has none passes nothing once the switch is started anew.
Fix:     bring the controller back; a bridge that needs none gets ovs-vsctl del-controller and del-fail-mode.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, gauge, label_places, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsBridge, OvsDatabase
from exporter.topology.hosts import names
from exporter.topology.labels import Place

LOST = gauge(
    "controllers_lost",
    "Controllers that a bridge in fail mode secure lacks while none is connected; 1 where a label's bridge has none.",
    "bridge",
    problem=above(0),
)
RECONNECT = "Bring the controller back, and look at the way to it from this host: ovs-vsctl list Controller."
LEAVE = "Where CloudStack needs no controller: ovs-vsctl del-controller BRIDGE and ovs-vsctl del-fail-mode BRIDGE."


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield for each bridge how many controllers it has lost; a standalone bridge goes on by itself."""
    database = answers[OVS_DATABASE]
    if database is None:
        return
    labelled = {_bridge(place, database) for place in label_places(target, answers, cloud)}
    for bridge in database.bridges.values():
        missing = ", ".join(list(bridge.controllers)[:4]) or "none is set"
        yield LOST.sample(
            *names(target, cloud),
            bridge.name,
            value=_lost(bridge, is_labelled=bridge.name in labelled),
            seen=f"fail mode {bridge.fail_mode}, not connected: {missing}",
            expected="a connected controller",
            remedy=RECONNECT if bridge.controllers else LEAVE,
        )


def _bridge(place: Place, database: OvsDatabase) -> str:
    """Return the bridge to which a label leads: a label may name a bridge in a VLAN of it."""
    port = database.ports.get(place.device)
    return port.bridge if port is not None and place.kind == "openvswitch" else place.device


def _lost(bridge: OvsBridge, *, is_labelled: bool) -> int:
    """Return for how many controllers it waits; a bridge of no label may be somebody's who writes its flows."""
    if bridge.fail_mode != "secure" or any(bridge.controllers.values()):
        return 0
    return len(bridge.controllers) or int(is_labelled)


CHECK = Check(
    title="Open vSwitch controllers",
    metrics=(LOST,),
    remedies=(RECONNECT, LEAVE),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_DATABASE,)},
    uses={HostTarget: SEES},
    reads=READS,
)
