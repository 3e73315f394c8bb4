"""Rules of CloudStack's own script over a real bridge: what traffic does, and what judges say of the same moment."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.checks.security_groups import source_addresses
from exporter.questions.hosts.firewall_ebtables import FRAME_RULES
from tests.checks.security_groups import guarded_host as scene
from tests.questions.hosts.real_firewall import (
    AS_TOLD,
    CLOUD,
    MAC,
    OPEN,
    OWN_ARP,
    STRANGER,
    RealHost,
    judged,
    real_host,
    run,
    traffic,
)
from tests.real_parts import require

pytestmark = pytest.mark.real


@pytest.fixture
def host(tmp_path: Path) -> Iterator[RealHost]:
    """Yield a host with healthy rules for two machines."""
    with real_host(tmp_path) as made:
        yield made


BOTH = {"i-2-55-VM", "i-2-56-VM"}


def test_healthy_rules_hold(host: RealHost) -> None:
    """What the rules say is what traffic does, and nobody finds fault."""
    assert judged(host) == (set(), set(), {})
    assert traffic(host) == AS_TOLD


def test_mac_addresses_are_guarded_until_the_table_is_flushed(host: RealHost) -> None:
    """The rules of ebtables as the tool prints them now."""
    values = host.values()
    known = values[FRAME_RULES].permitted["i-2-56-VM-in-src"]
    assert (known.addresses, known.drops_others) == ({"1e:00:b4:00:00:06"}, True)
    assert scene.rows(scene.judged_of(source_addresses.judge, values, seen_by=CLOUD), "machine_spoofing") == {}
    host.do("ebtables -t nat -F")
    found = scene.judged_of(source_addresses.judge, host.values(), seen_by=CLOUD)
    assert scene.rows(found, "machine_spoofing").keys() == BOTH
    assert judged(host)[:2] == (set(), set())


@pytest.mark.parametrize(
    ("commands", "passes", "open_", "cut_off", "others"),
    [
        pytest.param(
            ("sysctl -qw net.bridge.bridge-nf-call-iptables=0",),
            OPEN, BOTH, set(), {"bridges_unfiltered": 1}, id="sysctl off",
        ),
        pytest.param(("iptables -I FORWARD -j ACCEPT",), OPEN, BOTH, set(), {"rules_above": 1}, id="accept above"),
        pytest.param(("iptables -F FORWARD",), OPEN, BOTH, set(), {"bridges_incomplete": 1}, id="FORWARD flushed"),
        pytest.param(("iptables -F", "iptables -X"), OPEN, BOTH, set(), {"bridges_incomplete": 1}, id="all gone"),
        pytest.param(
            ("iptables -D BF-cloudbr0-IN -m physdev --physdev-in vnet13 --physdev-is-bridged -j i-2-56-def",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="hook in",
        ),
        pytest.param(("iptables -F i-2-56-VM-eg",), (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="egress"),
        pytest.param(
            ("iptables -F i-2-56-VM",), (False, False, True, False), set(), {"i-2-56-VM"}, {}, id="ingress"
        ),
        pytest.param(
            ("ipset del i-2-55-VM 10.1.1.55",), (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="address"
        ),
        pytest.param(
            ("iptables -I i-2-55-VM -j ACCEPT",), (True, True, True, False), {"i-2-55-VM"}, set(), {}, id="accept first"
        ),
        pytest.param(
            ("iptables -I i-2-56-VM-eg -j RETURN",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="return first",
        ),
        pytest.param(
            ("iptables -I i-2-56-def -j ACCEPT",),
            (False, True, True, True), {"i-2-56-VM"}, set(), {}, id="default first",
        ),
        pytest.param(
            ("iptables -I i-2-56-def -j RETURN",),
            (False, False, True, True), {"i-2-56-VM"}, {"i-2-56-VM"}, {}, id="default returns",
        ),
        pytest.param(
            ("ebtables -t nat -D i-2-55-VM-out-ips -p ARP --arp-ip-dst 10.1.1.55 -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no questions",
        ),
        pytest.param(
            (f"ebtables -t nat -D i-2-55-VM-in-ips {OWN_ARP} -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no answers",
        ),
        pytest.param(
            (f"ebtables -t nat -D i-2-55-VM-in-src -s {MAC} -j RETURN",),
            (False, True, False, False), set(), {"i-2-55-VM"}, {}, id="no frames",
        ),
        pytest.param(
            ("iptables -D FORWARD -o cloudbr0 -m physdev --physdev-is-bridged -j BF-cloudbr0",),
            AS_TOLD, set(), set(), {"bridges_incomplete": 1}, id="one jump of two",
        ),
        pytest.param(
            ("iptables -F BF-cloudbr0",),
            (False, False, False, False), set(), BOTH, {"bridges_incomplete": 1}, id="BF flushed",
        ),
    ],
)  # fmt: skip
def test_what_breaks(
    host: RealHost,
    commands: tuple[str, ...],
    passes: tuple[bool, ...],
    open_: set[str],
    cut_off: set[str],
    others: dict[str, float],
) -> None:
    """Traffic changes as the judges say, from what the tools print at that moment."""
    for command in commands:
        host.do(command)
    assert judged(host) == (open_, cut_off, others)
    assert traffic(host) == passes


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param(("ebtables -t nat -F i-2-55-VM-in-ips",), id="flushed"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in-ips -p ARP --arp-ip-src 10.1.1.77 -j RETURN",), id="one more"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in-ips -p ARP -j RETURN",), id="all more"),
        pytest.param(("ebtables -t nat -I i-2-55-VM-in -j ACCEPT",), id="accepted first"),
    ],
)
def test_arp_with_the_address_of_another(host: RealHost, commands: tuple[str, ...]) -> None:
    """A machine asks with an address that is not its own: the stranger learns it only once a rule lets it pass."""

    def is_learnt() -> bool:
        run(*host.inside("stranger"), "ip", "neigh", "flush", "all")
        ask = ("busybox", "arping", "-q", "-c", "1", "-w", "1", "-s", "10.1.1.77", "-I", "nic", STRANGER)
        subprocess.run((*host.inside("quiet"), *ask), capture_output=True, check=False)
        known = (*host.inside("stranger"), "ip", "neigh", "show", "10.1.1.77")
        return MAC in subprocess.run(known, capture_output=True, text=True, check=True).stdout

    run(*host.inside("quiet"), "ip", "address", "add", "10.1.1.77/32", "dev", "nic")
    assert not is_learnt()
    for command in commands:
        host.do(command)
    found = scene.judged_of(source_addresses.judge, host.values(), seen_by=CLOUD)
    assert scene.rows(found, "machine_spoofing").keys() == {"i-2-55-VM"}
    assert is_learnt()


def test_legacy_rules_are_in_force_as_well(host: RealHost) -> None:
    """The agent's rules in the legacy tables guard although iptables-save does not show them: no machine is open."""
    require("iptables-legacy-restore", "iptables-legacy-save")
    host.do("iptables -F")
    host.do("iptables -X")
    host.do("iptables-legacy-restore", given=scene.Texts().ip4)
    assert judged(host) == (set(), set(), {})
    assert traffic(host) == AS_TOLD


def test_questions_change_nothing(host: RealHost) -> None:
    """Asked on a host without any rules, they leave no table behind."""
    require("nft")
    for command in ("iptables -F", "iptables -X", "ip6tables -F", "ip6tables -X", "ebtables -t nat -F"):
        host.do(command)
    listed = (*host.inside("host"), "nft", "list", "ruleset")
    run(*host.inside("host"), "nft", "flush", "ruleset")
    host.values()
    assert subprocess.run(listed, capture_output=True, text=True, check=True).stdout == ""
