"""The CloudStack agent of a KVM host: the few settings that decide about networks. The file holds secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exporter.model import Question, UnreadableError, Via

KEYS = (
    "host",
    "zone",
    "pod",
    "cluster",
    "public.network.device",
    "private.network.device",
    "guest.network.device",
    "network.bridge.type",
    "libvirt.vif.driver",
)
"""The only keys that leave the host."""
SYSTEMD = ("ActiveState", "SubState", "NRestarts")
LINE = re.compile(r"([A-Za-z.]{1,40})=([ -~]{0,1000})", re.ASCII)
ACTIVE = {"active": True, "reloading": True, "inactive": False, "failed": False, "deactivating": False}
"""systemd's word -> whether the agent runs; while it is being started nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Chosen keys of agent.properties; an absent one is empty unless a default is named.

    Attributes:
        management_servers: addresses of ``host``, without the algorithm after ``@``.
        public, private, guest: the network devices used where a traffic type has no label
            (defaults: cloudbr0; private has none; guest is private's).
        bridge_type: native | openvswitch (default native).
        vif_driver: libvirt.vif.driver or empty.
        is_active: the service runs (systemd's words), None when not told. One that ended by itself and waits to be
            started again does not run.
        restarts: how often systemd has started it again since somebody last did; None when not told.
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
    restarts: int | None = None

    @property
    def is_openvswitch(self) -> bool:
        """Return whether the agent plugs NICs into Open vSwitch bridges."""
        return self.bridge_type == "openvswitch" or "OvsVifDriver" in self.vif_driver


def read_agent(text: str) -> Agent:
    """Return the chosen settings from lines of ``key=value``: systemd's, and those of the file in its order.

    A later key wins, as in Java. A file with none of the keys is not an agent's.
    """
    found: dict[str, str] = {}
    for line in filter(None, text.splitlines()):
        row = LINE.fullmatch(line)
        if row is None or row[1] not in (*KEYS, *SYSTEMD):
            message = "a line that is no chosen setting"  # and is not shown: it may be a secret
            raise UnreadableError(message)
        found[row[1]] = row[2].strip()
    active, inner, restarts = (found.pop(word, "") for word in SYSTEMD)
    if not found:
        message = "none of the settings of an agent"
        raise UnreadableError(message)
    servers = found.get("host", "").partition("@")[0].split(",")
    return Agent(
        management_servers=tuple(filter(None, map(str.strip, servers))),
        zone=found.get("zone", ""),
        pod=found.get("pod", ""),
        cluster=found.get("cluster", ""),
        public=found.get("public.network.device") or "cloudbr0",
        private=found.get("private.network.device", ""),
        guest=found.get("guest.network.device") or found.get("private.network.device", ""),
        bridge_type=found.get("network.bridge.type", "").lower() or "native",
        vif_driver=found.get("libvirt.vif.driver", ""),
        is_active=False if inner.startswith("auto-restart") else ACTIVE.get(active),
        restarts=int(restarts) if re.fullmatch(r"\d{1,10}", restarts, re.ASCII) else None,
    )


AGENT: Question[Agent] = Question(
    "host_agent",
    Via.HOST,
    # The file is read as Java reads it: comments, three signs between key and value, lines that go on after a
    # backslash (the rest of a secret is no key). awk knows the only keys that may leave the host.
    r"""
file=$ROOT/etc/cloudstack/agent/agent.properties
[ -e "$file" ] || { echo 'no agent.properties: no CloudStack agent here'; exit 127; }
if [ -d "$ROOT/run/systemd/system" ]; then
    systemctl show -p ActiveState,SubState,NRestarts cloudstack-agent 2>/dev/null
fi
exec awk '
    BEGIN {
        split("@KEYS@", names, " ")
        for (number in names) chosen[names[number]] = 1
    }
    {
        sub(/\r$/, "")
        sub(/^[ \t\f]+/, "")
        if (!going && /^([#!]|$)/) next
        text = going ? whole $0 : $0
        going = match(text, /\\+$/) && RLENGTH % 2
        whole = substr(text, 1, length(text) - 1)
        if (going || !match(text, /[=: \t\f]/)) next
        key = substr(text, 1, RSTART - 1)
        value = substr(text, RSTART)
        sub(/^[ \t\f]*[=:]?[ \t\f]*/, "", value)
        gsub(/[^ -~]/, "?", value)
        if (key in chosen) print key "=" substr(value, 1, 1000)
    }' "$file"
""".replace("@KEYS@", " ".join(KEYS)),
    read_agent,
    privilege="root: agent.properties is readable by root only",
    why="Bridges and devices that the agent uses where there is no traffic label, and its network backend.",
    processes=2,
)
