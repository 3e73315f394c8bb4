"""Ranges of addresses, VLANs taken and sequences of rules: what is read from rows; constructed."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Question, UnreadableError
from exporter.questions.database.counts import ADDRESS_POOLS, RULE_SEQUENCES, VLANS_TAKEN
from exporter.questions.database.ranges import COLUMNS, RANGES_OVERLAP, read_overlaps
from exporter.questions.database.rows import Rows

READERS: dict[Question[Any], tuple[str, ...]] = {
    RANGES_OVERLAP: COLUMNS,
    ADDRESS_POOLS: ("name", "size"),
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
        public("b", "2001:db8::1-2001:db8::9"),
        public("b", "198.51.100.20-198.51.100.10"),
    ],
)
def test_ranges_that_do_not(other: tuple[object, ...]) -> None:
    """Neighbours in one subnet, other VLANs and zones, no IPv4, and what cannot be read."""
    assert overlaps(public("a", "198.51.100.10-198.51.100.20"), other) == {}


def test_bare_vlans_of_old_rows_are_the_same_vlans() -> None:
    """Older rows have no scheme."""
    assert len(overlaps(public("a", "198.51.100.9", tag="50"), public("b", "198.51.100.9"))) == 1


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
    """Pools by check; VLANs by physical network, also of one that has none taken; rules by machine."""
    pools = ADDRESS_POOLS.read(Rows(("name", "size"), (("control_address_leaked", 3),)))
    assert pools == {"control_address_leaked": 3}
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
