"""The API role: exactly the commands that a refresh sends, and nothing else."""

from __future__ import annotations

ALLOWED = {
    "listApis": "which commands this version and role have",
    "listZones": "zones; without them nothing is known",
    "listPods": "pods",
    "listClusters": "clusters and their hypervisor",
    "listHosts": "hosts and the agents of system VMs",
    "listPhysicalNetworks": "physical networks and their VLANs",
    "listTrafficTypes": "traffic labels",
    "listNetworkServiceProviders": "providers of network services and whether they are enabled",
    "listNetworkOfferings": "tags that lead networks to physical networks",
    "listNiciraNvpDevices": "controllers of Nicira NVP, asked only where a physical network has them",
    "listStorageNetworkIpRange": "VLANs of storage traffic",
    "listDedicatedGuestVlanRanges": "guest VLANs that are kept for one account",
    "listVlanIpRanges": "address ranges on VLANs, public ones also for console certificates",
    "listPrivateGateways": "VLANs of the private gateways of VPCs",
    "listNetworks": "guest networks and who serves them",
    "listVirtualMachines": "instances with their NICs",
    "listRouters": "virtual routers, NICs and stored health results",
    "listSystemVms": "console proxies and secondary storage VMs",
    "listImageStores": "secondary storage",
    "listTemplates": "templates and whether they are ready",
    "listManagementServers": "management servers",
    "listConfigurations": "the settings that are judged, each by its name",
}
"""Command -> what it is read for."""

ROLE_RULES = (*((command, "allow") for command in ALLOWED), ("*", "deny"))
"""Rules in order. Without the last one CloudStack falls back to each API's own annotation, which lets an
Admin role do what no rule names."""

ROLE = "cloudstack-network-exporter"


def role_text() -> str:
    """Return CloudMonkey commands, as a shell script, that make the role and an account with a key pair."""
    rules = "\n".join(
        f"cmk create rolepermission roleid=$role rule='{rule}' permission={permission}"
        f' description="{ALLOWED.get(rule, "nothing else")}"'
        for rule, permission in ROLE_RULES
    )
    return f"""\
# A role that may read what {ROLE} reads, and nothing else. Run as root admin with CloudMonkey (cmk) and jq.
# Type Admin, because only such accounts are shown VLANs, hosts and addresses; the last rule denies the rest.
role=$(cmk -o json create role name={ROLE} type=Admin description="reads the network inventory" | jq -r .role.id)
{rules}
# The account, and its keys (printed once; put them where the exporter's configuration says).
password=$(head -c 24 /dev/urandom | base64)
user=$(cmk -o json create account username={ROLE} roleid=$role password="$password" \\
    email={ROLE}@localhost firstname=network lastname=exporter | jq -r '.account.user[0].id')
cmk register userkeys id=$user
"""
