"""Copies: routers and hosts beyond the smallest lab. They have API rows of their own and the answers of a model.

A thousand machines cannot each run the collector on two cores (see copies.py). A copied router lives with all
instances of its network on one host; a copied host has so many of these, and instances in networks that its
cluster shares. Hosts with equally many routers are of one shape and have one model.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from exporter.lab.options import SMALLEST_ROUTERS, Options
from exporter.lab.world.places import Era, Host, Network, Zone
from exporter.lab.world.racking import rack
from exporter.lab.world.routers import add_router
from exporter.lab.world.tenants import instance, instances, network
from exporter.lab.world.world import World

MODEL_HOST = "model-host"
"""The hidden host from which the models of copied routers are reached."""
ERAS: tuple[Era, ...] = ("C", "B", "A")
CLUSTER = 16
"""Copied hosts in a cluster."""
CROWD = 200
"""Most instances in a network that a cluster shares."""
MODEL = 9_000_000
"""Numbers of models begin here: no other number has as many digits, so that none is mistaken for one."""


def copy(world: World, options: Options) -> None:
    """Add the routers, instances and networks of the copies, and the models that answer for them."""
    copied = [host for host in world.hosts if host.model]
    zone = copied[0].zone if copied else world.zones[0]
    true = [host for host in world.hosts if host.zone is zone and host.resource_state == "Enabled"]
    routers: Counter[Host] = Counter()
    for number in range(options.routers - SMALLEST_ROUTERS):
        places = copied or true
        host = places[number % len(places)]
        routers[host] += 1
        _router(world, number, host, options.vms_per_network)
    crowds: list[Network] = []
    for place, host in enumerate(copied):
        if place % CLUSTER == 0:
            crowds = _crowds(world, zone, place // CLUSTER, options)
        _crowd(world, host, crowds, options.vms_per_host)
        host.model = _model_host(world, zone, routers[host], options).name


def _router(world: World, number: int, host: Host, count: int) -> None:
    """Add a network whose router answers as the model of its era does."""
    made = network(world, f"net-{number + 1}", host.zone)
    instances(world, made, count, [host])
    router = add_router(world, 100 + number, host, ERAS[number % len(ERAS)], [made])
    router.model = f"model-{router.era}"
    if number < len(ERAS):
        _model_router(world, router.era, count)


def _model_router(world: World, era: Era, count: int) -> None:
    """Build the hidden router whose true answers the copies give; no fault ever touches it."""
    hidden = _hidden(world)
    hidden.hosts = world.hosts[:1]
    prefix = f"127.15.{ord(era) - ord('A') + 1}."
    made = Network(60000 + ord(era), f"model-{era.lower()}", world.zones[0], prefix)
    instances(hidden, made, count)
    for place, one in enumerate(hidden.instances):
        one.number = MODEL + ord(era) * 1000 + place
    router = add_router(hidden, MODEL + ord(era), world.hosts[0], era, [made])
    router.model = f"model-{era}"
    world.models.append(router)
    world.members[made.id] = hidden.instances


def _hidden(world: World) -> World:
    return World(
        world.ports,
        world.start,
        world.now,
        zones=world.zones,
        templates=world.templates,
        settings=world.settings,
    )


def _kind(options: Options) -> dict[str, str | bool]:
    """Return what networks that a cluster shares are."""
    return {"kind": "Shared", "security_groups": True} if options.security_groups else {"kind": "L2"}


def _crowds(world: World, zone: Zone, number: int, options: Options) -> list[Network]:
    """Return the networks that a cluster of copied hosts shares."""
    wanted = math.ceil(CLUSTER * options.vms_per_host / CROWD)
    return [
        network(world, f"crowd-{number + 1}-{place + 1}", zone, userdata="ConfigDrive", **_kind(options))
        for place in range(wanted)
    ]


def _crowd(world: World, host: Host, crowds: Sequence[Network], count: int) -> None:
    for place in range(count):
        instance(world, crowds[place % len(crowds)], host)


def _model_host(world: World, zone: Zone, routers: int, options: Options) -> Host:
    """Return the hidden host of this shape; it is built when it is first asked for."""
    name = f"{MODEL_HOST}-{MODEL + routers}"
    for hidden in world.host_models:
        if hidden.hosts[0].name == name:
            return hidden.hosts[0]
    hidden = _hidden(world)
    host = Host(name, zone, "model-cluster", "127.0.0.1")
    hidden.hosts = [host]
    for place in range(routers):
        made = _model_network(hidden, zone, {})
        instances(hidden, made, options.vms_per_network, [host])
        add_router(hidden, MODEL + 400_000 + place, host, "C", [made])
    wanted = math.ceil(CLUSTER * options.vms_per_host / CROWD)
    crowds = [_model_network(hidden, zone, _kind(options)) for _ in range(wanted)]
    _crowd(hidden, host, crowds, options.vms_per_host)
    for one in hidden.instances:
        one.number += MODEL
    rack(hidden)
    world.host_models.append(hidden)
    return host


def _model_network(hidden: World, zone: Zone, words: dict[str, str | bool]) -> Network:
    number = len(hidden.networks)
    made = Network(61000 + number, f"model-{number + 1}", zone, f"127.14.{number}.", vlan=MODEL + 600_000 + number)
    for word, value in words.items():
        setattr(made, word, value)
    hidden.networks.append(made)
    return made
