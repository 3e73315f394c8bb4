"""The CloudStack agent of a KVM host: the few settings that decide about networks. The file holds secrets."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Chosen keys of agent.properties; an absent one is empty unless a default is named.

    Attributes:
        management_servers: addresses of ``host``, without the algorithm after ``@``.
        public, private, guest: the network devices used where a traffic type has no label
            (defaults: cloudbr0; private has none; guest is private's).
        bridge_type: native | openvswitch (default native).
        vif_driver: libvirt.vif.driver or empty.
        is_active: the service runs (systemd's word), None when not told.
    """

    management_servers: tuple[str, ...] = ()
    zone: str = ""
    pod: str = ""
    cluster: str = ""
    public: str = "cloudbr0"
    private: str = ""
    guest: str = ""
    bridge_type: str = "native"
    vif_driver: str = ""
    is_active: bool | None = None

    @property
    def is_openvswitch(self) -> bool:
        """Return whether the agent plugs NICs into Open vSwitch bridges."""
        return self.bridge_type == "openvswitch" or "OvsVifDriver" in self.vif_driver


def read_agent(text: str) -> Agent:
    """Return the chosen settings."""
    raise UnreadableError(text[:0] + "no reader yet")


AGENT: Question[Agent] = Question(
    "host_agent",
    Via.HOST,
    "exit 127",
    read_agent,
    privilege="root: agent.properties is readable by root only",
    why="Bridges and devices that the agent uses where there is no traffic label, and its network backend.",
)
