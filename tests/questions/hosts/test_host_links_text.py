"""The text of an iproute2 without JSON: read as its JSON would be, and asked only where there is none."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.links import LINKS, Counters, Link, Links, read_links
from tests.process_counting import count
from tests.real_parts import require, require_root
from tests.remote_texts import SHELLS, Machine, sample

OLD = "ip-o-d-s-link.constructed"
UNKNOWN = 'echo \'Option "-j" is unknown, try "ip -help".\' >&2; exit 255'
WORDS = [
    "1:", "eth0:", "eth0@bond0:", "<UP,LOWER_UP>", "<>", "mtu", "1500", "master", "br0", "state", "UP", "\\",
    "link/ether", "link/none", "02:00:00:00:00:05", "link-netnsid", "0", "vlan", "protocol", "802.1Q", "id",
    "101", "vxlan", "bridge", "nf_call_iptables", "bridge_slave", "blocking", "group", "ff05::7", "RX:", "TX:",
    "errors:", "bytes", "missed", "-1", "99999999999999999999", "\u0663", "\n",
]  # fmt: skip


def test_an_old_hypervisor() -> None:
    """CentOS 7 as modifyvlan.sh wires it; constructed."""
    links = read_links(sample("links", OLD))
    assert links.ports == {
        "bond0": ("em1", "em2"),
        "cloudbr1": ("bond0", "veth0"),
        "brbond0-101": ("bond0.101", "vnet0"),
        "brvx-5001": ("vxlan5001",),
    }
    kinds = {link.name: link.kind for link in links.by_name.values()}
    assert kinds == {
        "lo": "", "em1": "", "em2": "", "bond0": "bond", "cloudbr1": "bridge", "bond0.101": "vlan",
        "brbond0-101": "bridge", "vxlan5001": "vxlan", "brvx-5001": "bridge", "vnet0": "tun", "veth0": "veth",
        "dummy0": "dummy",
    }  # fmt: skip
    parents = {link.name: link.parent for link in links.by_name.values() if link.parent}
    assert parents == {"bond0.101": "bond0", "vxlan5001": "em1"}
    assert (links.by_name["bond0.101"].vlan, links.by_name["vxlan5001"].vni) == (101, 5001)
    bridges = [links.by_name[name] for name in ("cloudbr1", "brbond0-101")]
    assert [(one.filters_ip, one.filters_ip6) for one in bridges] == [(False, False), (True, False)]
    ports = [port for members in links.ports.values() for port in members if port not in ("em1", "em2")]
    assert {links.by_name[port].port_state for port in ports} == {"forwarding"}
    assert {link.is_nic for link in links.by_name.values()} == {None}


def test_states_and_counters_of_an_old_hypervisor() -> None:
    """The columns are named otherwise than today: what was missed stands among the errors."""
    links = read_links(sample("links", OLD))
    assert links.by_name["em1"] == Link(
        name="em1", index=2, is_up=True, has_carrier=True, mtu=1500, mac="52:54:00:01:02:03", master="bond0",
        counters=Counters(
            rx_bytes=98765432109, rx_packets=1234567, rx_errors=7, rx_dropped=6, rx_multicast=4, rx_crc_errors=2,
            rx_frame_errors=3, rx_missed=8, tx_bytes=87654321, tx_packets=7654321, tx_errors=11, tx_dropped=12,
            tx_carrier_errors=13,
        ),
    )  # fmt: skip
    off = links.by_name["em2"], links.by_name["brvx-5001"]
    assert [(one.is_up, one.has_carrier) for one in off] == [(True, False), (False, False)]


LAID = """
ip link set lo up
ip link add br1 type bridge; ip link add br2 type bridge stp_state 1
ip link add d0 type dummy; ip link add i0 type ifb; ip link add bond7 type bond mode 802.3ad
for below in d0 i0 br1; do
    ip link add $below.101 link $below type vlan id 101; ip link add $below.mv link $below type macvlan mode bridge
done
ip link add vx5 type vxlan id 5001 local 127.0.0.1 dstport 4789
ip link add vx6 type vxlan id 5002 group ff05::7 dev lo dstport 4790
ip link add va type veth peer name vb; ip link set va master br2; ip link set d0 master bond7
ip tuntap add vnet0 mode tap; ip link set vnet0 master br1; ip tuntap add t0 mode tun
ip link set br2 type bridge nf_call_iptables 1; ip link set br2 mtu 1400
for name in br1 br2 d0 i0 va vb bond7 d0.101; do ip link set $name up; done
ip link set br1 alias 'bridge x \\ RX: bytes'; ip link property add dev br2 altname quite-a-long-name-for-a-bridge
unshare -n sleep 30 & other=$!
until [ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done
ip link add vz type veth peer name vy netns $other; ip link set vz master br1; ip link set vz up
"""
"""A namespace with all kinds that the kernel has; those that it lacks are left out by ip itself."""
LOOKS = "1 2 3 4 5 6 7 8 9 10 11 12"
"""Carriers rise and frames are counted meanwhile, so a look counts when nothing has changed around it."""


def batched(every: list[Links]) -> Iterator[tuple[Links, Links, Links]]:
    """Yield three by three."""
    yield from zip(every[::3], every[1::3], every[2::3], strict=True)


@pytest.mark.real
def test_text_and_json_of_the_real_ip_tell_the_same() -> None:
    """In a namespace of its own: bridges, ports, taps, and what else the kernel can make."""
    require("ip")
    require_root("network namespaces")
    looks = "".join(f"ip {form} -d -s -s link show; echo @@; " for form in ("-j", "-o", "-j"))
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", f"{LAID}for look in {LOOKS}; do {looks} done; kill $other"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
        text=True,
    )
    *told, _ = done.stdout.split("@@\n")
    every = [read_links(one) for one in told]
    quiet = [(text, json) for json, text, later in batched(every) if json == later]
    assert quiet
    assert all(text == json for text, json in quiet)
    found = quiet[-1][0]
    assert {"bridge", "veth", "tun"} <= {link.kind for link in found.by_name.values()}
    assert {"vnet0", "vz"} <= {*found.ports["br1"]}
    assert found.by_name["vz"].parent == ""


def old_host(place: Path) -> Machine:
    """Return a host whose ip does not know JSON; its PATH holds nothing but ip."""
    machine = Machine.at(place)
    text = machine.file("links.txt", sample("links", OLD))
    machine.file_tool(
        "ip", f'case $1 in -j) {UNKNOWN} ;; esac\n[ "$*" = "-o -d -s -s link show" ] || exit 9\n/bin/cat {text}\n'
    )
    return machine


def test_a_host_without_json(tmp_path: Path) -> None:
    """Its text is asked for; constructed after CentOS 7."""
    machine = old_host(tmp_path)
    (machine.tools / "dash").symlink_to("/bin/dash")
    code, output = machine.ask(LINKS, path="/nowhere")
    assert (code, read_links(output)) == (0, read_links(sample("links", OLD)))


def test_a_host_whose_iproute_is_new(tmp_path: Path) -> None:
    """vdpa says that JSON is known: the shell itself becomes ip, so there is no process more."""
    machine = Machine.at(tmp_path)
    machine.file_tool("ip", 'echo \'[{"ifname":"lo"}]\'')
    machine.file_tool("vdpa", "exit 9")
    environment = {"PATH": f"{machine.tools}:/usr/bin:/bin", "ROOT": "", "text": LINKS.text}
    counted = count(*SHELLS["dash"], "-c", 'eval "$text"', environment=environment)
    assert (counted.code, counted.output, counted.processes) == (0, b'[{"ifname":"lo"}]\n', 1)


def test_an_ip_that_fails_in_both_ways_says_why(tmp_path: Path) -> None:
    """The last line is that of the second way."""
    machine = Machine.at(tmp_path)
    machine.file_tool("ip", "echo 'Cannot open netlink socket: Permission denied' >&2; exit 1")
    (machine.tools / "dash").symlink_to("/bin/dash")
    code, output = machine.ask(LINKS, path="/nowhere")
    assert (code, output) == (1, "Cannot open netlink socket: Permission denied\n")


@pytest.mark.parametrize(
    "text",
    [
        "2: eth0: <UP> mtu 1500",
        "2: eth0: <UP> mtu 1500\\    RX: bytes\\    7",
        "2: eth0: <UP> mtu 1500\n    link/ether 02:00:00:00:00:05 brd ff:ff:ff:ff:ff:ff",
        "2: eth0\\    link/ether 02:00:00:00:00:05",
        "2: eth0: <UP> mtu 1500\\    link/ether 02:00:00:00:00:05\nCannot find device",
    ],
)
def test_what_is_no_text_of_ip(text: str) -> None:
    """Nothing is guessed from half a line, or from what is not written in one."""
    with pytest.raises(UnreadableError):
        read_links(text)


@given(st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text().map("1: x: <>\\ link/ether ".__add__))
def test_garbage(text: str) -> None:
    """Whatever comes back, the reader returns interfaces or raises UnreadableError."""
    try:
        assert read_links(text).by_name
    except UnreadableError:
        return
