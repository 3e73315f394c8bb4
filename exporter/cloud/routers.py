"""Which guest address of which router should serve passwords, user data, DHCP and DNS."""

from __future__ import annotations

from dataclasses import dataclass

from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network
from exporter.cloud.objects import Nic, Router
from exporter.thresholds import SYSTEM_VM_SETTLES_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedAddress:
    """A guest address at which a router should serve the machines of one network.

    Attributes:
        address: what guests dial: the router's own address, or the virtual gateway of a redundant pair.
        own: the router's own address in that network.
        netmask: of the network, as CloudStack says it; empty when it does not.
        is_shared: True when ``address`` belongs to a redundant pair: only its primary serves it.
        password: whether the password service should answer there.
        userdata: whether the metadata service should answer there.
        dhcp: whether the router gives out the addresses.
        dns: whether the router resolves names.
    """

    address: str
    own: str
    network_id: str
    network: str
    gateway: str
    netmask: str
    is_shared: bool
    password: bool
    userdata: bool
    dhcp: bool
    dns: bool


def serving(router: Router, cloud: Cloud) -> tuple[ServedAddress, ...]:
    """Return the guest addresses at which ``router`` should serve, one for each of its guest networks.

    Networks of which a virtual router provides none of the four services (L2, ConfigDrive with an external
    DHCP server) are left out, and so are networks that CloudStack did not list. Internal load balancers
    serve none. For a redundant router the same addresses are returned whatever its present role: who is
    primary is the router's own word, not CloudStack's older one.

    Source: listRouters nic[], listNetworks service[].provider[].
    """
    if router.role != "VIRTUAL_ROUTER":
        return ()
    known = ((nic, cloud.networks.get(nic.network_id)) for nic in router.guest_nics)
    served = (_served(router, nic, network) for nic, network in known if network)
    return tuple(one for one in served if one.password or one.userdata or one.dhcp or one.dns)


def serving_now(router: Router, cloud: Cloud, *, serves_shared: bool) -> tuple[ServedAddress, ...]:
    """Return what of :func:`serving` is up to this router in its present role.

    ``serves_shared`` is whether it is the primary of its pair, or alone: a backup serves no shared address.
    """
    return tuple(one for one in serving(router, cloud) if serves_shared or not one.is_shared)


def _served(router: Router, nic: Nic, network: Network) -> ServedAddress:
    """Return what one NIC should serve; passwords and user data are one service, UserData."""
    gateway = nic.gateway or network.gateway
    is_shared = router.is_redundant and network.type != "Shared" and bool(gateway)
    userdata = network.served_by_router("UserData")
    return ServedAddress(
        address=gateway if is_shared else nic.address,
        own=nic.address,
        network_id=network.id,
        network=network.name,
        gateway=gateway,
        netmask=nic.netmask,
        is_shared=is_shared,
        password=userdata,
        userdata=userdata,
        dhcp=network.served_by_router("Dhcp"),
        dns=network.served_by_router("Dns"),
    )


def guest_addresses(router: Router) -> tuple[str, ...]:
    """Return every address that :func:`serving` may name for this router, for question parameters.

    Questions are made from the target alone, without the Cloud; so a redundant router is asked about its
    own addresses and about the gateways, and each question leaves out what the router does not have.
    """
    own = [nic.address for nic in router.guest_nics]
    gateways = [nic.gateway for nic in router.guest_nics if nic.gateway] if router.is_redundant else []
    return tuple(dict.fromkeys([*own, *gateways]))


def guest_networks(router: Router) -> frozenset[str]:
    """Return the ids of the guest networks that a router is for; a stopped router has NICs without address."""
    guest = (nic.network_id for nic in router.nics if nic.traffic_type == "Guest")
    return frozenset(filter(None, (router.network_id, *guest)))


def is_settling(router: Router, now: float, uptime: float | None = None) -> bool:
    """Return whether the router was created or booted so lately that missing services mean nothing yet.

    ``now`` is unix time, ``uptime`` the router's own, in seconds, where it is known.
    """
    ages = (now - router.created if router.created is not None else None, uptime)
    return any(age is not None and age < SYSTEM_VM_SETTLES_SECONDS for age in ages)
