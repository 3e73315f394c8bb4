"""What stops bridged frames beside the rules of iptables, on a real bridge: chains of nft, tracked connections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.questions.hosts.firewall import FIREWALL
from tests.questions.hosts.real_firewall import AS_TOLD, OPEN, RealHost, judged, real_host, traffic
from tests.real_parts import require

pytestmark = pytest.mark.real


@pytest.fixture
def host(tmp_path: Path) -> Iterator[RealHost]:
    """Yield a host with healthy rules for two machines."""
    with real_host(tmp_path) as made:
        yield made


def native(family: str, table: str, hook: str) -> tuple[str, str]:
    """Return the commands that make a chain of nft."""
    return f"nft add table {family} {table}", f"nft add chain {family} {table} through {{ type filter hook {hook} ; }}"


@pytest.mark.parametrize(
    ("commands", "passes", "dropping"),
    [
        (native("inet", "filter", "forward priority 0 ; policy drop"), (False,) * 4, 1),
        (native("ip", "own", "forward priority 10 ; policy drop"), (False,) * 4, 1),
        (native("bridge", "guard", "forward priority 0 ; policy drop"), (False,) * 4, 1),
        (native("inet", "firewalld", "forward priority 10 ; policy accept"), AS_TOLD, 0),
        (native("inet", "filter", "input priority 0 ; policy drop"), AS_TOLD, 0),
        (("iptables -P FORWARD DROP", "iptables -t mangle -A FORWARD -j ACCEPT", "ebtables -A FORWARD -j ACCEPT"),
         AS_TOLD, 0),
        (("sysctl -qw net.bridge.bridge-nf-call-iptables=0",
          *native("ip", "own", "forward priority 10 ; policy drop")), OPEN, 0),
    ],
    ids=["inet", "ip", "bridge", "accepts", "input", "of iptables", "not led there"],
)  # fmt: skip
def test_chains_beside_iptables(
    host: RealHost, commands: tuple[str, ...], passes: tuple[bool, ...], dropping: int
) -> None:
    """A chain of nft with the policy drop cuts machines off where their frames come to it, and that is told."""
    require("nft")
    for command in commands:
        host.do(command)
    assert judged(host)[2].get("native_chains_dropping", 0) == dropping
    assert traffic(host) == passes


def test_connections_of_machines_are_tracked(host: RealHost) -> None:
    """With security groups what is bridged is in the host's own table, and shares its limit."""
    before = host.values()[FIREWALL]
    assert traffic(host) == AS_TOLD
    told = host.values()[FIREWALL]
    assert told.tracked > (before.tracked or 0)
    assert told.trackable > 0
