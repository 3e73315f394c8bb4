"""Faults of the wires: what a source sends or withholds. They make things unknown, never healthy."""

from __future__ import annotations

from exporter.lab.faults.fault import fault
from exporter.lab.world.world import World

ROUTER, HOST = 6, 2
"""The router r-6-VM, and the place of its host kvm-3 among the hosts."""


def _api(world: World, name: str, value: object = True) -> None:
    world.api[name] = value


@fault(None)
def api_down(world: World) -> None:
    """Nobody listens where the API should be."""
    world.api_is_down = True


@fault(None)
def api_hangs(world: World) -> None:
    """The API takes requests and never answers."""
    _api(world, "hang")


@fault(None)
def api_drips(world: World) -> None:
    """The API answers one byte at a time."""
    _api(world, "drip")


@fault(None)
def api_refuses(world: World) -> None:
    """The API refuses the key."""
    _api(world, "refuse")


@fault(None)
def api_forbids_routers(world: World) -> None:
    """The API key's role lacks listRouters."""
    _api(world, "forbidden", ("listRouters",))


@fault(None)
def api_throttles(world: World) -> None:
    """The API asks to slow down."""
    _api(world, "throttle")


@fault(None)
def api_boots(world: World) -> None:
    """The management server is starting."""
    _api(world, "booting")


@fault(None)
def api_html(world: World) -> None:
    """The API answers an HTML page."""
    _api(world, "html")


@fault(None)
def api_truncated(world: World) -> None:
    """The API answers half of its JSON."""
    _api(world, "truncated")


@fault(None)
def api_paging_loop(world: World) -> None:
    """The API gives its first page for ever, and counts more than it has."""
    _api(world, "paging_loop")
    _api(world, "wrong_count")


@fault(None)
def api_floods(world: World) -> None:
    """The API never stops answering."""
    _api(world, "flood")


@fault(None, "host_connectivity:cluster_host_ports_closed")
def ssh_refused(world: World) -> None:
    """Nobody listens on the SSH port of kvm-3."""
    world.hosts[HOST].ssh = "refused"


@fault(None)
def ssh_silent(world: World) -> None:
    """kvm-3 takes SSH connections and stays silent."""
    world.hosts[HOST].ssh = "silent"


@fault(None)
def ssh_host_key_changed(world: World) -> None:
    """kvm-3 shows another host key."""
    world.hosts[HOST].ssh = "new_key"


@fault(None)
def ssh_floods(world: World) -> None:
    """kvm-3 answers without end."""
    world.hosts[HOST].ssh = "floods"


@fault(None)
def ssh_disconnects(world: World) -> None:
    """kvm-3 disconnects in the middle of an answer."""
    world.hosts[HOST].ssh = "disconnects"


@fault(None)
def output_garbage(world: World) -> None:
    """kvm-3 answers every command with binary garbage."""
    world.hosts[HOST].ssh = "garbage"


@fault(None)
def wrapper_missing(world: World) -> None:
    """The wrapper is not installed on kvm-3."""
    world.hosts[HOST].wrapper = "missing"


@fault(None)
def wrapper_old(world: World) -> None:
    """The wrapper on kvm-3 is of another version."""
    world.hosts[HOST].wrapper = "old"


@fault(None)
def router_unreachable(world: World) -> None:
    """r-6-VM does not answer on its control address."""
    world.router(ROUTER).ssh = "unreachable"


@fault(None)
def router_refuses(world: World) -> None:
    """The SSH server of r-6-VM does not run."""
    world.router(ROUTER).ssh = "refused"


@fault(None)
def router_hangs(world: World) -> None:
    """r-6-VM takes the login and never answers."""
    world.router(ROUTER).ssh = "hangs"


@fault(None)
def router_garbage(world: World) -> None:
    """r-6-VM answers with binary garbage."""
    world.router(ROUTER).ssh = "garbage"


@fault(None)
def router_wrong_name(world: World) -> None:
    """Another machine answers at the control address of r-6-VM."""
    world.router(ROUTER).answers_as = "r-999-VM"


@fault(None)
def resolver_silent(world: World) -> None:
    """The name server of browsers does not answer."""
    world.resolver = "silent"
