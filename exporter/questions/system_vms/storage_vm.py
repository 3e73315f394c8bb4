"""What a secondary storage VM says of itself: its agent. Asked inside the system VM."""

from __future__ import annotations

from dataclasses import replace

from exporter.questions.system_vms.console_proxy import (
    PROXY_AGENT,
    PROXY_AGENT_CONNECTIONS,
    PROXY_MANAGEMENT_HOSTS,
)

PRIVILEGE = "root inside the secondary storage VM, through its host"

SSVM_AGENT_CONNECTIONS = replace(
    PROXY_AGENT_CONNECTIONS,
    name="ssvm_agent_connections",
    privilege=PRIVILEGE,
    why="Whether the agent of the secondary storage VM really holds its connection to a management server.",
)

SSVM_AGENT = replace(
    PROXY_AGENT,
    name="ssvm_agent",
    privilege=PRIVILEGE,
    why="Without its agent no template is downloaded and no snapshot is copied, whatever else works.",
)

SSVM_MANAGEMENT_HOSTS = replace(
    PROXY_MANAGEMENT_HOSTS,
    name="ssvm_management_hosts",
    privilege=PRIVILEGE,
    why="Where the agent looks for management servers; localhost or an old address is why it is not Up.",
)
