"""A host on which machine 5 of VLAN 101 runs, and what is said of its VLANs."""

from __future__ import annotations

from typing import Any

from exporter.checks.vlan_trunking.mismatches import judge
from exporter.model import Sample
from exporter.questions.hosts.links import Link
from exporter.questions.hosts.ovs import OvsInterface, OvsPort
from tests.checks.vlan_trunking import vlan_scene as scene

KEY = ("mismatches", "cluster1", "kvm1", "physical-pn")


def verdict(*found: Link, on: Any = None, looks: int = 2, **fields: Any) -> list[Sample]:
    """Return what is said of a host on which machine 5 of VLAN 101 runs."""
    running = on or (scene.domain(5),)
    seen_by = fields.pop("cloud", scene.cloud(scene.instance(5)))
    return scene.on_host(judge, seen_by, scene.answered(scene.links(*found), *running, **fields), looks=looks)


def port(bridge: str = "cloudbr1") -> OvsPort:
    """Return the port of vnet0."""
    return OvsPort(name="vnet0", bridge=bridge, tag=7, interfaces=(OvsInterface(name="vnet0"),))
