"""The healthy cloud: four zones, routers of all eras, a redundant pair, a VPC, console proxies.

===== ===================== ====================================================================================
zone  hosts                 how they are wired (see racking.py)
===== ===================== ====================================================================================
east  kvm-1, kvm-2, kvm-3   LACP bond0; cloudbr0 (management, public, storage); cloudbr1 (guests) on bond0.50
east  kvm-10                the same, in maintenance
west  kvm-4                 LACP bond0 with tagged management (30) in cloudbr0; LACP bond1 with guests in cloudbr1
south kvm-5, kvm-6          security groups; active-backup bond0; cloudbr0 for everything
south xen-1, xen-2          XenServer with Linux bridges, a cluster of its own
north kvm-7, kvm-8, kvm-9   Open vSwitch: LACP bond0 in cloudbr0, balance-slb bond1 in cloudbr1
===== ===================== ====================================================================================

Two management servers serve all zones. What looks wrong and is not is there too (traps.py). More hosts and routers
than the smallest lab has are copies (scale.py).
"""

from __future__ import annotations

from exporter.lab import images
from exporter.lab.options import SMALLEST_HOSTS, Options
from exporter.lab.world import management, scale, templates, traps
from exporter.lab.world.racking import rack
from exporter.lab.world.routers import add_router
from exporter.lab.world.tenants import DAY, instance, instances, network
from exporter.lab.world.world import Era, Host, Network, Ports, SystemVm, World, XenHost, Zone

PLACES = {"kvm-4": "west", "kvm-5": "south", "kvm-6": "south", "kvm-7": "north", "kvm-8": "north", "kvm-9": "north"}
"""Zones of the hosts of the smallest lab; the others are in zone east."""
SETTINGS = {
    "host": "192.0.2.10",
    "endpoint.url": "https://cloud.lab.example/client/api",
    "host.capacityType.to.order.clusters": "CPU",
    "management.network.cidr": "192.0.2.0/24,127.3.0.0/24",
    "integration.api.port": "0",
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
    "router.template.hyperv": "SystemVM Template (HyperV)",
    "router.template.kvm": "SystemVM Template (KVM)",
    "router.template.vmware": "SystemVM Template (vSphere)",
    "router.template.xenserver": "SystemVM Template (XenServer)",
    "router.version.check": "true",
    "minreq.sysvmtemplate.version": "4.5.0",
    "network.router.EnableServiceMonitoring": "true",
    "use.external.dns": "false",
    "default.page.size": "500",
}


def build(options: Options, ports: Ports, start: float) -> World:
    """Return the healthy world for these options; ``start`` is unix time and dates everything in it."""
    world = World(ports, start, start, settings=dict(SETTINGS))
    world.management_servers = management.healthy()
    _zones(world)
    world.templates = templates.healthy(world.zones, start)
    world.images = images.healthy()
    _hosts(world, options)
    _networks(world, options.vms_per_network)
    _system_vms(world)
    scale.copy(world, options)
    traps.of_routers(world)
    rack(world)
    traps.of_hosts(world)
    return world


def _zones(world: World) -> None:
    one_bridge = dict.fromkeys(("Management", "Public", "Guest"), "cloudbr0")
    shared = {**one_bridge, "Guest": "cloudbr1", "Storage": "cloudbr0"}
    east = Zone("east", "127.2.1.", "*.console.lab.example", labels=shared)
    west = Zone("west", "127.2.2.", "console.west.lab.example", management_vlan=30)
    south = Zone("south", "127.2.3.", east.console_domain, labels=one_bridge, security_groups=True)
    north = Zone("north", "127.2.4.", east.console_domain, backend="openvswitch")
    world.zones = [east, west, south, north]
    for place, zone in enumerate(world.zones):
        zone.store = f"127.4.0.{60 + place}"
        world.zone_settings[zone.id] = {
            "consoleproxy.url.domain": zone.console_domain,
            "consoleproxy.sslEnabled": "true",
        }
    world.console_names["console.west.lab.example"] = "127.2.2.10"


def _hosts(world: World, options: Options) -> None:
    zones = {zone.name: zone for zone in world.zones}
    for number in range(1, SMALLEST_HOSTS + 1):
        zone = zones[PLACES.get(f"kvm-{number}", "east")]
        world.hosts.append(Host(f"kvm-{number}", zone, f"{zone.name}-cluster-1", f"127.1.0.{number}"))
    world.hosts[-1].resource_state = "Maintenance"
    for number in (1, 2):
        world.xen_hosts.append(XenHost(f"xen-{number}", zones["south"], "south-xen", f"127.1.0.{100 + number}"))
    for extra in range(options.hosts - SMALLEST_HOSTS):
        address = f"127.1.{1 + extra // 250}.{1 + extra % 250}"
        zone = zones["south" if options.security_groups else "east"]
        cluster = f"{zone.name}-cluster-{2 + extra // scale.CLUSTER}"
        name = f"kvm-{SMALLEST_HOSTS + 1 + extra}"
        world.hosts.append(Host(name, zone, cluster, address, model=scale.MODEL_HOST))


def _networks(world: World, count: int) -> None:
    east, west, south, north = world.zones
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
        (15, "C", kvm[4], [network(world, "lobby", south, kind="Shared", security_groups=True)]),
        (16, "C", kvm[6], [network(world, "fabric", north)]),
    ]
    network(world, "plain", south, kind="L2")
    network(world, "spine", north, kind="L2")
    for made in world.networks:
        instances(world, made, count)
    lobby = next(made for made in world.networks if made.security_groups)
    instance(world, lobby, world.xen_hosts[1])
    for number, era, host, networks in plan:
        add_router(world, number, host, era, networks)
    world.router(7).redundant_state, world.router(8).redundant_state = "PRIMARY", "BACKUP"
    world.router(8).passwords.clear()
    world.router(11).routed = True


def _system_vms(world: World) -> None:
    plan = [
        (1, 0, "consoleproxy", 10),
        (2, 1, "consoleproxy", 11),
        (3, 2, "secondarystoragevm", 12),
        (13, 3, "consoleproxy", 10),
        (14, 3, "secondarystoragevm", 12),
        (17, 4, "consoleproxy", 10),
        (18, 5, "secondarystoragevm", 12),
        (90, 6, "consoleproxy", 10),
        (91, 7, "secondarystoragevm", 12),
    ]
    for number, place, kind, address in plan:
        host = world.hosts[place]
        vm = SystemVm(
            number,
            host.zone,
            host,
            kind,
            f"{host.zone.public_prefix}{address}",
            f"127.3.0.{number}",
            f"169.254.0.{number + 10}",
        )
        vm.created = world.start - 30 * DAY
        vm.console.certificate = "literal" if host.zone.name == "west" else "wildcard"
        world.system_vms.append(vm)
