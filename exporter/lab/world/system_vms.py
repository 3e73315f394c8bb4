"""Console proxies and secondary storage VMs."""

from __future__ import annotations

from dataclasses import dataclass, field

from exporter.lab.world.condition import Condition
from exporter.lab.world.places import Host, Zone, identity


@dataclass(slots=True, eq=False)
class Console:
    """What a console proxy serves to browsers.

    ``certificate``: names a certificate of the lab (see certificates.py).
    ``page``: HTTP status of the noVNC page, or ``silent``.
    """

    certificate: str = "wildcard"
    page: str = "200"
    web: bool = True  # the HTTP(S) port is open
    vnc: bool = True  # the websocket port is open
    vnc_tls: bool = True  # fixed when it was created
    tls: bool | None = None  # of the web port, when not as the zone's settings say


@dataclass(slots=True, eq=False)
class SystemVm:
    """A console proxy or secondary storage VM.

    ``mount``: up | missing | hangs | read_only, the image store of a secondary storage VM.
    """

    number: int
    zone: Zone
    host: Host
    kind: str  # consoleproxy | secondarystoragevm
    public: str
    private: str
    control: str
    state: str = "Running"
    agent_state: str = "Up"
    sessions: int = 3
    version: str = ""  # of its agent, when not that of the management servers
    template: str = "SystemVM Template (KVM)"
    created: float = 0.0
    uptime: int = 30 * 86400
    management: str = ""  # where its agent looks for management servers, when not where the setting says
    session: bool = True  # its agent holds a connection to the management server
    agent: bool = True  # its Java process runs
    ssh: str = "up"
    answers_as: str = ""
    mount: str = "up"
    resolver: str = "up"  # up | silent | unknown: what becomes of names that it looks up
    stored: set[tuple[int, int]] = field(default_factory=lambda: {(1, 1), (1, 3), (2, 201)})  # account, template
    internal_route: str = "Management"  # the NIC by which it reaches allowed internal sites
    condition: Condition = field(default_factory=Condition)
    console: Console = field(default_factory=Console)

    @property
    def id(self) -> str:
        """Return the system VM's uuid."""
        return identity("systemvm", self.number)

    @property
    def name(self) -> str:
        """Return the system VM's name."""
        return f"{'v' if self.kind == 'consoleproxy' else 's'}-{self.number}-VM"

    @property
    def macs(self) -> dict[str, str]:
        """Return the MAC of each NIC by traffic type, in the order of its NICs."""
        start = {"Control": "0e:00:fe", "Management": "1e:00:0a", "Public": "1e:00:64", "Storage": "1e:00:3c"}
        number = [f"{self.number >> shift & 255:02x}" for shift in (16, 8, 0)]
        kinds = [kind for kind in start if kind != "Storage" or self.stores]
        return {kind: ":".join([start[kind], *number]) for kind in kinds}

    @property
    def stores(self) -> bool:
        """Return whether it has a NIC for storage traffic."""
        return self.kind == "secondarystoragevm" and "Storage" in self.zone.labels
