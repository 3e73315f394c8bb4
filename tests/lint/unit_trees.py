"""Images by what stands in their files for systemd-networkd: those that break guests, and those that do not."""

from __future__ import annotations

from tests.lint.dict_files import Link, Tree

MAC = "52:54:00:aa:bb:cc"
PLACE = "/etc/systemd/network/10.network"

LEFT: Tree = {"/etc/systemd/network/99.network": "[Match]\nName=*\n[Network]\nLLDP=yes\n"}

UNIT_DEFECTS: dict[str, tuple[Tree, set[str]]] = {
    "networkd by MAC": (
        {PLACE: f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n"},
        {"networkd_bound"},
    ),
    "networkd by name": (
        {PLACE: "[Match]\nName=ens192\n[Network]\nDHCP=yes\n"},
        {"networkd_bound"},
    ),
    "networkd static": (
        {PLACE: "[Match]\nName=e*\n[Network]\nAddress=10.1.1.9/24\n"},
        {"networkd_static"},
    ),
    "networkd static in a section": (
        {PLACE: "[Match]\nName=e*\n[Network]\nIPv6AcceptRA=yes\n[Address]\nAddress=10.0.0.5/24\n"},
        {"networkd_static"},
    ),
    "networkd without DHCP": (
        {PLACE: "[Match]\nType=ether\n[Network]\nLinkLocalAddressing=yes\n"},
        {"networkd_static"},
    ),
    "networkd without DHCP, and cloud-init leaves NICs alone": (
        {
            **LEFT,
            "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
            "/etc/cloud/cloud.cfg": "network: {config: disabled}\n",
        },
        {"networkd_static"},
    ),
    "networkd bridge": ({"/etc/systemd/network/br.netdev": "[NetDev]\nKind=bridge\n"}, {"bond_or_bridge"}),
}

UNIT_TRAPS: dict[str, Tree] = {
    "networkd: another NIC": {
        PLACE: "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n",
        "/etc/systemd/network/20.network": "[Match]\nName=wg0 docker*\n[Network]\nLLDP=no\n",
        "/etc/systemd/network/30.network": "[Match]\nName=!e* *\n[Network]\nLLDP=no\n",
    },
    "networkd: the first file counts": {
        PLACE: "[Match]\nName=en* eth*\n[Network]\nDHCP=yes\n",
        "/etc/systemd/network/99.network": "[Match]\nType=ether\n[Network]\nLinkLocalAddressing=yes\n",
    },
    "networkd: names in several lines": {
        PLACE: "[Match]\nName=ens160\nName=\nName=ens3 enp*\nName=eth*\n[Network]\nDHCP=yes\n",
        "/etc/systemd/network/99.network": "[Match]\nType=ether\n[Network]\nLinkLocalAddressing=yes\n",
    },
    "networkd: netplan comes before": {
        **LEFT, "/etc/netplan/01.yaml": "network: {ethernets: {all: {match: {name: 'e*'}, dhcp4: true}}}\n",
    },
    "networkd: cloud-init comes before": {**LEFT, "/usr/bin/cloud-init": "#!/usr/bin/python3\n"},
    "networkd: NetworkManager does it": {
        **LEFT, "/etc/systemd/system/multi-user.target.wants/NetworkManager.service": Link("/lib/x"),
    },
    "networkd: left to others": {
        PLACE: "[Match]\nName=e*\n[Link]\nUnmanaged=yes\n",
    },
    "networkd: NICs of another cloud": {
        PLACE: "[Match]\nDriver=hv_netvsc\n[Network]\nLLDP=no\n",
        "/etc/systemd/network/20.network": "[Match]\nName=e*\nVirtualization=vmware\n[Network]\nDNS=10.0.0.1\n",
    },
    "networkd: IPv6 by the router": {
        PLACE: "[Match]\nName=e*\n[Network]\nIPv6AcceptRA=yes\n",
    },
    "networkd: DHCP beside the file": {
        PLACE: "[Match]\nName=e*\n",
        "/etc/systemd/network/10.network.d/dhcp.conf": "[Network]\nDHCP=yes\n",
    },
    "networkd by pattern": {PLACE: "[Match]\nName=en* eth*\n[Network]\nDHCP=ipv4\n"},
    "networkd: lo": {"/etc/systemd/network/lo.network": "[Match]\nName=lo\n[Network]\nAddress=10.0.0.1/32\n"},
    "networkd: a name beside a pattern": {
        PLACE: "[Match]\nName=ens192\n[Network]\nDHCP=yes\n",
        "/etc/systemd/network/20.network": "[Match]\nName=e*\n[Network]\nDHCP=yes\n",
    },
}  # fmt: skip
