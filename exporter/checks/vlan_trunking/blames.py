"""Which host the silence of machines speaks against: their own, or that of the router that does not hear them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exporter.checks.vlan_trunking.heard import Heard
from exporter.cloud.cloud import Cloud
from exporter.cloud.networks import Network


@dataclass(frozen=True, slots=True)
class Blame:
    """A host on which a network is silent; ``number`` machines are, and ``why`` says it in words."""

    host_id: str
    network: Network
    number: int
    why: str


def blames(
    network: Network, by_host: Mapping[str, Heard], own: set[str], cloud: Cloud, least: int, how: str = "silent"
) -> Iterator[Blame]:
    """Yield the hosts to be blamed where ``least`` machines are silent; ``own`` are those of the routers.

    What a router hears of its own host says nothing about the switch. So where several other hosts are silent and
    none of the others was heard just now, the way of the router's host is the one that all of them lack.
    """
    silent = [host for host, one in by_host.items() if one.is_silent(least)]
    away = [host for host in silent if host not in own]
    remote = [one for host, one in by_host.items() if host not in own]
    local = sum(one.answered for host, one in by_host.items() if host in own)
    is_heard = any(one.fresh if len(away) > 1 else one.answered for one in remote)
    if len(away) > 1 and not is_heard:
        if local and len(own) == 1 and (host := next(iter(own))) in by_host:
            number = sum(len(by_host[one].silent) for one in away)
            why = f"its {local} machines answer the router there, {number} on {len(away)} other hosts do not"
            yield Blame(host, network, number, why)
        return
    for host in silent if least > 1 else away:
        elsewhere = sum(one.answered for other, one in by_host.items() if other != host)
        if elsewhere:
            number = len(by_host[host].silent)
            why = f"{number} {'machine' if number == 1 else 'machines'} {how}, {elsewhere} answer on other hosts"
            if not is_heard and host not in own:
                why += f", all on the router's ({_names(own, cloud)}): it is its way or this one"
            yield Blame(host, network, number, why)


def _names(host_ids: set[str], cloud: Cloud) -> str:
    return ", ".join(sorted(cloud.hosts[one].name for one in host_ids if one in cloud.hosts))
