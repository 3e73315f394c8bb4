"""Guests by template, network and host, fine or silent; and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from exporter.cloud.cloud import Cloud
from exporter.cloud.objects import Instance
from exporter.model import Sample
from exporter.questions.routers.dhcp import DhcpGuest
from tests.checks.templates import guest_scene as scene


class G(NamedTuple):
    """One guest: its template, network (router), host, and whether it is fine."""

    template: str
    network: int
    on: int
    fine: bool = True


def world(guests: Iterable[G], **fields: Any) -> tuple[Cloud, dict[str, scene.Values]]:
    """Return a Cloud with these guests, and what the routers of their networks tell."""
    machines: list[Instance] = []
    heard: dict[int, list[int]] = {}
    silent: dict[int, dict[int, DhcpGuest]] = {}
    for number, one in enumerate(guests, start=10):
        machines.append(scene.guest(number, one.template, f"n{one.network}", one.on))
        heard.setdefault(one.network, [])
        if one.fine:
            heard[one.network].append(number)
        else:
            silent.setdefault(one.network, {})[number] = scene.NEVER_ASKED
    routers = tuple(scene.router(number) for number in heard)
    networks = tuple(scene.network(f"n{number}") for number in heard)
    values = {f"r{number}": scene.told(*ids, known=silent.get(number)) for number, ids in heard.items()}
    return scene.cloud(tuple(machines), routers, networks, **fields), values


def verdict(*guests: G, looks: int = 2, **fields: Any) -> list[Sample]:
    """Return what is said of these guests."""
    seen_by, values = world(guests, **fields)
    return scene.verdict(seen_by, values, looks)


def suspected(found: list[Sample]) -> list[str]:
    """Return the templates that are suspected."""
    return [name.removesuffix("-name") for name, value in scene.values_of(found, "suspected").items() if value]


def silent_routers(found: list[Sample]) -> list[str]:
    """Return the routers that are suspected."""
    return [name for name, value in scene.values_of(found, "router_silent").items() if value]


OTHERS = tuple(G("t2", network, on) for network in (1, 2) for on in (1, 2, 3))
"""Guests of another template, fine on all routers and hosts."""
SPREAD = (G("t1", 1, 1, fine=False), G("t1", 1, 2, fine=False), G("t1", 2, 3, fine=False))
