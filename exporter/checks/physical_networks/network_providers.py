"""Physical networks that are disabled, and providers that networks need and that are.

Symptom: networks do not start or get no router: "Unable to find ... provider enabled on physical network".
Detect:  listPhysicalNetworks state; listNetworkServiceProviders state against the providers that the services of the
         guest networks there name (listNetworks); one that is not there serves none. Who serves none may be disabled.
Fix:     enable the physical network, or the provider on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from exporter.checks.physical_networks.physical import is_judged, names_of, physical_networks, traffic_types
from exporter.cloud.cloud import Cloud
from exporter.cloud.groups import ZoneGroup
from exporter.model import Check, GroupJudge, Metric, Samples, above

OTHER_ISSUE = frozenset({"SecurityGroupProvider"})
"""Providers of which another issue speaks."""
ABSENT = "not added"
"""Where other providers of the physical network are listed; where none is, nobody has told."""
GOING = frozenset({"Destroy", "Shutdown"})

DISABLED = Metric(
    "cloudstack_network_physical_networks_network_disabled",
    "Whether a physical network that carries traffic types is not enabled.",
    labels=("zone", "physical_network"),
    problem=above(0),
)
PROVIDERS = Metric(
    "cloudstack_network_physical_networks_providers_disabled",
    "Providers that guest networks of the physical network need and that are not enabled there.",
    labels=("zone", "physical_network"),
    problem=above(0),
    follows=("cloudstack_network_physical_networks_network_disabled",),
)
ENABLE_NETWORK = "Enable the physical network (Infrastructure, zone, physical network; updatePhysicalNetwork)."
ENABLE_PROVIDER = "Enable the provider on the physical network (its service providers; updateNetworkServiceProvider)."


def judge(group: ZoneGroup, _: Mapping[Any, Any], cloud: Cloud) -> Samples:
    """Judge each physical network that carries anything."""
    judged = is_judged(cloud, group.id)
    names = names_of(cloud, group.id)
    used = {one.physical_network_id for one in traffic_types(cloud, group.id)}
    needed = _needed(cloud, group.id)
    states: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for provider in cloud.providers.values():
        states[provider.physical_network_id][provider.name] = provider.state
    for network in physical_networks(cloud, group.id):
        yield DISABLED.sample(
            group.zone,
            names[network.id],
            value=int(judged and network.id in used and not network.enabled),
            seen="the physical network is disabled",
            expected="Enabled",
            remedy=ENABLE_NETWORK,
        )
        found = states[network.id]
        off = sorted(name for name in needed[network.id] if found and found.get(name, ABSENT) != "Enabled")
        yield PROVIDERS.sample(
            group.zone,
            names[network.id],
            value=judged * len(off),
            seen=", ".join(f"{name} {found.get(name, ABSENT)}" for name in off[:5]),
            expected="Enabled, because guest networks name them",
            remedy=ENABLE_PROVIDER,
        )


def _needed(cloud: Cloud, zone_id: str) -> Mapping[str, set[str]]:
    """Return the providers that the networks of a zone name, by physical network."""
    needed: defaultdict[str, set[str]] = defaultdict(set)
    for network in cloud.networks.values():
        if network.zone_id == zone_id and network.physical_network_id and network.state not in GOING:
            for providers in network.services.values():
                needed[network.physical_network_id] |= providers - OTHER_ISSUE
    return needed


CHECK = Check(
    title="Physical networks and providers",
    metrics=(DISABLED, PROVIDERS),
    remedies=(ENABLE_NETWORK, ENABLE_PROVIDER),
    groups=(GroupJudge(ZoneGroup, judge),),
    reads=(
        "listZones",
        "listPhysicalNetworks",
        "listTrafficTypes",
        "listNetworkServiceProviders",
        "listNetworks",
    ),
)
