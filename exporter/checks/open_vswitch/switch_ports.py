"""Ports that Open vSwitch could not open.

Symptom: a machine without network although it runs, or an uplink that is in the switch by name only.
Detect:  the columns ofport (-1) and error of table Interface.
Fix:     remove the port when its device is gone for good; else bring the device back, the switch then opens it.
"""

from __future__ import annotations

from exporter.checks.open_vswitch.watched import READS, SEES, few, gauge, watched
from exporter.cloud.cloud import Cloud
from exporter.cloud.second_look import confirmed
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Check, Samples, above
from exporter.questions.hosts.ovs import OVS_DATABASE, OvsDatabase, OvsInterface
from exporter.thresholds import ROWS_PER_TARGET
from exporter.topology.hosts import names
from exporter.topology.labels import is_tap

FAILED = gauge(
    "ports_failed",
    "Interfaces that Open vSwitch could not open: ofport -1 or an error in its database.",
    problem=above(0),
)
ROW = gauge("port_failed", "An interface that Open vSwitch could not open; only while there is one.", "bridge", "port")
REMOVE = "The device is gone: ovs-vsctl del-port PORT, after looking that no machine uses it (virsh domiflist)."
BRING_BACK = "Bring the NIC back (cable, driver, name): ovs-vswitchd opens it as soon as it is there."


@watched
def judge(target: HostTarget, answers: Answers, cloud: Cloud) -> Samples:
    """Yield how many interfaces failed on two visits: a tap that is just being made fails for a moment."""
    database = answers[OVS_DATABASE]
    if database is None:
        return
    host = names(target, cloud)
    failed = [
        (bridge, interface)
        for bridge, interface in _failed(database)
        if confirmed(answers, cloud, "port", target.host.id, interface.name, shown_by=(OVS_DATABASE,))
    ]
    words = [f"{one.name} on {bridge}: {one.error or f'ofport {one.ofport}'}" for bridge, one in failed]
    yield FAILED.sample(
        *host,
        value=len(failed),
        seen=few(words),
        expected="every port open",
        remedy=BRING_BACK if any(not is_tap(one.name) for _, one in failed) else REMOVE,
    )
    for bridge, interface in failed[:ROWS_PER_TARGET]:
        yield ROW.sample(*host, bridge, interface.name, value=1)


def _failed(database: OvsDatabase) -> list[tuple[str, OvsInterface]]:
    """Return bridge and interface, uplinks before the ports of machines."""
    found = [
        (bridge.name, interface)
        for bridge in database.bridges.values()
        for port in bridge.ports
        for interface in port.interfaces
        if interface.ofport == -1 or interface.error
    ]
    return sorted(found, key=lambda row: (is_tap(row[1].name), row[0], row[1].name))


CHECK = Check(
    title="Open vSwitch ports",
    metrics=(FAILED, ROW),
    remedies=(REMOVE, BRING_BACK),
    judges={HostTarget: judge},
    asks={HostTarget: (OVS_DATABASE,)},
    uses={HostTarget: SEES},
    reads=READS,
)
