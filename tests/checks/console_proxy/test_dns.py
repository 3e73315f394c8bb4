"""Where console names lead."""

from __future__ import annotations

from typing import Any

import pytest

from exporter.checks.console_proxy.dns import CHECK
from exporter.model import Reason
from exporter.questions.system_vms.console import Lookup, NextName, Page
from tests.checks.console_proxy.scene import (
    PLAIN,
    WILDCARD,
    cloud,
    endpoint,
    of_target,
    problems,
    proxy,
    values,
    way,
)

LITERAL = WILDCARD | {"consoleproxy.url.domain": "console.example"}
STATIC = WILDCARD | {"consoleproxy.static.publicIp": "198.51.100.5"}
RANGE = (("203.0.113.6", "203.0.113.10", False),)
OK, MISSING = ("dns_ok", "v-2-VM"), ("dns_next_names_missing", "v-2-VM")
GONE = Page(reason=Reason.TIMEOUT, detail="slow")


@pytest.mark.parametrize(
    ("settings", "addresses", "page", "is_ok"),
    [
        (WILDCARD, ("203.0.113.7",), Page(status=200), True),
        (WILDCARD, ("203.0.113.7",), GONE, True),
        (WILDCARD, (), Page(status=200), False),
        (WILDCARD, ("203.0.113.8",), Page(status=200), False),  # an address of the range: another proxy's, one day
        (WILDCARD, ("198.51.100.9",), Page(status=200), True),  # what the world sees of a translated address
        (WILDCARD, ("198.51.100.9",), GONE, False),
        (WILDCARD, ("198.51.100.9",), None, False),
        (WILDCARD, ("203.0.113.7", "203.0.113.8"), Page(status=200), False),
        (WILDCARD, ("2001:db8::7",), Page(status=200), True),
        (LITERAL, ("198.51.100.9",), GONE, True),
        (LITERAL, ("198.51.100.9", "198.51.100.10"), Page(status=200), True),
        (LITERAL, (), None, False),
        (PLAIN, ("203.0.113.7",), Page(status=200), True),
        (STATIC, ("198.51.100.5",), Page(status=200), True),
        (STATIC, ("203.0.113.7",), Page(status=200), False),
    ],
)
def test_where_the_name_leads(
    settings: dict[str, str], addresses: tuple[str, ...], page: Page | None, is_ok: bool
) -> None:
    """A literal name may belong to a balancer, a wildcard name to a translated address that serves."""
    world = cloud(proxy(), settings=settings, ranges=RANGE)
    given = way(name=Lookup(addresses, "" if addresses else "NXDOMAIN"), page=page)
    said = of_target(CHECK, endpoint(proxy(), world), given, world)
    assert values(said) == {OK: int(is_ok)}
    assert problems(said) == (set() if is_ok else {OK})


def test_a_name_that_leads_to_another_proxy() -> None:
    """Its page answers, yet it is not this proxy, also outside the known ranges."""
    world = cloud(proxy(), proxy("v-3-VM", public_address="198.51.100.9"))
    given = way(name=Lookup(("198.51.100.9",)))
    assert of_target(CHECK, endpoint(proxy(), world), given, world)[OK].value == 0


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ({}, 0),
        ({"203-0-113-6": ("203.0.113.6",), "203-0-113-10": ("203.0.113.10",)}, 0),
        ({"203-0-113-6": (), "203-0-113-10": ("203.0.113.10",)}, 1),
        ({"203-0-113-6": ("203.0.113.9",), "203-0-113-10": ()}, 2),
    ],
)
def test_names_of_the_next_proxy(found: dict[str, Any], missing: int) -> None:
    """Each must lead to its own address, before it is needed."""
    world = cloud(proxy(), ranges=RANGE)
    names = tuple(NextName(f"{label}.console.example", addresses) for label, addresses in found.items())
    said = of_target(CHECK, endpoint(proxy(), world), way(next_names=names), world)
    assert values(said) == {OK: 1} | ({MISSING: missing} if found else {})
    assert problems(said) == ({MISSING} if missing else set())


def test_next_names_behind_a_translation_are_not_judged() -> None:
    """They lead to translated addresses that nobody told us."""
    world = cloud(proxy(), ranges=RANGE)
    names = (NextName("203-0-113-6.console.example", ("198.51.100.6",)),)
    given = way(name=Lookup(("198.51.100.9",)), next_names=names)
    assert values(of_target(CHECK, endpoint(proxy(), world), given, world)) == {OK: 1}
