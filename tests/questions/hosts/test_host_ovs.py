"""Readers of Open vSwitch: its database, and what its daemons say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import UnreadableError
from exporter.questions.hosts.ovs import read_database
from exporter.questions.hosts.ovs_bonds import OvsBond, OvsBondMember, read_bonds
from exporter.questions.hosts.ovs_datapath import Datapath, MacTable, read_datapaths, read_macs
from exporter.questions.hosts.ovs_macs import MacTables, read_tables
from exporter.questions.hosts.ovs_runtime import LongPoll, OvsRuntime, State, read_runtime
from tests.remote_texts import sample

ROOM = "questions/ovs"
KNOWN = """@ version @ upcall/show @ bond/show @ lacp/show @ log = 0 = 142 = 1 ---- bond0 ---- member bh0: enabled
slave: eth0: current attached may_enable: true partner sys_id: 00:00:00:00:00:00 netdev@ovs-netdev: lookups: hit:1
missed:2 lost:3 (current 1) (avg 2) (max 3) (limit 4) dump duration : 1ms started ovs-vswitchd 99999999999999999999
(No such process) (Permission denied) 2026-99-11T05:35:28.1Z|1|a|WARN|Unreasonably long 5ms poll interval \u0663
@ fdb/stats-show br0 unasked 3 Current/maximum MAC entries in the table: 0/8192"""
WORDS = st.sampled_from([*KNOWN.split(" "), *KNOWN.split("\n"), "\n", "\n= 0\n"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["set", "map", "uuid"]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "read", [read_database, read_runtime, read_tables, lambda text: read_bonds(text, text), read_macs]
)
@given(text=st.text() | st.lists(WORDS).map("".join) | st.lists(WORDS).map("\n".join))
def test_garbage_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Whatever comes back, a reader returns a value or raises UnreadableError, never anything else."""
    try:
        read(text)
    except UnreadableError:
        return


@given(value=VALUES, table=st.integers(0, 4), column=st.integers(0, 8))
def test_a_damaged_cell_is_unreadable_or_read(value: Any, table: int, column: int) -> None:
    """Any value in any cell of a true answer is read or refused, and what is read has the right types."""
    lines = sample(ROOM, "database.healthy").splitlines()
    rows = json.loads(lines[table])
    for row in rows["data"]:
        row[column % len(row)] = value
    lines[table] = json.dumps(rows)
    try:
        found = read_database("\n".join(lines))
    except UnreadableError:
        return
    assert found is not None
    for port in found.ports.values():
        assert port.tag is None or type(port.tag) is int
        assert all(type(one) is int for one in port.trunks)
        assert all(type(one.name) is str for one in port.interfaces)


@pytest.mark.parametrize("read", [read_database, read_runtime, read_tables, read_macs])
@pytest.mark.parametrize("text", ["", "absent now", "ovs-vsctl: unknown command", '{"headings":[],"data":[]}'])
def test_what_is_no_answer_is_unreadable(read: Callable[[str], Any], text: str) -> None:
    """Neither silence nor an error is an empty switch."""
    with pytest.raises(UnreadableError):
        read(text)


@pytest.mark.parametrize("read", [read_database, read_runtime, read_tables])
def test_a_host_without_open_vswitch(read: Callable[[str], Any]) -> None:
    """Its absence is an answer."""
    assert read("absent\n") is None


def test_a_true_database() -> None:
    """Bridges, ports, tags, trunks and the bond of a running switch are read, whatever the order of the rows."""
    database = read_database(sample(ROOM, "database.healthy"))
    assert database is not None
    assert database.version == "3.1.0"
    assert set(database.bridges) == {"cloudbr1", "sw0"}
    assert [port.name for port in database.bridges["cloudbr1"].ports] == ["bond0", "cloudbr1", "vnet0", "vnet1"]
    bond, tap = database.ports["bond0"], database.ports["vnet0"]
    assert (bond.bridge, bond.trunks, bond.bond_mode, bond.lacp) == ("cloudbr1", (0, 100, 200), "balance-tcp", "active")
    assert [(one.name, one.is_up, one.error) for one in bond.interfaces] == [("bh0", True, ""), ("bh1", True, "")]
    assert (tap.tag, tap.trunks, tap.vlan_mode) == (100, (), "")
    assert tap.interfaces[0].attached_mac == "02:00:00:00:00:01"
    assert database.bridges["cloudbr1"].fail_mode == "standalone"
    assert database.bridges["cloudbr1"].datapath == "netdev"
    assert database.bridges["cloudbr1"].controllers == {}


def test_a_true_database_with_faults() -> None:
    """A port without its device and a controller that does not answer are told as such."""
    database = read_database(sample(ROOM, "database.failing"))
    assert database is not None
    interface = database.ports["vnet999"].interfaces[0]
    assert interface.ofport == -1
    assert interface.error == "could not open network device vnet999 (No such device)"
    assert (interface.is_up, interface.mac, interface.mtu) == (None, "", None)
    bridge = database.bridges["cloudbr1"]
    assert (bridge.fail_mode, dict(bridge.controllers)) == ("secure", {"tcp:127.0.0.1:1": False})


def cut(text: str, table: int, column: str, value: Any, row: int = 0) -> str:
    """Return an answer in which one cell has another value."""
    lines = text.splitlines()
    rows = json.loads(lines[table])
    rows["data"][row][rows["headings"].index(column)] = value
    lines[table] = json.dumps(rows)
    return "\n".join(lines)


def test_sets_of_none_one_and_many() -> None:
    """A set of one element is written as that element; none is an empty set, an absent value too."""
    text = sample(ROOM, "database.healthy")
    wanted: dict[Any, tuple[int, ...]] = {5: (5,), ("set", ()): (), ("set", (7, 5)): (5, 7)}
    for value, trunks in wanted.items():
        written = ["set", list(value[1])] if isinstance(value, tuple) else value
        row = next(n for n, one in enumerate(json.loads(text.splitlines()[2])["data"]) if one[1] == "bond0")
        database = read_database(cut(text, 2, "trunks", written, row))
        assert database is not None
        assert database.ports["bond0"].trunks == trunks


def test_a_bridge_of_one_port_and_warnings_around_it() -> None:
    """The ports of a bare bridge come as one uuid; lines that are no table are left aside."""
    text = sample(ROOM, "database.healthy")
    port = next(row for row in json.loads(text.splitlines()[2])["data"] if row[1] == "sw0")
    row = next(n for n, one in enumerate(json.loads(text.splitlines()[1])["data"]) if one[0] == "sw0")
    database = read_database("2026-11-21T05:35:28Z|00001|x|WARN|word\n" + cut(text, 1, "ports", port[0], row))
    assert database is not None
    assert [one.name for one in database.bridges["sw0"].ports] == ["sw0"]


@pytest.mark.parametrize("lines", [slice(0, 4), slice(1, 5), slice(0, 3)])
def test_a_cut_database_is_unreadable(lines: slice) -> None:
    """A table that did not arrive is not an empty one."""
    with pytest.raises(UnreadableError):
        read_database("\n".join(sample(ROOM, "database.healthy").splitlines()[lines]))


def runtime(name: str) -> OvsRuntime:
    """Return a recorded answer of the daemons."""
    found = read_runtime(sample(ROOM, f"runtime.{name}"))
    assert found is not None
    return found


def test_healthy_daemons() -> None:
    """Everything is told: states, starts, flows, lookups, bonds; the log holds no long poll."""
    found = runtime("healthy")
    assert (found.database.state, found.database.version) == (State.UP, "3.1.0")
    assert found.switch.state is State.UP
    assert found.switch.started is not None
    assert found.database.started is not None
    assert 0 < found.database.started <= found.switch.started
    assert found.datapaths is not None
    (datapath,) = found.datapaths.values()
    assert (datapath.name, datapath.limit, datapath.lost) == ("netdev@ovs-netdev", 10000, 0)
    assert found.bonds is not None
    assert {name: [one.lacp for one in bond.members] for name, bond in found.bonds.items()} == {
        "bond0": ["current", "current"],
        "lag1": ["current", "current"],
    }
    assert found.polls == ()


def test_the_headline_of_a_bond_lies() -> None:
    """Members, not lacp_status, tell that nothing passes: recorded three seconds after the partner fell silent."""
    bond = (runtime("partner-without-lacp").bonds or {})["bond0"]
    assert bond.lacp_status == "negotiated"
    assert bond.active == ""
    assert [(one.is_enabled, one.may_enable, one.lacp) for one in bond.members] == [(False, False, "expired")] * 2


@pytest.mark.parametrize(
    ("name", "database", "switch"),
    [
        ("switch-hangs", State.UP, State.HANGS),
        ("database-hangs", State.HANGS, State.UP),
        ("switch-stopped", State.UP, State.DOWN),
        ("switch-killed", State.UP, State.DOWN),
    ],
)
def test_daemons_that_hang_or_are_gone(name: str, database: State, switch: State) -> None:
    """Of a switch that does not answer nothing else is known, and of a dead daemon no start."""
    found = runtime(name)
    assert (found.database.state, found.switch.state) == (database, switch)
    is_up = switch is State.UP
    assert (found.datapaths is not None, found.bonds is not None) == (is_up, is_up)
    assert (found.switch.started is None) == (switch is State.DOWN)


def test_a_switch_that_begins_to_hang() -> None:
    """A later command that is not answered in time tells the same; what was told before stays."""
    text = sample(ROOM, "runtime.healthy")
    head, _, tail = text.partition("@ bond/show\n")
    found = read_runtime(f"{head}@ bond/show\nAlarm clock\n= 142\n@ log{tail.partition('@ log')[2]}")
    assert found is not None
    assert found.switch.state is State.HANGS
    assert found.database.state is State.UP
    assert found.datapaths is not None
    assert found.bonds is None


@pytest.mark.parametrize("words", ["(Permission denied)", "something new", "(End of file)"])
def test_an_error_that_tells_no_state_is_unreadable(words: str) -> None:
    """Only what surely means gone or hanging is called so."""
    with pytest.raises(UnreadableError):
        read_runtime(f"@ version\novsdb-server (Open vSwitch) 3.1.0\n= 0\n@ upcall/show\novs-appctl: {words}\n= 1\n")


def test_a_full_backlog_is_hanging() -> None:
    """A daemon that takes no more connections hangs."""
    found = read_runtime(
        "@ version\nx\n= 0\n@ upcall/show\novs-appctl: cannot connect (Resource temporarily unavailable)\n= 1\n"
    )
    assert found is not None
    assert found.switch.state is State.HANGS


def test_long_polls_and_a_log_that_is_not_there() -> None:
    """The line is constructed from the program's own text; no log is not the same as a quiet one."""
    line = "2026-11-21T12:37:45.888Z|00064|timeval|WARN|Unreasonably long 2345ms poll interval (12ms user, 3ms system)"
    text = sample(ROOM, "runtime.healthy")
    found = read_runtime(text.replace("@ log\n", f"@ log\n{line}\n"))
    assert found is not None
    assert found.polls == (LongPoll(1795264665.888, 2.345),)
    silent = read_runtime(text.partition("@ log")[0])
    assert silent is not None
    assert silent.polls is None


@pytest.mark.parametrize("name", ["partner-no-lacp", "member-carrier-down"])
def test_recorded_failing_bonds(name: str) -> None:
    """Each failing member is told, and that a member without carrier knows no partner."""
    lacp = "lacp-show" if name == "partner-no-lacp" else "lacp"
    bonds = read_bonds(sample(ROOM, f"{name}-bond-show"), sample(ROOM, f"{name}-{lacp}"))
    partner = "0a:f6:b6:d3:8f:4a"
    wanted = {
        "partner-no-lacp": (("", False, "expired", partner), ("", False, "expired", partner)),
        "member-carrier-down": (("bh0", True, "current", partner), ("bh0", False, "defaulted", "")),
    }[name]
    bond = bonds["bond0"]
    assert tuple((bond.active, one.is_enabled, one.lacp, one.partner) for one in bond.members) == wanted


def test_the_old_words() -> None:
    """Before 2.16 members were called slaves; the output is constructed."""
    bonds = read_bonds(sample(ROOM, "bond-show.old-words"), sample(ROOM, "lacp-show.old-words"))
    assert bonds == {
        "bond0": OvsBond(
            name="bond0",
            mode="balance-slb",
            lacp_status="negotiated",
            active="eth0",
            members=(
                OvsBondMember(
                    name="eth0", is_enabled=True, may_enable=True, lacp="current", partner="00:23:04:ee:be:0a"
                ),
                OvsBondMember(name="eth1", is_enabled=False, may_enable=False, lacp="defaulted"),
            ),
        )
    }


def test_no_bonds_and_no_lacp() -> None:
    """A host without bonds prints nothing; a bond without LACP has members without a state of it."""
    assert read_bonds("", None) == {}
    bonds = read_bonds("---- b ----\nbond_mode: active-backup\nlacp_status: off\n\nmember p0: enabled\n", "")
    assert bonds["b"].members == (OvsBondMember(name="p0", is_enabled=True),)


def test_datapaths_of_both_outputs() -> None:
    """Flows and lookups of one datapath come from two commands; what one of them did not tell is not known."""
    upcalls, shown = sample(ROOM, "upcall-show"), sample(ROOM, "dpctl-show")
    name = "netdev@ovs-netdev"
    known = {"flows": 907, "limit": 200_000, "dump_seconds": 0.001}
    counted = {"hit": 17910, "missed": 8954, "lost": 0}
    assert read_datapaths(upcalls, shown) == {name: Datapath(name=name, **known, **counted)}  # type: ignore[arg-type]
    assert read_datapaths(None, shown) == {name: Datapath(name=name, **counted)}
    assert read_datapaths(upcalls, "") == {name: Datapath(name=name, **known)}  # type: ignore[arg-type]


def test_a_mac_table() -> None:
    """Size, moves and evictions are read; very old versions count neither."""
    assert read_macs(sample(ROOM, "fdb-stats-show_sw0")) == MacTable(current=4098, maximum=8192, moved=0, evicted=0)
    assert read_macs("  Current/maximum MAC entries in the table: 1/2\n") == MacTable(current=1, maximum=2)


def test_the_tables_of_all_bridges() -> None:
    """Recorded from two bridges; what answered with an error tells none."""
    text = sample(ROOM, "runtime.healthy")
    sections = text[text.index("@ fdb/stats-show") : text.index("started ")]
    found = read_tables(f"{sections}@ fdb/stats-show gone\nno such bridge\n= 2\nunasked 7\n")
    assert found is not None
    assert set(found.tables) == {"cloudbr1", "sw0"}
    assert found.unasked == 7
    assert read_tables("unasked 0\n") == MacTables({}, 0)
    with pytest.raises(UnreadableError):
        read_tables(sections)  # it ended too early
