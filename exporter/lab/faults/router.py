"""Faults of routers: password service, metadata, state. Which router each strikes stands in its sentence."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.routers import listens_as
from exporter.lab.world.world import PasswordService, Router, World, identity
from exporter.model import Issue

PASSWORD = Issue.PASSWORD_RESET
METADATA = Issue.USER_METADATA
ERA_C, ERA_A, ERA_B, PRIMARY, BACKUP, VPC, ROUTED = 4, 5, 6, 7, 8, 9, 11
"""Numbers of the routers."""


def _services(world: World, number: int, state: str) -> None:
    for service in world.router(number).passwords:
        service.state = state


@fault(PASSWORD, "daemon_up")
def password_daemon_dead(world: World) -> None:
    """The password service of r-4-VM (systemd) ended with 0 and is not restarted."""
    _services(world, ERA_C, "dead")


@fault(PASSWORD, "daemon_up")
def password_daemon_failed(world: World) -> None:
    """The password service of r-4-VM (systemd) cannot start."""
    _services(world, ERA_C, "failed")


@fault(PASSWORD, "daemon_up")
def password_daemon_dead_era_a(world: World) -> None:
    """The socat loop of r-5-VM (4.5) is gone."""
    _services(world, ERA_A, "dead")


@fault(PASSWORD, "daemon_up")
def password_daemon_refuses_everybody(world: World) -> None:
    """The password script of r-5-VM is the one of the 4.5/4.6 line that refuses every request."""
    _services(world, ERA_A, "status_line")


@fault(PASSWORD, "daemon_up")
def password_daemon_dead_era_b(world: World) -> None:
    """The Python loop of r-6-VM (4.9) is gone."""
    _services(world, ERA_B, "dead")


@fault(PASSWORD, "daemon_up")
def password_daemon_dead_in_one_tier(world: World) -> None:
    """The password service of one of the two tiers of r-9-VM is gone."""
    world.router(VPC).passwords[0].state = "dead"


@fault(PASSWORD, "daemon_up")
def password_daemon_silent(world: World) -> None:
    """The password service of r-4-VM takes connections and never answers."""
    _services(world, ERA_C, "silent")


@fault(PASSWORD, "daemon_up")
def password_port_taken(world: World) -> None:
    """Another program holds port 8080 of r-4-VM."""
    _services(world, ERA_C, "taken")


@fault(PASSWORD, "firewall_open")
def password_firewall_missing(world: World) -> None:
    """The firewall of r-6-VM lost the rule for passwords."""
    world.router(ERA_B).passwords[0].firewall = False


@fault(PASSWORD, "firewall_open")
def password_firewall_missing_nft(world: World) -> None:
    """The nftables firewall of the routed network behind r-11-VM lost the rule for passwords."""
    world.router(ROUTED).passwords[0].firewall = False


@fault(PASSWORD, "pending_oldest_seconds", after=1860)
def password_pending_old(world: World) -> None:
    """A running instance behind r-6-VM has not fetched its password; a problem when seen for half an hour."""
    world.router(ERA_B).passwords[0].pending[_first(world, ERA_B)] = 7200


@fault(PASSWORD, "pending_oldest_seconds", after=1860)
def password_pending_old_era_a(world: World) -> None:
    """A running instance behind r-5-VM has not fetched its password; a problem when seen for half an hour."""
    world.router(ERA_A).passwords[0].pending[_first(world, ERA_A, 1)] = 7200


def _first(world: World, number: int, place: int = 0) -> str:
    """Return the address of an instance behind a router, the last one where there are fewer."""
    served = world.served(world.router(number))
    return served[min(place, len(served) - 1)].nic.address


@fault(METADATA, "http_up")
def metadata_http_500(world: World) -> None:
    """The rewrite rules of r-4-VM are garbled: everything below /latest/ answers 500."""
    world.router(ERA_C).web.state = "broken"


@fault(METADATA, "http_up")
def metadata_http_silent(world: World) -> None:
    """The web server of r-4-VM takes connections and never answers."""
    world.router(ERA_C).web.state = "silent"


@fault(METADATA, "http_up", "web_server_up")
def metadata_apache_down(world: World) -> None:
    """The web server of r-6-VM does not run."""
    world.router(ERA_B).web.state = "down"


@fault(METADATA, "rewrite_rules")
def metadata_htaccess_missing(world: World) -> None:
    """The rewrite rules of r-4-VM are gone: every instance gets 404."""
    world.router(ERA_C).web.rules = "missing"


@fault(METADATA, "rewrite_rules")
def metadata_htaccess_empty(world: World) -> None:
    """The file with the rewrite rules of r-6-VM is empty."""
    world.router(ERA_B).web.rules = "empty"


@fault(METADATA, "http_up", "vhost_up")
def metadata_vhost_missing(world: World) -> None:
    """The virtual host of one tier of r-9-VM is gone."""
    web = world.router(VPC).web
    web.hidden_vhosts = {world.router(VPC).guest_nics[0].address}


@fault(METADATA, "http_up", "vhost_up")
def metadata_vhost_unfilled(world: World) -> None:
    """The virtual host of r-6-VM still holds the ports of the template."""
    web = world.router(ERA_B).web
    web.unfilled_vhosts = {world.router(ERA_B).guest_nics[0].address}


@fault(METADATA, "instances_incomplete")
def metadata_instance_missing(world: World) -> None:
    """r-6-VM holds no metadata of one of its instances."""
    del world.router(ERA_B).web.entries[_first(world, ERA_B)]


@fault(METADATA, "instances_incomplete")
def metadata_instances_missing(world: World) -> None:
    """r-4-VM holds no metadata of any of its instances."""
    router = world.router(ERA_C)
    router.web.entries = {address: entry for address, entry in router.web.entries.items() if address.endswith(".77")}


@fault(METADATA, "instances_stale")
def metadata_identity_stale(world: World) -> None:
    """The metadata of one address of r-6-VM is that of a former owner of the address."""
    world.router(ERA_B).web.entries[_first(world, ERA_B)].vm_id = identity("former", "owner")


@fault(METADATA, "directories_exposed")
def metadata_directory_exposed(world: World) -> None:
    """The metadata of one address of r-6-VM can be read by every machine."""
    world.router(ERA_B).web.entries[_first(world, ERA_B)].htaccess = False


@fault(METADATA, "data_server_resolves")
def metadata_name_missing(world: World) -> None:
    """The DNS of r-6-VM does not know data-server."""
    router = world.router(ERA_B)
    router.names = [(address, names) for address, names in router.names if "data-server" not in names]


@fault(METADATA, "data_server_resolves")
def metadata_name_wrong(world: World) -> None:
    """In the network of the redundant pair data-server leads to an address that nobody serves."""
    router = world.router(PRIMARY)
    wrong = f"{router.networks[0].prefix}200"
    router.names = [(wrong if "data-server" in names else address, names) for address, names in router.names]


@fault(METADATA, "data_server_resolves", "host_connectivity:system_vm_services_missing")
def metadata_dns_down(world: World) -> None:
    """The DNS and DHCP server of r-6-VM (dnsmasq) has died."""
    world.router(ERA_B).dns = "down"


def _unhealthy(router: Router) -> None:
    one = next(one for one in router.health if one.name == "dhcp.service")
    one.ok, one.details = False, "service down at last check 1795243406"


@fault(METADATA, "router_down")
def router_stopped(world: World) -> None:
    """r-4-VM is stopped while instances of its network run."""
    world.router(ERA_C).state = "Stopped"


@fault(METADATA, "networks_without_router")
def router_gone(world: World) -> None:
    """The network frontend has lost its router."""
    world.routers.remove(world.router(ERA_C))


@fault(METADATA, "router_requires_upgrade")
def router_requires_upgrade(world: World) -> None:
    """r-5-VM is so old that CloudStack refuses to command it."""
    world.router(ERA_A).requires_upgrade = True


@fault(METADATA, "router_health_failed")
def router_health_failed(world: World) -> None:
    """A health check of r-4-VM fails."""
    _unhealthy(world.router(ERA_C))


@fault(METADATA, "router_health_failed")
def router_health_lies(world: World) -> None:
    """A health check of r-4-VM fails, and CloudStack says that none does, as 4.22 always says."""
    router = world.router(ERA_C)
    _unhealthy(router)
    router.enum_health, router.health_summary = True, False


@fault(METADATA, "router_health_stale")
def router_health_stale(world: World) -> None:
    """The health results of r-4-VM are three hours old."""
    for one in world.router(ERA_C).health:
        one.age = 3 * 3600.0


@fault(METADATA, "router_pair_one_primary", "password_reset:pair_in_role")
def pair_two_primaries(world: World) -> None:
    """Both routers of the pair hold themselves for the primary."""
    backup = world.router(BACKUP)
    backup.redundant_state, backup.stale = "PRIMARY", {}
    backup.passwords = [PasswordService(listens_as(nic)) for nic in backup.guest_nics]


@fault(METADATA, "router_pair_one_primary", "password_reset:pair_in_role")
def pair_no_primary(world: World) -> None:
    """Both routers of the pair are backups: nobody serves the network."""
    router = world.router(PRIMARY)
    router.redundant_state = "BACKUP"
    router.passwords.clear()


@fault(METADATA, "router_pair_faults")
def pair_fault(world: World) -> None:
    """The second router of the pair is in fault and could not take over."""
    world.router(BACKUP).redundant_state = "FAULT"


@fault(METADATA, "router_pair_same_host")
def pair_same_host(world: World) -> None:
    """Both routers of the pair run on one host."""
    world.router(BACKUP).host = world.router(PRIMARY).host


@fault(METADATA, "router_role_disagrees")
def pair_role_disagrees(world: World) -> None:
    """The second router of the pair says itself that it is in fault, CloudStack still calls it the backup."""
    world.router(BACKUP).inside_state = "FAULT"
