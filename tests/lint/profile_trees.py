"""Images by what stands in their profiles of NetworkManager: those that break guests, and those that do not."""

from __future__ import annotations

from tests.lint.dict_files import Link, Tree

MAC = "52:54:00:aa:bb:cc"
NM = "/etc/NetworkManager/system-connections/"
PROFILE = "[connection]\nid=wired\ntype=ethernet\n{}\n[ethernet]\n{}\n[ipv4]\nmethod={}\n"
CONF = "/etc/NetworkManager/NetworkManager.conf"
SERVER: Tree = {"/usr/lib/NetworkManager/conf.d/00-server.conf": "[main]\nno-auto-default=*\nignore-carrier=*\n"}
"""As Red Hat's package NetworkManager-config-server has it."""
WANTED: Tree = {"/etc/systemd/system/multi-user.target.wants/NetworkManager.service": Link("/lib/x")}

PROFILE_DEFECTS: dict[str, tuple[Tree, set[str]]] = {
    "NM by name": (
        {f"{NM}a.nmconnection": PROFILE.format("interface-name=ens192", "", "auto")},
        {"network_manager_leftover"},
    ),
    "NM by MAC": ({f"{NM}a": PROFILE.format("", f"mac-address={MAC}", "auto")}, {"network_manager_leftover"}),
    "NM by MAC, old section": (
        {f"{NM}a": f"[connection]\ntype=802-3-ethernet\n[802-3-ethernet]\nmac-address={MAC}\n"},
        {"network_manager_leftover"},
    ),
    "NM gives all one MAC": (
        {f"{NM}a": PROFILE.format("", f"cloned-mac-address={MAC}", "auto")},
        {"network_manager_same_address"},
    ),
    "NM by name, and it makes no profile": (
        {**SERVER, f"{NM}a": PROFILE.format("interface-name=ens192", "", "auto")},
        {"network_manager_bound"},
    ),
    "NM by name, and it makes no profile, by the administrator": (
        {
            CONF: "[main]\nno-auto-default = 52:54:00:00:00:01; *\n",
            f"{NM}a": PROFILE.format("", f"mac-address={MAC}", ""),
        },
        {"network_manager_bound"},
    ),
    "NM by name, and it makes no profile, by more than one file": (
        {
            CONF: f"[main]\nno-auto-default={MAC}\n",
            "/etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default+=*\n",
            f"{NM}a": PROFILE.format("interface-name=ens192", "", "auto"),
        },
        {"network_manager_bound"},
    ),
    "NM by name beside one that fits, and it makes none": (
        {
            **SERVER,
            f"{NM}a": PROFILE.format("interface-name=ens192", "", "auto"),
            f"{NM}b": PROFILE.format("", "", "auto"),
        },
        {"network_manager_leftover"},
    ),
    "NM without a profile, and it makes none": (
        {**SERVER, **WANTED},
        {"network_manager_bound"},
    ),
    "NM manual": ({f"{NM}a.nmconnection": PROFILE.format("", "", "manual")}, {"network_manager_static"}),
    "NM not started": (
        {f"{NM}a.nmconnection": PROFILE.format("autoconnect=false", "", "auto")},
        {"network_manager_autoconnect"},
    ),
    "NM bridge": ({f"{NM}a.nmconnection": "[connection]\ntype=bridge\n"}, {"bond_or_bridge"}),
}

PROFILE_TRAPS: dict[str, Tree] = {
    "NM: no profile": {"/usr/sbin/NetworkManager": ""},
    "NM: any wired NIC": {f"{NM}a.nmconnection": PROFILE.format("", "", "auto")},
    "NM: eth0": {f"{NM}a.nmconnection": PROFILE.format("interface-name=eth0", "", "auto")},
    "NM: a WLAN": {f"{NM}w.nmconnection": "[connection]\ntype=wifi\ninterface-name=wlan0\n[ipv4]\nmethod=manual\n"},
    "NM: cloned address by policy": {f"{NM}a": PROFILE.format("", "cloned-mac-address=random", "auto")},
    "NM makes no profile, but a script fits": {
        **SERVER, **WANTED, "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n"
    },
    "NM makes no profile, but netplan does": {
        **SERVER, **WANTED,
        "/etc/netplan/01.yaml": "network: {ethernets: {all: {match: {name: 'e*'}, dhcp4: true}}}\n",
    },
    "NM makes no profile, but cloud-init does": {
        **SERVER, **WANTED, "/usr/bin/cloud-init": "#!/usr/bin/python3\n"
    },
    "NM makes no profile for one NIC": {CONF: f"[main]\nno-auto-default={MAC}\n", **WANTED},
    "NM makes profiles again": {
        **SERVER, **WANTED,
        "/etc/NetworkManager/conf.d/00-server.conf": "",
    },
}  # fmt: skip
