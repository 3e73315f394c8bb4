"""What the installer of Ubuntu's server leaves behind, and what cloud-init then makes of each guest.

Its files are constructed by what subiquity writes (subiquity/models/network.py, subiquity.py).
"""

from __future__ import annotations

import pytest

from tests.lint.dict_files import Link, Tree, broken

INSTANCE, KEY = "/var/lib/cloud/instances/2a5f/boot-finished", "/etc/ssh/ssh_host_rsa_key"
FOLDER = "/etc/cloud/cloud.cfg.d"
OURS = f"{FOLDER}/90-installer-network.cfg"
NOBODY: Tree = {
    f"{FOLDER}/99-installer.cfg": "datasource:\n  None:\n    metadata: {instance-id: 2a5f}\n"
    "    userdata_raw: |\n      #cloud-config\n      growpart: {mode: 'off'}\ndatasource_list: [None]\n"
}
UBUNTU: Tree = {
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
    "/usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n",
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX=""\n',
}
MAC = "52:54:00:aa:bb:cc"
WRITTEN = "# This file is generated from information provided by the datasource.\n"


def network(body: str) -> Tree:
    """Return the installer's file, and what cloud-init wrote by it."""
    said = f"network:\n  version: 2\n{body}"
    written = {OURS: f"# This is the network config written by 'subiquity'\n{said}"}
    return {**UBUNTU, **written, "/etc/netplan/50-cloud-init.yaml": WRITTEN + said}


V1 = "network:\n  version: 1\n  config:\n"
ONE = "  - type: physical\n    name: {}\n    subnets:\n    - type: {}\n"
DEFECTS: dict[str, tuple[Tree, dict[str, list[str]]]] = {
    "a name": (
        network("  ethernets:\n    ens3: {dhcp4: true}\n"),
        {"netplan_bound": [f"{OURS}: only for a NIC called ens3"]},
    ),
    "an address": (
        network("  ethernets:\n    ens3: {addresses: [10.1.1.9/24], match: {name: 'e*'}}\n"),
        {"netplan_static": [f"{OURS}: ens3: addresses"]},
    ),
    "an address of hardware": (
        {**UBUNTU, OURS: f"network: {{ethernets: {{a: {{dhcp4: true, match: {{macaddress: '{MAC}'}}}}}}}}\n"},
        {"netplan_bound": [f"{OURS}: a: match: macaddress: {MAC}"]},
    ),
    "a bond": (
        {
            **UBUNTU,
            OURS: "network: {ethernets: {ens3: {}, ens4: {}}, bonds: {bond0: {interfaces: [ens3, ens4]}}}\n",
        },
        {"bond_or_bridge": [f"{OURS}: bond0 of ens3, ens4"]},
    ),
    "version 1, a name": (
        {**UBUNTU, OURS: V1 + ONE.format("ens3", "dhcp4")},
        {"netplan_bound": [f"{OURS}: only for a NIC called ens3"]},
    ),
    "version 1, an address": (
        {**UBUNTU, OURS: V1 + ONE.format("eth0", "static") + "      address: 10.1.1.9/24\n"},
        {"netplan_static": [f"{OURS}: eth0: addresses"], "netplan_bound": [f"{OURS}: only for a NIC called eth0"]},
    ),
    "version 1, an address of hardware": (
        {**UBUNTU, OURS: V1 + ONE.format("eth0", "dhcp6") + f"    mac_address: '{MAC}'\n"},
        {"netplan_bound": [f"{OURS}: eth0: match: macaddress: {MAC}"]},
    ),
    "version 1, a bridge": (
        {**UBUNTU, OURS: V1 + "  - {type: bridge, name: br0, bridge_interfaces: [ens3]}\n  - {type: nameserver}\n"},
        {"bond_or_bridge": [f"{OURS}: br0 of ens3"]},
    ),
}


@pytest.mark.parametrize("name", DEFECTS)
async def test_networks_of_the_installer_are_judged_as_those_of_netplan(name: str) -> None:
    """cloud-init writes the file of netplan from them in every guest."""
    tree, expected = DEFECTS[name]
    assert await broken(tree) == expected


HARMLESS: dict[str, Tree] = {
    "any name": network("  ethernets:\n    all: {dhcp4: true, match: {name: 'e*'}}\n"),
    "another file of netplan": {
        **network("  ethernets:\n    ens3: {dhcp4: true}\n"),
        "/etc/netplan/60-all.yaml": "network: {ethernets: {all: {match: {name: 'e*'}, dhcp4: true}}}\n",
    },
    "a later file takes it back": {
        **network("  ethernets:\n    ens3: {dhcp4: true}\n"),
        f"{FOLDER}/99-own.cfg": "network: {config: disabled}\n",
        "/etc/netplan/50-cloud-init.yaml": "network: {ethernets: {all: {match: {name: 'e*'}, dhcp4: true}}}\n",
    },
    "an earlier file takes it back": {
        **network("  ethernets:\n    ens3: {dhcp4: true}\n"),
        f"{FOLDER}/10-own.cfg": "network: {config: disabled}\n",
        "/etc/netplan/50-cloud-init.yaml": "network: {ethernets: {all: {match: {name: 'e*'}, dhcp4: true}}}\n",
    },
    "an earlier file has any name": {
        **network("  ethernets:\n    ens3: {dhcp4: true}\n"),
        f"{FOLDER}/10-own.cfg": "network: {ethernets: {all: {dhcp4: true, match: {name: 'e*'}}}}\n",
    },
    "no cloud-init": {OURS: "network: {ethernets: {ens3: {dhcp4: true}}}\n"},
    "cloud-init is off": {
        **UBUNTU,
        OURS: "network: {ethernets: {ens3: {dhcp4: true}}}\n",
        "/etc/cloud/cloud-init.disabled": "",
    },
    "nothing": {**UBUNTU, OURS: "network:\n"},
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_networks_of_the_installer_that_do_no_harm(name: str) -> None:
    """Nothing is told of them."""
    assert await broken(HARMLESS[name]) == {}


async def test_what_is_no_network_leaves_the_rules_of_netplan_open() -> None:
    """Whatever stands there; and where cloud-init may or may not be started."""
    rules = {"netplan_bound", "netplan_static", "bond_or_bridge"}
    for content in ("network: [", "network: [a]\n", "network: {config: [a]}\n"):
        found = await broken({**UBUNTU, OURS: content})
        assert rules <= {rule for rule, seen in found.items() if seen == ["unknown"]}
    unit = {"/lib/systemd/system/cloud-init.service": "[Unit]\n"}
    found = await broken({**network("  ethernets:\n    ens3: {dhcp4: true}\n"), **unit})
    assert rules <= {rule for rule, seen in found.items() if seen == ["unknown"]}
    assert not rules & {*await broken({**UBUNTU, **unit})}


CLEAN: Tree = {**UBUNTU, KEY: "x", "/etc/hostname": "build-07\n"}


async def test_an_image_whose_guests_all_have_its_instance_id() -> None:
    """Nobody but None is asked, and cloud-init was not made to forget: keys, name and networks stay as they are."""
    tree = {
        **CLEAN,
        **NOBODY,
        INSTANCE: "x",
        "/etc/netplan/50-cloud-init.yaml": f"{WRITTEN}network: {{ethernets: {{ens3: {{dhcp4: true}}}}}}\n",
    }
    assert set(await broken(tree)) == {"host_keys", "hostname", "netplan_bound", "cloud_instance"}
    asked = {f"{FOLDER}/99-z.cfg": "datasource_list: [CloudStack, None]\n"}
    assert set(await broken({**tree, **asked})) == {"host_keys_renewed", "cloud_instance"}


async def test_an_image_that_was_cleaned_and_still_asks_nobody() -> None:
    """The first boot of each guest is a new one; but nobody tells it a name."""
    assert set(await broken({**CLEAN, **NOBODY})) == {"host_keys_renewed", "hostname"}


async def test_an_instance_that_only_a_link_tells_of() -> None:
    """What it points to may be gone."""
    link = {"/var/lib/cloud/instance": Link("/var/lib/cloud/instances/2a5f")}
    assert set(await broken({**CLEAN, **NOBODY, **link})) == {"host_keys", "hostname", "cloud_instance"}
