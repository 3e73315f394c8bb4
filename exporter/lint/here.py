"""Whether this machine is one on which nobody should read images: a hypervisor that runs other people's machines."""

from __future__ import annotations

from pathlib import Path

DAEMONS = ("libvirtd", "virtqemud", "xapi", "cloudstack-agent")
AGENT = b"com.cloud.agent.AgentShell"
MOST_BYTES = 65536


def hypervisor_here(proc: Path = Path("/proc")) -> str:
    """Return the daemon that tells that this is a hypervisor host, empty when none runs.

    **Source**: ``comm`` and ``cmdline`` of every process; libvirt's and XenServer's daemons, and the CloudStack agent.
    """
    for folder in sorted(proc.glob("[0-9]*")):
        try:
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            with (folder / "cmdline").open("rb") as file:
                words = file.read(MOST_BYTES)
        except OSError:
            continue  # it has ended meanwhile
        if name in DAEMONS:
            return name
        if AGENT in words.split(b"\0"):
            return "cloudstack-agent"
    return ""
