"""Rules in two flavours of iptables."""

from __future__ import annotations

from exporter.checks.security_groups.flavours import judge
from tests.checks.security_groups import guarded_host as scene

EMPTY = "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"


def mixed(texts: scene.Texts) -> tuple[float, str]:
    """Return the count and what was seen."""
    found = scene.only(scene.judged(judge, texts), "flavours_mixed")
    return found.value, found.seen


def test_one_flavour() -> None:
    """The version is told, and legacy tables that exist but are empty are no mixture."""
    samples = scene.judged(judge)
    assert samples[0].labels[3:] == ("nft", "1.8.9")
    assert mixed(scene.Texts()) == (0, "")
    assert mixed(scene.Texts(further=f"@@ 4 legacy\n{EMPTY}")) == (0, "")


def test_docker_in_the_other_flavour_is_no_mixture_of_ours() -> None:
    """Only rules of the agent count."""
    docker = EMPTY.replace("COMMIT", ":DOCKER - [0:0]\n-A FORWARD -j DOCKER\nCOMMIT")
    assert mixed(scene.Texts(further=f"@@ 4 legacy\n{docker}")) == (0, "")


def test_rules_were_left_in_the_other_flavour() -> None:
    """After a change of alternatives both are in force."""
    healthy = scene.Texts()
    assert mixed(scene.Texts(further=f"@@ 4 legacy\n{healthy.ip4}")) == (1, "IPv4 rules in legacy")
    legacy = scene.Texts(version="iptables v1.8.9 (legacy)", further=f"@@ 6 nft\n{healthy.ip6}")
    assert mixed(legacy) == (1, "IPv6 rules in nft")
