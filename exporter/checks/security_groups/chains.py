"""What security_group.py names the chains and sets of a machine, with the limits of each tool.

Source: scripts/vm/network/security_group.py, read and tried with names of 22, 24, 27 and 31 characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAMED = re.compile(r"(?:i-\d+-\d+|[rsv]-\d+)-[A-Za-z0-9_-]+", re.ASCII)
EBTABLES_NFT_LONGEST = 20
"""Characters of a machine's name above which ebtables-nft refuses the jumps between its chains."""


@dataclass(frozen=True, slots=True)
class Chains:
    """Names for one machine.

    Attributes:
        ingress: chain of rules for what the machine receives; egress: for what it sends.
        default: chain that leads to both.
        frames: beginning of its chains in ebtables.
        addresses: set of its IPv4 addresses; addresses6: of IPv6.
    """

    ingress: str
    egress: str
    default: str
    frames: str
    addresses: str
    addresses6: str


def is_named(machine: str) -> bool:
    """Return whether CloudStack made the name; those of imported machines lead to no chains that we could foretell."""
    return NAMED.fullmatch(machine) is not None


def chains_of(machine: str) -> Chains:
    """Return the names for a machine such as i-2-55-VM."""
    chain = machine if len(machine) <= 25 else machine[:24]
    return Chains(
        ingress=chain,
        egress=f"{chain}-eg",
        default=f"{chain.rpartition('-')[0]}-def",
        frames=machine[:22],
        addresses=machine[:30],
        addresses6=f"{machine[:30]}-6",
    )
