"""The healthy cloud: two zones, routers of all eras, a redundant pair, a VPC, console proxies.

It also holds what looks wrong and is not, because a checker that cries at these is of no use: a password
that waits for a stopped instance, metadata of an address nobody has any more, a backup router without
services, a network served by ConfigDrive.
"""

from __future__ import annotations

from exporter.lab.options import SMALLEST_HOSTS, SMALLEST_ROUTERS, Options
from exporter.lab.routers import add_router
from exporter.lab.world import (
    Era,
    Host,
    Instance,
    MetadataEntry,
    Network,
    Nic,
    Ports,
    SystemVm,
    World,
    Zone,
    identity,
)

DAY = 86400.0
MODEL_HOST = "model-host"
"""The hidden host from which the models of copied routers are reached."""
ERAS: tuple[Era, ...] = ("C", "B", "A")
SETTINGS = {
    "host": "192.0.2.10",
    "endpoint.url": "https://cloud.lab.example/client/api",
    "host.capacityType.to.order.clusters": "CPU",
    "management.network.cidr": "192.0.2.0/24",
    "consoleproxy.session.max": "50",
    "consoleproxy.session.timeout": "300000",
    "consoleproxy.management.state": "Auto",
    "consoleproxy.management.state.last": "Auto",
    "consoleproxy.capacity.standby": "10",
    "consoleproxy.url.domain": "",
    "consoleproxy.sslEnabled": "false",
    "secstorage.ssl.cert.domain": "",
    "secstorage.encrypt.copy": "false",
    "novnc.console.default": "true",
    "router.health.checks.enabled": "true",
    "router.health.checks.basic.interval": "3",
    "router.health.checks.advanced.interval": "10",
    "router.health.checks.results.fetch.interval": "10",
    "router.health.checks.failures.to.recreate.vr": "",
    "router.health.checks.to.exclude": "",
    "router.version.check": "true",
    "minreq.sysvmtemplate.version": "4.5.0",
    "network.router.EnableServiceMonitoring": "true",
    "use.external.dns": "false",
    "default.page.size": "500",
}


def build(options: Options, ports: Ports, start: float) -> World:
    """Return the healthy world for these options; ``start`` is unix time and dates everything in it."""
    world = World(ports, start, start, settings=dict(SETTINGS))
    world.templates = {"debian-12": True, "windows-2022": True, "appliance": False}
    _zones(world, options)
    _networks(world, options.vms_per_network)
    _system_vms(world)
    for number in range(options.routers - SMALLEST_ROUTERS):
        _copy(world, number, options.vms_per_network)
    _traps(world)
    return world


def _zones(world: World, options: Options) -> None:
    east = Zone("east", "127.2.1.", "*.console.lab.example")
    west = Zone("west", "127.2.2.", "console.west.lab.example")
    world.zones = [east, west]
    for zone in world.zones:
        world.zone_settings[zone.id] = {
            "consoleproxy.url.domain": zone.console_domain,
            "consoleproxy.sslEnabled": "true",
        }
    world.console_names["console.west.lab.example"] = "127.2.2.10"
    world.hosts = [Host(f"kvm-{n}", east if n < 4 else west, "", f"127.1.0.{n}") for n in range(1, SMALLEST_HOSTS + 1)]
    for extra in range(options.hosts - SMALLEST_HOSTS):
        address = f"127.1.{1 + extra // 250}.{1 + extra % 250}"
        world.hosts.append(Host(f"kvm-{SMALLEST_HOSTS + 1 + extra}", east, "", address, model=MODEL_HOST))
    for number, host in enumerate(world.hosts):
        host.cluster = f"{host.zone.name}-cluster-{1 + (number // 16 if host.zone is east else 0)}"


def network(world: World, name: str, zone: Zone, **words: str | bool) -> Network:
    """Add the next guest network; it has a loopback prefix of its own."""
    number = len(world.networks) + 1
    made = Network(number, name, zone, f"127.{16 + number // 200}.{number % 200 + 1}.")
    for word, value in words.items():
        setattr(made, word, value)
    world.networks.append(made)
    return made


def _networks(world: World, count: int) -> None:
    east, west = world.zones
    kvm = world.hosts
    shop = network(world, "shop", east, redundant=True)
    tiers = [network(world, f"erp-{tier}", east, vpc="erp", provider="VpcVirtualRouter") for tier in ("web", "db")]
    plan: list[tuple[int, Era, Host, list[Network]]] = [
        (4, "C", kvm[0], [network(world, "frontend", east)]),
        (5, "A", kvm[1], [network(world, "legacy", east)]),
        (6, "B", kvm[2], [network(world, "backend", east)]),
        (7, "C", kvm[0], [shop]),
        (8, "C", kvm[1], [shop]),
        (9, "C", kvm[2], tiers),
        (10, "C", kvm[0], [network(world, "research", east, project="apollo")]),
        (11, "C", kvm[3], [network(world, "edge", west)]),
        (12, "C", kvm[3], [network(world, "vault", west, userdata="ConfigDrive")]),
    ]
    for made in world.networks:
        instances(world, made, count)
    for number, era, host, networks in plan:
        add_router(world, number, host, era, networks)
    world.router(7).redundant_state, world.router(8).redundant_state = "PRIMARY", "BACKUP"
    world.router(8).passwords.clear()
    world.router(11).routed = True


def instances(world: World, made: Network, count: int) -> None:
    """Add ``count`` running instances to a network, spread over the hosts of its zone."""
    hosts = [host for host in world.hosts if host.zone is made.zone]
    names = list(world.templates)
    for place in range(count):
        number = 20 + len(world.instances)
        mac = f"02:00:{made.number >> 8:02x}:{made.number & 255:02x}:00:{place + 10:02x}"
        nic = Nic("Guest", f"{made.prefix}{place + 10}", mac, made.gateway, made)
        instance = Instance(
            number, f"{made.name}-{place + 1}", hosts[number % len(hosts)], made, nic, names[place % len(names)]
        )
        instance.created = world.start - 20 * DAY
        world.instances.append(instance)
        world.members.setdefault(made.id, []).append(instance)


def _system_vms(world: World) -> None:
    east, west = world.zones
    plan = [
        (1, east, 0, "consoleproxy", 10),
        (2, east, 1, "consoleproxy", 11),
        (3, east, 2, "secondarystoragevm", 12),
        (13, west, 3, "consoleproxy", 10),
        (14, west, 3, "secondarystoragevm", 12),
    ]
    for number, zone, host, kind, place in plan:
        vm = SystemVm(
            number,
            zone,
            world.hosts[host],
            kind,
            f"{zone.public_prefix}{place}",
            f"127.3.0.{number}",
            f"169.254.0.{number + 10}",
        )
        vm.created = world.start - 30 * DAY
        vm.console.certificate = "wildcard" if zone is east else "literal"
        world.system_vms.append(vm)


def _copy(world: World, number: int, count: int) -> None:
    """Add a network whose router answers as the model of its era does."""
    east = world.zones[0]
    hosts = [host for host in world.hosts if host.zone is east]
    made = network(world, f"net-{number + 1}", east)
    instances(world, made, count)
    router = add_router(world, 100 + number, hosts[number % len(hosts)], ERAS[number % len(ERAS)], [made])
    router.model = f"model-{router.era}"
    if number < len(ERAS):
        _model(world, router.era, count)


def _model(world: World, era: Era, count: int) -> None:
    """Build the hidden router whose true answers the copies give; no fault ever touches it."""
    hidden = World(
        world.ports, world.start, world.now, zones=world.zones, hosts=world.hosts[:1], templates=world.templates
    )
    prefix = f"127.15.{ord(era) - ord('A') + 1}."
    made = Network(60000 + ord(era), f"model-{era.lower()}", world.zones[0], prefix)
    instances(hidden, made, count)
    for place, instance in enumerate(hidden.instances):
        instance.number = 9_000_000 + ord(era) * 1000 + place
    router = add_router(hidden, 9_000_000 + ord(era), world.hosts[0], era, [made])
    router.model = f"model-{era}"
    world.models.append(router)
    world.members[made.id] = hidden.instances


def _traps(world: World) -> None:
    """Add what looks wrong and is not."""
    frontend, backup = world.router(4), world.router(8)
    made = frontend.networks[0]
    nic = Nic("Guest", f"{made.prefix}90", "02:00:ff:00:00:5a", made.gateway, made)
    stopped = Instance(19, "frontend-stopped", world.hosts[0], made, nic, "debian-12", "Stopped")
    stopped.created = world.start - 20 * DAY
    world.instances.append(stopped)
    world.members[made.id].append(stopped)
    frontend.passwords[0].pending = {nic.address: int(5 * DAY), f"{made.prefix}77": int(9 * DAY)}
    gone = MetadataEntry(f"{made.prefix}77", identity("former", "frontend-77"), "frontend-77")
    frontend.web.entries[gone.address] = gone
    backup.stale[f"{backup.networks[0].prefix}10"] = int(2 * DAY)
