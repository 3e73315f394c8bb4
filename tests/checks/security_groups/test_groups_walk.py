"""The way of a frame through FORWARD."""

from __future__ import annotations

import pytest

from exporter.checks.security_groups.chains import Chains, chains_of, is_named
from exporter.checks.security_groups.walk import Frame, Path, Walk
from exporter.checks.security_groups.walk import is_named as fits_name
from exporter.questions.hosts.firewall_chains import Rule, Ruleset

OUT = Frame("br0", "vnet1", "eth0", is_ingress=False)
IN = Frame("br0", "eth0", "vnet1", is_ingress=True)


def path(
    frame: Frame, policy: str = "ACCEPT", machines: tuple[str, ...] = ("i-1-1-def",), **chains: list[Rule]
) -> Path:
    """Return the way of a frame through these chains."""
    rules = {name: tuple(found) for name, found in chains.items()}
    found = Walk(Ruleset(flavour="nft", policy=policy, chains=rules, machines=dict.fromkeys(machines, ""))).path(frame)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("", "", True), ("", "br0", True), ("br0", "br0", True), ("br0", "br01", False), ("br+", "br01", True),
        ("+", "br0", True), ("!br0", "br0", False), ("!br0", "eth0", True), ("!br+", "br01", False), ("br0", "", False),
    ],
)  # fmt: skip
def test_names_of_interfaces(pattern: str, name: str, fits: bool) -> None:
    """As iptables prints them."""
    assert fits_name(pattern, name) is fits


def test_the_policy_decides_at_the_end() -> None:
    """No chain at all is a chain without rules."""
    assert path(OUT).is_accepted
    assert not path(OUT, policy="DROP").is_accepted
    assert not path(OUT, FORWARD=[Rule("REJECT")]).is_accepted


def test_a_frame_from_a_machine_goes_on_behind_its_chain() -> None:
    """Its own rules return; whoever comes later may drop it. To a machine, its own rules decide."""
    rules = [Rule("i-1-1-def", port_in="vnet1"), Rule("i-1-1-def", port_out="vnet1"), Rule("DROP")]
    assert path(OUT, FORWARD=rules) == Path("i-1-1-def", False, ())
    assert path(IN, FORWARD=rules) == Path("i-1-1-def", True, ())


def test_order_is_kept_between_rules_of_any_interface() -> None:
    """Rules are found by their interfaces and tried in the order of the chain."""
    accept, drop = Rule("ACCEPT"), Rule("DROP", bridge_out="br0")
    assert path(OUT, FORWARD=[accept, drop]).is_accepted
    assert not path(OUT, FORWARD=[drop, accept]).is_accepted
    assert path(OUT, FORWARD=[Rule("DROP", bridge_out="br9"), accept, drop]).is_accepted


def test_a_long_list_of_blocked_addresses_hides_nothing() -> None:
    """Thousands of rules that only drop some frames decide nothing for a stranger's."""
    blocked = [Rule("DROP", words=f"-s 198.51.{number // 256}.{number % 256}/32") for number in range(5_000)]
    rules = [*blocked, Rule("ACCEPT"), Rule("i-1-1-def", port_in="vnet1")]
    assert path(OUT, FORWARD=rules) == Path("", True, (Rule("ACCEPT"),))


def test_return_ends_a_chain() -> None:
    """What stands behind it is not tried."""
    assert not path(OUT, policy="DROP", FORWARD=[Rule("A")], A=[Rule("RETURN"), Rule("ACCEPT")]).is_accepted
    assert not path(OUT, policy="DROP", FORWARD=[Rule("RETURN"), Rule("ACCEPT")]).is_accepted


def test_chains_that_lead_in_circles_end() -> None:
    """iptables refuses them; nothing that a host prints may keep us."""
    both = {"FORWARD": [Rule("A"), Rule("A")], "A": [Rule("FORWARD"), Rule("A")]}
    rules = {name: tuple(found) for name, found in both.items()}
    assert Walk(Ruleset(flavour="nft", chains=rules)).path(OUT) is None


def test_names_of_chains() -> None:
    """From the samples: of 24, 27 and 31 characters; imported machines have names of their own."""
    plain = Chains("i-2-55-VM", "i-2-55-VM-eg", "i-2-55-def", "i-2-55-VM", "i-2-55-VM", "i-2-55-VM-6")
    assert chains_of("i-2-55-VM") == plain
    long = chains_of("i-1234567-12345678-CLOUDINSTANC")
    assert long == Chains(
        "i-1234567-12345678-CLOUD",
        "i-1234567-12345678-CLOUD-eg",
        "i-1234567-12345678-def",
        "i-1234567-12345678-CLO",
        "i-1234567-12345678-CLOUDINSTAN",
        "i-1234567-12345678-CLOUDINSTAN-6",
    )
    assert chains_of("i-1234-567890-CLOUDINST1").frames == "i-1234-567890-CLOUDINS"
    assert [is_named(name) for name in ("i-2-55-VM", "r-4-VM", "web01", "i-x-VM")] == [True, True, False, False]
