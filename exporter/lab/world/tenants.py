"""Guest networks and the instances in them."""

from __future__ import annotations

from collections.abc import Sequence

from exporter.lab.world.places import Host, Instance, Network, Nic, XenHost, Zone
from exporter.lab.world.world import World

DAY = 86400.0


def network(world: World, name: str, zone: Zone, **words: str | bool) -> Network:
    """Add the next guest network; it has a loopback prefix of its own."""
    number = len(world.networks) + 1
    made = Network(number, name, zone, f"127.{16 + number // 200}.{number % 200 + 1}.")
    for word, value in words.items():
        setattr(made, word, value)
    world.networks.append(made)
    return made


def instances(world: World, made: Network, count: int, hosts: Sequence[Host] = ()) -> None:
    """Add ``count`` running instances to a network, spread over ``hosts``, or over the true ones of its zone."""
    places = hosts or [
        host for host in world.hosts if host.zone is made.zone and not host.model and host.resource_state == "Enabled"
    ]
    for _ in range(count):
        instance(world, made, places[(20 + len(world.instances)) % len(places)])


def instance(world: World, made: Network, host: Host | XenHost) -> Instance:
    """Add the next running instance to a network, on a host."""
    number, names = 20 + len(world.instances), [one.name for one in world.templates.values() if one.is_offered]
    members = world.members.setdefault(made.id, [])
    place = len(members)
    mac = f"02:00:{made.number >> 8:02x}:{made.number & 255:02x}:00:{place + 10:02x}"
    nic = Nic("Guest", f"{made.prefix}{place + 10}", mac, made.gateway, made)
    new = Instance(number, f"{made.name}-{place + 1}", host, made, nic, names[place % len(names)])
    new.created = world.start - 20 * DAY
    world.instances.append(new)
    members.append(new)
    return new
