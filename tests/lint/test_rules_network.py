"""Rules about the NICs of guests: each defect is its rule and no other, and each trap is none."""

from __future__ import annotations

import pytest

from tests.lint.dict_files import Damaged, Link, Tree, broken
from tests.lint.profile_trees import NM, PROFILE_DEFECTS, PROFILE_TRAPS
from tests.lint.unit_trees import UNIT_DEFECTS, UNIT_TRAPS

POLICY = "/usr/lib/systemd/network/99-default.link"
GRUB = "/etc/default/grub"
CLASSIC = {POLICY: "[Match]\n", GRUB: 'GRUB_CMDLINE_LINUX="net.ifnames=0 biosdevname=0 console=ttyS0"\n'}
PREDICTABLE = {POLICY: "[Match]\n", GRUB: 'GRUB_CMDLINE_LINUX="quiet"\n'}
UDEV = "/etc/udev/rules.d/70-persistent-net.rules"
NET_RULE = 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="52:54:00:aa:bb:cc", KERNEL=="eth*", NAME="eth0"\n'
IFCFG = "/etc/sysconfig/network-scripts/ifcfg-"
GOOD_IFCFG = "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n"
CLOUD_INIT = {"/usr/bin/cloud-init": "#!/usr/bin/python3\n"}
DHCP = "iface eth0 inet dhcp\n"
MAC = "52:54:00:aa:bb:cc"


def netplan(body: str) -> str:
    return "network:\n  version: 2\n  ethernets:\n" + "".join(f"    {line}\n" for line in body.splitlines())


DEFECTS: dict[str, tuple[Tree, set[str]]] = {
    **PROFILE_DEFECTS,
    **UNIT_DEFECTS,
    "udev keeps eth0": ({UDEV: NET_RULE}, {"persistent_net_rules"}),
    "udev of CentOS 5": (
        {UDEV: f'SUBSYSTEM=="net", SYSFS{{address}}=="{MAC}", NAME="eth0"\n'},
        {"persistent_net_rules"},
    ),
    "udev over two lines, CRLF": (
        {UDEV: f'SUBSYSTEM=="net", \\\r\n ATTR{{address}}=="{MAC}", NAME="eth1"\r\n'},
        {"persistent_net_rules"},
    ),
    "a rule in a file of another name": ({"/etc/udev/rules.d/10-nic.rules": NET_RULE}, {"persistent_net_rules"}),
    "the generator": ({"/lib/udev/rules.d/75-persistent-net-generator.rules": "x"}, {"persistent_net_generator"}),
    "HWADDR": ({f"{IFCFG}eth0": f"{GOOD_IFCFG}HWADDR={MAC}\n"}, {"ifcfg_hwaddr"}),
    "HWADDR quoted": ({f"{IFCFG}eth0": f"{GOOD_IFCFG}HWADDR='{MAC}'\n"}, {"ifcfg_hwaddr"}),
    "UUID": ({f"{IFCFG}eth0": f'{GOOD_IFCFG}UUID="1-2-3"\n'}, {"ifcfg_uuid"}),
    "p192p1": ({f"{IFCFG}p192p1": "DEVICE=p192p1\nBOOTPROTO=dhcp\nONBOOT=yes\n"}, {"ifcfg_name"}),
    "ens192 by the file's name": ({f"{IFCFG}ens192": "BOOTPROTO=dhcp\n"}, {"ifcfg_name"}),
    "ens3 and net.ifnames=0": (
        {**CLASSIC, f"{IFCFG}ens3": "DEVICE=ens3\nBOOTPROTO=dhcp\n"},
        {"ifcfg_name"},
    ),
    "eth0 where names are predictable": ({**PREDICTABLE, f"{IFCFG}eth0": GOOD_IFCFG}, {"ifcfg_name"}),
    "static ifcfg": ({f"{IFCFG}eth0": "DEVICE=eth0\nBOOTPROTO=static\nONBOOT=yes\n"}, {"ifcfg_static"}),
    "no BOOTPROTO": ({f"{IFCFG}eth0": "DEVICE=eth0\nONBOOT=yes\n"}, {"ifcfg_static"}),
    "IPADDR": ({f"{IFCFG}eth0": GOOD_IFCFG + "IPADDR=10.1.1.9\n"}, {"ifcfg_static"}),
    "ONBOOT=no": ({f"{IFCFG}eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=no\n"}, {"ifcfg_onboot"}),
    "a bridge of ifcfg": (
        {f"{IFCFG}eth0": "DEVICE=eth0\nBRIDGE=br0\nONBOOT=yes\n", f"{IFCFG}br0": "TYPE=Bridge\nBOOTPROTO=dhcp\n"},
        {"bond_or_bridge"},
    ),
    "SUSE static": ({"/etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='static'\n"}, {"ifcfg_static"}),
    "netplan by MAC": (
        {"/etc/netplan/01.yaml": netplan(f"nic:\n  match: {{macaddress: '{MAC}'}}\n  set-name: eth0\n  dhcp4: true")},
        {"netplan_bound"},
    ),
    "netplan one name": ({"/etc/netplan/01.yaml": netplan("ens160:\n  dhcp4: yes")}, {"netplan_bound"}),
    "netplan name in match": (
        {"/etc/netplan/01.yaml": netplan("nic:\n  match: {name: ens160}\n  dhcp4: true")},
        {"netplan_bound"},
    ),
    "netplan ens3 and net.ifnames=0": (
        {**CLASSIC, "/etc/netplan/01.yaml": netplan("ens3: {dhcp4: true}")},
        {"netplan_bound"},
    ),
    "netplan eth0 without net.ifnames=0": (
        {**PREDICTABLE, "/etc/netplan/01.yaml": netplan("eth0: {dhcp4: true}")},
        {"netplan_bound"},
    ),
    "netplan several fixed names": (
        {"/etc/netplan/01.yaml": netplan("ens3: {dhcp4: true}\nens4: {dhcp4: true}")},
        {"netplan_bound"},
    ),
    "netplan static": (
        {"/etc/netplan/01.yaml": netplan("all:\n  match: {name: 'e*'}\n  addresses: [10.1.1.9/24]")},
        {"netplan_static"},
    ),
    "netplan without dhcp4": ({"/etc/netplan/01.yaml": netplan("all:\n  match: {name: 'e*'}")}, {"netplan_static"}),
    "netplan bond": (
        {
            "/etc/netplan/01.yaml": netplan("e0: {match: {name: 'en*'}}\ne1: {match: {name: 'eth*'}}")
            + "  bonds:\n    bond0:\n      interfaces: [e0, e1]\n      dhcp4: true\n"
        },
        {"bond_or_bridge"},
    ),
    "50-cloud-init.yaml with a MAC": (
        {
            **CLOUD_INIT,
            "/etc/netplan/50-cloud-init.yaml": netplan(f"ens3:\n  dhcp4: true\n  match:\n    macaddress: {MAC}"),
        },
        {"cloud_init_network"},
    ),
    "50-cloud-init.yaml that nobody writes anew": (
        {
            **CLOUD_INIT,
            "/etc/cloud/cloud.cfg.d/99.cfg": "network: {config: disabled}\n",
            "/etc/netplan/50-cloud-init.yaml": netplan(f"ens3:\n  dhcp4: true\n  match:\n    macaddress: {MAC}"),
        },
        {"netplan_bound"},
    ),
    "50-cloud-init.yaml, cloud-init gone": (
        {"/etc/netplan/50-cloud-init.yaml": netplan(f"ens3:\n  dhcp4: true\n  match:\n    macaddress: {MAC}")},
        {"netplan_bound"},
    ),
    "interfaces static": (
        {"/etc/network/interfaces": "auto eth0\niface eth0 inet static\n address 10.1.1.9\n"},
        {"interfaces_without_dhcp"},
    ),
    "interfaces of ifupdown-ng, static": (
        {"/etc/network/interfaces": "auto eth0\niface eth0\n\taddress 10.1.1.9/24\n"},
        {"interfaces_without_dhcp"},
    ),
    "interfaces never up": ({"/etc/network/interfaces": DHCP}, {"interfaces_without_dhcp"}),
    "interfaces only lo": (
        {"/usr/sbin/ifup": "", "/etc/network/interfaces": "auto lo\niface lo inet loopback\n"},
        {"interfaces_without_dhcp"},
    ),
    "dhcp in a folder that is not read": (
        {
            "/sbin/ifup": "",
            "/etc/network/interfaces": "auto lo\n",
            "/etc/network/interfaces.d/eth0": f"auto eth0\n{DHCP}",
        },
        {"interfaces_without_dhcp"},
    ),
    "interfaces ens3": (
        {**PREDICTABLE, "/etc/network/interfaces": "allow-hotplug ens3\niface ens3 inet dhcp\n"},
        {"interfaces_name"},
    ),
    "interfaces bridge": (
        {"/etc/network/interfaces": "auto br0\niface br0 inet dhcp\n bridge_ports eth0\nauto eth0\n" + DHCP},
        {"bond_or_bridge"},
    ),
    "a link file": (
        {"/etc/systemd/network/10-lan.link": f"[Match]\nMACAddress={MAC}\n[Link]\nName=lan0\n"},
        {"networkd_link"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
async def test_each_defect_is_its_rule_and_no_other(name: str) -> None:
    """One thing to mend, one flaw."""
    tree, expected = DEFECTS[name]
    assert set(await broken(tree)) == expected


TRAPS: dict[str, Tree] = {
    **PROFILE_TRAPS,
    **UNIT_TRAPS,
    "an empty image": {},
    "udev: comments": {UDEV: f"# {NET_RULE}\n"},
    "udev: empty": {UDEV: ""},
    "udev: masked": {UDEV: Link("/dev/null")},
    "udev: any address": {UDEV: 'SUBSYSTEM=="net", ATTR{address}=="?*", NAME="eth0"\n'},
    "udev: by driver": {UDEV: 'SUBSYSTEM=="net", DRIVERS=="virtio_net", NAME="eth0"\n'},
    "udev: no name is given": {UDEV: f'SUBSYSTEM=="net", ATTR{{address}}=="{MAC}", RUN+="/bin/true"\n'},
    "udev: not a NIC": {"/etc/udev/rules.d/x.rules": f'SUBSYSTEM=="usb", ATTR{{address}}=="{MAC}", NAME="x"\n'},
    "the generator masked": {
        "/lib/udev/rules.d/75-persistent-net-generator.rules": "x",
        "/etc/udev/rules.d/75-persistent-net-generator.rules": Link("/dev/null"),
    },
    "ifcfg-eth0": {f"{IFCFG}eth0": GOOD_IFCFG},
    "ifcfg-eth0 with net.ifnames=0": {**CLASSIC, f"{IFCFG}eth0": GOOD_IFCFG},
    "ifcfg-lo": {f"{IFCFG}lo": "DEVICE=lo\nIPADDR=127.0.0.1\nBOOTPROTO=static\nONBOOT=no\n"},
    "ifcfg: comments, CRLF, quotes": {
        f"{IFCFG}eth0": f'# HWADDR={MAC}\r\nDEVICE="eth0"\r\nBOOTPROTO="dhcp"\r\nONBOOT="yes" # sure\r\n'
    },
    "ifcfg: HWADDR empty": {f"{IFCFG}eth0": f"{GOOD_IFCFG}HWADDR=\n"},
    "ifcfg: a backup": {f"{IFCFG}eth0": GOOD_IFCFG, f"{IFCFG}eth0.bak": f"HWADDR={MAC}\n"},
    "ifcfg: another name too": {f"{IFCFG}eth0": GOOD_IFCFG, f"{IFCFG}ens192": "DEVICE=ens192\nBOOTPROTO=dhcp\n"},
    "ifcfg: no UTF-8": {f"{IFCFG}eth0": b"# caf\xe9\n" + GOOD_IFCFG.encode()},
    "netplan by driver": {
        "/etc/netplan/01.yaml": netplan("all:\n  match: {driver: virtio_net}\n  set-name: eth0\n  dhcp4: true")
    },
    "netplan by pattern": {"/etc/netplan/01.yaml": netplan("all:\n  match:\n    name: en*\n  dhcp4: true")},
    "netplan: several names": {"/etc/netplan/01.yaml": netplan("eth0: {dhcp4: true}\nens3: {dhcp4: true}")},
    "netplan: eth0 and net.ifnames=0": {**CLASSIC, "/etc/netplan/01.yaml": netplan("eth0: {dhcp4: true}")},
    "netplan: over two files": {
        "/etc/netplan/01.yaml": netplan("all:\n  match: {name: 'e*'}"),
        "/etc/netplan/02.yaml": netplan("all:\n  dhcp4: true"),
    },
    "netplan: empty": {"/etc/netplan/01.yaml": "", "/etc/netplan/02.yaml": "# nothing\n"},
    "netplan: the renderer alone": {"/etc/netplan/01.yaml": "network:\n  version: 2\n  renderer: networkd\n"},
    "netplan: no MAC in what cloud-init writes": {
        **CLOUD_INIT, "/etc/netplan/50-cloud-init.yaml": netplan("ens3: {dhcp4: true}")
    },
    "interfaces": {"/etc/network/interfaces": f"auto lo\niface lo inet loopback\nauto eth0\n{DHCP}"},
    "interfaces: in the folder": {
        "/sbin/ifup": "",
        "/etc/network/interfaces": "source /etc/network/interfaces.d/*\nauto lo\niface lo inet loopback\n",
        "/etc/network/interfaces.d/eth0": f"allow-hotplug eth0\n{DHCP}",
    },
    "interfaces: a pattern": {**PREDICTABLE, "/etc/network/interfaces": "auto /en*\niface /en*=lan inet dhcp\n"},
    "interfaces: several names": {
        **PREDICTABLE, "/etc/network/interfaces": f"auto ens3 eth0\niface ens3 inet dhcp\n{DHCP}iface ens3 inet6 auto\n"
    },
    "interfaces left over beside netplan": {
        "/sbin/ifup": "",
        "/etc/network/interfaces": "# replaced by netplan\n",
        "/etc/netplan/01.yaml": netplan("all: {match: {name: 'e*'}, dhcp4: true}"),
    },
    "interfaces beside NetworkManager": {
        "/sbin/ifup": "",
        "/etc/network/interfaces": "auto lo\niface lo inet loopback\n",
        "/etc/systemd/system/multi-user.target.wants/NetworkManager.service": Link("/lib/x"),
    },
    "interfaces of ifupdown-ng": {
        "/sbin/ifup": "",
        "/etc/network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0\n\tuse dhcp\n",
    },
    "a link file for all": {"/etc/systemd/network/10.link": "[Match]\nOriginalName=*\n[Link]\nNamePolicy=kernel\n"},
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
async def test_what_does_no_harm_is_no_flaw(name: str) -> None:
    """A flaw that is none sends people to mend what works."""
    assert await broken(TRAPS[name]) == {}


HOSTILE = {
    "no YAML": ("/etc/netplan/01.yaml", "network: [", {"netplan_bound", "netplan_static", "bond_or_bridge"}),
    "aliases of aliases": (
        "/etc/netplan/01.yaml",
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [{', '.join(['*a'] * 9)}]\n" for n in range(9)),
        {"netplan_bound", "netplan_static", "bond_or_bridge"},
    ),
    "deep YAML": ("/etc/netplan/01.yaml", "[" * 5000, {"netplan_bound", "netplan_static", "bond_or_bridge"}),
    "a list": ("/etc/netplan/01.yaml", "- network\n", {"netplan_bound", "netplan_static", "bond_or_bridge"}),
    "a key that is no word": (
        "/etc/netplan/01.yaml", "network: {? [a] : b}\n", {"netplan_bound", "netplan_static", "bond_or_bridge"}
    ),
    "a huge ifcfg": (
        f"{IFCFG}eth0",
        "X=y\n" * 100_000,
        {"bond_or_bridge", "cloud_init_network", "ifcfg_hwaddr", "ifcfg_uuid", "ifcfg_name"}
        | {"ifcfg_static", "ifcfg_onboot"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_cannot_be_read_is_unknown_and_never_fine(name: str) -> None:
    """Hostile or broken files leave exactly their rules open."""
    path, content, rules = HOSTILE[name]
    assert await broken({path: content}) == {rule: ["unknown"] for rule in rules}


async def test_one_damaged_file_hides_nothing_of_the_others() -> None:
    """The flaw in the good file is told, and that another could not be read too."""
    tree: Tree = {f"{IFCFG}eth0": f"{GOOD_IFCFG}HWADDR={MAC}\n", f"{IFCFG}eth1": Damaged()}
    assert (await broken(tree))["ifcfg_hwaddr"] == [f"{IFCFG}eth0: HWADDR={MAC}", "unknown"]


async def test_keys_of_wlans_are_never_shown() -> None:
    """Profiles hold secrets: only the line that does harm is told."""
    content = f"[802-1x]\npassword=CANARY\n[ethernet]\nmac-address={MAC}\n[wifi-security]\npsk=CANARY\n"
    found = await broken({f"{NM}a": content})
    assert set(found) == {"network_manager_leftover"}
    assert "CANARY" not in str(found)
