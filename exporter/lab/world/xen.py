"""What is true of dom0 of one XenServer host, as far as it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field


def _sysctls() -> dict[str, str]:
    return dict.fromkeys(("iptables", "arptables"), "1")


@dataclass(slots=True, eq=False)
class Dom0:
    """Linux bridges, and what security groups need with them; ``missing`` are tools by name.

    ``configured`` is what network.conf says, None when there is no such file; ``running`` what the host does: bridge |
    openvswitch; ``sysctls`` those of bridge-nf-call-, by the rest of their names.
    """

    configured: str | None = "bridge"
    running: str = "bridge"
    product: tuple[str, str] = ("XCP-ng", "8.2.1")
    sysctls: dict[str, str] = field(default_factory=_sysctls)
    missing: set[str] = field(default_factory=set)
