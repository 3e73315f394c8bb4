"""Chains of nft that iptables did not make: as nft prints them, and what is none of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.questions.hosts.firewall_native import NativeChain, read_native
from exporter.questions.hosts.firewall_rules import read_rules
from tests.remote_texts import sample

ROOM = "questions/security_groups"
RULES = "@@ version\niptables v1.8.9 (nf_tables)\n@@ 4 nft\n*filter\nCOMMIT\n@@ end\n"
META = {"metainfo": {"version": "1.0.6", "json_schema_version": 1}}


def listed(*rows: Any) -> str:
    """Return what nft prints of these rows."""
    return json.dumps({"nftables": [META, *rows]})


def chain(**fields: Any) -> dict[str, Any]:
    """Return the row of a base chain at the hook forward."""
    made = {"family": "inet", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "forward", "prio": 0}
    return {"chain": made | {"policy": "drop"} | fields}


def test_what_nft_prints() -> None:
    """Those of iptables, ip6tables and ebtables are none, whatever their policy is, nor are chains at other hooks."""
    found = read_native(sample(ROOM, "nft-list-chains.txt"))
    assert found == (
        NativeChain("inet", "firewalld", "filter_FORWARD", drops=False),
        NativeChain("ip", "libvirt_network", "forward", drops=False),
        NativeChain("inet", "filter", "forward", drops=True),
        NativeChain("bridge", "guard", "through", drops=True),
    )
    assert str(found[2]) == "inet filter forward"


def test_chains_that_are_nearly_those_of_iptables() -> None:
    """Of the family inet iptables makes none, and in others it makes FORWARD of three tables."""
    for table in ("filter", "mangle", "security"):
        for family in ("ip", "ip6", "bridge"):
            assert read_native(listed(chain(family=family, table=table, name="FORWARD"))) == ()
            assert len(read_native(listed(chain(family=family, table=table, name="forward"))) or ()) == 1
        assert len(read_native(listed(chain(table=table, name="FORWARD"))) or ()) == 1
    assert len(read_native(listed(chain(family="ip", table="mine", name="FORWARD"))) or ()) == 1
    assert read_native(listed(chain(family="netdev"))) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"nftables": []}',
        '{"nftables": [{"chain": {"family": "ip"}}]}',
        listed(chain())[:-3],
        listed(chain()).replace("forward", "\udcff"),
        listed({"chain": {"family": 4, "table": "t", "name": "c"}}),
        "Error: JSON support not compiled-in\nlist chains",
        "table inet filter {\n}",
    ],
)
def test_what_is_no_answer(text: str) -> None:
    """Refused, cut off, or of an nft without JSON (the last two constructed after its sources): nobody knows."""
    assert read_native(text) is None


def test_none_is_an_answer() -> None:
    """No chains by nft's own word, and a kernel that has no such tables."""
    assert read_native(listed()) == read_native("none\n") == ()


@given(text=st.text() | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps))
def test_garbage_is_no_chain(text: str) -> None:
    """Whatever comes."""
    assert not read_native(text) or text.strip() == "none"


def test_the_rest_is_told_without_it() -> None:
    """The part is missing where nft is not installed, and spoils nothing where it was refused."""
    assert read_rules(RULES).native is None
    assert read_rules(f"{RULES}@@ native\n").native is None
    assert read_rules(f"{RULES}@@ native\nnone\n").native == ()
    found = read_rules(f"{RULES}@@ native\n{sample(ROOM, 'nft-list-chains.txt')}").native
    assert found is not None
    assert len(found) == 4
