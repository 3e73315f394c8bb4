"""The certificate's names against proxies that are and that may come."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from exporter.checks.console_proxy.certificate_names import CHECK
from tests.checks.console_proxy.scene import (
    NAME,
    PLAIN,
    WILDCARD,
    certificate,
    cloud,
    endpoint,
    of_target,
    problems,
    proxy,
    values,
    way,
)

OTHER = proxy("v-3-VM", public_address="203.0.113.8")
RANGE = (("203.0.113.6", "203.0.113.10", False),)


def said(
    *names: str,
    ranges: Iterable[tuple[str, str, bool]] = RANGE,
    settings: dict[str, str] | None = None,
) -> dict[str, float]:
    world = cloud(proxy(), OTHER, ranges=ranges, settings=settings)
    samples = of_target(CHECK, endpoint(proxy(), world), way(certificate=(certificate(*names),)), world)
    problems(samples)
    return {key[0].removeprefix("certificate_"): value for key, value in values(samples).items()}


def test_a_wildcard_names_everything() -> None:
    """Own name, every running proxy, every possible one."""
    assert said("*.console.example") == {"name_ok": 1, "uncovered_proxies": 0, "uncovered_names": 0}


@pytest.mark.parametrize("name", ["*.example", "*.a.console.example", "console.example"])
def test_a_wildcard_of_another_depth_names_nothing(name: str) -> None:
    """Exactly one label."""
    assert said(name) == {"name_ok": 0, "uncovered_proxies": 1, "uncovered_names": 5}


def test_names_listed_one_by_one_are_counted() -> None:
    """Names outside the ranges, of other domains and odd ones do not count."""
    listed = [
        NAME,
        "203-0-113-8.console.example",
        "203-0-113-99.console.example",
        "203-0-113-9.other.example",
        "203-0-113-010.console.example",
        "www.console.example",
    ]
    assert said(*listed) == {"name_ok": 1, "uncovered_proxies": 0, "uncovered_names": 3}
    assert said(*(f"203-0-113-{last}.console.example" for last in range(6, 11)))["uncovered_names"] == 0


def test_a_certificate_for_this_proxy_only() -> None:
    """The other running proxy is a problem now, the possible ones later; both are explained."""
    world = cloud(proxy(), OTHER, ranges=RANGE)
    samples = of_target(CHECK, endpoint(proxy(), world), way(certificate=(certificate(NAME),)), world)
    bad = problems(samples)
    assert bad == {("certificate_uncovered_proxies", "v-2-VM"), ("certificate_uncovered_names", "v-2-VM")}
    assert samples["certificate_uncovered_proxies", "v-2-VM"].expected == "203-0-113-8.console.example"
    examples = samples["certificate_uncovered_names", "v-2-VM"].expected
    assert examples == "also " + ", ".join(f"203-0-113-{last}.console.example" for last in (6, 8, 9))


def test_a_proxy_that_does_not_run_needs_no_name() -> None:
    """Only running ones are dialled."""
    world = cloud(proxy(), proxy("v-3-VM", public_address="203.0.113.8", state="Stopped"))
    samples = of_target(CHECK, endpoint(proxy(), world), way(certificate=(certificate(NAME),)), world)
    assert samples["certificate_uncovered_proxies", "v-2-VM"].value == 0


def test_ranges_are_counted_once_and_reserved_ones_alone() -> None:
    """Overlapping ranges do not count twice; a range for system VMs is where proxies come from."""
    overlapping = (("203.0.113.6", "203.0.113.10", False), ("203.0.113.8", "203.0.113.12", False))
    assert said(NAME, ranges=overlapping)["uncovered_names"] == 6
    reserved = (*RANGE, ("203.0.113.40", "203.0.113.41", True))
    assert said(NAME, ranges=reserved)["uncovered_names"] == 2


def test_a_huge_range_costs_nothing() -> None:
    """A whole /8 is counted, not walked."""
    assert said(NAME, ranges=(("10.0.0.0", "10.255.255.255", False),))["uncovered_names"] == 2**24


@pytest.mark.parametrize("settings", [WILDCARD | {"consoleproxy.url.domain": "console.example"}, PLAIN])
def test_one_name_for_all_has_no_possible_names(settings: dict[str, str]) -> None:
    """A literal name or none: nothing to count."""
    assert "uncovered_names" not in said("console.example", settings=settings)


def test_without_ranges_nothing_is_said_of_what_may_come() -> None:
    """A basic zone has no public ranges."""
    assert "uncovered_names" not in said("*.console.example", ranges=())


def test_a_static_address_stands_before_all() -> None:
    """consoleproxy.static.publicIp: one name, whatever the ranges are."""
    settings = WILDCARD | {"consoleproxy.static.publicIp": "198.51.100.5"}
    assert said("198-51-100-5.console.example", settings=settings) == {"name_ok": 1, "uncovered_proxies": 0}
