"""What to do about security groups that are not enforced, from the least to the most."""

from __future__ import annotations

RESTART_AGENT = (
    "Stop and start one of the machines, or migrate it away and back: the agent writes its rules, and those of its"
    " bridge, again. Sending the same rules again repairs nothing."
)
SWITCH_ON = (
    "modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1;"
    " make both last in /etc/modules-load.d and /etc/sysctl.d, and look what reset them (docker, libvirt)."
)
TAKE_AWAY = (
    "Take the rules named here out of FORWARD, or put them behind the jumps to BF-; then keep the firewall that wrote"
    " them (docker, firewalld, libvirt) off this host."
)
INSTALL = (
    "Install the packages iptables, ebtables and ipset and restart cloudstack-agent: it looks for them at its start."
)
INSTALL_IN_DOM0 = (
    "Install ebtables and ipset in dom0 (before XenServer 6.1: the Cloud Support Package), disconnect and reconnect the"
    " host in CloudStack, then stop and start its machines."
)
SWITCH_ON_IN_DOM0 = (
    "Set net.bridge.bridge-nf-call-iptables=1 and net.bridge.bridge-nf-call-arptables=1 in dom0 with sysctl -w, and in"
    " /etc/sysctl.conf so that it lasts."
)
PLUG_IN = (
    "Plug the NICs of these machines into a bridge: take libvirt.vif.driver and network.direct.* out of"
    " agent.properties, restart the agent, stop and start the machines. Or move them to a network without security"
    " groups: on NICs that are passed through they do nothing."
)
READ_LOG = "Read /var/log/cloudstack/agent/security_group.log of the host for what could not be written."
SAME_FLAVOUR = (
    "Choose one flavour for iptables, ip6tables and ebtables (update-alternatives), take away the chains of the other"
    " one, and stop and start the machines of the host."
)
