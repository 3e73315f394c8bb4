"""What all judgments of KVM hosts share: where the traffic types of a host lie, and the words for it."""

from __future__ import annotations

from typing import Any

from exporter.cloud.cloud import Cloud
from exporter.cloud.targets import HostTarget
from exporter.model import Answers, Question
from exporter.questions.hosts.agent import AGENT
from exporter.questions.hosts.links import LINKS
from exporter.questions.hosts.ovs import OVS_DATABASE
from exporter.topology.labels import Place, places, switches

READS = ("listPhysicalNetworks", "listTrafficTypes")
USED: tuple[Question[Any], ...] = (AGENT, OVS_DATABASE)
"""Without the agent a traffic type that has no label is unknown; without Open vSwitch what may be its bridge is."""
PER_HOST = ("zone", "cluster", "host")

FIX_LABEL = (
    "On the host, make the bridge that the label names, with its uplink as a port, in the distribution's network "
    "configuration so that it is there after a reboot; then restart cloudstack-agent."
)
CORRECT_LABEL = (
    "If the host is right and the label wrong: update the traffic type's KVM label in the UI (Infrastructure, zone, "
    "physical network, traffic types) or with updateTrafficType, and set the same device in agent.properties."
)
UNIFORM = "Name bridges and their uplinks alike on all hosts of the cluster: VLAN bridges are called br<uplink>-<vlan>."


def is_kvm(target: HostTarget) -> bool:
    """Return whether the host is one whose labels name Linux or Open vSwitch bridges that we look for."""
    return target.host.hypervisor == "KVM"


def found_places(target: HostTarget, answers: Answers, cloud: Cloud) -> tuple[Place, ...]:
    """Return the place of every labelled traffic type of the host; the links of the host must be known."""
    return tuple(places(target, cloud, answers[LINKS], answers.get(AGENT), switches(answers)))


def management(target: HostTarget, answers: Answers, cloud: Cloud) -> Place | None:
    """Return the place of management traffic, None while it is not known for sure.

    The agent plugs private NICs into its own private.network.device whatever the label says (BridgeVifDriver), so
    where the two differ the label's place is not where they are.
    """
    agent = answers.get(AGENT)
    for place in found_places(target, answers, cloud):
        if place.traffic == "Management" and place.kind not in ("missing", "unknown"):
            return place if agent is None or agent.private in ("", place.device) else None
    return None
