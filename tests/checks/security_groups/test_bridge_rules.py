"""The rules around bridges, and rules of others before them."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.bridge_rules import judge
from tests.checks.security_groups import guarded_host as scene

STATES = {
    "all-chains-gone": (2, 0),
    "bf-flushed": (1, 0),
    "bf-jump-out-removed": (1, 0),
    "bf-jumps-both-removed": (1, 0),
    "def-chain-flushed": (0, 0),
    "ebtables-flushed": (0, 0),
    "forward-accept-above": (0, 1),
    "forward-flushed": (2, 0),
    "hook-in-removed": (0, 0),
    "ip6-open": (2, 0),
    "sysctl-off": (0, 0),
}
"""Broken state -> bridges that lack rules, rules above them."""


def above(*rules: str) -> tuple[float, str]:
    """Return the count and what was seen with these rules at the top of FORWARD."""
    lines = "".join(f"-A FORWARD {rule}\n" for rule in rules)
    first = "-A FORWARD -o brbond0-1234 -m physdev"
    chains = ":DOCKER - [0:0]\n:DOCKER-USER - [0:0]\n"
    ip4 = scene.Texts().ip4.replace(":r-4-VM", chains + ":r-4-VM").replace(first, lines + first, 1)
    found = scene.only(scene.judged(judge, scene.Texts(ip4=ip4)), "rules_above")
    return found.value, found.seen


@pytest.mark.parametrize("state", STATES)
def test_every_broken_state(state: str) -> None:
    """Only the states that touch FORWARD and BF- chains are found here."""
    incomplete, higher = STATES[state]
    counts = scene.counts(scene.judged(judge, scene.broken(state)))
    assert counts == {"bridges_incomplete": incomplete, "rules_above": higher}


def test_healthy_also_when_the_script_has_doubled_its_rules() -> None:
    """A repair writes the rules of a bridge again: as a set they are the same."""
    rules = [line for line in scene.Texts().ip4.splitlines() if line.startswith("-A BF-cloudbr0 ")]
    assert len(rules) == 4
    doubled = scene.Texts().ip4.replace(rules[0], "\n".join([*rules, rules[0]]))
    for texts in (scene.Texts(), scene.Texts(ip4=doubled)):
        assert scene.counts(scene.judged(judge, texts)) == {"bridges_incomplete": 0, "rules_above": 0}


def test_what_lacks_is_said() -> None:
    """The rule is named as iptables-save has it."""
    found = scene.judged(judge, scene.broken("bf-jump-out-removed"))
    assert scene.only(found, "bridges_incomplete").seen == ("cloudbr0 lacks IPv4 FORWARD -o cloudbr0 -j BF-cloudbr0")


def test_a_wrong_uplink() -> None:
    """The rule accepts what leaves by another port than the uplink."""
    ip4 = scene.Texts().ip4.replace("--physdev-out eth0 ", "--physdev-out tap9 ")
    found = scene.only(scene.judged(judge, scene.Texts(ip4=ip4)), "bridges_incomplete")
    assert found.seen == "cloudbr0 lacks IPv4 BF-cloudbr0 ACCEPT of the uplink eth0, accepts tap9"


@pytest.mark.parametrize(
    "rule",
    [
        "-j ACCEPT",
        "-m physdev --physdev-is-bridged -j ACCEPT",
        "-i cloudbr0 -j ACCEPT",
        "-i cloud+ -j ACCEPT",
        "! -o docker0 -j ACCEPT",
        "-m conntrack --ctstate NEW,RELATED -j ACCEPT",
        '-m comment --comment "all of it" -j ACCEPT',
        "-p icmp -j ACCEPT",
        "-s 10.0.0.0/8 -j ACCEPT",
    ],
)
def test_rules_that_let_some_frames_by(rule: str) -> None:
    """Whether all frames or only some."""
    count, seen = above(rule)
    assert count == 1
    assert seen.startswith("IPv4: ")


@pytest.mark.parametrize(
    "rule",
    [
        "-i docker0 ! -o docker0 -j ACCEPT",
        "-o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-m state --state RELATED,ESTABLISHED -j ACCEPT",
        "-m physdev ! --physdev-is-bridged -j ACCEPT",
        "-m physdev --physdev-in vnet99 -j ACCEPT",
        "-j DOCKER-USER",
        "-o docker0 -j DOCKER",
        "-s 10.0.0.0/8 -j LOG",
        "-p tcp -j RETURN",
    ],
)
def test_rules_of_others_that_do_no_harm(rule: str) -> None:
    """Docker, libvirt and firewalld write such ones on every host."""
    assert above(rule) == (0, "")


def test_a_rule_in_a_chain_of_others() -> None:
    """A jump is followed, also one that only some frames take."""
    for jump in ("-j DOCKER-USER", "-p tcp -j DOCKER-USER"):
        lines = f"-A FORWARD {jump}\n-A DOCKER-USER -j ACCEPT\n"
        first = "-A FORWARD -o brbond0-1234 -m physdev"
        ip4 = scene.Texts().ip4.replace(":r-4-VM", ":DOCKER-USER - [0:0]\n:r-4-VM").replace(first, lines + first, 1)
        found = scene.only(scene.judged(judge, scene.Texts(ip4=ip4)), "rules_above")
        assert found.value == 1
