"""Effective hostnames of console proxies, and the names that may come."""

from __future__ import annotations

import pytest

from exporter.cloud.cloud import Cloud
from exporter.cloud.consoles import ConsoleAddress, console_address, possible_addresses, possible_hostnames
from exporter.cloud.networks import VlanRange
from exporter.cloud.objects import SystemVm, Zone
from exporter.cloud.targeting import targets
from exporter.cloud.targets import ConsoleEndpoint

VM = SystemVm(
    id="v",
    name="v-2-VM",
    kind="consoleproxy",
    state="Running",
    agent_state="Up",
    zone_id="z",
    public_address="203.0.113.7",
)
DOMAIN, TLS = "consoleproxy.url.domain", "consoleproxy.sslEnabled"
STATIC, STATIC_PORT = "consoleproxy.static.publicIp", "consoleproxy.static.port"


def cloud(settings: dict[str, str], *ranges: VlanRange) -> Cloud:
    return Cloud(
        zones={"z": Zone("z", "east", "Advanced", False, True)},
        system_vms={"v": VM},
        settings=settings,
        vlan_ranges={item.id: item for item in ranges},
    )


def addresses(start: str, end: str, *, own: bool = False, public: bool = True, zone: str = "z") -> VlanRange:
    return VlanRange(
        id=f"{start}{end}", zone_id=zone, vlan="", is_public=public, start=start, end=end, for_system_vms=own
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ConsoleAddress("203.0.113.7", False, "address", "", "203.0.113.7")),
        ({DOMAIN: " ", TLS: "true"}, ConsoleAddress("203.0.113.7", False, "address", "", "203.0.113.7")),
        (
            {DOMAIN: "*.c.example", TLS: "true"},
            ConsoleAddress("203-0-113-7.c.example", True, "wildcard", "c.example", "203.0.113.7"),
        ),
        (
            {DOMAIN: "*.c.example", TLS: "false"},
            ConsoleAddress("203-0-113-7.c.example", False, "wildcard", "c.example", "203.0.113.7"),
        ),
        ({DOMAIN: "c.example", TLS: "TRUE"}, ConsoleAddress("c.example", True, "literal", "c.example", "203.0.113.7")),
        (
            {DOMAIN: "*.c.example", STATIC: "198.51.100.5", STATIC_PORT: "9443"},
            ConsoleAddress("198-51-100-5.c.example", False, "wildcard", "c.example", "198.51.100.5", 9443),
        ),
        (
            {STATIC: "198.51.100.5", STATIC_PORT: "65536"},
            ConsoleAddress("198.51.100.5", False, "address", "", "198.51.100.5", 8443),
        ),
        (
            {STATIC: "198.51.100.5", STATIC_PORT: "9" * 5000},
            ConsoleAddress("198.51.100.5", False, "address", "", "198.51.100.5", 8443),
        ),
        (
            {STATIC: "198.51.100.5", STATIC_PORT: "x"},
            ConsoleAddress("198.51.100.5", False, "address", "", "198.51.100.5", 8443),
        ),
    ],
)
def test_the_effective_hostname(settings: dict[str, str], expected: ConsoleAddress) -> None:
    """CloudStack's own rule: TLS only with a domain, the static address before the proxy's."""
    assert console_address(cloud(settings), VM) == expected


def test_possible_addresses_are_public_merged_and_in_order() -> None:
    """Guest ranges, other zones and unreadable ones do not count; overlapping and adjoining ones are one."""
    world = cloud(
        {},
        addresses("192.0.2.20", "192.0.2.30"),
        addresses("192.0.2.10", "192.0.2.19"),
        addresses("192.0.2.12", "192.0.2.14"),
        addresses("192.0.2.40", "192.0.2.40"),
        addresses("192.0.2.90", "192.0.2.99", zone="other"),
        addresses("10.1.1.1", "10.1.1.9", public=False),
        addresses("2001:db8::1", "2001:db8::9"),
        addresses("192.0.2.60", "192.0.2.50"),
    )
    assert [len(part) for part in possible_addresses(world, "z")] == [21, 1]


def test_addresses_reserved_for_system_vms_stand_alone() -> None:
    """CloudStack prefers them."""
    world = cloud({}, addresses("192.0.2.1", "192.0.2.9"), addresses("192.0.2.50", "192.0.2.51", own=True))
    assert sum(map(len, possible_addresses(world, "z"))) == 2


@pytest.mark.parametrize(
    ("last", "labels"),
    [
        ("192.0.2.1", ["192-0-2-1"]),
        ("192.0.2.3", ["192-0-2-1", "192-0-2-2", "192-0-2-3"]),
        ("192.0.2.101", ["192-0-2-1", "192-0-2-26", "192-0-2-51", "192-0-2-76", "192-0-2-101"]),
    ],
)
def test_names_of_the_next_proxy_are_spread_over_the_range(last: str, labels: list[str]) -> None:
    """First and last included, no more than five, each once."""
    world = cloud({DOMAIN: "*.c.example"}, addresses("192.0.2.1", last))
    assert possible_hostnames(world, VM) == tuple(f"{label}.c.example" for label in labels)


def test_names_cross_from_one_range_into_the_next() -> None:
    """Two ranges of one address each."""
    world = cloud({DOMAIN: "*.c"}, addresses("192.0.2.1", "192.0.2.1"), addresses("198.51.100.1", "198.51.100.1"))
    assert possible_hostnames(world, VM) == ("192-0-2-1.c", "198-51-100-1.c")


@pytest.mark.parametrize("settings", [{}, {DOMAIN: "c.example"}, {DOMAIN: "*.c.example", STATIC: "198.51.100.5"}])
def test_without_a_wildcard_there_are_no_next_names(settings: dict[str, str]) -> None:
    """One name, or one address, for every proxy."""
    assert possible_hostnames(cloud(settings, addresses("192.0.2.1", "192.0.2.9")), VM) == ()


def test_an_endpoint_carries_its_next_names() -> None:
    """So that the visit needs no Cloud."""
    world = cloud({DOMAIN: "*.c.example"}, addresses("192.0.2.1", "192.0.2.1"))
    (found,) = (target for target in targets(world) if isinstance(target, ConsoleEndpoint))
    assert found.next_names == ("192-0-2-1.c.example",)
