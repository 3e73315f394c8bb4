"""Rules about identities, passwords, booting, leftovers; scripts are constructed, with the lists of real ones."""

from __future__ import annotations

import contextlib
import gzip
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.lint.initramfs import names
from exporter.lint.network_setup import Setup
from exporter.lint.password_script import script
from exporter.model import UnreadableError
from tests.lint.dict_files import Damaged, Link, Tree, broken

SSH_KEY = "/etc/ssh/ssh_host_ed25519_key"
CLOUD_INIT = {"/usr/bin/cloud-init": "#!/usr/bin/python3\n"}
SCRIPT = "/etc/init.d/cloud-set-guest-password"
ASK = 'wget -q -O - --header "DomU_Request: send_my_password" $IP:8080\n'
OLD = (
    '#!/bin/bash\nFOLDERS="/var/lib/dhclient/* /var/lib/dhcp3/* /var/lib/dhcp/*"\n'
    "grep dhcp-server-identifier $FOLDERS\n" + ASK
)
NEW = (
    "#!/bin/bash\nnetplan ip leases $NETINT | grep SERVER_ADDRESS\ngrep dhcp-server-identifier /var/lib/dhcp/*\n"
    "nmcli -f IP4.GATEWAY device show\nIP=data-server\n" + ASK
)
WGET = {"/usr/bin/wget": ""}
IFUPDOWN = {"/usr/sbin/ifup": "", "/etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n"}
NM_ON: Tree = {
    "/etc/systemd/system/multi-user.target.wants/NetworkManager.service": Link("/x"),
    "/usr/sbin/NetworkManager": "",
}
NETPLAN = {"/etc/netplan/01.yaml": "network: {ethernets: {a: {match: {name: 'e*'}, dhcp4: true}}}\n"}
NETPLAN_NM = {"/etc/netplan/01.yaml": "network:\n  renderer: NetworkManager\n"}
DHCLIENT = {"/usr/sbin/dhclient": ""}

DEFECTS: dict[str, tuple[Tree, set[str]]] = {
    "machine-id": ({"/etc/machine-id": "0" * 32 + "\n"}, {"machine_id"}),
    "machine-id of D-Bus": ({"/var/lib/dbus/machine-id": "0" * 32}, {"dbus_machine_id"}),
    "host keys": ({SSH_KEY: "CANARY"}, {"host_keys"}),
    "host keys and cloud-init": ({**CLOUD_INIT, SSH_KEY: "CANARY"}, {"host_keys_renewed"}),
    "host keys that cloud-init keeps": (
        {**CLOUD_INIT, "/etc/cloud/cloud.cfg": "ssh_deletekeys: false\n", SSH_KEY: "CANARY"},
        {"host_keys"},
    ),
    "host keys, cloud-init off": (
        {**CLOUD_INIT, "/etc/cloud/cloud-init.disabled": "", SSH_KEY: "CANARY"},
        {"host_keys"},
    ),
    "leases of dhclient": ({"/var/lib/dhcp/dhclient.eth0.leases": "lease {}"}, {"dhcp_leases"}),
    "leases of Red Hat": ({"/var/lib/dhclient/dhclient--eth0.lease": "lease {}"}, {"dhcp_leases"}),
    "leases of NetworkManager": ({"/var/lib/NetworkManager/internal-1-eth0.lease": "ADDRESS=1"}, {"dhcp_leases"}),
    "hostname": ({"/etc/hostname": "build-07\n"}, {"hostname"}),
    "hostname of CentOS 6": ({"/etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=build-07\n"}, {"hostname"}),
    "hosts": ({"/etc/hosts": "127.0.0.1 localhost\n10.1.1.9\tbuild-07\n"}, {"hosts"}),
    "cloud-init ran": ({"/var/lib/cloud/instances/i-1/boot-finished": "x"}, {"cloud_instance"}),
    "cloud-init's link": ({"/var/lib/cloud/instance": Link("/var/lib/cloud/instances/i-1")}, {"cloud_instance"}),
    "old script, NetworkManager": ({SCRIPT: OLD, **WGET, **NM_ON}, {"password_script_leases"}),
    "old script, dhcpcd": ({SCRIPT: OLD, **WGET, **IFUPDOWN, "/usr/sbin/dhcpcd": ""}, {"password_script_leases"}),
    "old script, udhcpc": ({SCRIPT: OLD, **WGET, **IFUPDOWN, "/sbin/udhcpc": ""}, {"password_script_leases"}),
    "old script, netplan": ({SCRIPT: OLD, **WGET, **NETPLAN}, {"password_script_leases"}),
    "old script, netplan with dhclient for NetworkManager": (
        {
            SCRIPT: OLD,
            **WGET,
            **NETPLAN_NM,
            **DHCLIENT,
            "/etc/NetworkManager/NetworkManager.conf": "[main]\ndhcp=dhclient\n",
        },
        {"password_script_leases"},
    ),
    "no wget": ({SCRIPT: NEW, **NM_ON}, {"password_script_program"}),
    "a script in rc.local, no wget": (
        {"/etc/rc.local": f"#!/bin/sh\nIP=data-server\n{ASK}"},
        {"password_script_program"},
    ),
    "history": ({"/root/.bash_history": "mysql -pCANARY\n"}, {"shell_history"}),
    "history of a user": ({"/home/debian/.bash_history": "CANARY\n"}, {"shell_history"}),
    "authorized keys": ({"/home/debian/.ssh/authorized_keys": "ssh-ed25519 CANARY me\n"}, {"authorized_keys"}),
    "relabelling": ({"/.autorelabel": ""}, {"selinux_relabel"}),
}


@pytest.mark.parametrize("name", DEFECTS)
async def test_each_defect_of_guests_is_its_rule_and_no_other(name: str) -> None:
    """One thing to mend, one flaw; keys, histories and ids are never shown."""
    tree, expected = DEFECTS[name]
    found = await broken(tree)
    assert set(found) == expected
    assert "CANARY" not in str(found)
    assert "0" * 32 not in str(found)


TRAPS: dict[str, Tree] = {
    "machine-id empty": {"/etc/machine-id": ""},
    "machine-id uninitialized": {"/etc/machine-id": "uninitialized\n"},
    "machine-id a link": {"/etc/machine-id": Link("/var/lib/dbus/machine-id"), "/var/lib/dbus/machine-id": ""},
    "machine-id of D-Bus a link": {"/etc/machine-id": "", "/var/lib/dbus/machine-id": Link("/etc/machine-id")},
    "host keys empty": {SSH_KEY: ""},
    "host keys: public and moduli": {"/etc/ssh/ssh_host_rsa_key.pub": "x", "/etc/ssh/moduli": "x"},
    "leases empty": {"/var/lib/dhcp/dhclient.leases": ""},
    "hostname": {"/etc/hostname": "localhost\n"},
    "hostname with a comment": {"/etc/hostname": "# set by CloudStack\n\n"},
    "hosts": {
        "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n::1 ip6-localhost\nff02::1 ip6-allnodes\n"
        "fe00::0 ip6-localnet\n"
        "ff00::0 ip6-mcastprefix\n# 10.1.1.9 old\nnonsense\n"
    },
    "cloud-init clean": {**CLOUD_INIT, "/var/lib/cloud/seed/nocloud/x": ""},
    "new script": {SCRIPT: NEW, **WGET, **NM_ON},
    "new script, dhcpcd": {SCRIPT: NEW, **WGET, **IFUPDOWN, "/usr/sbin/dhcpcd": ""},
    "old script, dhclient": {SCRIPT: OLD, **WGET, **IFUPDOWN, **DHCLIENT},
    "old script, dhclient and others": {SCRIPT: OLD, **WGET, **IFUPDOWN, **DHCLIENT, "/usr/sbin/dhcpcd": ""},
    "old script, network scripts": {
        SCRIPT: OLD,
        **WGET,
        **DHCLIENT,
        "/etc/init.d/network": "",
        "/etc/sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\n",
    },
    "old script, but cloud-init does it": {SCRIPT: OLD, **WGET, **NM_ON, **CLOUD_INIT},
    "curl in place of wget": {
        SCRIPT: "#!/bin/sh\ncurl -H 'DomU_Request: send_my_password' data-server:8080\n",
        "/bin/curl": "",
    },
    "authorized keys: comments": {"/root/.ssh/authorized_keys": "# none\n\n"},
}


@pytest.mark.parametrize("name", TRAPS)
async def test_what_is_as_it_should_be_is_no_flaw(name: str) -> None:
    """Nothing to mend, nothing told."""
    assert await broken(TRAPS[name]) == {}


PASSWORDS: dict[str, tuple[Tree, bool | None, set[str]]] = {
    "nothing": ({}, True, {"password_service_missing"}),
    "nobody says": ({}, None, set()),
    "not enabled": ({}, False, set()),
    "a script that nobody needs": ({SCRIPT: NEW, **WGET}, False, {"password_script_unused"}),
    "a script": ({SCRIPT: NEW, **WGET}, True, set()),
    "a unit of systemd": ({"/etc/systemd/system/cloud-set-guest-password.service": "[Service]\n"}, True, set()),
    "cloud-init with all sources": (CLOUD_INIT, True, set()),
    "cloud-init with CloudStack": (
        {**CLOUD_INIT, "/etc/cloud/cloud.cfg.d/99.cfg": "datasource_list: [ConfigDrive, CloudStack]\n"},
        True,
        set(),
    ),
    "cloud-init with others": (
        {**CLOUD_INIT, "/etc/cloud/cloud.cfg": "datasource_list: ['NoCloud', 'Ec2']\n"},
        True,
        {"password_service_missing"},
    ),
    "the last file counts": (
        {
            **CLOUD_INIT,
            "/etc/cloud/cloud.cfg": "datasource_list: [CloudStack]\n",
            "/etc/cloud/cloud.cfg.d/90_dpkg.cfg": "datasource_list: [Azure]\n",
        },
        True,
        {"password_service_missing"},
    ),
    "cloud-init switched off": (
        {**CLOUD_INIT, "/etc/default/grub": "GRUB_CMDLINE_LINUX='cloud-init=disabled'\n"},
        True,
        {"password_service_missing"},
    ),
    "cloud-init that keeps SSH closed": (
        {**CLOUD_INIT, "/etc/cloud/cloud.cfg": "ssh_pwauth: false\n"},
        True,
        {"password_login"},
    ),
    "a jinja line in cloud.cfg": (
        {**CLOUD_INIT, "/etc/cloud/cloud.cfg": "{% if x %}\ndatasource_list: [CloudStack]\n{% endif %}\n"},
        True,
        set(),
    ),
}


@pytest.mark.parametrize("name", PASSWORDS)
async def test_whether_a_password_can_reach_a_guest(name: str) -> None:
    """Only what is registered as password-enabled must have something that sets the password."""
    tree, enabled, expected = PASSWORDS[name]
    assert set(await broken(tree, password_enabled=enabled)) == expected


async def test_settings_of_cloud_init_that_cannot_be_read_leave_open_what_rests_on_them() -> None:
    """Whether keys are renewed cannot be told: neither high nor low."""
    found = await broken({**CLOUD_INIT, "/etc/cloud/cloud.cfg": "a: [", SSH_KEY: "x"}, password_enabled=True)
    assert found["host_keys"] == found["host_keys_renewed"] == found["password_service_missing"] == ["unknown"]


async def test_a_damaged_folder_leaves_open_only_what_lies_in_it() -> None:
    """The rest of the image is judged."""
    found = await broken({"/var/lib/dhcp": Damaged(), "/etc/machine-id": "1" * 32})
    assert found == {"dhcp_leases": ["unknown"], "machine_id": ["/etc/machine-id: an id of 32 characters"]}


PAIRS = [
    (OLD, Setup("ifupdown", "dhclient"), True),
    (OLD, Setup("network_manager", "network_manager"), False),
    (OLD, Setup("network_manager", "dhclient"), False),  # it writes to /var/lib/NetworkManager
    (OLD, Setup("networkd", "networkd"), False),
    (OLD, Setup("ifupdown", "dhcpcd"), False),
    (NEW, Setup("ifupdown", "udhcpc"), True),
    ("netplan ip leases eth0\n", Setup("netplan", "networkd"), True),
    ("netplan ip leases eth0\n", Setup("networkd", "networkd"), False),
    ("nmcli device show\n", Setup("network_manager", "network_manager"), True),
    ("# data-server\n/var/lib/dhcp/dhclient.eth0.leases\n", Setup("ifupdown", "dhcpcd"), False),
    ("dhcpcd -U eth0\n", Setup("ifupdown", "dhcpcd"), True),
    ("grep . /run/systemd/netif/leases/*\n", Setup("networkd", "networkd"), True),
]


@pytest.mark.parametrize(("content", "setup", "fits"), PAIRS)
def test_scripts_and_dhcp_clients_as_pairs(content: str, setup: Setup, fits: bool) -> None:
    """Each generation of the script knows other places than each generation of systems writes."""
    assert script("/x", content).finds_router(setup) is fits


def cpio(*files: str) -> bytes:
    """Return a newc archive of empty files."""
    out = b""
    for name in (*files, "TRAILER!!!"):
        raw = name.encode() + b"\0"
        fields = [0] * 11 + [len(raw), 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + raw
        out += b"\0" * (-len(out) % 4)
    return out


MODULES = ("lib/modules/6.1/virtio_blk.ko.xz", "lib/modules/6.1/virtio-pci.ko")
FORMS = {
    "plain": cpio(*MODULES),
    "gzip": gzip.compress(cpio(*MODULES)),
    "xz": lzma.compress(cpio(*MODULES)),
    "microcode first": cpio("kernel/x86/microcode/x.bin") + b"\0" * 500 + gzip.compress(cpio("bin", *MODULES)),
}


@pytest.mark.parametrize("form", FORMS)
async def test_drivers_are_found_in_each_form_of_an_initramfs(form: str) -> None:
    """However it is compressed, what is in it is not called missing."""
    assert set(MODULES) <= set(names(FORMS[form]))
    assert await broken({"/boot/initrd.img-6.1": FORMS[form]}) == {}


async def test_an_initramfs_without_virtio_is_a_flaw_unless_the_kernel_has_it_built_in() -> None:
    """On images for KVM alone."""
    tree = {
        "/boot/initramfs-6.1.img": gzip.compress(cpio("lib/modules/6.1/ahci.ko")),
        "/boot/initramfs-0-rescue.img": b"x",
    }
    seen = "/boot/initramfs-6.1.img: without"
    assert await broken(tree) == {"virtio_drivers": [f"{seen} virtio_pci", f"{seen} virtio_blk or virtio_scsi"]}
    assert await broken(tree, form="vpc") == {}
    builtin = {"/lib/modules/6.1/modules.builtin": "kernel/x/virtio_pci.ko\nkernel/x/virtio_blk.ko\n"}
    assert await broken({**tree, **builtin}) == {}


async def test_initramfs_files_of_alpine_are_read() -> None:
    """They have no version in their name; that of the modules ends in it. What else begins so is a copy."""
    packed = gzip.compress(cpio("lib/modules/6.6.9-0-virt/kernel/drivers/ata/ahci.ko"))
    tree: Tree = {"/boot/initramfs-virt": packed, "/boot/initramfs-virt.old": b"x"}
    assert set(await broken(tree)) == {"virtio_drivers"}
    built_in = {"/lib/modules/6.6.9-0-virt/modules.builtin": "kernel/x/virtio_pci.ko\nkernel/x/virtio_blk.ko\n"}
    assert await broken({**tree, **built_in}) == {}


@pytest.mark.parametrize(
    "raw", [b"\x28\xb5\x2f\xfdzstd", b"\x1f\x8bxx", cpio("a")[:60], b"garbage", gzip.compress(b"x", mtime=0)]
)
async def test_an_initramfs_that_cannot_be_read_is_unknown(raw: bytes) -> None:
    """Compressed by what Python does not know, or damaged."""
    assert await broken({"/boot/initrd.img-6.1": raw}) == {"virtio_drivers": ["unknown"]}


@pytest.mark.parametrize(
    "settings",
    [
        {"/etc/initramfs-tools/initramfs.conf": "# most\nMODULES=most\nCOMPRESS=zstd\n"},
        {"/usr/lib/dracut/dracut.conf.d/02-generic-image.conf": 'hostonly="no"\n'},
    ],
)
async def test_an_initramfs_that_python_cannot_unpack_is_told_by_how_it_was_made(settings: Tree) -> None:
    """Most modern images are compressed by zstd; those made for any machine have every driver. A damaged one not."""
    assert await broken({**settings, "/boot/initrd.img-6.1": b"\x28\xb5\x2f\xfd..."}) == {}
    assert await broken({**settings, "/boot/initrd.img-6.1": b"\x1f\x8b..."}) == {"virtio_drivers": ["unknown"]}


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=60).map(lambda some: cpio("a") + some)))
def test_whatever_an_initramfs_holds_it_has_names_or_is_unreadable(raw: bytes) -> None:
    """Nothing else comes out of it."""
    with contextlib.suppress(UnreadableError):
        assert all(isinstance(name, str) for name in names(raw))
