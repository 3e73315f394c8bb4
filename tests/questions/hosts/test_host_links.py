"""Every interface of a host: the question's text, its reader on real output and on garbage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.links import LINKS, Counters, Links, read_links
from tests.real_parts import require
from tests.remote_texts import Machine, sample, shells

REAL = "ip-d-j-link"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["ifname", "mtu", "flags", "master", "link", "linkinfo", "info_kind", "info_data", "stats64",
                         "info_slave_kind", "info_slave_data", "state"]),
        inner, max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell in turn."""
    return str(request.param)


def test_a_real_hypervisor() -> None:
    """A machine of Debian 12 with a bond in cloudbr0."""
    links = read_links(sample("links", REAL))
    assert list(links.by_name) == ["lo", "eth0", "eth1", "eth2", "bond0", "cloudbr0"]
    assert links.ports == {"bond0": ("eth1", "eth2"), "cloudbr0": ("bond0",)}
    assert [link.name for link in links.by_name.values() if link.is_nic] == ["eth0", "eth1", "eth2"]
    assert [link.name for link in links.of_kind("bond")] == ["bond0"]
    bridge, nic = links.by_name["cloudbr0"], links.by_name["eth1"]
    assert (bridge.kind, bridge.filters_ip, bridge.has_carrier) == ("bridge", False, True)
    assert [link.port_state for link in links.by_name.values()] == ["", "", "", "", "forwarding", ""]
    assert (nic.master, nic.mac, nic.mtu, nic.is_up, nic.filters_ip) == ("bond0", "4a:6e:7f:fd:d3:09", 1500, True, None)
    assert nic.counters == Counters()


def rows(**fields: Any) -> str:
    """Return the JSON of one interface."""
    return json.dumps([{"ifname": "x", **fields}])


def only(text: str) -> Any:
    """Return the one interface of a text."""
    (link,) = read_links(text).by_name.values()
    return link


def test_kinds_and_what_is_below() -> None:
    """The tag of a VLAN device and the VNI of a VXLAN device are told apart; constructed after iproute2 6.1."""
    vlan = only(rows(link="bond0", linkinfo={"info_kind": "vlan", "info_data": {"protocol": "802.1Q", "id": 1234}}))
    vxlan = only(rows(linkinfo={"info_kind": "vxlan", "info_data": {"id": 5001}}))
    assert (vlan.vlan, vlan.vni, vlan.parent) == (1234, None, "bond0")
    assert (vxlan.vlan, vxlan.vni) == (None, 5001)
    assert only(rows(link=None)).parent == ""


TUNNEL = {"port_range": {"low": 0, "high": 0}, "port": 4795, "ttl": 0, "df": "unset", "ageing": 300, "udp_csum": True}


@pytest.mark.parametrize(
    ("data", "parent", "vni"),
    [
        ({"id": 5001, "group": "239.0.19.137", "link": "vt0", "learning": True}, "vt0", 5001),
        ({"id": 5002, "local": "127.0.0.1", "learning": True}, "", 5002),
        ({"external": True, "id": 0, "learning": False}, "", 0),
        ({"id": 5001, "link": 7}, "", 5001),
    ],
    ids=["multicast", "evpn", "of a switch", "constructed"],
)
def test_what_is_below_a_vxlan(data: dict[str, Any], parent: str, vni: int) -> None:
    """Its own data name that, and the row does not: captured from ip -d -j link of iproute2 6.1 on Linux 6.18."""
    found = only(rows(linkinfo={"info_kind": "vxlan", "info_data": TUNNEL | data}))
    assert (found.parent, found.vni) == (parent, vni)
    assert only(rows(linkinfo={"info_kind": "gre", "info_data": TUNNEL | data})).parent == ""


@pytest.mark.parametrize("ends", [{"group6": "ff05::7"}, {"remote6": "2001:db8::2"}, {"local6": "2001:db8::1"}])
def test_vxlan_over_ipv6(ends: dict[str, str]) -> None:
    """Its ends are named otherwise than those of IPv4; constructed after iproute2 6.1."""
    data = {"id": 5001, "group": "239.0.19.137", "local": "192.0.2.1"}
    assert only(rows(linkinfo={"info_kind": "vxlan", "info_data": {"id": 5001} | ends})).is_over_ipv6
    assert not only(rows(linkinfo={"info_kind": "vxlan", "info_data": data})).is_over_ipv6
    assert not only(rows(linkinfo={"info_kind": "gre6", "info_data": ends})).is_over_ipv6


@pytest.mark.parametrize(
    ("kind", "data", "state"),
    [
        ("bridge", {"state": "blocking", "priority": 32}, "blocking"),
        ("bridge", {"state": 4}, ""),
        ("bridge", {"state": "red"}, ""),
        ("bridge", None, ""),
        ("bond", {"state": "ACTIVE"}, ""),
    ],
)
def test_what_stp_makes_of_a_port(kind: str, data: Any, state: str) -> None:
    """Members of a bond have a state of another kind."""
    assert only(rows(linkinfo={"info_slave_kind": kind, "info_slave_data": data})).port_state == state


@pytest.mark.parametrize(
    ("flags", "up", "carrier"),
    [
        (["UP", "LOWER_UP"], True, True),
        (["NO-CARRIER", "UP"], True, False),
        (["UP"], True, False),
        (["LOWER_UP"], False, False),
        ([], False, False),
    ],
)
def test_flags(flags: list[str], up: bool, carrier: bool) -> None:
    """A link that is switched off has no carrier that counts."""
    link = only(rows(flags=flags))
    assert (link.is_up, link.has_carrier) == (up, carrier)


def test_counters() -> None:
    """Those of 64 bits; old kernels have the others."""
    stats = {"rx": {"packets": 7, "crc_errors": 2, "multicast": 3}, "tx": {"packets": 5, "carrier_errors": 1}}
    for name in ("stats64", "stats"):
        found = only(rows(**{name: stats})).counters
        assert found == Counters(rx_packets=7, rx_crc_errors=2, rx_multicast=3, tx_packets=5, tx_carrier_errors=1)


def test_where_nobody_tells_which_are_nics_none_is_said() -> None:
    """Kernels before 5.14 do not name the device of an interface."""
    assert only(rows(min_mtu=68)).is_nic is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[{}]",
        "{}",
        "[" * 100_000,
        rows(mtu="1500"),
        rows(flags="UP"),
        rows(linkinfo=[]),
        '[{"ifname":"a"}',
        "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500",
        'Option "-j" is unknown, try "ip -help".',
    ],
)
def test_what_is_not_the_json_of_ip_is_unreadable(text: str) -> None:
    """Garbage never becomes an interface."""
    with pytest.raises(UnreadableError):
        read_links(text)


@given(text=st.text() | JSON.map(json.dumps) | st.lists(JSON).map(json.dumps))
def test_garbage(text: str) -> None:
    """Whatever comes back, the reader returns interfaces or raises UnreadableError."""
    try:
        assert read_links(text).by_name
    except UnreadableError:
        return


@pytest.mark.real
def test_the_text_by_the_real_ip(tmp_path: Path) -> None:
    """Every namespace has lo; it counts."""
    require("ip")
    links: Links = Machine.at(tmp_path).read(LINKS)
    lo = links.by_name["lo"]
    assert (lo.mac, lo.mtu, lo.is_nic in (None, False)) == ("00:00:00:00:00:00", 65536, True)


def test_a_host_without_ip(tmp_path: Path) -> None:
    """The exit code says that a command is missing."""
    machine = Machine.at(tmp_path)
    (machine.tools / "dash").symlink_to("/bin/dash")
    code, _ = machine.ask(LINKS, path="/nowhere")
    assert code == 127
