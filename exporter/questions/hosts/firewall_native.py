"""Chains of nft at the hook forward that iptables did not make: firewalld's, libvirt's, or an operator's own."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

HOOK = "forward"
FAMILIES = frozenset({"ip", "ip6", "inet", "bridge"})
"""Families of nft that have this hook."""
NONE = "none"
"""What stands for the chains of a kernel without nf_tables."""


@dataclass(frozen=True, slots=True)
class NativeChain:
    """One base chain at the hook forward. A frame must pass every one of them, whatever the others say.

    Attributes:
        family: ip | ip6 | inet | bridge.
        drops: whether it drops what none of its rules decides about (its policy). That of a table that is dormant does
            nothing, and nft does not tell.
    """

    family: str
    table: str
    name: str
    drops: bool

    def __str__(self) -> str:
        """Return its name as nft takes it."""
        return f"{self.family} {self.table} {self.name}"


class _Chain(msgspec.Struct):
    family: str
    table: str
    name: str
    hook: str = ""
    policy: str = "accept"


class _Row(msgspec.Struct):
    metainfo: dict[str, object] | None = None
    chain: _Chain | None = None


class _Listed(msgspec.Struct):
    nftables: list[_Row]


def read_native(text: str) -> tuple[NativeChain, ...] | None:
    """Return the chains of ``nft -j list chains``; None when it was refused, or is of an nft that knows no JSON.

    Chains that iptables-nft and ebtables-nft made are none of them.
    """
    if text.strip() == NONE:
        return ()
    try:
        rows = msgspec.json.decode(text.encode(), type=_Listed).nftables
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return None
    if not any(row.metainfo for row in rows):
        return None
    chains = (row.chain for row in rows if row.chain is not None)
    native = (one for one in chains if one.hook == HOOK and one.family in FAMILIES and not _is_of_iptables(one))
    return tuple(dict.fromkeys(NativeChain(one.family, one.table, one.name, one.policy == "drop") for one in native))


def _is_of_iptables(chain: _Chain) -> bool:
    """Return whether iptables-nft, ip6tables-nft or ebtables-nft made it: their own commands show its rules."""
    is_table = chain.table in ("filter", "mangle", "security")
    return chain.family != "inet" and is_table and chain.name == "FORWARD"
