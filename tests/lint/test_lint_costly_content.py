"""Content that somebody wrote to be costly: each rule takes it in one go, however often the same words come again.

A pattern that goes through a line once for each place where it may begin would take hours here, and the test's limit
would end it. Constructed.
"""

from __future__ import annotations

import pytest

from exporter.lint.hive import MOST_STEPS, Hive
from exporter.lint.reading import TEXT_BYTES, YAML_BYTES
from exporter.lint.rules import windows
from exporter.model import UnreadableError
from tests.lint.dict_files import Tree, broken
from tests.lint.hives import costly

pytestmark = pytest.mark.timeout(60)

TEXTS = (
    "/usr/local/bin/cloud-set-guest-password", "/etc/rc.local", "/etc/udev/rules.d/70-persistent-net.rules",
    "/etc/sysconfig/network-scripts/ifcfg-eth0", "/etc/sysconfig/network", "/etc/network/interfaces",
    "/etc/network/interfaces.d/eth0", "/etc/systemd/network/10.network", "/etc/systemd/network/10.link",
    "/etc/systemd/network/10.netdev", "/etc/NetworkManager/NetworkManager.conf",
    "/etc/NetworkManager/system-connections/a.nmconnection", "/etc/hosts", "/etc/hostname", "/etc/machine-id",
    "/etc/default/grub", "/etc/kernel/cmdline", "/boot/grub2/grubenv", "/boot/grub/grub.cfg",
    "/boot/loader/entries/a.conf", "/etc/initramfs-tools/initramfs.conf", "/etc/initramfs-tools/conf.d/a",
    "/root/.ssh/authorized_keys", "/etc/fstab",
)  # fmt: skip
YAMLS = ("/etc/netplan/01.yaml", "/etc/cloud/cloud.cfg", "/etc/cloud/cloud.cfg.d/a.cfg")
WORDS = (
    "ip r default ", "ip -4 r ", "ip ", "ip\t", " ", "\t", "\\\n", "\\\n ", "\\", "\r", "\n", "# ", "DomU_Request: ",
    'ATTR{address}=="', 'SUBSYSTEM=="net" ', "SUBSYSTEM   ", "NAME   ", 'NAME="', "netplan ip ", "netplan ", "dhcpcd ",
    "/var/lib/dhcp", "/var/lib/dhcp/", "export ", "export a", "a", '"', "'", 'a="', "=", "[", "[a]\n", "{", "- ", "? ",
    "a: ", "&a ", "*a ", "!", "|\n", "aa:", "00:00:00:00:00:00 ", "iface a inet dhcp\n", "auto a\n", "1.", "::",
    "linux ", "%", "{%", "en", "p1p1", "nvme0n1p", "/dev/sda", "a,",
)  # fmt: skip


def _filled(words: str, size: int) -> str:
    """Return so many bytes of the same words, on a line that a script may begin with."""
    return ("#!/bin/sh\n" + words * (size // len(words)))[: size - 1]


@pytest.mark.parametrize("words", WORDS, ids=[f"{number:02}" for number in range(len(WORDS))])
async def test_the_same_words_again_and_again_cost_no_more_than_others(words: str) -> None:
    """As many as a file may have, in every file that a rule reads; what is not understood is told or passed over."""
    tree: Tree = {path: _filled(words, TEXT_BYTES) for path in TEXTS}
    tree = {**tree, **{path: _filled(words, YAML_BYTES) for path in YAMLS}, "/usr/bin/cloud-init": ""}
    found = await broken(tree, password_enabled=True)
    assert "machine_id" in found or not words.strip()


async def test_what_costs_in_one_file_costs_in_many_no_more_than_their_number() -> None:
    """Mappings of cloud-init that name each other are merged from file to file; patterns of names are long."""
    names = [f"n{number}: &n{number} {{a: *n{number - 1}, b: *n{number - 1}}}" for number in range(1, 16)]
    laughs = "\n".join(["n0: &n0 {a: b}", *names, "network: *n15\n"])
    tree: Tree = {f"/etc/cloud/cloud.cfg.d/{number:02}.cfg": laughs for number in range(40)}
    tree |= {
        f"/etc/systemd/network/{number}.network": f"[Match]\nName={'*a' * 99_000}{number}\n" for number in range(40)
    }
    assert set(await broken({**tree, "/usr/bin/cloud-init": ""})) <= {"serial_console", "guest_agent"}


def test_a_hive_in_which_every_list_is_the_same_is_given_up() -> None:
    """Thousands of keys of thousands of values, in a few KiB: looked at once, it is not looked at again and again."""
    made = Hive(costly(3000))
    first, *others = made.below(f"ControlSet001\\{windows.INTERFACES}")
    assert set(others) == {first}
    with pytest.raises(UnreadableError, match="too many steps"):
        [made.value_of(key, "IPAddress") for key in (first, *others)]
    assert made._steps == MOST_STEPS + 1


async def test_a_costly_hive_leaves_its_rule_open() -> None:
    """It is not known whether a NIC there has an address of its own."""
    found = await broken({f"{windows.CONFIG}/SYSTEM": costly(3000)}, system="windows")
    assert found["windows_static_address"] == ["unknown"]
    assert found["windows_netkvm"] == ["no driver netkvm"]
