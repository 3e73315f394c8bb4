"""What can be chosen when a lab is started."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_HOSTS = 10
SMALLEST_ROUTERS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How large the lab is and where it listens.

    Attributes:
        hosts: KVM hosts in all, at least ``SMALLEST_HOSTS``.
        routers: virtual routers in all, at least ``SMALLEST_ROUTERS``.
        vms_per_network: instances in each guest network.
        vms_per_host: instances on each host beyond the smallest, in networks that a cluster shares.
        security_groups: whether hosts beyond the smallest, and their instances, have security groups.
        port: first of a block of ports, or 0 for the first free block.
        mode: how the exporter runs its wrapper: sudo, forced or root.
        faults: names of faults that are on from the start.
        database: whether CloudStack's database is there, where MariaDB is installed.
        images: whether its folder of template images has some, where mke2fs and qemu-img are installed.
        remembers: a host's tools are asked again only when something about the host was changed.
    """

    hosts: int = SMALLEST_HOSTS
    routers: int = SMALLEST_ROUTERS
    vms_per_network: int = 2
    vms_per_host: int = 0
    security_groups: bool = False
    port: int = 0
    mode: str = "sudo"
    faults: tuple[str, ...] = ()
    remembers: bool = False
    database: bool = False
    images: bool = False

    def __post_init__(self) -> None:
        """Refuse what is too small.

        Raises:
            ValueError: naming the option and its least value.
        """
        for name, value, least in (
            ("hosts", self.hosts, SMALLEST_HOSTS),
            ("routers", self.routers, SMALLEST_ROUTERS),
            ("vms per network", self.vms_per_network, 1),
            ("vms per host", self.vms_per_host, 0),
        ):
            if value < least:
                message = f"{name}: at least {least}, not {value}"
                raise ValueError(message)
