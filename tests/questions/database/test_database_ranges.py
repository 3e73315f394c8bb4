"""Ranges of addresses, VLANs taken and sequences of rules: what is read from rows; constructed."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Question, UnreadableError
from exporter.questions.database.counts import ADDRESS_POOLS, RULE_SEQUENCES, VLANS_TAKEN
from exporter.questions.database.pools import VLAN_RANGE_DIFFERS, VLAN_RANGE_SIZE_DIFFERS
from exporter.questions.database.ranges import COLUMNS, RANGES_OVERLAP, read_overlaps
from exporter.questions.database.rows import Rows

POOLS = ("name", "vnet", "numbers", "total", "squares")
READERS: dict[Question[Any], tuple[str, ...]] = {
    VLAN_RANGE_DIFFERS: POOLS,
    VLAN_RANGE_SIZE_DIFFERS: POOLS[:3],
    RANGES_OVERLAP: COLUMNS,
    ADDRESS_POOLS: ("name", "pod", "size"),
    VLANS_TAKEN: ("network", "vnet"),
    RULE_SEQUENCES: ("vm", "sequence"),
}


def public(name: str, ips: str | None, tag: str = "vlan://50", zone: int = 1, **more: str) -> tuple[object, ...]:
    return ("public", name, zone, tag, more.get("gateway", "198.51.100.1"), more.get("netmask", "255.255.255.0"), ips)


def pod(name: str, ips: str, gateway: str = "10.0.0.254") -> tuple[object, ...]:
    return ("pod", name, 1, "", gateway, "24", ips)


def overlaps(*rows: tuple[object, ...]) -> dict[str, str]:
    return {one.name: one.seen for one in read_overlaps(Rows(COLUMNS, rows))}


def test_ranges_that_share_addresses_are_found_once() -> None:
    """Of one zone and VLAN, and whichever comes first; also one inside a longer one that began before others."""
    a, b = public("a", "198.51.100.10-198.51.100.20"), public("b", "198.51.100.20-198.51.100.30")
    assert overlaps(b, a) == {"public a and public b": "both have 198.51.100.20"}
    wide, small = public("wide", "198.51.100.2-198.51.100.200"), public("small", "198.51.100.90")
    assert set(overlaps(wide, a, small)) == {"public wide and public a", "public wide and public small"}


@pytest.mark.parametrize(
    "other",
    [
        public("b", "198.51.100.21-198.51.100.30"),
        public("b", "198.51.100.10-198.51.100.20", tag="vlan://51"),
        public("b", "198.51.100.10-198.51.100.20", zone=2),
        public("b", None),
        public("b", "", gateway="", netmask=""),
        public("b", " , "),
        public("b", "2001:db8::1-2001:db8::9"),
    ],
)
def test_ranges_that_do_not(other: tuple[object, ...]) -> None:
    """Neighbours in one subnet, other VLANs and zones, and no IPv4."""
    assert overlaps(public("a", "198.51.100.10-198.51.100.20"), other) == {}


def test_bare_vlans_of_old_rows_are_the_same_vlans() -> None:
    """Older rows have no scheme."""
    assert len(overlaps(public("a", "198.51.100.9", tag="50"), public("b", "198.51.100.9"))) == 1


@pytest.mark.parametrize("tag", ["untagged", "vlan://untagged", "vlan://UNTAGGED", "Untagged", "vlan://", ""])
def test_no_vlan_is_one_however_it_is_spelt(tag: str) -> None:
    """CloudStack compares without case, and takes an empty one for untagged."""
    assert len(overlaps(public("a", "198.51.100.9", tag=tag), public("b", "198.51.100.9", tag="vlan://untagged"))) == 1


@pytest.mark.parametrize(
    "ips",
    ["10.0.0.59-10.0.0.51", "10.0.0.51 to 10.0.0.59", "10.0.0.51\u201310.0.0.59", "10.0.0.51-", "none", "10.0.0.300"],
)
def test_a_range_that_is_none_is_found(ips: str) -> None:
    """What addresses are given out from it nobody knows: it may lie over anything. The others beside it are read."""
    words = f"its range {ips} cannot be read, or runs backwards"
    assert overlaps(public("a", ips)) == {"public a": words}
    assert overlaps(pod("p", f"{ips}-0-untagged,10.0.0.250-10.0.0.253")) == {
        "pod p": words.replace(ips, f"{ips}-0-untagged")
    }
    found = read_overlaps(Rows(COLUMNS, (pod("p", f"10.0.0.250-10.0.0.254,{ips}"),)))
    assert [one.seen for one in found] == [words, "its gateway 10.0.0.254 is inside its range"]


def pools(*rows: tuple[object, ...]) -> dict[str, str]:
    return {one.name: one.seen for one in VLAN_RANGE_DIFFERS.read(Rows(POOLS, rows))}


def sizes(*rows: tuple[object, ...]) -> dict[str, str]:
    return {one.name: one.seen for one in VLAN_RANGE_SIZE_DIFFERS.read(Rows(POOLS[:3], rows))}


@pytest.mark.parametrize(
    ("vnet", "pool"),
    [
        ("100-102", (3, Decimal(303), Decimal(30605))),
        ("100-101,102-102", (3, 303, 30605)),
        (b"100-102".decode(), (3, "303.000", "30605")),
        ("102,100-101,101-102", (3, 303, 30605)),
        (None, (0, None, None)),
        ("", (0, None, None)),
    ],
)
def test_a_range_that_its_pool_has(vnet: str | None, pool: tuple[object, ...]) -> None:
    """In any order and spelling; no range is no pool."""
    assert pools(("z/p", vnet, *pool)) == {}
    assert sizes(("z/p", vnet, pool[0])) == {}


def test_a_range_that_its_pool_has_not() -> None:
    """By count; or by sum, when one was put in another's place; of a large pool the count alone is told."""
    assert pools(("p", "100-102", 2, 201, 20201)) == {"p": "range 100-102: 3 VLANs, in the pool 2"}
    assert pools(("p", "100-102", 3, 304, 30810)) == {"p": "range 100-102: 3 VLANs, in the pool 3"}
    assert pools(("p", None, 3, 303, 30605)) == {"p": "range none: 0 VLANs, in the pool 3"}
    assert sizes(("p", "5000-200000", 0)) == {"p": "range 5000-200000: 195001 VLANs, in the pool 0"}


@pytest.mark.parametrize("vnet", ["100\u2013199", "100-159;300-310", "none", "199-100", "100-199-300", "-5", "\u0663"])
def test_a_range_that_cannot_be_read_is_found(vnet: str) -> None:
    """Never taken for an empty one, also beside an empty pool."""
    for pool in ((100, 14950, 2318350), (0, None, None)):
        words = f"range {vnet} cannot be read, in the pool are {pool[0]} VLANs"
        assert pools(("p", vnet, *pool)) == {"p": words}
        assert sizes(("p", vnet, pool[0])) == {"p": words}


def test_subnets_that_differ_and_overlap() -> None:
    """The same subnet twice is usual; one inside another on one VLAN is not."""
    inner = public("b", "198.51.100.130", gateway="198.51.100.129", netmask="255.255.255.128")
    found = overlaps(public("a", "198.51.100.10"), inner)
    assert found == {
        "subnet 198.51.100.0/24 of a and subnet 198.51.100.128/25 of b": "different subnets on one VLAN share addresses"
    }


def test_gateways_inside_ranges() -> None:
    """Of public ranges and of every range of a pod."""
    assert overlaps(public("a", "198.51.100.1-198.51.100.9")) == {
        "public a": "its gateway 198.51.100.1 is inside its range"
    }
    assert set(overlaps(pod("p", "10.0.0.5-10.0.0.9-0-untagged,10.0.0.250-10.0.0.254-1-7"))) == {"pod p"}


def test_pods_and_public_ranges() -> None:
    """Whatever the VLAN: these addresses are given out twice. Two pods are compared by their own check in the API."""
    found = overlaps(pod("p", "10.0.0.5-10.0.0.9-0-untagged"), public("a", "10.0.0.9-10.0.0.20", gateway=""))
    assert found == {"pod p and public a": "both have 10.0.0.9"}
    assert overlaps(pod("p", "10.0.0.5-10.0.0.9"), pod("q", "10.0.0.9-10.0.0.11")) == {}


@given(st.lists(st.tuples(st.integers(0, 250), st.integers(0, 40)), max_size=8))
def test_whether_anything_overlaps_is_what_comparing_all_says(found: list[tuple[int, int]]) -> None:
    """The sweep finds something exactly when two ranges share an address."""
    spans = [(first, min(first + more, 255)) for first, more in found]
    rows = [
        public(str(n), f"198.51.100.{first}-198.51.100.{last}", gateway="") for n, (first, last) in enumerate(spans)
    ]
    shared = any(a <= d and c <= b for (a, b), (c, d) in combinations(spans, 2))
    assert bool(overlaps(*rows)) == shared


def test_what_the_counts_say() -> None:
    """Pools by check and pod; VLANs by physical network, also of one that has none taken; rules by machine."""
    sizes = (("control_address_leaked", "z/p", 3), ("control_address_leaked", "z/q", 4))
    pools = ADDRESS_POOLS.read(Rows(("name", "pod", "size"), sizes))
    assert pools == {"control_address_leaked": {"z/p": 3, "z/q": 4}}
    taken = VLANS_TAKEN.read(Rows(("network", "vnet"), (("p", "100"), ("p", "101"), ("q", None), ("p", "x"))))
    assert taken == {"p": {100, 101}, "q": frozenset()}
    assert RULE_SEQUENCES.read(Rows(("vm", "sequence"), ((b"i-2-3-VM", 7),))) == {"i-2-3-VM": 7}


VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.binary(max_size=20), st.floats())


@pytest.mark.parametrize("question", READERS, ids=lambda one: one.name)
@given(data=st.data())
def test_garbage_is_never_an_answer_of_another_kind(question: Question[Any], data: st.DataObject) -> None:
    """Whatever comes, the reader returns or says that it cannot be read."""
    columns = data.draw(st.sampled_from([READERS[question], ("name", "seen"), ()]))
    rows = data.draw(st.lists(st.tuples(*(VALUES for _ in columns)), max_size=5))
    try:
        told = question.read(Rows(columns, tuple(rows)))
    except UnreadableError:
        return
    assert columns == READERS[question]
    assert len(told) <= 2 * len(rows) * max(len(rows), 1)
