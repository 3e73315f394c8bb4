"""What holds frames of a machine back behind its port: the columns of Open vSwitch's uplinks, and STP of bridges."""

from __future__ import annotations

from exporter.checks.vlan_trunking.wiring import Wiring
from exporter.questions.hosts.links import Link
from exporter.questions.hosts.ovs import OvsPort
from exporter.topology.labels import Place, is_tap, lets_through, plain_uplinks
from exporter.topology.vlans import Segment

HELD = ("blocking", "listening", "learning")
"""States of a port that passes nothing on; those that pass by themselves last less than two visits."""


def held_by_switch(port: OvsPort, segment: Segment, place: Place | None, view: Wiring) -> str:
    """Return why no uplink of the port's bridge of Open vSwitch lets the segment through; empty where one does.

    A bridge in a VLAN of another gives tags of its own, and where patches, tunnels or a controller have a say nobody
    knows: nothing is found wrong then.
    """
    ovs = view.ovs
    if ovs is None or not segment.is_vlan or port.bridge not in ovs.bridges:
        return ""
    if place is None or place.device not in ovs.bridges:
        return ""
    vlan, ways = segment.number or 0, plain_uplinks(ovs.bridges[port.bridge])
    if not ways or any(lets_through(way, vlan) for way in ways):
        return ""
    what = f"VLAN {vlan}" if vlan else "what has no tag"
    return f"no uplink of {port.bridge} lets {what} through: {'; '.join(_columns(way) for way in ways[:2])}"


def held_by_stp(tap: Link, view: Wiring) -> str:
    """Return which port STP holds: the tap, or every way out of its bridge; empty where frames pass."""
    if tap.port_state in HELD:
        return f"{tap.name} is {tap.port_state} in {tap.master}, by STP"
    out = [view.links.by_name[name] for name in view.links.ports.get(tap.master, ()) if not is_tap(name)]
    if not out or any(port.port_state not in HELD for port in out):
        return ""
    return f"{out[0].name} is {out[0].port_state} in {tap.master}, by STP"


def _columns(port: OvsPort) -> str:
    """Return what a port says of VLANs, in words of Open vSwitch."""
    tag = f"tag {port.tag}" if port.tag is not None else ""
    trunks = f"trunks {','.join(map(str, port.trunks[:8]))}" if port.trunks else ""
    return " ".join(filter(None, (port.name, port.vlan_mode, tag, trunks)))
