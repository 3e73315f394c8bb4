"""What guests left behind on a router: the logs of its DHCP and web servers, and the list of hosts.

Source of the formats: dnsmasq 2.90 with log-facility, Apache's combined log, CloudStack's configure.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from operator import itemgetter

from exporter.lab.inside.tree import Tree
from exporter.lab.world.places import Instance
from exporter.lab.world.world import Router, World

DAEMON = "dnsmasq-dhcp[727]: DHCP"


def put_logs(tree: Tree, world: World, router: Router) -> None:
    """Add the logs and the list of hosts; what was asked before the router was made is not in them."""
    guests = [one for one in world.served(router) if one.state == "Running"]
    devices = {nic.network.id: nic.device for nic in router.guest_nics if nic.network}
    began = [
        (router.created + 60, "dnsmasq[727]: started, version 2.90 cachesize 150"),
        (router.created + 60, "dnsmasq-dhcp[727]: read /etc/dhcphosts.txt"),
    ]
    lines = [line for one in guests for line in _asked(world, router, one, f"({devices[one.network.id]})")]
    told = sorted((line for line in (*began, *lines) if line[0] >= router.created), key=itemgetter(0))
    tree.put("var/log/dnsmasq.log", "".join(f"{_syslog(at)} {text}\n" for at, text in told))
    entered = (one for one in world.served(router) if one.nic.address not in router.forgotten)
    known = (f"{one.nic.mac},{one.nic.address},{one.name},infinite\n" for one in entered)
    tree.put("etc/dhcphosts.txt", "".join(known))
    probes = f'{router.guest_nics[0].address} - - [{_apache(router.created + 90)}] "GET / HTTP/1.1" 403 452 "-" "-"\n'
    quiet = router.unheard | router.unread
    asking = (one for one in guests if one.nic.address not in quiet and one.created >= router.created)
    read = (_read(one) for one in asking if _has_data(one))
    tree.put("var/log/apache2/access.log", probes + "".join(read))


def _asked(world: World, router: Router, one: Instance, place: str) -> Iterator[tuple[float, str]]:
    """Yield what a guest asked of the DHCP server: once, and again and again what it does not take."""
    guest = f"{one.nic.address} {one.nic.mac}"
    offer = [f"DISCOVER{place} {one.nic.mac} ", f"OFFER{place} {guest} "]
    if one.nic.address in router.forgotten:
        yield from [(one.created + 30, f"{DAEMON}DISCOVER{place} {one.nic.mac} ignored")] * 3
    elif one.nic.address not in router.unheard:
        for word in (*offer, f"REQUEST{place} {guest} ", f"ACK{place} {guest} {one.name}"):
            yield one.created + 30, DAEMON + word
    for _ in range(router.untaken.get(one.nic.address, 0)):
        for word in offer:
            yield world.start - 600, DAEMON + word


def _has_data(one: Instance) -> bool:
    return one.network.userdata != "ConfigDrive"


def _read(one: Instance) -> str:
    """Return the line of a guest that reads its user data."""
    return f'{one.nic.address} - - [{_apache(one.created + 45)}] "GET /latest/user-data HTTP/1.1" 200 731 "-" "-"\n'


def _syslog(unix: float) -> str:
    return time.strftime("%b %e %H:%M:%S", time.localtime(unix))


def _apache(unix: float) -> str:
    return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(unix))
