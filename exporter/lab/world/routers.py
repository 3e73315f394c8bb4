"""A healthy router of any era, from the networks it serves."""

from __future__ import annotations

from exporter.lab.world.world import (
    Era,
    Health,
    Host,
    MetadataEntry,
    Network,
    Nic,
    PasswordService,
    Router,
    World,
)

HEALTH = (
    Health("connectivity.test", details="Able to communicate with the router"),
    Health("filesystem.writable.test", details="File system is writable"),
    Health("dhcp.service"),
    Health("webserver.service"),
    Health("router_version_check.py", details="Template and scripts version match successful"),
    Health("memory_usage_check.py", details="Memory Usage within limits with current at 22.3%"),
    Health("gateways_check.py", details="All 1 gateways are reachable via ping"),
    Health("disk_space_check.py", details="Sufficient free space is 1500 MB"),
    Health("cpu_usage_check.py", details="CPU Usage within limits with current at 4.1%"),
    Health("dns_check.py", "advanced", details="All VMs are present in /etc/hosts"),
    Health("dhcp_check.py", "advanced", details="All VMs are present in dhcphosts.txt"),
    Health("haproxy_check.py", "advanced", details="No data provided to check, skipping"),
    Health("iptables_check.py", "advanced", details="No portforwarding rules provided to check, skipping"),
)


def add_router(world: World, number: int, host: Host, era: Era, networks: list[Network]) -> Router:
    """Add a router that serves ``networks`` well, with passwords, metadata and names of their instances."""
    first = networks[0]
    router = Router(
        number,
        first.zone,
        host,
        era,
        f"169.254.{1 + number // 250 % 250}.{1 + number % 250}",
        [],
        networks,
        vpc=first.vpc,
        project=first.project,
        redundant=first.redundant,
    )
    router.created = world.start - 40 * 86400
    router.nics = _nics(router)
    if era == "C":
        router.health = [Health(one.name, one.kind, one.ok, one.details, one.age) for one in HEALTH]
    if first.userdata != "ConfigDrive":
        router.passwords = [PasswordService(listens_as(nic)) for nic in router.guest_nics]
    _metadata(world, router)
    world.routers.append(router)
    return router


def listens_as(nic: Nic) -> str:
    """Return the argument of the password server: the address, on redundant routers gateway and address."""
    return nic.address if nic.address == nic.gateway else f"{nic.gateway},{nic.address}"


def _nics(router: Router) -> list[Nic]:
    """Return the NICs: an isolated router has its guest NIC first, one of a VPC its tiers last."""
    mac = f"{router.number >> 16 & 255:02x}:{router.number >> 8 & 255:02x}:{router.number & 255:02x}"
    control = Nic("Control", router.control, f"0e:00:a9:{mac}", "169.254.0.1", netmask="255.255.0.0", default=False)
    public = Nic("Public", f"100.64.{router.number >> 8 & 255}.{router.number & 255}", f"1e:00:d9:{mac}", "100.64.0.1")
    guests = [_guest(router, network) for network in router.networks]
    order = [control, public, *guests] if router.vpc else [*guests, control, public]
    if router.networks[0].kind == "Shared":
        order.remove(public)
    for place, nic in enumerate(order):
        nic.device = f"eth{place}"
    return order


def _guest(router: Router, network: Network) -> Nic:
    address = f"{network.prefix}{2 + (router.number + 1) % 2}" if network.redundant else network.gateway
    mac = f"02:01:{network.number >> 8:02x}:{network.number & 255:02x}:{router.number >> 8 & 255:02x}"
    return Nic("Guest", address, f"{mac}:{router.number & 255:02x}", network.gateway, network, default=False)


def _metadata(world: World, router: Router) -> None:
    """Give every instance its directory and name."""
    for network, nic in zip(router.networks, router.guest_nics, strict=True):
        for instance in world.members.get(network.id, []):
            address = instance.nic.address
            router.names.append((address, instance.name))
            if network.userdata != "ConfigDrive":
                entry = MetadataEntry(address, instance.id, instance.name, user_data=instance.number % 2 == 0)
                router.web.entries[address] = entry
        router.names.append((nic.gateway, f"{router.name} data-server"))
