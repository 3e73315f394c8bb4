"""What lines of management-server.log mean: one table, a row per message that tells of a network issue.

Patterns match the message, never the logger, whose abbreviation changed with each era; a blank stands for any white
space, case does not matter. Source: the classes named in ``where``, CloudStack 4.0 to 4.22.

A log may tell thousands of warnings a second: messages are put into one case with single blanks, and alternatives stand
alone, so that each is found by its first letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.model import Issue
from exporter.thresholds import LOG_COMPLAINTS, LOG_FREQUENT

WARNED = frozenset({"WARN", "ERROR", "FATAL"})
TOLD = WARNED | {"INFO"}
ANY = TOLD | {"DEBUG"}
PLANNED = re.compile(r"(?<!errorin)(?<!errorinpreparefor)maintenance|\b(is|in|state:?) (now )?disabled\b")
"""In a plain message: somebody has taken the host, or its cluster, out of service. A failed attempt is no plan."""
LETTERS = re.compile(r"[a-z0-9 /']+(?![?*+])")


@dataclass(frozen=True, slots=True)
class Signature:
    """One kind of message.

    Attributes:
        name: label value; lower case with underscores.
        issue: of the talk.
        patterns: one of them is found anywhere in a plain message, or in the exception printed below it; each with the
            letters that it begins with, which are looked for first.
        where: the class that writes it.
        levels: at which it counts.
        is_noise: healthy clouds write it now and then: it is counted and never a finding.
        tolerated: messages in a quarter of an hour that are no finding yet.
        is_unplanned: a message that tells of maintenance does not fit.
        is_own: the exporter's own dials cause it too, so it is counted by its name and in no sum of a level.
    """

    name: str
    issue: Issue
    patterns: tuple[tuple[str, re.Pattern[str]], ...]
    where: str
    levels: frozenset[str] = WARNED
    is_noise: bool = False
    tolerated: int = LOG_COMPLAINTS
    is_unplanned: bool = False
    is_own: bool = False


def _row(  # noqa: PLR0913 - the columns of the table
    name: str, issue: Issue, pattern: str, where: str, levels: frozenset[str] = WARNED, *, is_noise: bool = False,
    tolerated: int = LOG_COMPLAINTS, is_unplanned: bool = False, is_own: bool = False,
) -> Signature:  # fmt: skip
    alternatives = tuple(_alternatives(pattern.lower()))
    compiled = tuple((_beginning(one), re.compile(one)) for one in alternatives)
    return Signature(name, issue, compiled, where, levels, is_noise, tolerated, is_unplanned, is_own)


def _alternatives(pattern: str) -> Iterator[str]:
    """Yield what stands between the bars that are in no bracket."""
    begin = depth = 0
    for at, character in enumerate(pattern):
        depth += (character in "([") - (character in ")]") if pattern[at - 1 : at] != "\\" else 0
        if character == "|" and depth == 0:
            yield pattern[begin:at]
            begin = at + 1
    yield pattern[begin:]


def _beginning(pattern: str) -> str:
    """Return the letters before anything that means more than itself."""
    found = LETTERS.match(pattern)
    return found[0] if found else ""


def plain(text: str) -> str:
    """Return a message as patterns expect it."""
    return " ".join(text.lower().split())


CONSOLE, PASSWORD, METADATA = Issue.CONSOLE_PROXY, Issue.PASSWORD_RESET, Issue.USER_METADATA
TEMPLATES, HOSTS, PHYSICAL = Issue.TEMPLATES, Issue.HOST_CONNECTIVITY, Issue.PHYSICAL_NETWORKS

SIGNATURES: tuple[Signature, ...] = (
    _row("console_certificate_missing", CONSOLE, r"SSL is enabled for console proxy .*?but no server certificate found",
         "ConsoleProxyManagerImpl"),
    _row("console_domain_empty", CONSOLE, r"Empty console proxy domain, explicitly disabling SSL",
         "ConsoleProxyManagerImpl"),
    _row("console_proxy_not_started", CONSOLE,
         r"Unable to (find or allocate console proxy resource|start new console proxy on zone|"
         r"allocate console proxy standby capacity)", "ConsoleProxyManagerImpl"),
    _row("console_http_not_started", CONSOLE,
         r"Unable to send http handling startup command|Console proxy agent reported that it failed to execute http "
         r"handling", "AgentHookBase"),
    _row("console_ticket_refused", CONSOLE,
         r"Access ticket (expired or has been modified|could not be found)|Session \[[^\]]*\] has been already used|"
         r"sid .*?does not match stored sid", "AgentHookBase", is_noise=True),
    _row("console_keystore", CONSOLE, r"Unable to find keystore|Unable to build keystore for|Certificate validation "
         r"failed", "KeystoreManagerImpl"),
    _row("realhostip_certificate", CONSOLE, r"Only realhostip\.com ssl cert is supported", "DownloadMonitorImpl",
         is_noise=True),
    _row("system_vm_agent_lost", CONSOLE, r"Disconnect agent for CPVM/SSVM due to physical connection close",
         "AgentManagerImpl"),
    _row("system_vm_ssh", HOSTS, r"Unable to use SSH on the VM|Unable to connect via SSH to the VM",
         "ConsoleProxyManagerImpl, SecondaryStorageManagerImpl"),
    _row("system_vm_certificate", HOSTS, r"Failed to setup (certificate|keystore and generate CSR) for system vm",
         "VirtualMachineManagerImpl"),
    _row("management_cidr_invalid", CONSOLE, r"Invalid management (server )?cidr list",
         "ConsoleProxyManagerImpl, SecondaryStorageManagerImpl"),
    _row("password_not_saved", PASSWORD, r"Unable to save password for VM .*?on router", "VirtualRouterElement"),
    _row("password_reset_failed", PASSWORD,
         r"Unable to reset password for vm .*?doesn't have default nic|Failed to reset password for the virtual "
         r"machine", "UserVmManagerImpl", ANY),
    _row("password_router_disconnected", PASSWORD,
         r"Unable to apply (save password entry|userdata and password entry) on disconnected router",
         "BasicNetworkTopology"),
    _row("user_data_not_updated", METADATA, r"Failed to update userdata for vm .*?and nic", "VirtualRouterElement"),
    _row("user_data_router_disconnected", METADATA,
         r"Unable to apply (save SSHkey entry|save userdata entry) on disconnected router", "BasicNetworkTopology"),
    _row("router_disconnected", METADATA, r"Unable to apply .*?on disconnected router", "BasicNetworkTopology"),
    _row("router_wrong_state", METADATA, r"Unable to apply .*?virtual router is not in the right state",
         "BasicNetworkTopology"),
    _row("router_rules_not_applied", METADATA, r"Unable to apply .*? on router ", "AdvancedNetworkTopology"),
    _row("router_requires_upgrade", METADATA, r"Unable to send command\. Router requires upgrade",
         "NetworkHelperImpl"),
    _row("router_not_started", METADATA, r"Router .*?failed to start\. current state", "NetworkHelperImpl"),
    _row("router_health_failed", METADATA, r"Health checks failed: \d+ failing checks on router",
         "VirtualNetworkApplianceManagerImpl"),
    _row("router_health_unknown", METADATA,
         r"Unable to fetch monitor results for router|Failed to fetch monitor results from router|Basic tests failed "
         r"on router", "VirtualNetworkApplianceManagerImpl"),
    _row("router_split_brain", METADATA,
         r"are both in PRIMARY state|both in MASTER state|More than one redundant virtual router is in",
         "VirtualNetworkApplianceManagerImpl"),
    _row("router_failover", METADATA, r"Redundant virtual router .*?just switch from",
         "VirtualNetworkApplianceManagerImpl", TOLD, is_noise=True),
    _row("router_status_unknown", METADATA, r"Unable to update router .*?'s status",
         "VirtualNetworkApplianceManagerImpl"),
    _row("router_recreated_for_health", METADATA,
         r"Health Check Alert: Found failing checks in router\.health\.checks\.failures\.to\.recreate\.vr",
         "VirtualNetworkApplianceManagerImpl"),
    _row("dhcp_router_not_running", TEMPLATES, r"Failed to configure dhcp: router not in running state",
         "BasicNetworkTopology"),
    _row("template_no_secondary_storage_vm", TEMPLATES,
         r"There is no secondary storage VM for (downloading template|image store)|Unable to start /resume download "
         r"of", "DownloadMonitorImpl"),
    _row("template_no_endpoint", TEMPLATES, r"No remote endpoint to send command, check if host or ssvm is down",
         "TemplateServiceImpl"),
    _row("template_download_unwatched", TEMPLATES, r"Unable to monitor download progress of", "DownloadListener"),
    _row("template_corrupted", TEMPLATES,
         r"Template .*?is corrupted on secondary storage|is corrupted, please check in image store",
         "TemplateServiceImpl", TOLD),
    _row("secondary_storage_vm_not_started", TEMPLATES,
         r"Unable to start secondary storage VM|Secondary storage VM .*?does not exist|no secondary storage available "
         r"to satisfy", "SecondaryStorageManagerImpl"),
    _row("vlan_exhausted", Issue.VLAN_TRUNKING,
         r"Unable to allocate vnet as a part of network|InsufficientVirtualNetworkCapacityException",
         "GuestNetworkGuru"),
    _row("public_address_exhausted", PHYSICAL,
         r"Insufficient address capacity|InsufficientAddressCapacityException|Unable to find available public IP "
         r"addresses", "IpAddressManagerImpl"),
    _row("guest_address_exhausted", PHYSICAL, r"Unable to acquire Guest IP address for network", "GuestNetworkGuru"),
    _row("traffic_label_missing", PHYSICAL,
         r"Incorrect Network setup on agent|Can not find network: |Network is not configured on the backend by name",
         "NetworkOrchestrator"),
    _row("peer_unreachable", HOSTS, r"Unable to reach the peer that the agent is connected", "ClusteredAgentAttache",
         is_unplanned=True),
    _row("agent_state_unknown", HOSTS,
         r"Agent .*?state cannot be determined|Agent is disconnected but the host is still up|Host .*?is down\. "
         r"Starting HA", "AgentManagerImpl", is_unplanned=True),
    _row("command_timed_out", HOSTS, r"OperationTimedoutException|Commands \d+ to Host \d+ timed out after",
         "AgentManagerImpl", tolerated=LOG_FREQUENT, is_unplanned=True),
    _row("gateway_lost", HOSTS, r"Host lost connection to gateway", "AgentManagerImpl"),
    _row("network_not_implemented", PHYSICAL,
         r"Failed to implement network .*?elements and resources|Failed to re-program the network as a part of network",
         "NetworkOrchestrator"),
    _row("resource_unreachable", HOSTS,
         r"AgentUnavailableException|Resource \[(Host|Pod|Cluster|StoragePool|DataCenter):\d+\] is unreachable",
         "many", tolerated=LOG_FREQUENT, is_unplanned=True),
    _row("host_out_of_service", HOSTS,
         r"AgentUnavailableException|Resource \[(Host|Pod|Cluster|StoragePool|DataCenter):\d+\] is unreachable|"
         r"OperationTimedoutException|Commands \d+ to Host \d+ timed out after|Unable to reach the peer that the agent "
         r"is connected|Agent .*?state cannot be determined|Agent is disconnected but the host is still up|"
         r"Host .*?is down\. Starting HA", "those above, where it is planned", is_noise=True),
    _row("agent_port_handshake", HOSTS,
         r"SSL error caught during unwrap data: .*?the client may have invalid ca-certificates|SSL Handshake has taken "
         r"more than \d+ ?m?s to connect to", "Link", is_noise=True),
    _row("port_dialled", HOSTS,
         r"This SSL engine was forced to close inbound due to end of stream|Failure during validating cluster request "
         r"from", "Link, ClusterServiceServletContainer", is_noise=True, is_own=True),
    _row("state_transition", HOSTS, r"NoTransitionException|Unable to transition to a new state from",
         "StateMachine2", is_noise=True),
)  # fmt: skip
"""Every message that counts. The first row that fits is the one: what is more special stands above."""


def recognised(level: str, text: str) -> Signature | None:
    """Return the first row that fits a message at its level, or None."""
    told = plain(text)
    fitting = (row for row in SIGNATURES if level in row.levels)
    return next((row for row in fitting if _fits(row, told)), None)


def _fits(row: Signature, told: str) -> bool:
    fits = any(beginning in told and pattern.search(told) for beginning, pattern in row.patterns)
    return fits and not (row.is_unplanned and PLANNED.search(told))
