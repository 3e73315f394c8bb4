"""Cloud images as their makers publish them: nothing in them is a flaw. A false one sends people to mend what works.

The trees are constructed from what is known of these images: Debian's cloud images (their interfaces file, and the
helper that udev starts), Ubuntu's, and Rocky's by its public kickstarts. cloud.cfg and 05_logging.cfg are Debian's.
"""

from __future__ import annotations

import gzip

import pytest

from tests.disk_images import SAMPLES
from tests.lint.dict_files import Damaged, Link, Tree, broken
from tests.lint.test_rules_guests import MODULES, cpio

OF_PACKAGE = {
    "/etc/cloud/cloud.cfg": (SAMPLES / "cloud-init" / "cloud.cfg").read_bytes(),
    "/etc/cloud/cloud.cfg.d/05_logging.cfg": (SAMPLES / "cloud-init" / "05_logging.cfg").read_bytes(),
}
ZSTD, LZ4 = b"\x28\xb5\x2f\xfd...", b"\x02\x21\x4c\x18..."
LOCALHOST = (
    "127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\nfe00::0 ip6-localnet\nff00::0 ip6-mcastprefix\n"
    "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\nff02::3 ip6-allhosts\n"
)
CLOUD: Tree = {
    **OF_PACKAGE,
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
    "/lib/systemd/system/cloud-init.service": "[Install]\nWantedBy=cloud-init.target\n",
    "/etc/systemd/system/cloud-init.target.wants/cloud-init.service": Link("/lib/systemd/system/cloud-init.service"),
    "/etc/cloud/cloud.cfg.d/90_dpkg.cfg": "# to update this file, run dpkg-reconfigure cloud-init\n"
    "datasource_list: [ NoCloud, ConfigDrive, OpenNebula, DigitalOcean, Azure, AltCloud, OVF, MAAS, GCE, OpenStack,"
    " CloudSigma, SmartOS, Bigstep, Scaleway, AliYun, Ec2, CloudStack, Hetzner, IBMCloud, Oracle, Exoscale, None ]\n",
    "/usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n[Link]\nNamePolicy=keep kernel database\n",
    "/etc/machine-id": "",
    "/var/lib/dbus/machine-id": Link("/etc/machine-id"),
    "/etc/hosts": LOCALHOST,
    "/root/.ssh/authorized_keys": "",
    "/etc/initramfs-tools/initramfs.conf": "MODULES=most\nBUSYBOX=auto\nCOMPRESS=zstd\n",
    "/usr/sbin/qemu-ga": "",
}
DEBIAN: Tree = {
    **CLOUD,
    "/etc/hostname": "localhost\n",
    "/etc/cloud/cloud.cfg.d/01_debian_cloud.cfg": "apt_preserve_sources_list: true\nmanage_etc_hosts: true\n",
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT=""\n'
    'GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200 earlyprintk=ttyS0,115200 consoleblank=0"\n',
    "/boot/initrd.img-4.19.0-20-cloud-amd64": gzip.compress(cpio(*MODULES)),
}
IFUPDOWN: Tree = {
    "/sbin/ifup": "",
    "/sbin/dhclient": "",
    "/var/lib/dhcp/dhclient.leases": "",
    "/etc/systemd/system/multi-user.target.wants/networking.service": Link("/lib/systemd/system/networking.service"),
    "/etc/network/interfaces": "# Include files from /etc/network/interfaces.d:\n"
    "source-directory /etc/network/interfaces.d\n\n# Cloud images dynamically generate config fragments\n"
    "source-directory /run/network/interfaces.d\n\nauto lo\niface lo inet loopback\n",
}
HELPER: Tree = {
    "/etc/network/cloud-ifupdown-helper": "#!/bin/bash\n# writes /run/network/interfaces.d/$INTERFACE\n",
    "/etc/network/cloud-interfaces-template": "auto $INTERFACE\n\niface $INTERFACE inet dhcp\n",
    "/etc/udev/rules.d/75-cloud-ifupdown.rules": 'SUBSYSTEM=="net", ACTION=="add|remove", ENV{ID_NET_DRIVER}!="veth",'
    ' RUN+="/etc/network/cloud-ifupdown-helper"\n',
}
LEFT_TO_OTHERS = {"/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg": "network: {config: disabled}\n"}
NETWORKD: Tree = {
    "/etc/systemd/system/multi-user.target.wants/systemd-networkd.service": Link("/lib/systemd/system/x.service")
}
DEBIAN_NETPLAN = """network:
    version: 2
    ethernets:
        all-en:
            match:
                name: en*
            dhcp4: true
            dhcp4-overrides: {use-domains: true}
            dhcp6: true
        all-eth:
            match:
                name: eth*
            dhcp4: true
            dhcp6: true
"""
UBUNTU: Tree = {
    **CLOUD,
    **NETWORKD,
    "/etc/hostname": "ubuntu\n",
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX=""\n',
    "/boot/grub/grub.cfg": "menuentry 'Ubuntu' {\n\tlinux /vmlinuz root=LABEL=cloudimg-rootfs ro console=ttyS0\n}\n",
    "/etc/ssh/sshd_config.d/60-cloudimg-settings.conf": "PasswordAuthentication no\n",
}
IFCFG = "/etc/sysconfig/network-scripts/ifcfg-"
IN_KERNEL = "kernel/drivers/virtio/virtio_pci.ko\nkernel/drivers/block/virtio_blk.ko\n"
ROCKY: Tree = {
    **OF_PACKAGE,
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
    "/usr/lib/systemd/network/99-default.link": "[Link]\nNamePolicy=keep kernel database\n",
    "/etc/udev/rules.d/80-net-name-slot.rules": Link("/dev/null"),
    "/etc/sysconfig/network": "NETWORKING=yes\nNOZEROCONF=yes\n",
    "/etc/sysconfig/network-scripts/ifcfg-eth0": 'DEVICE="eth0"\nBOOTPROTO="dhcp"\nBOOTPROTOv6="dhcp"\nONBOOT="yes"\n'
    'TYPE="Ethernet"\nUSERCTL="yes"\nPEERDNS="yes"\nIPV6INIT="yes"\nPERSISTENT_DHCLIENT="1"\n',
    "/etc/systemd/system/multi-user.target.wants/NetworkManager.service": Link("/usr/lib/systemd/system/x.service"),
    "/usr/sbin/NetworkManager": "",
    "/var/lib/NetworkManager/NetworkManager.state": "[main]\nNetworkingEnabled=true\n",
    "/etc/default/grub": 'GRUB_CMDLINE_LINUX="console=ttyS0,115200n8 no_timer_check crashkernel=auto net.ifnames=0"\n',
    "/boot/loader/entries/0-5.14.0-70.el9.x86_64.conf": "title Rocky Linux\noptions root=UUID=1 ro"
    " console=ttyS0,115200n8 no_timer_check net.ifnames=0\n",
    "/boot/initramfs-5.14.0-70.el9.x86_64.img": cpio("early_cpio") + bytes(512) + gzip.compress(cpio(*MODULES)),
    "/boot/initramfs-5.14.0-70.el9.x86_64kdump.img": b"",
    "/usr/lib/dracut/dracut.conf.d/01-dist.conf": 'hostonly="yes"\n',
    "/usr/lib/dracut/dracut.conf.d/02-generic-image.conf": 'hostonly="no"\n',
    "/etc/hostname": "localhost.localdomain\n",
    "/etc/hosts": "127.0.0.1   localhost localhost.localdomain localhost4\n::1         localhost localhost6\n\n",
    "/etc/machine-id": "",
    "/usr/bin/qemu-ga": "",
}
ALPINE: Tree = {
    "/usr/bin/cloud-init": "#!/usr/bin/python3\n",
    "/etc/cloud/cloud.cfg": "network: {config: disabled}\n",
    "/sbin/ifup": "",
    "/etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0\n\tuse dhcp\n",
    "/boot/extlinux.conf": "APPEND root=UUID=1 modules=ext4 console=ttyS0\n",
    "/boot/initramfs-virt": gzip.compress(cpio("lib/modules/6.6.9-0-virt/kernel/drivers/block/virtio_blk.ko")),
    "/lib/modules/6.6.9-0-virt/modules.builtin": "kernel/drivers/virtio/virtio_pci.ko\n",
    "/etc/hostname": "localhost\n",
}
GRUBENV, UNREAD = "/boot/grub2/grubenv", {"/boot/efi/EFI/rocky/grubenv": Damaged()}
UEFI: Tree = {**ROCKY, GRUBENV: Link("../efi/EFI/rocky/grubenv")}
SERVER: Tree = {"/usr/lib/NetworkManager/conf.d/00-server.conf": "[main]\nno-auto-default=*\nignore-carrier=*\n"}
HEALTHY: dict[str, Tree] = {
    "Alpine": ALPINE,
    "Debian 10": {**DEBIAN, **IFUPDOWN, **HELPER},
    "Debian 11": {**DEBIAN, **IFUPDOWN, **HELPER, "/boot/initrd.img-5.10.0-14-cloud-amd64": ZSTD},
    "Debian 11, cloud-init leaves NICs to the helper": {**DEBIAN, **IFUPDOWN, **HELPER, **LEFT_TO_OTHERS},
    "Debian with ifupdown and cloud-init, no helper": {**DEBIAN, **IFUPDOWN},
    "Debian 12": {
        **DEBIAN, **NETWORKD, "/etc/netplan/90-default.yaml": DEBIAN_NETPLAN,
        "/boot/initrd.img-6.1.0-9-cloud-amd64": cpio("kernel/x86/microcode/x.bin") + bytes(512) + ZSTD,
    },
    "Ubuntu 20.04": {
        **UBUNTU, "/boot/initrd.img-5.4.0-100-generic": cpio("kernel/x86/microcode/x.bin") + bytes(512) + LZ4,
    },
    "Ubuntu 22.04": {
        **UBUNTU, "/boot/initrd.img-5.15.0-1-kvm": ZSTD, "/lib/modules/5.15.0-1-kvm/modules.builtin": IN_KERNEL,
    },
    "Ubuntu 24.04": {**UBUNTU, "/boot/initrd.img-6.8.0-31-generic": ZSTD},
    "Rocky 8": {**ROCKY, "/usr/sbin/dhclient": ""},
    "Rocky 9": ROCKY,
    "Rocky 9 for UEFI": {**UEFI, "/boot/efi/EFI/rocky/grubenv": "kernelopts=root=UUID=1 ro net.ifnames=0\n"},
    "Rocky 9 for UEFI, whose partition is damaged": {**UEFI, **UNREAD},
    "Rocky 9, server": {**ROCKY, **SERVER},
}  # fmt: skip


@pytest.mark.parametrize("password_enabled", [None, True])
@pytest.mark.parametrize("name", HEALTHY)
async def test_a_healthy_cloud_image_has_no_flaw(name: str, password_enabled: bool | None) -> None:
    """Not of any rule, whether guests have a password or not; nothing is left open either."""
    assert await broken(HEALTHY[name], password_enabled=password_enabled) == {}


STATIC = "auto eth0\niface eth0 inet static\n address 10.1.1.9\n"
WRITTEN = "# This file is generated from information provided by the datasource.\nauto {0}\niface {0} inet {1}\n"
WRITTEN_IFCFG = "# Created by cloud-init on instance boot automatically, do not edit.\nBOOTPROTO=dhcp\nONBOOT=yes\n"
WITHOUT_ETH0 = {path: content for path, content in ROCKY.items() if not path.startswith(IFCFG)}
SPOILT: dict[str, tuple[Tree, set[str]]] = {
    "the helper is gone, and cloud-init leaves NICs alone": (
        {**DEBIAN, **IFUPDOWN, **LEFT_TO_OTHERS},
        {"interfaces_without_dhcp"},
    ),
    "an address beside the helper": (
        {**HEALTHY["Debian 11"], "/etc/network/interfaces.d/eth0": STATIC},
        {"interfaces_without_dhcp"},
    ),
    "an address that nothing brings up": (
        {**HEALTHY["Debian 11"], "/etc/network/interfaces.d/eth0": STATIC.replace("auto eth0\n", "")},
        set(),
    ),
    "an address that cloud-init wrote, and writes anew": (
        {**HEALTHY["Debian 10"], "/etc/network/interfaces.d/50-cloud-init": WRITTEN.format("eth0", "static")},
        set(),
    ),
    "a name that cloud-init wrote, and writes anew": (
        {**HEALTHY["Debian 10"], "/etc/network/interfaces.d/50-cloud-init.cfg": WRITTEN.format("ens192", "dhcp")},
        set(),
    ),
    "a name that nobody writes anew": (
        {
            **HEALTHY["Debian 11, cloud-init leaves NICs to the helper"],
            "/etc/network/interfaces.d/50-cloud-init": WRITTEN.format("ens192", "dhcp"),
        },
        {"interfaces_name"},
    ),
    "a script that cloud-init wrote, and writes anew": (
        {**WITHOUT_ETH0, f"{IFCFG}ens192": WRITTEN_IFCFG},
        set(),
    ),
    "a script that nobody writes anew": (
        {**WITHOUT_ETH0, **LEFT_TO_OTHERS, f"{IFCFG}ens192": WRITTEN_IFCFG},
        {"ifcfg_name"},
    ),
    "a script for ens3 and host keys where UEFI's partition is damaged": (
        {
            **WITHOUT_ETH0,
            **UNREAD,
            GRUBENV: UEFI[GRUBENV],
            f"{IFCFG}ens3": "DEVICE=ens3\nBOOTPROTO=dhcp\n",
            "/etc/cloud/cloud.cfg.d/99.cfg": "ssh_deletekeys: 0\n",
            "/etc/ssh/ssh_host_rsa_key": "x",
        },
        {"ifcfg_name", "host_keys"},
    ),
    "a name that cloud-init does not change": (
        {**UBUNTU, "/etc/cloud/cloud.cfg.d/99.cfg": "preserve_hostname: true\n"},
        {"hostname"},
    ),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_what_was_changed_in_such_an_image_is_told(name: str) -> None:
    """Only what guests will have, not what is written anew for each."""
    tree, expected = SPOILT[name]
    assert set(await broken(tree)) == expected
