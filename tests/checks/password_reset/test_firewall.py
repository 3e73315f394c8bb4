"""Whether guests get through to the password service."""

from __future__ import annotations

from dataclasses import replace

from exporter.checks.password_reset.firewall import CHECK
from exporter.cloud.targets import RouterTarget
from exporter.questions.routers.firewall import ROUTER_FIREWALL, RouterFirewall
from exporter.questions.routers.state import ROUTER_ADDRESSES, Role
from tests.checks.password_reset.scene import (
    ALONE,
    NOW,
    PAIR,
    VPC,
    Visitor,
    answered,
    firewall,
    healthy,
    problems,
    target,
    values,
)

CLOSED = healthy() | {ROUTER_FIREWALL: firewall("eth9")}


def test_an_open_port_is_said() -> None:
    """One sample for each address that the router serves."""
    assert values(Visitor(CHECK).visit()) == {("firewall_open", "r-4-VM", "10.1.1.1"): 1}


def test_a_closed_port_is_a_problem_on_the_second_visit() -> None:
    """Rules go and come while the router is configured."""
    visitor = Visitor(CHECK)
    assert visitor.visit(100, CLOSED) == []
    (found,) = problems(visitor.visit(160, CLOSED))
    assert found.seen == "no rule of the input chain accepts tcp 8080 to 10.1.1.1 on eth0"
    assert values(visitor.visit(220)) == {("firewall_open", "r-4-VM", "10.1.1.1"): 1}
    assert visitor.visit(280, CLOSED) == []


def test_an_old_answer_is_no_second_visit() -> None:
    """On the second visit only the other questions were answered."""
    visitor = Visitor(CHECK)
    visitor.visit(100, CLOSED)
    answers = answered(CLOSED, 160, visitor.scope)
    old = {ROUTER_FIREWALL: replace(answers.values[ROUTER_FIREWALL], asked=100.0)}
    mixed = replace(answers, values={**answers.values, **old})
    assert list(CHECK.judges[RouterTarget](target(), mixed, visitor.cloud)) == []


def test_each_tier_has_its_own_rule() -> None:
    """A rule on one device does not open the other."""
    visitor = Visitor(CHECK, VPC)
    given = healthy(VPC) | {ROUTER_FIREWALL: firewall("eth1")}
    visitor.visit(100, given)
    assert values(visitor.visit(160, given)) == {
        ("firewall_open", "r-7-VM", "10.3.1.1"): 0,
        ("firewall_open", "r-7-VM", "10.3.2.1"): 1,
    }


def test_the_device_of_the_shared_gateway_counts() -> None:
    """On the primary it lies beside the router's own address; a backup is not judged."""
    assert values(Visitor(CHECK, PAIR[0]).visit(values=healthy(PAIR[0], Role.PRIMARY))) == {
        ("firewall_open", "r-5-VM", "10.2.1.1"): 1
    }
    assert Visitor(CHECK, PAIR[1]).visit(values=healthy(PAIR[1], Role.BACKUP)) == []


def test_an_address_that_is_missing_is_left_to_the_daemon_check() -> None:
    """Without the address there is no device whose rule could be missing."""
    visitor = Visitor(CHECK)
    for asked in (100, 160):
        assert visitor.visit(asked, CLOSED | {ROUTER_ADDRESSES: ()}) == []


def test_no_firewall_at_all_is_open() -> None:
    """Guests get through; that is what this metric says."""
    given = healthy() | {ROUTER_FIREWALL: RouterFirewall(accepts=True)}
    assert set(values(Visitor(CHECK).visit(values=given)).values()) == {1}


def test_a_router_that_settles_is_not_blamed() -> None:
    """In its first quarter of an hour rules may be missing."""
    visitor = Visitor(CHECK, replace(ALONE, created=NOW))
    assert visitor.visit(100, CLOSED) == []
    assert visitor.visit(160, CLOSED) == []
